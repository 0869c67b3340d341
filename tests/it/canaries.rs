//! Secrets that are easy to find again are put in wherever one can be, everything is done with them that can
//! go well or wrong, and then nobody finds them: not in logs at their finest, in answers, in metrics, in
//! the database.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{DEFAULT_CLIENT_ID, DEFAULT_TENANT, Scenario};
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use url::Url;

use crate::people::{Browser, CLIENT_SECRET, Provider, access_token};
use crate::stack::{Api, Stack, Wish};

const GRAPH_SECRET: &str = "canary-graph-secret-5f1c";
const SIGNAL_SECRET: &str = "canary-signal-secret-9d27";
const CHAT_SECRET: &str = "canary-address-of-a-chat-6b0e";
const DESK_SECRET: &str = "canary-desk-secret-c3e8";
const DATABASE_PASSWORD: &str = "canary-database-password-31aa";
const CODE: &str = "canary-authorization-code-77be";
const STATE: &str = "canary-state-e2d0";
/// What may be seen, and must be found, or the search is none.
const VISIBLE: &str = "a name that everybody may see";
const UNKNOWN_TOKEN: &str = "con_canary0unknown0token0c4b8";

/// A key that is none, with its middle to be found.
fn pem(kind: &str) -> String {
    let body = "Y2FuYXJ5LXByaXZhdGUta2V5LWJvZHktNjZlMQ==";
    format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
}

const PEM_BODY: &str = "Y2FuYXJ5LXByaXZhdGUta2V5LWJvZHktNjZlMQ";

/// What must not be seen, and what could be seen.
#[derive(Default)]
struct Watch {
    canaries: Vec<(&'static str, String)>,
    seen: Vec<(String, String)>,
}

impl Watch {
    fn canary(&mut self, what: &'static str, text: impl Into<String>) {
        let text = text.into();
        assert!(text.len() >= 16, "{what} is too short to be found for certain");
        self.canaries.push((what, text));
    }

    fn saw(&mut self, place: impl Into<String>, text: String) {
        self.seen.push((place.into(), text));
    }

    /// In any of the spellings in which bytes come to be text.
    fn hits(&self) -> Vec<String> {
        let mut hits = Vec::new();
        for (what, canary) in &self.canaries {
            let mut hex = String::new();
            for byte in canary.bytes() {
                write!(hex, "{byte:02x}").unwrap();
            }
            let bytes = format!("{:?}", canary.as_bytes());
            let spellings = [
                canary.clone(),
                hex,
                STANDARD.encode(canary).trim_end_matches('=').to_owned(),
                URL_SAFE_NO_PAD.encode(canary),
                bytes.trim_matches(['[', ']']).to_owned(),
            ];
            for (place, text) in &self.seen {
                for spelling in &spellings {
                    if let Some(at) = text.find(spelling.as_str()) {
                        let mut start = at.saturating_sub(160);
                        while !text.is_char_boundary(start) {
                            start -= 1;
                        }
                        hits.push(format!("{what} in {place}: ...{}", &text[start..at]));
                    }
                }
            }
        }
        hits
    }
}

/// Every row of every table as text: what a dump holds.
async fn dump(stack: &Stack) -> String {
    let mut raw = stack.database.connect().await;
    let tables = "select quote_ident(relname) from pg_class where relkind in ('r', 'p')
         and relnamespace = 'public'::regnamespace and not relispartition order by 1";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut raw).await.unwrap();
    assert!(tables.len() > 30, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        let rows = format!("select t::text from {table} t");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut raw).await.unwrap();
        writeln!(all, "{table}\n{}", rows.join("\n")).unwrap();
    }
    all
}

