//! People sign in at a certified OpenID Connect provider (npm: oidc-provider), with nothing played.
//!
//! Needs Node.js and what `cargo xtask test` installs and names in `CONCENTRIC_OIDC_PROVIDER`. Without it
//! this says so and does nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use server::OidcSettings;
use sha2::Digest as _;
use simulator::Scenario;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use url::Url;

use crate::stack::{Stack, Wish};

pub(crate) const CLIENT_SECRET: &str = "canary-client-secret-of-the-provider";
const AUDIENCE: &str = "urn:concentric:api";

/// The provider, as a process.
pub(crate) struct Provider {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) issuer: String,
}

impl Provider {
    /// None: it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(home) = std::env::var_os("CONCENTRIC_OIDC_PROVIDER").map(PathBuf::from) else {
            eprintln!("NOT RUN: no OpenID Connect provider; `cargo xtask test` installs it");
            return None;
        };
        let mut child = Command::new("node")
            .arg(home.join("provider.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = next(&mut lines).await;
        let issuer = line.strip_prefix("issuer ").expect("the issuer comes first").to_owned();
        Some(Self { child, lines, issuer })
    }

    /// Answers from now on.
    pub(crate) async fn serve(&mut self, redirect_uri: &str) {
        let given = json!({ "redirect_uri": redirect_uri, "audience": AUDIENCE,
            "client_secret": CLIENT_SECRET });
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(format!("{given}\n").as_bytes()).await.expect("it listens");
        assert_eq!(next(&mut self.lines).await, "ready");
    }

    /// What the operator of the service writes down.
    pub(crate) fn settings(&self, stack: &Stack) -> OidcSettings {
        let dir = &stack.data_dir;
        std::fs::create_dir_all(dir).expect("a directory");
        std::fs::write(dir.join("oidc.secret"), CLIENT_SECRET).expect("it is written");
        let file = dir.join("oidc.toml");
        let text = format!(
            "issuer = '{}'\nclient_id = 'concentric'\nclient_secret_file = 'oidc.secret'\n\
             audience = '{AUDIENCE}'\nscopes = ['openid', 'profile']\n\
             [[grants]]\ngroup = 'update-operators'\nroles = ['operator']\n",
            self.issuer
        );
        std::fs::write(&file, text).expect("it is written");
        OidcSettings::load(&file).expect("it makes sense")
    }
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = tokio::time::timeout(Duration::from_mins(1), lines.next_line()).await;
    line.expect("in time").expect("it can be read").expect("the provider lives")
}

/// A browser as far as a sign-in needs one: cookies by host, redirects, forms.
pub(crate) struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { http, cookies: BTreeMap::new() }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let mut found = self.cookies.iter().filter(|((_, one), _)| one == name);
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        url: &Url,
        form: Option<&[(&str, &str)]>,
    ) -> Response {
        // Cookies are kept for a host and port: the two sides share an address.
        let host = url.authority().to_owned();
        let mine = self.cookies.iter().filter(|((of, _), _)| *of == host);
        let mine: Vec<_> = mine.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method, url.clone());
        if !mine.is_empty() {
            request = request.header("cookie", mine.join("; "));
        }
        if let Some(form) = form {
            request = request.form(form);
        }
        let answer = request.send().await.expect("an answer");
        for set in answer.headers().get_all("set-cookie") {
            let set = set.to_str().expect("text");
            let pair = set.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            let key = (host.clone(), name.trim().to_owned());
            if value.is_empty() || set.contains("Max-Age=0") {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
        answer
    }

    /// Follows redirects and fills in what the provider asks, until somebody else answers; the last
    /// address, and the answer.
    pub(crate) async fn go(
        &mut self,
        start: &str,
        provider: &str,
        person: &str,
    ) -> (Url, Response) {
        let mut url = Url::parse(start).expect("an address");
        let mut answer = self.send(Method::GET, &url, None).await;
        for _ in 0..20 {
            if let Some(location) = answer.headers().get("location") {
                url = url.join(location.to_str().expect("text")).expect("an address");
                if url.host_str() == Some("127.0.0.1") && url.port() == Some(1) {
                    return (url, answer);
                }
                answer = self.send(Method::GET, &url, None).await;
                continue;
            }
            if !url.as_str().starts_with(provider) {
                return (url, answer);
            }
            assert_eq!(answer.status(), StatusCode::OK, "{url}");
            let page = answer.text().await.expect("a page");
            let action = page.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"'));
            let (action, _) = action.unwrap_or_else(|| panic!("no form at {url}: {page}"));
            let action = url.join(action).expect("an address");
            let prompt = if page.contains("value=\"login\"") { "login" } else { "consent" };
            let form = [("prompt", prompt), ("login", person), ("password", "any")];
            answer = self.send(Method::POST, &action, Some(&form)).await;
            url = action;
        }
        panic!("it goes round in circles: {url}");
    }
}

