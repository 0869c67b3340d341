//! What can go wrong with a Graph call, typed by what the caller should do about it.
//!
//! Never holds a token, a secret, or a query string (a download link's query is a credential).

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

/// A Graph call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GraphError {
    /// The token endpoint refused.
    #[error("no token: {code}: {description}")]
    Token { code: String, description: String },
    /// Graph refused a fresh token.
    #[error("Graph refuses our token")]
    Unauthorized,
    /// A permission is missing, or its consent.
    #[error("{path}: forbidden: {code}: {message}")]
    Forbidden { code: String, message: String, path: String },
    #[error("{path}: not found")]
    NotFound { path: String },
    /// Still throttled after all attempts.
    #[error("throttled")]
    Throttled { retry_after: Option<Duration> },
    #[error("{path}: conflict: {code}: {message}")]
    Conflict { code: String, message: String, path: String },
    /// A delta link has expired, or is none of this Graph: read everything again, without it.
    #[error("{path}: the changes cannot be followed any further")]
    StartOver { path: String },
    /// Any other 4xx: our request is wrong.
    #[error("{path}: {status}: {code}: {message}")]
    Rejected { status: u16, code: String, message: String, path: String },
    /// 5xx after all attempts.
    #[error("{path}: unavailable ({status})")]
    Unavailable { status: u16, path: String },
    /// A call that must not be repeated may or may not have happened: read before trying again.
    #[error("{path}: it is unknown whether this happened")]
    Ambiguous { path: String },
    /// The answer is not what the contract says.
    #[error("{path}: unreadable answer: {what}")]
    Decode { path: String, what: String },
    /// No answer at all.
    #[error("{path}: no answer: {what}")]
    Transport { path: String, what: String },
    /// This connection cannot work as configured (a certificate that is none, say).
    #[error("configuration: {what}")]
    Configuration { what: String },
}

impl GraphError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Token { code, .. } => token_code_is_transient(code),
            Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Ambiguous { .. }
            | Self::Decode { .. }
            | Self::Transport { .. } => true,
            Self::Conflict { code, .. } => code == CONCURRENCY,
            Self::Unauthorized
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::StartOver { .. }
            | Self::Rejected { .. }
            | Self::Configuration { .. } => false,
        }
    }

    /// Whether a person must fix credentials or consent first.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Token { code, .. } => !token_code_is_transient(code),
            Self::Unauthorized | Self::Forbidden { .. } | Self::Configuration { .. } => true,
            Self::NotFound { .. }
            | Self::StartOver { .. }
            | Self::Throttled { .. }
            | Self::Conflict { .. }
            | Self::Rejected { .. }
            | Self::Unavailable { .. }
            | Self::Ambiguous { .. }
            | Self::Decode { .. }
            | Self::Transport { .. } => false,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
    pub(crate) fn decode(path: &str, what: impl ToString) -> Self {
        Self::Decode { path: path.to_owned(), what: short(&what.to_string()) }
    }

    /// The error that a status outside 2xx means.
    pub(crate) fn from_answer(
        status: u16,
        body: &[u8],
        path: &str,
        retry_after: Option<Duration>,
    ) -> Self {
        let ErrorDetail { code, message } = detail(body);
        let path = path.to_owned();
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden { code, message, path },
            404 | 410 => Self::NotFound { path },
            409 => Self::Conflict { code, message, path },
            429 => Self::Throttled { retry_after },
            500.. => Self::Unavailable { status, path },
            _ => Self::Rejected { status, code, message, path },
        }
    }
}

/// The directory saw two writes at once and did neither; documented as "retry with backoff".
const CONCURRENCY: &str = "Directory_ConcurrencyViolation";

/// Whether this 409 asks for a retry.
pub(crate) fn is_concurrency_violation(status: u16, body: &[u8]) -> bool {
    status == 409 && detail(body).code == CONCURRENCY
}

fn token_code_is_transient(code: &str) -> bool {
    matches!(code, "temporarily_unavailable" | "server_error")
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    code: String,
    message: String,
}

fn detail(body: &[u8]) -> ErrorDetail {
    let found: Option<ErrorBody> = serde_json::from_slice(body).ok();
    found.map_or_else(ErrorDetail::default, |body| ErrorDetail {
        code: short(&body.error.code),
        message: short(&body.error.message),
    })
}

/// Keeps foreign text from filling logs.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(500).collect()
}
