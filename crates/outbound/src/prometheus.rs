//! Prometheus: instant queries of its HTTP API.

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::client::{Client, Request, bearer};
use crate::error::OutboundError;

#[derive(Deserialize)]
struct Envelope {
    status: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Scalar(Sample),
    Matrix(serde::de::IgnoredAny),
    String(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Series {
    value: Sample,
}

/// A moment, and the value as text.
#[derive(Deserialize)]
struct Sample(#[expect(dead_code, reason = "a moment of another clock")] f64, String);

/// The one number that `query` gives; none when it gives nothing.
pub(crate) async fn query(
    client: &Client,
    base: &str,
    query: &str,
    token: Option<&SecretString>,
) -> Result<Option<f64>, OutboundError> {
    let url = format!("{}/api/v1/query", base.trim_end_matches('/'));
    let headers = token.map(|token| bearer(token.expose_secret())).transpose()?;
    let request = Request {
        method: Method::GET,
        url: &url,
        query: &[("query", query)],
        headers: headers.into_iter().collect(),
        body: None,
    };
    let answer: Envelope = client.send(request).await?.json()?;
    if answer.status != "success" {
        return Err(OutboundError::Unexpected("its status is not success"));
    }
    let text = match answer.data {
        Some(Data::Scalar(Sample(_, text))) => text,
        Some(Data::Vector(series)) => match <[Series; 1]>::try_from(series) {
            Ok([Series { value: Sample(_, text) }]) => text,
            Err(series) if series.is_empty() => return Ok(None),
            Err(series) => return Err(OutboundError::Several(series.len())),
        },
        Some(Data::Matrix(_)) => {
            return Err(OutboundError::Unexpected("the query gives a range; an instant is right"));
        }
        Some(Data::String(_)) => {
            return Err(OutboundError::Unexpected("the query gives a text; a number is right"));
        }
        None => return Err(OutboundError::Unexpected("there is no data in it")),
    };
    // As Go writes it: NaN, +Inf and -Inf are words for `f64` too.
    text.parse().map(Some).map_err(|_| OutboundError::Unexpected("its value is no number"))
}
