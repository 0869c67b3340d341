//! The client: one call with its token, its retries, and the refusal to repeat what is unsafe.
//!
//! Knows no Graph area; those are in files of their own.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::metric::Metric;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use url::Url;
use uuid::Uuid;

use crate::connection::{Connection, Limits};
use crate::error::GraphError;
use crate::http::{self, Answer, Failure};
use crate::odata::Version;
use crate::token::Tokens;

/// How often an answer is read at most that cannot be understood.
const READS: u32 = 3;

/// One tenant's Graph. Clones share the token and the connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    graph: Url,
    http: reqwest::Client,
    tokens: Tokens,
    limits: Limits,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("graph", &self.inner.graph.as_str()).finish_non_exhaustive()
    }
}

/// One request.
pub(crate) struct Call {
    method: Method,
    url: Url,
    body: Option<Value>,
    /// Sending it twice is as good as once.
    repeatable: bool,
    /// With our token: never for another host.
    with_token: bool,
}

impl Call {
    fn path(&self) -> &str {
        self.url.path()
    }
}

impl Client {
    /// Checks the configuration; sends nothing.
    pub fn new(connection: Connection, limits: Limits) -> Result<Self, GraphError> {
        let tokens = Tokens::new(&connection)?;
        let http = http::build()?;
        let inner = Inner { graph: connection.graph_url, http, tokens, limits };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether the credentials work and the directory answers.
    pub async fn verify(&self) -> Result<(), GraphError> {
        let _: Value = self.get_json(Version::V1, "/devices?$top=1&$select=id").await?;
        Ok(())
    }

    /// Lets the next call fetch a fresh token. Consent that was given or taken back shows only
    /// in tokens made after it.
    pub async fn forget_token(&self) {
        self.inner.tokens.forget().await;
    }

    /// Reads one object; `path` starts after the version.
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        version: Version,
        path: &str,
    ) -> Result<T, GraphError> {
        self.read_url(self.url(version, path)?, Answer::json).await
    }