fn with_password(url: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    url.set_password(Some(DATABASE_PASSWORD)).unwrap();
    url.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_found_where_it_does_not_belong() {
    let stack = Stack::new(Wish { devices: 20, speed: 1.0, scenario: Scenario::Healthy }).await;
    let mut provider = Provider::start().await;
    let mut watch = Watch::default();
    for (what, text) in [
        ("the client secret of Graph", GRAPH_SECRET),
        ("the secret of a signal", SIGNAL_SECRET),
        ("the secret of a desk", DESK_SECRET),
        ("the password of the database", DATABASE_PASSWORD),
        ("an authorization code", CODE),
        ("the state of a sign-in", STATE),
        ("an unknown token", UNKNOWN_TOKEN),
        ("a private key", PEM_BODY),
        ("the client secret of the provider", CLIENT_SECRET),
        ("the address of a chat", CHAT_SECRET),
    ] {
        watch.canary(what, text);
    }
    std::fs::create_dir_all(&stack.data_dir).unwrap();
    let config = stack.data_dir.join("oidc.toml");
    let log = stack.data_dir.join("log");
    if let Some(provider) = &provider {
        drop(provider.settings(&stack));
    } else {
        // Nobody answers there.
        std::fs::write(stack.data_dir.join("oidc.secret"), CLIENT_SECRET).unwrap();
        let text = "issuer = 'http://127.0.0.1:1'\nclient_id = 'concentric'\n\
             client_secret_file = 'oidc.secret'\n[[grants]]\ngroup = 'g'\nroles = ['viewer']\n";
        std::fs::write(&config, text).unwrap();
    }
    let anchor = stack.anchor.duration_since(UNIX_EPOCH).unwrap().as_millis();
    let mut server = Command::new(env!("CARGO_BIN_EXE_system-test-server"))
        .args([&with_password(&stack.database.url), "127.0.0.1:0"])
        .arg(&stack.data_dir)
        .args([stack.start.to_rfc3339(), anchor.to_string(), stack.speed.to_string()])
        .env("CONCENTRIC_LOG", "trace")
        .env("CONCENTRIC_OIDC_CONFIG", &config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let (mut token, mut address) = (None, None);
    while address.is_none() {
        let line = lines.next_line().await.unwrap().expect("the server starts");
        match line.split_once(' ') {
            Some(("token", text)) => token = Some(text.to_owned()),
            Some(("ready", text)) => address = Some(text.parse().unwrap()),
            _ => {}
        }
    }
    let (token, address): (String, std::net::SocketAddr) = (token.unwrap(), address.unwrap());
    watch.canary("the first token", token.clone());
    let api = Api::new(address, &token);
    let base = format!("http://{address}");

    programs(&stack, &api, &mut watch).await;
    browsers(&base, &token, provider.as_mut(), &mut watch).await;
    let metrics = reqwest::get(format!("{base}/metrics")).await.unwrap().text().await.unwrap();
    watch.saw("/metrics", metrics);
    watch.saw("the database", dump(&stack).await);
    database_goes(&stack, &api, &mut watch).await;
    drop(server.stdin.take());
    server.wait().await.unwrap();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("TRACE") && log.len() > 100_000, "it was logged at its finest");
    watch.saw("the log", log);
    let control = Watch { canaries: vec![("control", VISIBLE.to_owned())], seen: watch.seen };
    let found = control.hits();
    assert!(found.iter().any(|hit| hit.starts_with("control in the database")), "{found:?}");
    assert!(found.iter().any(|hit| hit.starts_with("control in the answer 201")), "{found:?}");
    let watch = Watch { seen: control.seen, ..watch };
    let hits = watch.hits();
    assert!(hits.is_empty(), "{} hits:\n{}", hits.len(), hits.join("\n"));
    stack.end().await;
}

/// Good and failing ways of everything that takes a secret.
#[expect(clippy::too_many_lines, reason = "one walk over everything that takes a secret")]
async fn programs(stack: &Stack, api: &Api, watch: &mut Watch) {
    let simulator = stack.simulator.base_url();
    let connection = |credential: Value| {
        json!({ "entra_tenant_id": DEFAULT_TENANT, "client_id": DEFAULT_CLIENT_ID,
            "credential": credential, "graph_url": simulator, "login_url": simulator })
    };
    let secret = json!({ "kind": "secret", "secret": GRAPH_SECRET });
    let key = json!({ "kind": "certificate", "certificate_pem": pem("CERTIFICATE"),
        "private_key_pem": pem("PRIVATE KEY") });
    let mut say = async |method: &str, path: &str, body: Option<Value>| {
        let (status, body) = api.call(method, path, body).await.unwrap();
        watch.saw(format!("the answer {status} to {method} {path}"), body.to_string());
        (status, body)
    };
    let tenant = json!({ "name": VISIBLE, "connection": connection(secret.clone()) });
    let (status, tenant) = say("POST", "/tenants", Some(tenant)).await;
    assert_eq!(status, 201, "{tenant}");
    let at = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    // Graph does not take it, and says why.
    say("POST", &format!("{at}/sync"), None).await;
    say("POST", &format!("{at}/readiness"), None).await;
    let mut refused = false;
    for _ in 0..800 {
        let (_, body) = say("GET", &at, None).await;
        refused = body["connection"].to_string().contains("refused")
            || !body["connection"]["error"].is_null()
            || !body["connection"]["detail"].is_null();
        if refused {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(refused, "the wrong secret came to nothing: {:?}", say("GET", &at, None).await);
    for credential in [
        key.clone(),
        json!({ "kind": "secret", "secret": GRAPH_SECRET, "more": 1 }),
        json!({ "kind": "secrets", "secret": GRAPH_SECRET }),
        json!({ "kind": "secret", "secret": [GRAPH_SECRET] }),
        json!({ "kind": "secret", "secret": format!("{GRAPH_SECRET}\n") }),
    ] {
        say("PUT", &format!("{at}/connection"), Some(connection(credential))).await;
    }
    let signal = |url: &str| {
        json!({ "name": format!("s {url}"), "owner": "net-ops", "interval_minutes": 60,
            "max_age_minutes": 120, "failure_limit": 1, "consecutive_error_limit": 3,
            "secret": SIGNAL_SECRET, "source": { "kind": "webhook", "url": url } })
    };
    for url in ["https://gate.invalid/", "http://127.0.0.1:1/", "no url"] {
        let (status, made) = say("POST", &format!("{at}/signals"), Some(signal(url))).await;
        if status == 201 {
            let path = format!("{at}/signals/{}/test", made["id"].as_str().unwrap());
            say("POST", &path, None).await;
        }
    }
    let chat = format!("https://chat.invalid/{CHAT_SECRET}");
    for to in [
        json!({ "kind": "slack", "url": chat }),
        json!({ "kind": "teams", "url": format!("{chat}\n") }),
        json!({ "kind": "teams", "url": [chat] }),
        json!({ "kind": chat }),
        json!(chat),
    ] {
        let body = json!({ "name": format!("c {}", to["kind"] == "slack"), "to": to });
        let path = format!("{at}/notification-channels");
        let (status, made) = say("POST", &path, Some(body)).await;
        if status == 201 {
            let path = format!("{path}/{}", made["id"].as_str().unwrap());
            say("POST", &format!("{path}/test"), None).await;
            say("GET", &path, None).await;
            say("GET", &format!("{at}/notifications"), None).await;
        }
    }
    for way in [
        json!({ "kind": "jira", "project": "UPD", "login": { "kind": "basic", "user": "ana" } }),
        json!({ "kind": "service_now", "login": { "kind": "bearer" } }),
        json!({ "kind": "webhook" }),
    ] {
        let desk = json!({ "name": way["kind"], "url": "http://127.0.0.1:1/", "secret": DESK_SECRET,
            "way": way });
        say("POST", &format!("{at}/support-desks"), Some(desk)).await;
    }
    let request = json!({ "about": { "kind": "tenant" }, "title": "x", "description": "x",
        "severity": "critical" });
    let (_, filed) = say("POST", &format!("{at}/support-requests"), Some(request)).await;
    let export = format!("{at}/support-requests/{}/export", filed["id"].as_str().unwrap());
    say("GET", &export, None).await;
    let body = json!({ "name": "canary", "roles": ["viewer"] });
    let (status, made) = api.call("POST", "/tokens", Some(body)).await.unwrap();
    assert_eq!(status, 201, "{made}");
    let text = made["text"].as_str().unwrap().to_owned();
    let other = Api { token: text.clone(), ..api.clone() };
    for path in ["/whoami", "/tokens", "/tenants", "/nothing"] {
        let (_, body) = other.call("GET", path, None).await.unwrap();
        watch.saw(format!("the answer to {path}"), body.to_string());
    }
    watch.canary("a token", text);
    let unknown = Api { token: UNKNOWN_TOKEN.to_owned(), ..api.clone() };
    let (status, body) = unknown.call("GET", "/whoami", None).await.unwrap();
    assert_eq!(status, 401);
    watch.saw("the answer to an unknown token", body.to_string());
    for path in ["/tokens", "/audit", &format!("{at}/audit"), &format!("{at}/signals"), "/sessions"]
    {
        let (_, body) = api.call("GET", path, None).await.unwrap();
        watch.saw(format!("the answer to {path}"), body.to_string());
    }
}

/// Sign-ins, with and without a provider that answers.
async fn browsers(base: &str, token: &str, provider: Option<&mut Provider>, watch: &mut Watch) {
    let address = |path: &str| Url::parse(&format!("{base}{path}")).unwrap();
    let mut provider = provider;
    if let Some(provider) = &mut provider {
        provider.serve(&format!("{base}/auth/callback")).await;
    }
    let http = reqwest::Client::new();
    let session = address("/auth/session");
    for given in [token, UNKNOWN_TOKEN] {
        let body = json!({ "token": given });
        let answer = http.post(session.clone()).json(&body).send().await.unwrap();
        if let Some(set) = answer.headers().get("set-cookie") {
            let set = set.to_str().unwrap();
            let text = set.split(['=', ';']).nth(1).unwrap().to_owned();
            let who = http
                .get(address("/api/v1/whoami"))
                .header("cookie", format!("concentric-session={text}"));
            assert_eq!(who.send().await.unwrap().status(), 200);
            watch.canary("a session", text);
        }
        watch.saw("the answer to a sign-in", answer.text().await.unwrap());
    }
    let forged = format!(
        "{}.{}.c2lnbmF0dXJl",
        URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"),
        URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"{STATE}\"}}"))
    );
    let answer = http.get(address("/api/v1/whoami")).bearer_auth(&forged).send().await.unwrap();
    watch.saw("the answer to a forged token", answer.text().await.unwrap());
    watch.canary("a forged token", forged);
    let callback = address(&format!("/auth/callback?code={CODE}&state={STATE}"));
    let answer = http.get(callback.clone()).send().await.unwrap();
    watch.saw("the answer to a callback", answer.text().await.unwrap());
    let Some(provider) = provider else {
        let answer = http.get(address("/auth/login")).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        watch.saw("the answer to a sign-in without a provider", answer.text().await.unwrap());
        return;
    };
    for person in ["ana", "ben"] {
        let mut browser = Browser::new();
        let start = address("/auth/login");
        browser.send(Method::GET, &start, None).await;
        let login = browser.cookie("concentric-login").unwrap().to_owned();
        // The provider refuses the code.
        let answer = browser.send(Method::GET, &callback, None).await;
        watch.saw("the answer to a wrong callback", answer.text().await.unwrap());
        watch.canary("a sign-in under way", login);
        let (at, answer) = browser.go(start.as_str(), &provider.issuer, person).await;
        watch.saw("the answer to a right callback", answer.text().await.unwrap());
        let code = at.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        watch.canary("a code of the provider", code);
        if let Some(text) = browser.cookie("concentric-session") {
            watch.canary("a session of a person", text);
        }
        let token = access_token(provider, person).await;
        let answer = http.get(address("/api/v1/whoami")).bearer_auth(&token).send().await.unwrap();
        watch.saw("the answer to a token of the provider", answer.text().await.unwrap());
        watch.canary("a token of the provider", token.rsplit_once('.').unwrap().1);
    }
}

/// The database goes away under the server.
async fn database_goes(stack: &Stack, api: &Api, watch: &mut Watch) {
    let mut raw = stack.database.connect().await;
    // Whoever is in is thrown out, and finds the door closed for a moment.
    let closed = "do $$ begin execute format('alter database %I connection limit 0', \
                  current_database()); end $$";
    raw.execute(closed).await.unwrap();
    let thrown = "select count(pg_terminate_backend(pid)) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()";
    raw.execute(thrown).await.unwrap();
    for path in ["/whoami", "/tenants", "/tokens"] {
        if let Ok((status, body)) = api.call("GET", path, None).await {
            watch.saw(format!("the answer {status} without a database"), body.to_string());
        }
    }
}
