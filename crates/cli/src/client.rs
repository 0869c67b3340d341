//! The HTTP client: requests with the token, pages, problems.

mod order;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_types::Problem;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::args::{DryRun, Global};
use crate::failure::Failure;
use crate::output::say;

pub(crate) use order::{Order, Reach};

/// Long enough for an import of a whole tenant to be acknowledged.
const PATIENCE: Duration = Duration::from_mins(1);
const PAGE_SIZE: usize = 500;
/// The code of a problem that is not the API's.
const UNKNOWN: &str = "unknown";

/// What the service said: the JSON as it came, and what this client understands of it.
#[derive(Debug, Clone)]
pub(crate) struct Document<T> {
    pub(crate) json: Value,
    pub(crate) typed: T,
}

impl<T: DeserializeOwned> Document<T> {
    pub(crate) fn read(json: Value) -> Result<Self, Failure> {
        let mut clean = json.clone();
        without_control(&mut clean);
        let typed = T::deserialize(clean).map_err(|error| unreadable(&error))?;
        Ok(Self { json, typed })
    }
}

/// What is shown may have been named by anybody: a device must not steer the terminal, nor make
/// one line two. JSON goes out as it came, where such characters are escaped.
fn without_control(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(char::is_control) => {
            *text = text.replace(char::is_control, " ");
        }
        Value::Array(items) => items.iter_mut().for_each(without_control),
        Value::Object(fields) => fields.values_mut().for_each(without_control),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) type Query = Vec<(&'static str, String)>;

#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
    reach: Reach,
    /// The versions of what this command read, by path: a change is one to what it saw.
    seen: Arc<Mutex<HashMap<String, HeaderValue>>>,
}

impl Client {
    pub(crate) fn from_global(global: &Global) -> Result<Self, Failure> {
        let given = std::env::var("CONCENTRIC_TOKEN").ok().filter(|token| !token.is_empty());
        let token = match (given, &global.token_file) {
            (Some(token), _) => Some(token),
            (None, Some(file)) => Some(read_token(file)?),
            (None, None) => None,
        };
        let reach = match (global.dry_run, global.watch) {
            (Some(DryRun::Client), _) => Reach::Try,
            (Some(DryRun::Server), _) => Reach::Ask,
            (None, true) => Reach::Look,
            (None, false) => Reach::Change,
        };
        Ok(Self { reach, ..Self::new(global.url()?, token)? })
    }

