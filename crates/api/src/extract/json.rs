//! JSON bodies.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::field_error;
use crate::problem::{Kind, Problem};

const LARGEST: usize = 1024 * 1024;

/// A body that has to be there.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A body that may be left out.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        check_content_type(request.headers())?;
        parse(&whole(request.into_body()).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let content_type = check_content_type(request.headers());
        let body = whole(request.into_body()).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        content_type?;
        parse(&body).map(Self)
    }
}

/// All of a body, which may be a mebibyte.
pub(crate) async fn whole(body: Body) -> Result<Bytes, Problem> {
    to_bytes(body, LARGEST).await.map_err(|error| {
        if error.into_inner().is::<LengthLimitError>() {
            Problem::new(Kind::BodyTooLarge, "the body is larger than 1 MiB")
        } else {
            Problem::new(Kind::MalformedBody, "the body ended before it was complete")
        }
    })
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let found = match given {
        None => "there is no Content-Type".to_owned(),
        Some(given) => format!("the Content-Type is {given:?}"),
    };
    let detail = format!("{found}; application/json is right");
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // Fields by position are understood by serde, and by nobody who reads the schema.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::field("", "the body is a list; an object is right"));
    }
    let mut input = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let inner = error.inner();
        match inner.classify() {
            Category::Data => Problem::invalid(vec![field_error(error.path(), &inner.to_string())]),
            Category::Syntax | Category::Eof | Category::Io => malformed(inner),
        }
    })?;
    input.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::MalformedBody, format!("the body is not valid JSON: {error}"))
}
