//! Answers, and the error bodies of Graph.

use serde_json::{Value, json};

/// JSON, as a value or written already. Long lists are written as they are made.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Value(Value),
    Written(String),
}

impl Body {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Value(value) => value.to_string(),
            Self::Written(text) => text,
        }
    }

    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value,
            // What was written here is JSON.
            Self::Written(text) => serde_json::from_str(&text).unwrap_or_default(),
        }
    }
}

impl<Json: Into<Value>> From<Json> for Body {
    fn from(json: Json) -> Self {
        Self::Value(json.into())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Option<Body>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Not what the service would have said; a fault put in its place.
    pub(crate) injected: bool,
    pub(crate) truncated: bool,
    /// The connection ends without an answer.
    pub(crate) broken: bool,
}

impl Reply {
    fn new(status: u16, body: Option<Body>) -> Self {
        Self { status, body, headers: Vec::new(), injected: false, truncated: false, broken: false }
    }

    pub(crate) fn ok(body: impl Into<Body>) -> Self {
        Self::new(200, Some(body.into()))
    }

    pub(crate) fn created(body: impl Into<Body>) -> Self {
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
        Self::new(status, Some(Body::Value(body)))
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

    pub(crate) fn broken(mut self) -> Self {
        self.broken = true;
        self
    }

    /// Puts the ids of the exchange into an error body.
    pub(crate) fn name_exchange(&mut self, request_id: &str, client_request_id: &str) {
        // Errors are values; what is written already is no error.
        let Some(Body::Value(body)) = &mut self.body else { return };
        let inner = body.pointer_mut("/error/innerError").and_then(Value::as_object_mut);
        if let Some(inner) = inner {
            inner.insert("request-id".to_owned(), Value::from(request_id));
            inner.insert("client-request-id".to_owned(), Value::from(client_request_id));
        }
    }
}
