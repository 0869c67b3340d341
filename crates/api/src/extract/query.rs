//! Parameters in the query.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::field_error;
use crate::problem::Problem;

#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let pairs = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let input = serde_urlencoded::Deserializer::new(pairs);
        let value = serde_path_to_error::deserialize(input).map_err(|error| {
            let wrong = field_error(error.path(), &error.inner().to_string());
            Problem::parameter(wrong.pointer.trim_start_matches('/'), wrong.detail)
        })?;
        Ok(Self(value))
    }
}
