//! Why a request is refused, as RFC 9457 describes it.
//!
//! A handler returns a [`Problem`]; [`crate::reply::finish`] writes it down, with the id of the
//! request, and logs its cause. Causes never reach the caller.

use std::sync::Arc;

use api_types::FieldError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use store::StoreError;

/// Every kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    MalformedBody,
    InvalidParameter,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    Stale,
    /// It is not as the caller saw it (`If-Match`).
    Changed,
    /// A change that has to say what it is made to does not.
    PreconditionRequired,
    /// The first request with an idempotency key goes on.
    AtWork,
    /// It ended, and what it answered is lost.
    AnswerLost,
    TooMany {
        /// Until the next request is taken.
        seconds: u8,
    },
    BodyTooLarge,
    UnsupportedMediaType,
    Invalid,
    Internal,
    Unavailable,
}

impl Kind {
    /// Every kind there is, for the documentation.
    pub(crate) const ALL: [Self; 18] = [
        Self::MalformedBody,
        Self::InvalidParameter,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::Stale,
        Self::Changed,
        Self::PreconditionRequired,
        Self::AtWork,
        Self::AnswerLost,
        Self::TooMany { seconds: 1 },
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::Internal,
        Self::Unavailable,
    ];

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::MalformedBody | Self::InvalidParameter => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict | Self::Stale | Self::AtWork | Self::AnswerLost => StatusCode::CONFLICT,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable name; with dashes it is the `type` too.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::MalformedBody => "malformed_body",
            Self::InvalidParameter => "invalid_parameter",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Changed => "changed",
            Self::PreconditionRequired => "precondition_required",
            Self::AtWork => "at_work",
            Self::AnswerLost => "answer_lost",
            Self::TooMany { .. } => "too_many_requests",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Invalid => "invalid",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::MalformedBody => "The body is not JSON",
            Self::InvalidParameter => "A parameter is wrong",
            Self::Unauthenticated => "Who is calling is not known",
            Self::Forbidden => "This token may not do that",
            Self::NotFound => "There is no such thing",
            Self::MethodNotAllowed => "This cannot be done here",
            Self::Conflict => "The state of things forbids this",
            Self::Stale => "Something changed meanwhile",
            Self::Changed => "It is not as it was when you looked",
            Self::PreconditionRequired => "Say what you looked at",
            Self::AtWork => "This is being done already",
            Self::AnswerLost => "This is done, and its answer is lost",
            Self::TooMany { .. } => "These are too many requests",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body has to be JSON",
            Self::Invalid => "The request makes no sense as it is",
            Self::Internal => "Something went wrong in the service",
            Self::Unavailable => "The service cannot answer now",
        }
    }

    /// After how many seconds the same request may well succeed.
    pub(crate) const fn retry_after(self) -> Option<u8> {
        match self {
            Self::Stale | Self::AtWork => Some(1),
            Self::TooMany { seconds } => Some(seconds),
            Self::Unavailable => Some(5),
            Self::MalformedBody | Self::InvalidParameter | Self::Unauthenticated => None,
            Self::Forbidden | Self::NotFound | Self::MethodNotAllowed | Self::Conflict => None,
            Self::Changed | Self::PreconditionRequired | Self::AnswerLost => None,
            Self::BodyTooLarge | Self::UnsupportedMediaType | Self::Invalid => None,
            Self::Internal => None,
        }
    }
}

/// A refusal.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    /// What was wrong, and what would be right.
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
    /// For the log only.
    pub(crate) cause: Option<Arc<str>>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), cause: None }
    }

    pub(crate) fn changed() -> Self {
        let why = "somebody changed this after you looked; read it again, and decide again";
        Self::new(Kind::Changed, why)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no such {what} here"))
    }

    /// A parameter of the path or the query is wrong.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let mut problem = Self::new(Kind::InvalidParameter, format!("{name}: {detail}"));
        problem.errors.push(FieldError { pointer: name.to_owned(), detail });
        problem
    }

    /// Fields of the body are wrong.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] if only.pointer.is_empty() => only.detail.clone(),
            [only] => format!("{}: {}", only.pointer, only.detail),
            many => format!("{} fields are wrong; each is named in errors", many.len()),
        };
        Self { errors, ..Self::new(Kind::Invalid, detail) }
    }

    pub(crate) fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// What the store says of an input of which only this field is left to be wrong.
    pub(crate) fn about(pointer: &str) -> impl FnOnce(StoreError) -> Self {
        move |error| match error {
            StoreError::Invalid(why) => Self::field(pointer, why),
            StoreError::NotFound { what } => {
                Self::field(pointer, format!("there is no such {what} here"))
            }
            StoreError::Conflict(_) | StoreError::Forbidden(_) => error.into(),
            StoreError::Stale | StoreError::Changed | StoreError::Tried => error.into(),
            StoreError::LeaseLost => error.into(),
            StoreError::Corrupt(_) | StoreError::Schema(_) | StoreError::Database(_) => {
                error.into()
            }
        }
    }

    /// As a caller is told, but for what names the request.
    pub(crate) fn told(&self) -> api_types::Problem {
        let code = self.kind.code();
        api_types::Problem {
            kind: format!("/problems/{}", code.replace('_', "-")),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            code: code.to_owned(),
            trace_id: None,
            errors: self.errors.clone(),
        }
    }

    pub(crate) fn internal(cause: &(impl ToString + ?Sized)) -> Self {
        let detail = "a fault of the service, which is in its log under this trace_id";
        let cause = Some(cause.to_string().into());
        Self { cause, ..Self::new(Kind::Internal, detail) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() {
            let detail = "the database does not answer; try again in a few seconds";
            let cause = Some(error.to_string().into());
            return Self { cause, ..Self::new(Kind::Unavailable, detail) };
        }
        match error {
            StoreError::NotFound { what } => Self::not_found(what),
            StoreError::Conflict(why) => Self::new(Kind::Conflict, why),
            StoreError::Forbidden(why) => Self::new(Kind::Forbidden, why),
            StoreError::Invalid(why) => Self::new(Kind::Invalid, why),
            StoreError::Stale => {
                Self::new(Kind::Stale, "the rollout changed at the same moment; send it again")
            }
            StoreError::Changed => Self::changed(),
            // Of `Tried` nobody hears: its answer is made in `conditional`.
            StoreError::LeaseLost | StoreError::Corrupt(_) | StoreError::Tried => {
                Self::internal(&error)
            }
            StoreError::Schema(_) | StoreError::Database(_) => Self::internal(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
