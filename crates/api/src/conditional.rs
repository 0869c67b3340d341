//! Two promises of the interface, kept around every handler: `ETag` with `If-Match` and `If-None-Match`
//! (RFC 9110, 13), and `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
//!
//! The tag of a thing that can be changed is `"<version>-<hash>"`: what `If-Match` compares is the version,
//! so that a count that moved meanwhile keeps nobody from a change; `If-None-Match` compares all of it.
//! Whether a change really commits on that version, and only once, [`store::request`] sees to.

pub(crate) mod validate_only;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access::{Action, Target};
use domain::ids::{RolloutId, TenantId};
use sha2::{Digest as _, Sha256};
use store::request::{self, Answered, Asked, Expects, Known, Thing};
use uuid::Uuid;

use crate::auth::{Admitted, Caller};
use crate::extract;
use crate::problem::{Kind, Problem};
use crate::state::State;
use crate::versions::{self, Condition};

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A body of JSON that was made and tagged once, for all who asked at once.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    body: Bytes,
    tag: HeaderValue,
}

impl Answer {
    pub(crate) fn new(version: i64, body: &impl serde::Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| Problem::internal(&error))?;
        let body = Bytes::from(body);
        let tag = tag(Some(version), &body);
        Ok(Self { body, tag })
    }
}

impl axum::response::IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        ([(CONTENT_TYPE, json), (ETAG, self.tag)], self.body).into_response()
    }
}

/// An answer that is larger is sent as it comes, without a tag.
const LARGEST_TAGGED: usize = 8 * 1024 * 1024;
const LARGEST_KEY: usize = 255;

pub(crate) async fn conditional(
    state: &State,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match *request.method() {
        Method::GET | Method::HEAD => read(state, request, next).await,
        _ => change(state, request, next).await,
    }
}

// Reading ----------------------------------------------------------------------------------------

