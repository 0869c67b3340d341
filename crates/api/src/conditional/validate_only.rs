//! `validate_only=true`: the request goes the way of any other, up to the end of its transaction, which then
//! leaves nothing. So it is refused whenever the same request would be, for the same reason.

use axum::extract::{MatchedPath, Request};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use domain::access::Action;
use store::request::Trial;

use crate::auth::Admitted;
use crate::problem::Problem;
use crate::versions;

pub(crate) const NAME: &str = "validate_only";

/// Says what a request would have done: `change` or `nothing`.
static WOULD: HeaderName = HeaderName::from_static("concentric-would");

/// Takes the parameter out of the request, for handlers know nothing of it. None: it is not there, or not
/// true.
pub(super) fn taken(request: &mut Request) -> Result<Option<Trial>, Problem> {
    let Some(query) = request.uri().query() else { return Ok(None) };
    let is_it = |pair: &&str| pair.split_once('=').map_or(*pair, |(name, _)| name) == NAME;
    let given: Vec<&str> = query.split('&').filter(is_it).collect();
    let is_wanted = match given.as_slice() {
        [] => return Ok(None),
        ["validate_only=true"] => true,
        ["validate_only=false"] => false,
        _ => return Err(Problem::parameter(NAME, "true or false is right")),
    };
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let action = request.extensions().get::<Admitted>().map(|admitted| admitted.rule.action);
    if !can_be_tried(action, path) {
        let why = "this route changes nothing here that could be left out";
        return Err(Problem::parameter(NAME, why));
    }
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_it(pair)).collect();
    let target = match rest.as_slice() {
        [] => request.uri().path().to_owned(),
        rest => format!("{}?{}", request.uri().path(), rest.join("&")),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query =
        Some(PathAndQuery::try_from(target).map_err(|error| Problem::internal(&error))?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|error| Problem::internal(&error))?;
    Ok(is_wanted.then(Trial::default))
}

/// Whether a route can be tried: it changes something, and that in the database.
pub(crate) fn can_be_tried(action: Option<Action>, path: &str) -> bool {
    action.is_some_and(|action| action != Action::Read) && !versions::acts_outside(path)
}

/// What became of the try.
pub(super) fn answer(trial: &Trial, response: Response) -> Response {
    let is_refused = response.extensions().get::<Problem>().is_some();
    let would = match (trial.changes(), is_refused) {
        // The refusal is that of the transaction that was not to be kept.
        (true, _) => "change",
        (false, false) => "nothing",
        (false, true) => return response,
    };
    let would = [(WOULD.clone(), HeaderValue::from_static(would))];
    (StatusCode::NO_CONTENT, would).into_response()
}
