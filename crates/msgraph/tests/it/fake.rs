//! A scripted Graph and login on the loopback interface, which remembers what it was asked.
//!
//! Never judges: the tests do.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use domain::ids::EntraTenantId;
use msgraph::{Client, Connection, Credential, Limits, Url};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const SECRET: &str = "s3cr3t-value";

#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) host: String,
    pub(crate) body: String,
    pub(crate) auth: Option<String>,
    pub(crate) traceparent: Option<String>,
    pub(crate) at: Instant,
    /// How many requests of this method and path came before.
    pub(crate) nth: usize,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
    pub(crate) fn key(&self) -> (&str, &str) {
        (&self.method, &self.path)
    }
    pub(crate) fn is_token(&self) -> bool {
        self.path.ends_with("/oauth2/v2.0/token")
    }
}

pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

pub(crate) fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, headers: Vec::new(), body: body.to_string().into_bytes() }
}

pub(crate) fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into() }
}

pub(crate) fn empty(status: u16) -> Reply {
    bytes(status, Vec::new())
}

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Reply {
    reply(status, &error_body(code, message))
}

pub(crate) fn error_body(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message, "innerError": {"request-id": Uuid::nil()}}})
}

pub(crate) fn token(nth: usize) -> Reply {
    let token = format!("token-{nth}");
    reply(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token}))
}

impl Reply {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

pub(crate) struct Fake {
    pub(crate) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Script>,
}

impl Fake {
    /// Tokens are granted; all else is up to the script.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let grant = move |seen: &Seen| {
            if seen.is_token() { token(seen.nth) } else { script(seen) }
        };
        Self::start_all(grant).await
    }

    /// Tokens too are up to the script.
    pub(crate) async fn start_all(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { seen: Arc::clone(&seen), script: Arc::new(script) };
        let app = Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen }
    }

    pub(crate) fn connection(&self) -> Connection {
        connection(&self.url)
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.connection(), limits()).unwrap()
    }

    /// Without the token requests.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| !seen.is_token()).cloned().collect()
    }

    pub(crate) fn tokens(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.is_token()).cloned().collect()
    }

    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        self.calls().iter().filter(|seen| seen.key() == (method, path)).count()
    }
}

pub(crate) fn connection(url: &Url) -> Connection {
    Connection {
        entra_tenant: EntraTenantId(Uuid::from_u128(1)),
        client_id: Uuid::from_u128(2),
        credential: Credential::Secret(SECRET.to_owned().into()),
        graph_url: url.clone(),
        login_url: url.clone(),
    }
}

pub(crate) fn limits() -> Limits {
    let quick = Duration::from_millis(1);
    Limits {
        attempts: 3,
        max_wait: Duration::from_secs(5),
        timeout: Duration::from_secs(5),
        base_backoff: quick,
        settle: [quick; 3],
        export_poll: quick,
        export_max_wait: Duration::from_secs(2),
        ..Limits::default()
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let seen = {
        let mut all = shared.seen.lock().unwrap();
        let nth = all.iter().filter(|s| s.key() == (method.as_str(), path.as_str())).count();
        let header = |name| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        all.push(Seen {
            method,
            path,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            host: parts.headers["host"].to_str().unwrap().to_owned(),
            body: String::from_utf8(body.to_vec()).unwrap(),
            auth: header("authorization"),
            traceparent: header("traceparent"),
            at: Instant::now(),
            nth,
        });
        all.last().unwrap().clone()
    };
    let reply = (shared.script)(&seen);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}