    pub(crate) fn new(base: Url, token: Option<String>) -> Result<Self, Failure> {
        if base.cannot_be_a_base() {
            return Err(Failure::Usage(format!("{base} is no http address")));
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("concentric/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| Failure::Failed(format!("cannot make an HTTP client: {error}")))?;
        Ok(Self { http, base, token, reach: Reach::Change, seen: Arc::default() })
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Query,
    ) -> Result<Document<T>, Failure> {
        let answer = self.read(path, query).await?;
        if let Some(tag) = answer.headers().get(ETAG) {
            self.seen().insert(path.join("/"), tag.clone());
        }
        Document::read(json(answer).await?)
    }

    async fn read(&self, path: &[&str], query: &Query) -> Result<Response, Failure> {
        self.send(self.request(Method::GET, path).query(query).timeout(PATIENCE)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Document<T>, Failure> {
        self.check(Method::POST, path, Some(body)).await?;
        let request = self.request(Method::POST, path).json(body).timeout(PATIENCE);
        Document::read(json(self.send_once(request).await?).await?)
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Document<T>, Failure> {
        self.check(Method::PUT, path, Some(body)).await?;
        let request = self.change(Method::PUT, path).json(body).timeout(PATIENCE);
        Document::read(json(self.send(request).await?).await?)
    }

    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Document<T>, Failure> {
        self.check(Method::PATCH, path, Some(body)).await?;
        let request = self.change(Method::PATCH, path).json(body).timeout(PATIENCE);
        Document::read(json(self.send(request).await?).await?)
    }

    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), Failure> {
        self.check(Method::DELETE, path, None::<&()>).await?;
        self.send(self.change(Method::DELETE, path).timeout(PATIENCE)).await.map(drop)
    }

    /// As `delete`, with parameters.
    pub(crate) async fn delete_with(&self, path: &[&str], query: &Query) -> Result<(), Failure> {
        self.check(Method::DELETE, path, None::<&()>).await?;
        let request = self.change(Method::DELETE, path).query(query).timeout(PATIENCE);
        self.send(request).await.map(drop)
    }

    /// An order whose answer says nothing of interest.
    pub(crate) async fn order(&self, path: &[&str]) -> Result<(), Failure> {
        self.check(Method::POST, path, None::<&()>).await?;
        let request = self.request(Method::POST, path).timeout(PATIENCE);
        self.send_once(request).await.map(drop)
    }

    /// As `order`, with a body.
    pub(crate) async fn order_with(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<(), Failure> {
        self.check(Method::POST, path, Some(body)).await?;
        let request = self.request(Method::POST, path).json(body).timeout(PATIENCE);
        self.send_once(request).await.map(drop)
    }

    /// What may not be there yet. That something else answers than the API is still a failure.
    pub(crate) async fn get_if_there<T: DeserializeOwned>(
        &self,
        path: &[&str],
    ) -> Result<Option<Document<T>>, Failure> {
        match self.get(path, &Query::new()).await {
            Ok(document) => Ok(Some(document)),
            Err(Failure::Problem(problem)) if problem.status == 404 && problem.code != UNKNOWN => {
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Up to `most` items of a list, over as many pages as it takes; and whether there are more.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Query,
        most: usize,
    ) -> Result<(Vec<Document<T>>, bool), Failure> {
        let mut items = Vec::new();
        let mut page_token: Option<String> = None;
        loop {
            let mut query = query.clone();
            let size = PAGE_SIZE.min(most.saturating_sub(items.len()).max(1));
            query.push(("page_size", size.to_string()));
            query.extend(page_token.take().map(|token| ("page_token", token)));
            // A page has no version that a change of one of its items could be held against.
            let page = json(self.read(path, &query).await?).await?;
            let page = Document::<api_types::List<Value>>::read(page)?.typed;
            for item in page.items {
                items.push(Document::read(item)?);
            }
            match page.next_page_token {
                Some(_) if items.len() >= most => return Ok((items, true)),
                Some(token) => page_token = Some(token),
                None => return Ok((items, false)),
            }
        }
    }

    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Query,
    ) -> Result<Vec<Document<T>>, Failure> {
        Ok(self.list(path, query, usize::MAX).await?.0)
    }

    pub(crate) fn is_dry(&self) -> bool {
        matches!(self.reach, Reach::Try | Reach::Ask)
    }

    /// How the token begins: as much of it as the server keeps and shows.
    pub(crate) fn token_hint(&self) -> Option<&str> {
        self.token.as_deref().and_then(|token| token.get(..8))
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// The answer to a GET as it is, of whatever status; `path` counts from the server's root.
    pub(crate) async fn raw(&self, path: &str) -> Result<Response, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        let mut request = self.http.get(url).timeout(PATIENCE);
        if let Some(token) = self.token.as_ref().filter(|_| path.starts_with("api/")) {
            request = request.bearer_auth(token);
        }
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    /// Opens a stream of server-sent events after the event `after`.
    pub(crate) async fn stream(
        &self,
        path: &[&str],
        after: Option<i64>,
    ) -> Result<Response, Failure> {
        let mut request = self.request(Method::GET, path).header(ACCEPT, "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        self.send(request).await
    }

    /// Opens an answer of lines that may be long: the whole of an audit trail.
    pub(crate) async fn lines(&self, path: &[&str]) -> Result<Response, Failure> {
        self.send(self.request(Method::GET, path).header(ACCEPT, "application/x-ndjson")).await
    }

    /// Whether a change may be sent, as [`Reach::check`] says. Where the service is to check it, that is
    /// done here.
    async fn check(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&impl Serialize>,
    ) -> Result<(), Failure> {
        let order = match self.reach.check(&method, path, body) {
            Err(Failure::NotSent(order)) if self.reach == Reach::Ask => order,
            checked => return checked,
        };
        let request = match method {
            Method::POST => self.request(method, path),
            _ => self.change(method, path),
        };
        let request = request.query(&[("validate_only", "true")]).timeout(PATIENCE);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = self.send(request).await?;
        let would = answer.headers().get("concentric-would").and_then(|would| would.to_str().ok());
        Err(Failure::NotSent(Box::new(order.checked(would == Some("change")))))
    }

    /// Opens a file that may be long, with its parameters.
    pub(crate) async fn file(&self, path: &[&str], query: &Query) -> Result<Response, Failure> {
        self.send(self.request(Method::GET, path).query(query)).await
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        // Checked when this client was made.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A request that changes something, held against what this command saw of it. What has no version
    /// is taken as it is.
    fn change(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let request = self.request(method, path);
        let has_none = path.contains(&"approvals") || path.first() == Some(&"tokens");
        if has_none {
            return request;
        }
        let seen = self.seen();
        // What is changed at a path of its own, like the plan of a rollout, is a part of what is above.
        let above = path.split_last().map_or(&[][..], |(_, above)| above);
        let tag = seen.get(&path.join("/")).or_else(|| seen.get(&above.join("/")));
        let any = HeaderValue::from_static("*");
        request.header(IF_MATCH, tag.cloned().unwrap_or(any))
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, HeaderValue>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what has one effect, however often it arrives: when the answer is lost on the way, it is sent
    /// again under the same key.
    async fn send_once(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let key = Uuid::new_v4().to_string();
        let request = request.header("idempotency-key", &key);
        let again = request.try_clone();
        let error = match request.send().await {
            Ok(answer) if answer.status().is_success() => return Ok(answer),
            Ok(answer) => return Err(refusal(answer).await),
            Err(error) => error,
        };
        // Nobody was there, so nothing was done.
        let Some(again) = again.filter(|_| !error.is_connect() && !error.is_timeout()) else {
            return Err(self.unreachable(&error));
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.send(again).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() { Ok(answer) } else { Err(refusal(answer).await) }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let error =
            if error.is_timeout() { "it took too long".to_owned() } else { cause.to_string() };
        Failure::Unreachable { url: self.base.as_str().trim_end_matches('/').to_owned(), error }
    }
}

fn read_token(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("token file {}: {error}", file.display())))?;
    if let Some(warning) = crate::contexts::read_by_others(file) {
        say(&warning);
    }
    Ok(text.trim().to_owned())
}

async fn json(answer: Response) -> Result<Value, Failure> {
    answer.json().await.map_err(|error| unreadable(&error))
}

fn unreadable(error: &dyn std::error::Error) -> Failure {
    Failure::Failed(format!(
        "the answer cannot be read ({error}); are client and server of one version?"
    ))
}

/// Proxies answer too, and not with problems.
async fn refusal(answer: Response) -> Failure {
    let status = answer.status();
    let is_problem = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/problem+json"));
    let problem = if is_problem { answer.json().await.ok().map(Document::read) } else { None };
    Failure::Problem(Box::new(match problem {
        Some(Ok(Document { typed, .. })) => typed,
        Some(Err(_)) | None => bare(status),
    }))
}

fn bare(status: StatusCode) -> Problem {
    Problem {
        kind: "about:blank".to_owned(),
        title: status.to_string(),
        status: status.as_u16(),
        detail: "The answer does not come from the service's API; is --url right?".to_owned(),
        code: UNKNOWN.to_owned(),
        trace_id: None,
        errors: Vec::new(),
    }
}