async fn read(state: &State, request: Request, next: Next) -> Result<Response, Problem> {
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let (tenant, thing) =
        thing_of(&request).map_or((None, None), |(tenant, thing)| (Some(tenant), Some(thing)));
    // Before the thing itself: a version that is older than what is read only makes a change fail
    // that might have gone through.
    let version = match (tenant, &thing) {
        (Some(tenant), Some(other @ Thing::Other(_))) => {
            Some(state.store.version_of(tenant, other).await?)
        }
        (_, Some(Thing::Rollout(_)) | None) | (None, Some(_)) => None,
    };
    let response = next.run(request).await;
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let is_small = |size: u64| usize::try_from(size).is_ok_and(|size| size <= LARGEST_TAGGED);
    let fits = response.body().size_hint().upper().is_some_and(is_small);
    if response.status() != StatusCode::OK || !is_json || !fits {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    // A rollout, whose version its handler knows.
    if let Some(tag) = parts.headers.get(ETAG) {
        if known.is_some_and(|known| matches(&known, tag)) {
            parts.status = StatusCode::NOT_MODIFIED;
            parts.headers.remove(CONTENT_TYPE);
            return Ok(Response::from_parts(parts, Body::empty()));
        }
        return Ok(Response::from_parts(parts, body));
    }
    let body = to_bytes(body, LARGEST_TAGGED).await.map_err(|error| Problem::internal(&error))?;
    let tag = tag(version, &body);
    if known.is_some_and(|known| matches(&known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(CONTENT_TYPE);
        parts.headers.insert(ETAG, tag);
        return Ok(Response::from_parts(parts, Body::empty()));
    }
    parts.headers.insert(ETAG, tag);
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn tag(version: Option<i64>, body: &Bytes) -> HeaderValue {
    let hash: [u8; 32] = Sha256::digest(body).into();
    let hash = URL_SAFE_NO_PAD.encode(hash.get(..12).unwrap_or_default());
    let tag = match version {
        Some(version) => format!("\"{version}-{hash}\""),
        None => format!("\"{hash}\""),
    };
    // Digits and base64 are fit for a header.
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The version in `If-None-Match`, if there is one.
pub(crate) fn version_known(headers: &HeaderMap) -> Option<i64> {
    let given = headers.get(IF_NONE_MATCH)?.to_str().ok()?;
    let tag = given.trim().trim_start_matches("W/").trim_matches('"');
    tag.split_once('-')?.0.parse().ok()
}

/// Weak comparison, as `If-None-Match` asks for.
fn matches(given: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(given), Ok(tag)) = (given.to_str(), tag.to_str()) else { return false };
    given.trim() == "*" || given.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

// Changing ---------------------------------------------------------------------------------------

async fn change(state: &State, mut request: Request, next: Next) -> Result<Response, Problem> {
    let trial = validate_only::taken(&mut request)?;
    let path = matched(&request);
    let condition = versions::condition(request.method(), path);
    let found = thing_of(&request);
    let expects = if let (Some(condition), Some((tenant, thing))) = (condition, found) {
        expected(state, tenant, thing, condition, request.headers()).await?
    } else if request.headers().contains_key(IF_MATCH) {
        let why = "nothing here has a version of its own; leave this header out";
        return Err(Problem::parameter("If-Match", why));
    } else {
        None
    };
    let changes = versions::changes(request.method(), path)
        .then(|| thing_of(&request))
        .flatten()
        .and_then(|(_, thing)| match thing {
            Thing::Other(path) => Some(path),
            Thing::Rollout(_) => None,
        });
    let acts = request
        .extensions()
        .get::<Admitted>()
        .is_some_and(|admitted| admitted.rule.action != Action::Read);
    let is_keyed = *request.method() == Method::POST && acts;
    let key = if is_keyed { key_in(request.headers())? } else { None };
    if let Some(trial) = trial {
        // What leaves nothing may be asked for any number of times, so its key stays free.
        let around = request::Request::new(None, changes, expects).tried(trial.clone());
        let response = request::within(around, next.run(request)).await;
        return Ok(validate_only::answer(&trial, response));
    }
    let Some(key) = key else {
        let work = next.run(request);
        return Ok(request::within(request::Request::new(None, changes, expects), work).await);
    };
    once(state, request, next, &key, changes, expects).await
}

/// What the caller looked at, if it is still what is there.
async fn expected(
    state: &State,
    tenant: TenantId,
    thing: Thing,
    condition: Condition,
    headers: &HeaderMap,
) -> Result<Option<Expects>, Problem> {
    let Some(given) = headers.get(IF_MATCH) else {
        return match condition {
            Condition::Optional => Ok(None),
            Condition::Required => Err(Problem::new(
                Kind::PreconditionRequired,
                "this change needs the header If-Match with the ETag of what you looked at, so that \
                 nobody's change is overwritten unseen; `*` overwrites whatever is there",
            )),
        };
    };
    let given = given.to_str().unwrap_or_default().trim();
    if given == "*" {
        return Ok(None);
    }
    let version = state.store.version_of(tenant, &thing).await?;
    let is_it = |tag: &str| {
        let tag = tag.trim().strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        let number = tag.and_then(|tag| tag.split_once('-')).map(|(number, _)| number.parse());
        number == Some(Ok(version))
    };
    if given.split(',').any(is_it) {
        return Ok(Some(Expects { thing, version }));
    }
    Err(Problem::changed())
}

fn key_in(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get(&IDEMPOTENCY_KEY) else { return Ok(None) };
    let wrong = || {
        let why = "1 to 255 visible characters are right, such as a UUID; a new one for each thing \
                   to be done";
        Problem::parameter("Idempotency-Key", why)
    };
    let given = given.to_str().map_err(|_| wrong())?.trim();
    // A string of structured fields, as the draft has it, or bare, as most send it.
    let bare = given.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(given);
    let is_right =
        (1..=LARGEST_KEY).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_graphic());
    if is_right { Ok(Some(bare.to_owned())) } else { Err(wrong()) }
}

/// Does what is asked for once, however often it is asked for with this key.
async fn once(
    state: &State,
    request: Request,
    next: Next,
    key: &str,
    changes: Option<String>,
    expects: Option<Expects>,
) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Caller>().map(|caller| caller.0.id);
    let caller = caller.ok_or_else(|| Problem::internal("no caller was admitted"))?;
    let tenant = tenant_of(&request);
    let (parts, body) = request.into_parts();
    let body = extract::whole(body).await?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let hash = Sha256::new()
        .chain_update(parts.method.as_str())
        .chain_update([0])
        .chain_update(target)
        .chain_update([0])
        .chain_update(&body)
        .finalize();
    let asked = match state.store.request_begin(tenant, caller, key, hash.into()).await? {
        Known::New(asked) => asked,
        Known::Other => {
            let why =
                "this key was used for another request; a new thing to be done needs a new key";
            return Err(Problem::field("", format!("Idempotency-Key: {why}")));
        }
        Known::AtWork => {
            return Err(Problem::new(Kind::AtWork, "the first request with this key is at work"));
        }
        Known::Done { entry } => {
            let why = format!(
                "what this key asked for is done (entry {entry} of the history), but its answer is \
                 not there any more; read what is there now"
            );
            return Err(Problem::new(Kind::AnswerLost, why));
        }
        Known::Answered(answered) => return Ok(replayed(answered)),
    };
    let keeps = versions::answer_is_kept(matched_in(&parts.extensions));
    let request = Request::from_parts(parts, Body::from(body));
    let around = request::Request::new(Some(asked.clone()), changes, expects);
    let store = state.store.clone();
    let span = tracing::Span::current();
    // By itself: whoever asked may hang up, and shall find the answer when they ask again.
    let work = tokio::spawn(tracing::Instrument::instrument(
        async move {
            let response = request::within(around, next.run(request)).await;
            kept(&store, &asked, response, keeps).await
        },
        span,
    ));
    work.await.map_err(|error| Problem::internal(&error))?
}

async fn kept(
    store: &store::Store,
    asked: &Asked,
    response: Response,
    keeps: bool,
) -> Result<Response, Problem> {
    let problem = response.extensions().get::<Problem>();
    let is_final = problem.is_none_or(|problem| {
        problem.kind.retry_after().is_none() && problem.kind.status().as_u16() < 500
    });
    if !is_final || response.status().is_server_error() {
        store.request_forget(asked).await?;
        return Ok(response);
    }
    if problem.is_some() {
        // A refusal has no effect; asked again, it is looked at again.
        store.request_forget(asked).await?;
        return Ok(response);
    }
    if !keeps {
        if let Err(error) = store.request_answered(asked).await {
            tracing::warn!(%error, "that there was an answer could not be noted");
        }
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST_TAGGED).await.map_err(|error| Problem::internal(&error))?;
    let text = |name: HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let answered = Answered {
        status: parts.status.as_u16(),
        location: text(LOCATION),
        content_type: text(CONTENT_TYPE),
        body: body.to_vec(),
    };
    // What was done is done: an answer that cannot be kept is still an answer.
    if let Err(error) = store.request_answer(asked, &answered).await {
        tracing::warn!(%error, "an answer could not be kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replayed(answered: Answered) -> Response {
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answered.body).into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    let said = [(CONTENT_TYPE, answered.content_type), (LOCATION, answered.location)];
    for (name, value) in said {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    response
}

// Paths ------------------------------------------------------------------------------------------

fn matched(request: &Request) -> &str {
    matched_in(request.extensions())
}

fn matched_in(extensions: &axum::http::Extensions) -> &str {
    extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str)
}

/// The tenant of the path, or nobody's.
fn tenant_of(request: &Request) -> TenantId {
    let target = request.extensions().get::<Admitted>().map(|admitted| admitted.target);
    match target {
        Some(Target::Tenant(tenant) | Target::RingSet(tenant, _)) => tenant,
        Some(Target::Service) | None => TenantId(Uuid::nil()),
    }
}

/// What has a version, of what the path names.
fn thing_of(request: &Request) -> Option<(TenantId, Thing)> {
    let length = versions::length_of(matched(request))?;
    let path = request.uri().path();
    let rest = path.strip_prefix("/api/v1/tenants/")?;
    let mut segments = rest.split('/');
    let tenant = TenantId(segments.next()?.parse().ok()?);
    let segments: Vec<&str> = segments.take(length).collect();
    if segments.len() != length {
        return None;
    }
    match segments.as_slice() {
        ["rollouts", id] => Some((tenant, Thing::Rollout(RolloutId(id.parse().ok()?)))),
        other => Some((tenant, Thing::Other(other.join("/").to_ascii_lowercase()))),
    }
}
