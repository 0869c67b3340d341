//! Parameters in the path.

use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }
}

/// Of an unsigned type, by its name in Rust.
fn largest(kind: &str) -> u64 {
    match kind {
        "u8" => u8::MAX.into(),
        "u16" => u16::MAX.into(),
        "u32" => u32::MAX.into(),
        _ => u64::MAX,
    }
}

/// Every parameter of every path but those is an id.
pub(crate) fn not_an_id(name: &str, value: &str) -> Problem {
    Problem::parameter(
        name,
        format!("{value:?} is not a UUID; 0197e6a0-4c1f-7d3e-9a55-2f6b8c1d0e42 would be one"),
    )
}

fn refused(rejection: &PathRejection) -> Problem {
    if let PathRejection::FailedToDeserializePathParams(failed) = rejection {
        let kind = failed.kind();
        if let ErrorKind::DeserializeError { key, value, .. } = kind {
            return not_an_id(key, value);
        }
        // The rings and segments of a rollout are numbers.
        if let ErrorKind::ParseErrorAtKey { key, value, expected_type } = kind {
            let why = format!("{value:?} is not a number from 0 to {}", largest(expected_type));
            return Problem::parameter(key, why);
        }
        if let ErrorKind::InvalidUtf8InPathParam { key } = kind {
            return Problem::parameter(key, "this is not UTF-8");
        }
    }
    Problem::internal(rejection)
}
