//! Answers, and the error bodies of Graph.

use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Not what the service would have said; a fault put in its place.
    pub(crate) injected: bool,
    pub(crate) truncated: bool,
}

impl Reply {
    fn new(status: u16, body: Option<Value>) -> Self {
        Self { status, body, headers: Vec::new(), injected: false, truncated: false }
    }

    pub(crate) fn ok(body: impl Into<Value>) -> Self {
        Self::new(200, Some(body.into()))
    }

    pub(crate) fn created(body: impl Into<Value>) -> Self {
        Self::new(201, Some(body.into()))
    }

    pub(crate) fn accepted() -> Self {
        Self::new(202, None)
    }

    pub(crate) fn empty() -> Self {
        Self::new(204, None)
    }

    /// The caller's request ids are filled in when the answer is sent.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let date = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S").to_string();
        let body = json!({
            "error": { "code": code, "message": message, "innerError": { "date": date } }
        });
        Self::new(status, Some(body))
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::error(400, "BadRequest", message)
    }

    /// What the directory says of an object it does not know.
    pub(crate) fn no_object(id: &str) -> Self {
        let message = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects \
             are not present."
        );
        Self::error(404, "Request_ResourceNotFound", &message)
    }

    pub(crate) fn not_found() -> Self {
        Self::error(404, "ResourceNotFound", "The resource could not be found.")
    }

    pub(crate) fn no_segment(segment: &str) -> Self {
        Self::bad_request(&format!("Resource not found for the segment '{segment}'."))
    }

    pub(crate) fn wrong_method() -> Self {
        let message = "Specified HTTP method is not allowed for the request target.";
        Self::error(405, "Request_BadRequest", message)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn injected(mut self) -> Self {
        self.injected = true;
        self
    }

    pub(crate) fn truncated(mut self) -> Self {
        self.injected = true;
        self.truncated = true;
        self
    }

    /// Puts the ids of the exchange into an error body.
    pub(crate) fn name_exchange(&mut self, request_id: &str, client_request_id: &str) {
        let inner = self
            .body
            .as_mut()
            .and_then(|body| body.pointer_mut("/error/innerError"))
            .and_then(Value::as_object_mut);
        if let Some(inner) = inner {
            inner.insert("request-id".to_owned(), Value::from(request_id));
            inner.insert("client-request-id".to_owned(), Value::from(client_request_id));
        }
    }
}
