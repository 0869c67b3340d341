//! What every answer says to browsers, over every route there is.

use reqwest::{Method, Response};
use serde_json::Value;
use simulator::Scenario;

use crate::stack::{Stack, Wish};

/// In the order in which they stand here: present, and what they say.
const SAID: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

fn check(name: &str, answer: &Response, is_secure: bool) {
    let header = |wanted: &str| {
        let mut all = answer.headers().get_all(wanted).iter();
        let first = all.next().map(|value| value.to_str().expect("text"));
        assert!(all.next().is_none(), "{name} says {wanted} twice");
        first
    };
    for (wanted, value) in SAID {
        assert_eq!(header(wanted), Some(value), "{wanted} of {name}");
    }
    let policy = header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{name}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{name}: {policy}");
    let features = header("permissions-policy").unwrap_or_default();
    assert!(features.contains("camera=()"), "{name}: {features}");
    let by_https = is_secure.then_some("max-age=63072000");
    assert_eq!(header("strict-transport-security"), by_https, "{name}");
    assert_eq!(header("server"), None, "{name} says what it runs on");
}

/// Every route with its method, and some that are none.
fn routes(document: &Value) -> Vec<(Method, String)> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let mut filled = path.clone();
        while let Some((start, rest)) = filled.clone().split_once('{') {
            let (_, end) = rest.split_once('}').expect("it is closed");
            filled = format!("{start}{}{end}", uuid::Uuid::nil());
        }
        for method in item.as_object().expect("methods").keys() {
            let method = method.to_uppercase().parse().expect("a method");
            routes.push((method, filled.clone()));
        }
    }
    assert!(routes.len() > 100, "{}", routes.len());
    let others = [
        "/auth/session",
        "/auth/login",
        "/auth/callback",
        "/auth/demo?code=x",
        "/auth/nothing",
        "/docs",
        "/docs/style.css",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api",
        "/api/v2",
        "/api/v1/nothing",
    ];
    routes.extend(others.map(|path| (Method::GET, path.to_owned())));
    routes.extend([
        (Method::POST, "/auth/session".to_owned()),
        (Method::POST, "/auth/logout".to_owned()),
        (Method::DELETE, "/api/v1/whoami".to_owned()),
        (Method::OPTIONS, "/api/v1/whoami".to_owned()),
        (Method::HEAD, "/healthz".to_owned()),
    ]);
    routes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_says_what_browsers_must_not_do() {
    let stack = Stack::new(Wish { devices: 20, speed: 1.0, scenario: Scenario::Healthy }).await;
    let http = reqwest::Client::builder().build().expect("a client");
    let mut token = String::new();
    for public in [None, Some("https://updates.example.com")] {
        let public_url = public.map(|url| url.parse().expect("an address"));
        let server = stack.serve_as(|config| config.public_url = public_url).await;
        token = server.first_token().map_or(token, str::to_owned);
        let base = format!("http://{}", server.address());
        let document = http.get(format!("{base}/api/v1/openapi.json")).bearer_auth(&token);
        let document: Value = document.send().await.expect("it").json().await.expect("JSON");
        for (method, path) in routes(&document) {
            let name = format!("{method} {path}");
            let url = format!("{base}{path}");
            for with_token in [true, false] {
                let mut request = http.request(method.clone(), &url);
                // With a token nothing is changed by this: no body is sent.
                if with_token && method == Method::GET {
                    request = request.bearer_auth(&token);
                }
                let answer = request.send().await.expect("an answer");
                check(&name, &answer, public.is_some());
                let is_api = path.starts_with("/api/");
                if is_api && answer.status().is_client_error() {
                    assert_eq!(
                        answer.headers()["content-type"],
                        "application/problem+json",
                        "{name}"
                    );
                }
            }
        }
        server.shutdown().await;
    }
    stack.end().await;
}
