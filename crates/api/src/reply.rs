//! The outermost layer: names every request, writes problems down, logs.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::metric::Metric;
use futures_util::FutureExt as _;
use metrics::{Label, SharedString};
use serde::Serialize;
use tracing::Instrument as _;
use tracing::field::Empty;
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

/// Gives the request an id, and turns what the inner layers returned into what the caller sees. Where
/// traces are exported the id is that of the trace, which a caller may have begun; else it is our own.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let (route, method): (Arc<str>, _) = (route.into(), method(&request));
    let span = tracing::info_span!(
        "request",
        otel.name = Empty,
        otel.kind = Empty,
        otel.status_code = Empty,
        trace_id = Empty,
        method,
        %route,
        http.response.status_code = Empty,
    );
    if trace::is_exported() {
        span.record("otel.name", format!("{method} {route}"));
        span.record("otel.kind", "server");
    }
    if let Some(header) = request.headers().get(trace::TRACEPARENT) {
        trace::adopt(&span, header.to_str().unwrap_or_default());
    }
    let trace_id = trace::trace_id(&span).unwrap_or_else(|| Uuid::new_v4().simple().to_string());
    span.record("trace_id", &trace_id);
    let began = Instant::now();
    let of_request = span.clone();
    async {
        // What a handler leaves behind is of its own request only.
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let mut response = answered.unwrap_or_else(panicked);
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = written(&problem, &trace_id, response);
        }
        let status = response.status().as_u16();
        tracing::debug!(status, "answered");
        of_request.record("http.response.status_code", status);
        if status >= 500 {
            of_request.record("otel.status_code", "ERROR");
        }
        measure(method, &route, status, began.elapsed());
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

/// The method, of those that there are: a caller may send any word.
fn method(request: &Request) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let method = request.method().as_str();
    known.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

fn measure(method: &'static str, route: &Arc<str>, status: u16, took: Duration) {
    let label = |name, value: SharedString| Label::new(name, value);
    let of_route = vec![label("method", method.into()), label("route", Arc::clone(route).into())];
    let mut labels = of_route.clone();
    labels.push(label("status", status.to_string().into()));
    metrics::histogram!(Metric::HttpSeconds.name(), of_route).record(took);
    metrics::counter!(Metric::HttpRequests.name(), labels).increment(1);
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
    let body = api_types::Problem { trace_id: Some(trace_id.to_owned()), ..problem.told() };
    // Strings and numbers only: this cannot fail.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    headers.remove(axum::http::header::CONTENT_LENGTH);
    *response.status_mut() = status;
    *response.body_mut() = Body::from(body);
    response
}

/// A handler panicked.
#[expect(clippy::needless_pass_by_value, reason = "it is handed over")]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned());
    Problem::internal(&format!("panic: {text}")).into_response()
}
