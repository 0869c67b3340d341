//! The HTTP client: requests with the token, pages, problems.

use std::path::Path;
use std::time::Duration;

use api_types::Problem;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::args::Global;
use crate::failure::Failure;

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
}

impl Client {
    pub(crate) fn from_global(global: &Global) -> Result<Self, Failure> {
        let given = std::env::var("CONCENTRIC_TOKEN").ok().filter(|token| !token.is_empty());
        let token = match (given, &global.token_file) {
            (Some(token), _) => Some(token),
            (None, Some(file)) => Some(read_token(file)?),
            (None, None) => None,
        };
        Self::new(global.url.clone(), token)
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
        Ok(Self { http, base, token })
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Query,
    ) -> Result<Document<T>, Failure> {
        let request = self.request(Method::GET, path).query(query).timeout(PATIENCE);
        Document::read(json(self.send(request).await?).await?)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Document<T>, Failure> {
        let request = self.request(Method::POST, path).json(body).timeout(PATIENCE);
        Document::read(json(self.send(request).await?).await?)
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Document<T>, Failure> {
        let request = self.request(Method::PUT, path).json(body).timeout(PATIENCE);
        Document::read(json(self.send(request).await?).await?)
    }

    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Document<T>, Failure> {
        let request = self.request(Method::PATCH, path).json(body).timeout(PATIENCE);
        Document::read(json(self.send(request).await?).await?)
    }

    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), Failure> {
        self.send(self.request(Method::DELETE, path).timeout(PATIENCE)).await.map(drop)
    }

    /// As `delete`, with parameters.
    pub(crate) async fn delete_with(&self, path: &[&str], query: &Query) -> Result<(), Failure> {
        let request = self.request(Method::DELETE, path).query(query).timeout(PATIENCE);
        self.send(request).await.map(drop)
    }

    /// An order whose answer says nothing of interest.
    pub(crate) async fn order(&self, path: &[&str]) -> Result<(), Failure> {
        let request = self.request(Method::POST, path).timeout(PATIENCE);
        self.send(request).await.map(drop)
    }

    /// As `order`, with a body.
    pub(crate) async fn order_with(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<(), Failure> {
        let request = self.request(Method::POST, path).json(body).timeout(PATIENCE);
        self.send(request).await.map(drop)
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
            let page = self.get::<api_types::List<Value>>(path, &query).await?.typed;
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