    /// Reads and interprets. An answer that cannot be read (cut off on its way, mostly) is asked
    /// for again; one that stays unreadable is an error.
    pub(crate) async fn read_url<T>(
        &self,
        url: Url,
        interpret: impl Fn(&Answer) -> Result<T, GraphError>,
    ) -> Result<T, GraphError> {
        let mut done = 0;
        loop {
            let answer = self.get_url(url.clone()).await?;
            done += 1;
            match interpret(&answer) {
                Err(GraphError::Decode { .. }) if done < READS => {
                    tokio::time::sleep(self.limits().wait(None, done)).await;
                }
                settled => return settled,
            }
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn url(&self, version: Version, path: &str) -> Result<Url, GraphError> {
        http::join(&self.inner.graph, &format!("/{version}{path}"))
    }

    /// A link out of an answer, to be followed verbatim: but never with our token elsewhere.
    pub(crate) fn link(&self, link: &str, path: &str) -> Result<Url, GraphError> {
        let url = Url::parse(link).map_err(|error| GraphError::decode(path, error))?;
        if url.origin() != self.inner.graph.origin() {
            return Err(GraphError::decode(path, "the next page is on another host"));
        }
        Ok(url)
    }

    pub(crate) async fn get_url(&self, url: Url) -> Result<Answer, GraphError> {
        let call =
            Call { method: Method::GET, url, body: None, repeatable: true, with_token: true };
        self.send(&call).await
    }

    /// Fetches from a host that is not Graph, without our token.
    pub(crate) async fn download(&self, url: Url) -> Result<Answer, GraphError> {
        let call =
            Call { method: Method::GET, url, body: None, repeatable: true, with_token: false };
        self.send(&call).await
    }

    /// A POST that creates something: never repeated when it may have happened.
    pub(crate) async fn post_once(
        &self,
        version: Version,
        path: &str,
        body: Value,
    ) -> Result<Answer, GraphError> {
        self.write(version, Method::POST, path, Some(body), false).await
    }

    /// A POST that sets something: safe to repeat.
    pub(crate) async fn post_again(
        &self,
        version: Version,
        path: &str,
        body: Value,
    ) -> Result<Answer, GraphError> {
        self.write(version, Method::POST, path, Some(body), true).await
    }

    pub(crate) async fn patch(
        &self,
        version: Version,
        path: &str,
        body: Value,
    ) -> Result<Answer, GraphError> {
        self.write(version, Method::PATCH, path, Some(body), true).await
    }

    /// Deletes; what is gone already counts as deleted.
    pub(crate) async fn delete(&self, version: Version, path: &str) -> Result<(), GraphError> {
        match self.write(version, Method::DELETE, path, None, true).await {
            Ok(_) | Err(GraphError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn write(
        &self,
        version: Version,
        method: Method,
        path: &str,
        body: Option<Value>,
        repeatable: bool,
    ) -> Result<Answer, GraphError> {
        let url = self.url(version, path)?;
        self.send(&Call { method, url, body, repeatable, with_token: true }).await
    }

    async fn send(&self, call: &Call) -> Result<Answer, GraphError> {
        let span = tracing::debug_span!(
            "graph",
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = %call.method,
            // Never the query: links of Graph carry tokens in it.
            url.path = call.path(),
            http.request.attempts = Empty,
        );
        let sent = self.send_traced(call).instrument(span.clone()).await;
        if sent.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        sent
    }

    async fn send_traced(&self, call: &Call) -> Result<Answer, GraphError> {
        let Inner { http, tokens, limits, .. } = &*self.inner;
        let ambiguous = || GraphError::Ambiguous { path: call.path().to_owned() };
        let mut refused = None;
        let mut done = 0;
        loop {
            let mut request = http.request(call.method.clone(), call.url.clone());
            request = request.timeout(limits.timeout);
            let mut token = None;
            if call.with_token {
                use secrecy::ExposeSecret as _;
                let current = tokens.get(http, limits, refused.as_ref()).await?;
                request = request.bearer_auth(current.expose_secret());
                request = request.header("client-request-id", Uuid::new_v4().to_string());
                if let Some(header) = trace::header() {
                    request = request.header(trace::TRACEPARENT, header);
                }
                token = Some(current);
            }
            if let Some(body) = &call.body {
                request = request.json(body);
            }
            done += 1;
            Span::current().record("http.request.attempts", done);
            let began = Instant::now();
            let read = http::read(request, limits.max_body, call.path()).await;
            measure(&read, began.elapsed());
            let (error, wait) = match read {
                Ok(answer) if answer.is_success() => return Ok(answer),
                Ok(answer) if answer.status == 401 && token.is_some() && refused.is_none() => {
                    refused = token;
                    continue;
                }
                Ok(answer) => {
                    let wait = answer.retry_after();
                    match reaction(&answer) {
                        Reaction::Final => return Err(answer.error()),
                        Reaction::Broken if !call.repeatable => return Err(ambiguous()),
                        Reaction::Broken | Reaction::Refused => (answer.error(), wait),
                    }
                }
                Err(failure) if failure.is_final => return Err(failure.error),
                Err(failure) if failure.may_have_happened && !call.repeatable => {
                    return Err(ambiguous());
                }
                Err(failure) => (failure.error, None),
            };
            if done >= limits.attempts {
                return Err(error);
            }
            tokio::time::sleep(limits.wait(wait, done)).await;
        }
    }
}

/// Counts one attempt.
fn measure(read: &Result<Answer, Failure>, took: Duration) {
    let outcome = match read {
        Ok(answer) if answer.is_success() => "ok",
        Ok(answer) if answer.status == 429 => "throttled",
        Ok(answer) if answer.status == 503 && answer.retry_after().is_some() => "throttled",
        Ok(answer) if answer.status >= 500 => "failed",
        Ok(_) => "refused",
        Err(_) => "failed",
    };
    metrics::counter!(Metric::GraphRequests.name(), "outcome" => outcome).increment(1);
    metrics::histogram!(Metric::GraphSeconds.name()).record(took);
}

/// What a status outside 2xx says about another attempt.
enum Reaction {
    /// Nothing happened: try again.
    Refused,
    /// Something may have happened: try again only if that is harmless.
    Broken,
    Final,
}

fn reaction(answer: &Answer) -> Reaction {
    match answer.status {
        429 => Reaction::Refused,
        // A gateway that names a time has not passed the request on.
        503 if answer.retry_after().is_some() => Reaction::Refused,
        409 if answer.is_concurrency_violation() => Reaction::Refused,
        408 | 500.. => Reaction::Broken,
        _ => Reaction::Final,
    }
}
