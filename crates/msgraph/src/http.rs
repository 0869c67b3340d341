//! One HTTP exchange: bounded reading, `Retry-After`, and what a failure means for a retry.
//!
//! Knows no Graph routes and never follows a redirect.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, redirect};
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::{GraphError, is_concurrency_violation};

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) path: String,
}

/// No (whole) answer.
pub(crate) struct Failure {
    pub(crate) error: GraphError,
    /// The request may have reached the other side.
    pub(crate) may_have_happened: bool,
    /// Another attempt is pointless.
    pub(crate) is_final: bool,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn error(&self) -> GraphError {
        GraphError::from_answer(self.status, &self.body, &self.path, self.retry_after())
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        parse_retry_after(self.headers.get(RETRY_AFTER)?.to_str().ok()?)
    }

    pub(crate) fn is_concurrency_violation(&self) -> bool {
        is_concurrency_violation(self.status, &self.body)
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, GraphError> {
        serde_json::from_slice(&self.body).map_err(|error| GraphError::decode(&self.path, error))
    }
}

/// Seconds, or the date form that HTTP also allows.
pub(crate) fn parse_retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some((date.to_utc() - Utc::now()).to_std().unwrap_or_default())
}

/// `path` (absolute, with its query) on top of `base`, keeping a path that `base` has.
pub(crate) fn join(base: &Url, path: &str) -> Result<Url, GraphError> {
    let text = format!("{}{path}", base.as_str().trim_end_matches('/'));
    Url::parse(&text).map_err(|error| GraphError::Configuration { what: error.to_string() })
}

pub(crate) fn build() -> Result<reqwest::Client, GraphError> {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("concentric/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| GraphError::Configuration { what: error.to_string() })
}

/// Sends, and reads at most `max_body` bytes.
pub(crate) async fn read(
    request: RequestBuilder,
    max_body: usize,
    path: &str,
) -> Result<Answer, Failure> {
    let mut response = request.send().await.map_err(|error| broken(error, path))?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(error, path))? {
        if body.len() + chunk.len() > max_body {
            return Err(Failure {
                error: GraphError::decode(path, "the answer is too large"),
                may_have_happened: true,
                is_final: true,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body, path: path.to_owned() })
}

fn broken(error: reqwest::Error, path: &str) -> Failure {
    let may_have_happened = !error.is_connect() && !error.is_builder();
    let is_final = error.is_builder();
    let kind = if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "connection broken"
    };
    let what = format!("{kind}: {}", innermost(&error.without_url()));
    let error = GraphError::Transport { path: path.to_owned(), what };
    Failure { error, may_have_happened, is_final }
}

/// The cause at the end of the chain says more than "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
