//! What every answer says to browsers, whoever made it.
//!
//! Answers that know better have said so themselves: pages have a policy of their own, and files that never
//! change may be kept.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use chrono::SecondsFormat;

use crate::clock::Clock;

/// What is no page of ours loads nothing, runs nothing, and is shown in no frame.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
                       frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Two years. Names below this one are somebody else's matter.
const BY_HTTPS: &str = "max-age=63072000";

/// No page of ours uses any of them.
const NO_FEATURES: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), \
                           gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
                           publickey-credentials-get=(), usb=()";

/// On every answer, unless it says otherwise.
const ALWAYS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, NOTHING),
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), NO_FEATURES),
];

static TIME: HeaderName = HeaderName::from_static("concentric-time");

/// What the headers depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// People come by https. Over http its header would mean nothing, or lock out whoever tries the service
    /// on their own machine.
    pub(crate) is_secure: bool,
    /// Readers are told the time of the service, which ages and countdowns are counted by: their clocks may be
    /// wrong, and ours may run faster.
    pub(crate) clock: Clock,
}

pub(crate) async fn say(State(about): State<About>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if about.is_secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(BY_HTTPS));
    }
    let now = about.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    if let Ok(now) = HeaderValue::from_str(&now) {
        headers.insert(TIME.clone(), now);
    }
    response
}
