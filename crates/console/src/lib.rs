//! The web console: its built files, held by the binary and served under a strict policy.
//!
//! Serves whatever no other route of the server answers. Holds no rule and calls no API: the app does,
//! in the browser. Without built files (`cargo xtask console` makes them) it answers with a page that
//! says how to build them.

mod assets;
mod page;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::assets::{Asset, Assets};

/// The app at `/` and at every path that nothing else answers.
pub fn router() -> Router {
    serving(Assets::built())
}

/// The same of other files: for tests.
pub fn router_of(files: &'static [(&'static str, &'static [u8])]) -> Router {
    serving(Assets::new(files))
}

fn serving(assets: Assets) -> Router {
    Router::new().fallback(move |request: Request| std::future::ready(answer(assets, &request)))
}

fn answer(assets: Assets, request: &Request) -> Response {
    match *request.method() {
        Method::GET | Method::HEAD => {}
        _ => {
            let allow = [(ALLOW, HeaderValue::from_static("GET, HEAD"))];
            return secured((StatusCode::METHOD_NOT_ALLOWED, allow).into_response());
        }
    }
    let path = request.uri().path().trim_start_matches('/');
    if path != page::NAME
        && let Some(asset) = assets.find(path)
    {
        return secured(file(assets, &asset, request.headers()));
    }
    if is_for_the_app(path, request.headers()) {
        return secured(app(assets));
    }
    secured((StatusCode::NOT_FOUND, "not found").into_response())
}

/// A browser that navigates asks for HTML; a missing script or picture must not be answered with a page.
fn is_for_the_app(path: &str, headers: &HeaderMap) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    !path.starts_with("assets/")
        && !path.starts_with("auth/")
        && (accept.contains("text/html") || (accept.contains("*/*") && !last.contains('.')))
}

fn app(assets: Assets) -> Response {
    let nonce = Uuid::new_v4().simple().to_string();
    let text = match assets.page() {
        Some(page) => page::with_nonce(page, &nonce),
        None => page::without_app(&nonce),
    };
    let policy = HeaderValue::from_str(&page::policy(&nonce));
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = policy {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn file(assets: Assets, asset: &Asset, asked: &HeaderMap) -> Response {
    let accepted = asked.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let (bytes, encoding) = assets.encoded(asset, accepted.unwrap_or_default());
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(asset.cache_control()));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// What every answer says, whatever it is. That https is to be used from now on is the server's to say, who
/// knows whether it is.
fn secured(mut response: Response) -> Response {
    let said: [(HeaderName, &'static str); 5] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    let headers = response.headers_mut();
    for (name, value) in said {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
