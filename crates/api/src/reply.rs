//! The outermost layer: names every request, writes problems down, logs.

use std::any::Any;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::problem::{Kind, Problem};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Something was made, and is found at `location` from now on.
#[derive(Debug)]
pub(crate) struct Created<T> {
    pub(crate) location: String,
    pub(crate) body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(LOCATION, self.location)], axum::Json(self.body)).into_response()
    }
}

/// Gives the request an id of our own (a caller's could be made to mislead whoever reads the log),
/// and turns what the inner layers returned into what the caller sees.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let trace_id = Uuid::new_v4().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!("request", %trace_id, method = %request.method(), route);
    async {
        let mut response = next.run(request).await;
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = written(&problem, &trace_id, response);
        }
        let status = response.status().as_u16();
        tracing::debug!(status, "answered");
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(value) = HeaderValue::from_str(&trace_id) {
            headers.insert(REQUEST_ID.clone(), value);
        }
        response
    }
    .instrument(span)
    .await
}

/// `response` keeps its headers: an `Allow` belongs to a wrong method.
fn written(problem: &Problem, trace_id: &str, mut response: Response) -> Response {
    let status = problem.kind.status();
    if let Some(cause) = &problem.cause {
        tracing::error!(status = status.as_u16(), %cause, "request failed");
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if problem.kind == Kind::Unauthenticated {
        let scheme = HeaderValue::from_static("Bearer realm=\"concentric\"");
        headers.insert(WWW_AUTHENTICATE, scheme);
    }
    if let Some(seconds) = problem.kind.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(u16::from(seconds)));
    }
    let code = problem.kind.code();
    let body = api_types::Problem {
        kind: format!("/problems/{}", code.replace('_', "-")),
        title: problem.kind.title().to_owned(),
        status: status.as_u16(),
        detail: problem.detail.clone(),
        code: code.to_owned(),
        trace_id: Some(trace_id.to_owned()),
        errors: problem.errors.clone(),
    };
    // Strings and numbers only: this cannot fail.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    headers.remove(axum::http::header::CONTENT_LENGTH);
    *response.status_mut() = status;
    *response.body_mut() = Body::from(body);
    response
}

/// A handler panicked.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned());
    Problem::internal(&format!("panic: {text}")).into_response()
}
