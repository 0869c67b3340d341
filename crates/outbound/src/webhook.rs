//! Webhooks: a service of one's own is told where a rollout stands, and answers with a verdict.
//!
//! Signed as Standard Webhooks describes it, when a secret is set.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::signal::{Context, Outcome, Reading};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::client::{Client, Request};
use crate::error::OutboundError;

const PREFIX: &str = "whsec_";
const MOST_URL: usize = 2_000;

#[derive(Deserialize)]
struct Said {
    verdict: Verdict,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    evidence_url: Option<String>,
    #[serde(default)]
    valid_until: Option<DateTime<Utc>>,
}

/// Another word is an error: what is not understood is no pass.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Pass,
    Fail,
    Hold,
}

/// Asks for a verdict.
pub(crate) async fn ask(
    client: &Client,
    url: &str,
    name: &str,
    context: &Context,
    secret: Option<&SecretString>,
    now: DateTime<Utc>,
) -> Result<Reading, OutboundError> {
    let body = json!({
        "type": "signal.evaluate",
        "timestamp": now,
        "data": {
            "signal": name,
            "tenant": { "id": context.tenant, "name": context.tenant_name },
            "rollout": {
                "id": context.rollout,
                "release": context.release_name,
                "phase": context.phase,
            },
            "ring": { "index": context.ring, "name": context.ring_name },
        },
    })
    .to_string();
    let (id, seconds) = (format!("msg_{}", Uuid::new_v4().simple()), now.timestamp());
    let mut headers = vec![("webhook-id", id.clone()), ("webhook-timestamp", seconds.to_string())];
    if let Some(secret) = secret {
        let signature = sign(secret.expose_secret(), &id, seconds, &body)?;
        headers.push(("webhook-signature", signature));
    }
    let headers = headers.into_iter().map(|(name, value)| {
        let value = HeaderValue::from_str(&value);
        value
            .map(|value| (HeaderName::from_static(name), value))
            .map_err(|_| OutboundError::Secret("the signature cannot be sent"))
    });
    let request = Request {
        method: Method::POST,
        url,
        query: &[],
        headers: headers.collect::<Result<_, _>>()?,
        body: Some(("application/json", body.into_bytes())),
    };
    let said: Said = client.send(request).await?.json().map_err(|_| {
        let what = "a verdict of pass, fail or hold is right, with reason, evidence_url and \
                    valid_until if there are any";
        OutboundError::Unexpected(what)
    })?;
    Ok(reading(said, now))
}

fn reading(said: Said, now: DateTime<Utc>) -> Reading {
    let (outcome, word) = match said.verdict {
        Verdict::Pass => (Outcome::Pass, "pass"),
        Verdict::Fail => (Outcome::Fail, "fail"),
        Verdict::Hold => (Outcome::Hold, "hold"),
    };
    let mut reading = Reading::new(now, outcome, said.reason.as_deref().unwrap_or(word));
    reading.evidence_url = said.evidence_url.filter(|url| is_web(url));
    reading.valid_until = said.valid_until;
    reading
}

/// People click on it, so it leads to a page and runs nothing.
fn is_web(url: &str) -> bool {
    let scheme = url.starts_with("https://") || url.starts_with("http://");
    scheme && url.len() <= MOST_URL && !url.contains(char::is_control)
}

/// The signature of Standard Webhooks: HMAC-SHA256 over id, time and body, with a key in base64
/// after `whsec_`.
pub fn sign(secret: &str, id: &str, seconds: i64, body: &str) -> Result<String, OutboundError> {
    let wrong = OutboundError::Secret("the secret has to be whsec_ and a key in base64");
    let key = secret.strip_prefix(PREFIX).ok_or(wrong.clone())?;
    let key = STANDARD.decode(key).map_err(|_| wrong)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(tag)))
}