/// An access token for the API, as a program gets one for a person.
pub(crate) async fn access_token(provider: &Provider, person: &str) -> String {
    let verifier = "v".repeat(64);
    let challenge = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&verifier));
    let redirect = "http://127.0.0.1:1/callback";
    let mut start = Url::parse(&format!("{}/auth", provider.issuer)).expect("an address");
    start
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", "program")
        .append_pair("redirect_uri", redirect)
        .append_pair("scope", "openid update")
        .append_pair("resource", AUDIENCE)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let mut browser = Browser::new();
    let (back, _) = browser.go(start.as_str(), &provider.issuer, person).await;
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1;
    let token = Url::parse(&format!("{}/token", provider.issuer)).expect("an address");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "program"),
        ("code", &*code),
        ("redirect_uri", redirect),
        ("code_verifier", &verifier),
        ("resource", AUDIENCE),
    ];
    let answer = browser.send(Method::POST, &token, Some(&form)).await;
    let body: Value = answer.json().await.expect("JSON");
    body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {body}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_at_a_certified_provider() {
    let Some(mut provider) = Provider::start().await else { return };
    let stack = Stack::new(Wish { devices: 20, speed: 1.0, scenario: Scenario::Healthy }).await;
    let settings = provider.settings(&stack);
    let server = stack.serve_as(|config| config.oidc = Some(settings)).await;
    let base = format!("http://{}", server.address());
    provider.serve(&format!("{base}/auth/callback")).await;

    // A browser.
    let mut ana = Browser::new();
    let login = format!("{base}/auth/login?return_to=/rollouts");
    let (at, answer) = ana.go(&login, &provider.issuer, "ana").await;
    assert!(at.as_str().starts_with(&format!("{base}/auth/callback?")), "{at}");
    let status = answer.status();
    let page = answer.text().await.expect("a page");
    assert_eq!((status, page.contains("url=/rollouts\"")), (StatusCode::OK, true), "{page}");
    assert!(ana.cookie("concentric-session").is_some() && ana.cookie("concentric-login").is_none());
    let session = Url::parse(&format!("{base}/auth/session")).expect("an address");
    let state: Value = ana.send(Method::GET, &session, None).await.json().await.expect("JSON");
    assert_eq!(state["name"], "ana@contoso.example");
    assert_eq!(state["methods"], json!({ "token": true, "oidc": true }));
    let whoami = Url::parse(&format!("{base}/api/v1/whoami")).expect("an address");
    let who: Value = ana.send(Method::GET, &whoami, None).await.json().await.expect("JSON");
    assert_eq!(who["grants"][0]["roles"], json!(["operator"]));
    // The answer of the provider is good once.
    assert_eq!(ana.send(Method::GET, &at, None).await.status(), 401);

    // Somebody whom no group lets in.
    let mut ben = Browser::new();
    let (_, answer) = ben.go(&login, &provider.issuer, "ben").await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.text().await.expect("a page").contains("ben@contoso.example is known"));
    assert!(ben.cookie("concentric-session").is_none());

    // A program.
    let http = reqwest::Client::new();
    let call = async |token: &str| {
        let answer = http.get(whoami.clone()).bearer_auth(token).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let token = access_token(&provider, "ana").await;
    let (status, body) = call(&token).await;
    assert_eq!((status, &body["name"]), (200, &json!("ana@contoso.example")), "{body}");
    let (status, body) = call(&access_token(&provider, "ben").await).await;
    assert_eq!((status, &body["code"]), (403, &json!("forbidden")), "{body}");
    let (head, signature) = token.rsplit_once('.').expect("three parts");
    let other = signature.chars().rev().collect::<String>();
    assert_eq!(call(&format!("{head}.{other}")).await.0, 401);
    server.shutdown().await;
    stack.end().await;
}
