//! The way of a browser to the provider of identities and back.

use axum::extract::State as Given;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use url::Url;

use super::end_old;
use crate::extract::Query;
use crate::people::{People, Returned, Stranger};
use crate::problem::Problem;
use crate::state::State;

/// A path that is longer is not gone back to.
const LONGEST_PATH: usize = 2_000;

/// The page that a browser comes back to holds a text and a link.
const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SAID: [(HeaderName, &str); 2] =
    [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];

#[derive(Debug, Deserialize)]
pub(super) struct Login {
    #[serde(default)]
    return_to: Option<String>,
}

/// Sends the browser to the provider.
pub(super) async fn login(
    Given(state): Given<State>,
    Query(Login { return_to }): Query<Login>,
) -> Result<Response, Problem> {
    state.sign_in.check_possible()?;
    let people = state.sign_in.people().ok_or_else(|| Problem::not_found("provider"))?;
    let return_to = local(return_to.as_deref().unwrap_or("/"));
    let leaving = people.begin(&state.sign_in.callback(), return_to).await?;
    let cookie = state.sign_in.set_login_cookie(&leaving.sealed, leaving.seconds);
    let headers = [(SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers, [(LOCATION, leaving.location)]).into_response())
}

/// Takes it back.
pub(super) async fn callback(
    Given(state): Given<State>,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Result<Response, Problem> {
    state.sign_in.check_possible()?;
    let people = state.sign_in.people().ok_or_else(|| Problem::not_found("provider"))?;
    let mut response = match signed_in(&state, people.as_ref(), &headers, returned).await {
        Ok(response) => response,
        Err(Failed::Stranger(stranger)) => turned_away(&stranger),
        Err(Failed::Problem(problem)) => return Err(problem),
    };
    // It was good for this once.
    response.headers_mut().append(SET_COOKIE, state.sign_in.unset_login_cookie());
    Ok(response)
}

enum Failed {
    Stranger(Stranger),
    Problem(Problem),
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

async fn signed_in(
    state: &State,
    people: &dyn People,
    headers: &HeaderMap,
    returned: Returned,
) -> Result<Response, Failed> {
    let lost = || {
        let why = "this browser began no sign-in here, or longer than ten minutes ago; begin again";
        Failed::Stranger(Stranger::Unknown(why.to_owned()))
    };
    let sealed = state.sign_in.login_cookie(headers).ok_or_else(lost)?;
    let finished = people.finish(&state.sign_in.callback(), sealed, returned).await;
    let (person, return_to) = finished.map_err(Failed::Stranger)?;
    let begun = state.store.session_of_person(person, state.moment()).await;
    let begun = begun.map_err(Problem::from)?;
    end_old(state, headers).await?;
    let cookie = state.sign_in.set_cookie(&begun.text);
    // A page of ours, and no redirect: the browser came here from another site, and on a redirect it
    // would not send a cookie that is for our own pages only.
    let path = escaped(local(&return_to));
    let page = page(
        &format!("<meta http-equiv=\"refresh\" content=\"0; url={path}\">"),
        &format!("<p>You are signed in. <a href=\"{path}\">Go on</a>"),
    );
    Ok((SAID, [(SET_COOKIE, cookie)], page).into_response())
}

/// In words for the person who sits there.
fn turned_away(stranger: &Stranger) -> Response {
    let (status, why) = match stranger {
        Stranger::Unknown(why) => (StatusCode::UNAUTHORIZED, why.clone()),
        Stranger::Nobody(name) => {
            let why = format!(
                "{name} is known to the provider, and is in no group that has a role in Concentric. \
                 An administrator can change that."
            );
            (StatusCode::FORBIDDEN, why)
        }
        Stranger::Unavailable(cause) => {
            tracing::warn!(%cause, "a sign-in failed");
            let why = "The provider of identities does not answer. Try again in a few seconds.";
            (StatusCode::SERVICE_UNAVAILABLE, why.to_owned())
        }
    };
    let body = format!(
        "<h1>You are not signed in</h1><p>{}<p><a href=\"/auth/login\">Try again</a>, or <a \
         href=\"/\">go to the start</a>.",
        escaped(&why)
    );
    (status, SAID, page("", &body)).into_response()
}

fn page(head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Concentric</title>\
         {head}</head><body>{body}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A path of this service; the start where it is none. A browser takes backslashes for slashes, and
/// what begins with two for another host.
fn local(path: &str) -> &str {
    let is_plain = path.len() <= LONGEST_PATH
        && path.starts_with('/')
        && !path.contains(|letter: char| letter.is_control() || letter == '\\')
        && !path.starts_with("//");
    // And as a browser itself would take it.
    let base = Url::parse("http://here.invalid/").ok();
    let stays = base
        .is_some_and(|base| base.join(path).is_ok_and(|joined| joined.origin() == base.origin()));
    if is_plain && stays { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for good in ["/", "/rollouts/1?tab=gates#ring", "/a//b", "/@evil.example", "/a:b"] {
            assert_eq!(local(good), good);
        }
        let long = format!("/{}", "a".repeat(LONGEST_PATH));
        for bad in [
            "",
            "rollouts",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            " /x",
            "///evil.example",
            &long,
        ] {
            assert_eq!(local(bad), "/", "{bad:?}");
        }
    }
}
