//! `$batch`: up to twenty requests in one, where each part is throttled on its own.
//!
//! Decides nothing about a part's final status: the caller knows which ones are fine.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::{GraphError, is_concurrency_violation};
use crate::http::parse_retry_after;
use crate::odata::{Version, nullable};

/// The documented maximum.
const MAX_PARTS: usize = 20;

/// One request of a batch; `url` starts after the version.
#[derive(Debug, Clone)]
pub struct BatchPart {
    pub method: Method,
    pub url: String,
    pub body: Option<Value>,
}

/// The answer to one part.
#[derive(Debug, Clone)]
pub struct BatchAnswer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Value,
}

#[derive(Deserialize)]
struct Responses {
    responses: Vec<Response>,
}

#[derive(Deserialize)]
struct Response {
    id: String,
    status: u16,
    #[serde(default, deserialize_with = "nullable")]
    headers: HashMap<String, Value>,
    #[serde(default)]
    body: Value,
}

impl BatchAnswer {
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What this answer means if it is no success.
    #[must_use]
    pub fn error(&self, path: &str) -> GraphError {
        GraphError::from_answer(self.status, &self.body_bytes(), path, self.retry_after)
    }

    fn body_bytes(&self) -> Vec<u8> {
        self.body.to_string().into_bytes()
    }

    fn asks_for_retry(&self, method: &Method) -> bool {
        match self.status {
            429 => true,
            // The batch itself was let in, so the token is good; nothing happened.
            401 => true,
            503 if self.retry_after.is_some() => true,
            409 => is_concurrency_violation(409, &self.body_bytes()),
            500.. => *method != Method::POST,
            _ => false,
        }
    }
}

impl Client {
    /// Sends any number of parts and answers in their order. Parts that were throttled are sent
    /// again, and only those.
    pub async fn batch(
        &self,
        version: Version,
        parts: &[BatchPart],
    ) -> Result<Vec<BatchAnswer>, GraphError> {
        let mut answers = Vec::with_capacity(parts.len());
        for parts in parts.chunks(MAX_PARTS) {
            answers.extend(self.one_batch(version, parts).await?);
        }
        Ok(answers)
    }

    async fn one_batch(
        &self,
        version: Version,
        parts: &[BatchPart],
    ) -> Result<Vec<BatchAnswer>, GraphError> {
        let mut answers: Vec<Option<BatchAnswer>> = vec![None; parts.len()];
        let mut pending: Vec<usize> = (0..parts.len()).collect();
        let mut done = 0;
        loop {
            done += 1;
            for (index, answer) in self.send_parts(version, parts, &pending).await? {
                if let Some(slot) = answers.get_mut(index) {
                    *slot = Some(answer);
                }
            }
            let missing = |index: &usize| answers[*index].is_none();
            // A part without an answer is asked for again only if that can do no harm.
            if pending.iter().any(|i| missing(i) && parts[*i].method == Method::POST) {
                return Err(GraphError::Ambiguous { path: "/$batch".to_owned() });
            }
            pending.retain(|index| {
                let method = &parts[*index].method;
                answers[*index].as_ref().is_none_or(|answer| answer.asks_for_retry(method))
            });
            if pending.is_empty() || done >= self.limits().attempts {
                break;
            }
            let asked = pending.iter().filter_map(|i| answers[*i].as_ref()?.retry_after).max();
            tokio::time::sleep(self.limits().wait(asked, done)).await;
        }
        let answers: Option<Vec<BatchAnswer>> = answers.into_iter().collect();
        answers.ok_or_else(|| GraphError::decode("/$batch", "a part without an answer"))
    }

    async fn send_parts(
        &self,
        version: Version,
        parts: &[BatchPart],
        which: &[usize],
    ) -> Result<Vec<(usize, BatchAnswer)>, GraphError> {
        let requests: Vec<Value> = which.iter().map(|i| request(*i, &parts[*i])).collect();
        let repeatable = which.iter().all(|i| parts[*i].method != Method::POST);
        let body = Some(json!({ "requests": requests }));
        let answer = self.write(version, Method::POST, "/$batch", body, repeatable).await?;
        let responses: Responses = answer.json()?;
        Ok(responses.responses.into_iter().filter_map(response).collect())
    }
}

fn request(index: usize, part: &BatchPart) -> Value {
    let mut request = json!({
        "id": index.to_string(),
        "method": part.method.as_str(),
        "url": part.url,
    });
    if let Some(body) = &part.body {
        request["headers"] = json!({ "Content-Type": "application/json" });
        request["body"] = body.clone();
    }
    request
}

fn response(response: Response) -> Option<(usize, BatchAnswer)> {
    let retry_after = response
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))
        .and_then(|(_, value)| match value {
            Value::String(text) => parse_retry_after(text),
            Value::Number(number) => number.as_u64().map(Duration::from_secs),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
    let Response { id, status, body, .. } = response;
    Some((id.parse().ok()?, BatchAnswer { status, retry_after, body }))
}
