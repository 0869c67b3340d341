//! Outgoing webhooks: one message, signed as Standard Webhooks describes it, and how sending it ended.

use std::time::Instant;

use chrono::{DateTime, Utc};
use domain::webhook::{Message, Refusal, Tried};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use crate::client::{Client, Request};
use crate::error::OutboundError;
use crate::webhook::sign;

/// Sends a message, signed with each of `secrets`. Never fails: what goes wrong is how it ended.
pub async fn deliver(
    client: &Client,
    url: &str,
    secrets: &[SecretString],
    message: &Message,
    now: DateTime<Utc>,
) -> Tried {
    let began = Instant::now();
    let (status, refusal) = match send(client, url, secrets, message, now).await {
        Ok(status) => (Some(status), Refusal::of_status(status)),
        Err(error) => refused(&error),
    };
    let latency_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Tried { status, latency_ms, refusal }
}

async fn send(
    client: &Client,
    url: &str,
    secrets: &[SecretString],
    message: &Message,
    now: DateTime<Utc>,
) -> Result<u16, OutboundError> {
    let (id, seconds, body) = (message.header_id(), now.timestamp(), message.body());
    let request = Request {
        method: Method::POST,
        url,
        query: &[],
        headers: signed(secrets, &id, seconds, &body)?,
        body: Some(("application/json", body.into_bytes())),
    };
    client.send(request).await.map(|answer| answer.status())
}

/// The headers of Standard Webhooks, with a signature by each secret.
pub(crate) fn signed(
    secrets: &[SecretString],
    id: &str,
    seconds: i64,
    body: &str,
) -> Result<Vec<(HeaderName, HeaderValue)>, OutboundError> {
    let signatures: Result<Vec<String>, _> =
        secrets.iter().map(|one| sign(one.expose_secret(), id, seconds, body)).collect();
    let headers = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures?.join(" ")),
    ];
    let header = |(name, value): (&'static str, String)| {
        HeaderValue::from_str(&value)
            .map(|value| (HeaderName::from_static(name), value))
            .map_err(|_| OutboundError::Secret("the signature cannot be sent"))
    };
    headers.into_iter().map(header).collect()
}

pub(crate) fn refused(error: &OutboundError) -> (Option<u16>, Option<Refusal>) {
    let refusal = match error {
        OutboundError::Url
        | OutboundError::Scheme
        | OutboundError::PlainHttp
        | OutboundError::UserInfo
        | OutboundError::Port(_)
        | OutboundError::Forbidden(_) => Refusal::Forbidden,
        OutboundError::Unknown | OutboundError::Connect => Refusal::Unreachable,
        OutboundError::Timeout(_) => Refusal::Timeout,
        OutboundError::Redirect(status) | OutboundError::Status(status) => {
            return (Some(*status), Refusal::of_status(*status));
        }
        OutboundError::TooLarge(_)
        | OutboundError::Broken
        | OutboundError::Unexpected(_)
        | OutboundError::Several(_)
        | OutboundError::Query(_)
        | OutboundError::Login(_) => Refusal::BadAnswer,
        OutboundError::Secret(_) => Refusal::Secret,
    };
    (None, Some(refusal))
}
