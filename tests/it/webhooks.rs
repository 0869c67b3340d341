//! Webhooks over the whole system: a receiver that is down, broken, slow, gone and well again, and servers that
//! are killed between an event and its delivery. Everything arrives, signed, under an id that stays.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_types as api;
use serde_json::{Value, json};
use simulator::{DEFAULT_CLIENT_SECRET, Scenario};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::kills::free_port;
use crate::process::Process;
use crate::stack::{Api, Stack, Wish};

/// How the receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// It cuts the connection.
    Down,
    Broken,
    /// It takes longer than anybody waits.
    Slow,
    Gone,
    Well,
}

/// What it took.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Heard {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

impl Heard {
    fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Whether it is signed with this secret, among others.
    fn is_signed_with(&self, secret: &str) -> bool {
        let right = outbound::sign(secret, &self.id, self.timestamp, &self.body);
        let right = right.expect("a signature");
        self.signature.split(' ').any(|one| one == right)
    }
}

#[derive(Clone)]
struct Receiver {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let receiver =
            Self { address, mood: Arc::new(Mutex::new(Mood::Well)), heard: Arc::default() };
        let own = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(own.clone().answer(stream));
            }
        });
        receiver
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn turns(&self, mood: Mood) {
        *self.mood.lock().expect("a mood") = mood;
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("a list").clone()
    }

    async fn answer(self, mut stream: TcpStream) {
        let mood = *self.mood.lock().expect("a mood");
        if mood == Mood::Down {
            return;
        }
        let mut bytes = Vec::new();
        // Our client sends its small body with its head, or right after it.
        while !bytes.ends_with(b"}") {
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(read @ 1..) => bytes.extend_from_slice(&chunk[..read]),
                Ok(0) | Err(_) => return,
            }
        }
        let status = match mood {
            Mood::Broken => "500 Internal Server Error",
            Mood::Gone => "410 Gone",
            Mood::Slow => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                return;
            }
            Mood::Well | Mood::Down => "204 No Content",
        };
        if mood == Mood::Well {
            self.heard.lock().expect("a list").push(heard(&bytes));
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    /// Waits until `what` is so; a minute and a half at most.
    async fn until(&self, what: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        for _ in 0..1_800 {
            let heard = self.heard();
            if what(&heard) {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never hears that: {:#?}", self.heard());
    }
}

fn heard(bytes: &[u8]) -> Heard {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("{name} is missing: {head}")).to_owned()
    };
    Heard {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().expect("seconds"),
        signature: header("webhook-signature"),
        body: body.to_owned(),
    }
}

/// A tenant's budgets, set to one number after the other: an event each.
struct Budgets<'a> {
    api: &'a Api,
    at: &'a str,
}

impl Budgets<'_> {
    async fn set(&self, devices: u32) {
        let body = json!({ "devices": devices });
        let path = format!("{}/budget", self.at);
        let (status, body) = self.api.call("PUT", &path, Some(body)).await.expect("an answer");
        assert_eq!(status, 200, "{body}");
    }
}

/// Waits until the newest message has a try that ended so.
async fn until_tried(api: &Api, hook: &str, refusal: &str) -> api::WebhookDelivery {
    let mut last = None;
    for _ in 0..1_200 {
        let page: api::List<api::WebhookDelivery> = api.get(&format!("{hook}/deliveries")).await;
        if let Some(newest) = page.items.into_iter().next() {
            if newest.tries.iter().any(|one| one.refusal.as_deref() == Some(refusal)) {
                return newest;
            }
            last = Some(newest);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no try ends as {refusal}: {last:#?}");
}

fn entries(heard: &[Heard]) -> Vec<i64> {
    let mut entries: Vec<i64> =
        heard.iter().map(|one| one.event()["data"]["entry"].as_i64().expect("an entry")).collect();
    entries.sort_unstable();
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_hears_everything_in_the_end() {
    let wish = Wish { devices: 10, speed: 1_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let receiver = Receiver::new().await;
    let port = receiver.address.port();
    let server = stack.serve_impatient(&format!("127.0.0.1:{port}")).await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    let budgets = Budgets { api: &api, at: &at };
    let body = json!({ "name": "Chat", "url": receiver.url(), "events": ["budget.set"] });
    let made: Value = api.post(&format!("{at}/webhooks"), &body).await;
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let hook = format!("{at}/webhooks/{}", made["id"].as_str().expect("an id"));

    for (number, mood, refusal) in
        [(1, Mood::Down, "unreachable"), (2, Mood::Broken, "broken"), (3, Mood::Slow, "timeout")]
    {
        receiver.turns(mood);
        budgets.set(number).await;
        until_tried(&api, &hook, refusal).await;
    }
    let listed: api::Webhook = api.get(&hook).await;
    assert!(listed.failing_since.is_some() && listed.pending == 3, "{listed:#?}");
    receiver.turns(Mood::Well);
    budgets.set(4).await;
    let heard = receiver.until(|heard| heard.len() >= 4).await;
    let ids: BTreeSet<&str> = heard.iter().map(|one| one.id.as_str()).collect();
    assert_eq!((heard.len(), ids.len()), (4, 4), "once each: {heard:#?}");
    for one in &heard {
        let event = one.event();
        assert!(one.is_signed_with(&secret), "{one:#?}");
        assert_eq!(
            (&event["type"], &event["data"]["actor"]),
            (&json!("budget.set"), &json!("first"))
        );
        assert_eq!(event["data"]["tenant_id"], json!(tenant.id));
    }
    let link = heard[0].event()["data"]["link"].as_str().expect("a link").to_owned();
    let shown: Value = api.get(link.strip_prefix("/api/v1").expect("of the API")).await;
    assert_eq!(shown["items"][0]["seq"], heard[0].event()["data"]["entry"], "the link leads there");

    replays(&api, &hook, &receiver, &heard).await;
    rotates(&api, &hook, &receiver, &secret).await;
    ends_and_begins_again(&api, &budgets, &hook, &receiver).await;
    server.shutdown().await;
    stack.end().await;
}

/// One message goes out again under its own id.
async fn replays(api: &Api, hook: &str, receiver: &Receiver, heard: &[Heard]) {
    let page: api::List<api::WebhookDelivery> =
        api.get(&format!("{hook}/deliveries?page_size=2")).await;
    assert_eq!(page.items.len(), 2);
    assert!(page.next_page_token.is_some());
    let newest = &page.items[0];
    assert_eq!(newest.state, api::DeliveryState::Delivered);
    let path = format!("{hook}/deliveries/{}/replay", newest.id);
    let _: api::MessageSent = api.post(&path, &json!({})).await;
    let now = receiver.until(|now| now.len() > heard.len()).await;
    let again = now.last().expect("one more");
    assert_eq!(again.id, newest.webhook_id);
    let first = heard.iter().find(|one| one.id == again.id).expect("it was heard before");
    assert_eq!(again.body, first.body, "byte for byte");
}

/// Two secrets sign while one takes the place of the other.
async fn rotates(api: &Api, hook: &str, receiver: &Receiver, old: &str) {
    let rotated: Value = api.post(&format!("{hook}/rotate-secret"), &json!({})).await;
    let new = rotated["secret"].as_str().expect("a secret");
    assert_ne!(new, old);
    let before = receiver.heard().len();
    let _: api::MessageSent = api.post(&format!("{hook}/test"), &json!({})).await;
    let heard = receiver.until(|now| now.len() > before).await;
    let test = heard.last().expect("one more");
    assert_eq!(test.event()["type"], "webhook.test");
    assert!(test.is_signed_with(new) && test.is_signed_with(old), "{test:#?}");
    let none: Value =
        api.post(&format!("{hook}/rotate-secret"), &json!({ "overlap_hours": 0 })).await;
    let newest = none["secret"].as_str().expect("a secret");
    let before = receiver.heard().len();
    let _: api::MessageSent = api.post(&format!("{hook}/test"), &json!({})).await;
    let heard = receiver.until(|now| now.len() > before).await;
    let test = heard.last().expect("one more");
    assert!(test.is_signed_with(newest) && !test.is_signed_with(new), "{test:#?}");
}

/// 410 disables; what was missed meanwhile is had by a replay of that time.
async fn ends_and_begins_again(api: &Api, budgets: &Budgets<'_>, hook: &str, receiver: &Receiver) {
    receiver.turns(Mood::Gone);
    budgets.set(5).await;
    until_tried(api, hook, "gone").await;
    let mut disabled: api::Webhook = api.get(hook).await;
    for _ in 0..800 {
        if !disabled.enabled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        disabled = api.get(hook).await;
    }
    assert_eq!(disabled.disabled, Some(api::WebhookDisabled::Gone));
    let trail = format!("{}/audit?order=newest_first&page_size=500", budgets.at);
    let trail: api::List<api::Event> = api.get(&trail).await;
    assert!(trail.items.iter().any(|entry| entry.kind == "webhook_disabled"));
    receiver.turns(Mood::Well);
    let heard = receiver.heard().len();
    budgets.set(6).await;
    let of = |kind: &str| {
        let kind = kind.to_owned();
        trail.items.iter().filter(move |entry| entry.kind == kind)
    };
    let since = of("budget_set").map(|entry| entry.at).min().expect("an entry");
    let enabled = json!({ "name": "Chat", "url": receiver.url(), "events": ["budget.set"] });
    let (status, body) = api.call("PUT", hook, Some(enabled)).await.expect("an answer");
    assert_eq!((status, &body["enabled"]), (200, &json!(true)), "{body}");
    let replay = json!({ "from": since });
    let replayed: api::WebhookReplay = api.post(&format!("{hook}/replay"), &replay).await;
    assert_eq!(replayed.messages, 6, "all six budgets, told before or not");
    let now = receiver.until(|now| now.len() >= heard + 6).await;
    let told: BTreeSet<i64> = entries(&now[heard..]).into_iter().collect();
    assert_eq!((now.len() - heard, told.len()), (6, 6), "each once");
}

/// A server that dies between an event and its delivery loses none: the message was written with the event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_with_a_server() {
    let wish = Wish { devices: 10, speed: 1_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let receiver = Receiver::new().await;
    let allow = format!("127.0.0.1:{}", receiver.address.port());
    let listen = free_port();
    let mut server = Process::start_allowing(&stack, listen, &allow).await;
    let api = Api::new(server.address, server.token.as_deref().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    let body = json!({ "name": "Chat", "url": receiver.url(), "events": ["budget.set"] });
    let _: Value = api.post(&format!("{at}/webhooks"), &body).await;
    let budgets = Budgets { api: &api, at: &at };
    for round in 1..=6 {
        // Twice it dies before anything can be sent, else at some moment in or after that.
        receiver.turns(if round % 3 == 0 { Mood::Slow } else { Mood::Well });
        budgets.set(round).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..40))).await;
        server.kill().await;
        receiver.turns(Mood::Well);
        server = Process::start_allowing(&stack, listen, &allow).await;
    }
    let trail: api::List<api::Event> =
        api.get(&format!("{at}/audit?kind=budget_set&page_size=500")).await;
    let wanted: BTreeSet<i64> = trail.items.iter().map(|entry| entry.seq).collect();
    assert_eq!(wanted.len(), 6, "{wanted:?}");
    let heard = receiver
        .until(|heard| entries(heard).into_iter().collect::<BTreeSet<_>>().is_superset(&wanted))
        .await;
    // One that came twice came under one id.
    let ids: BTreeSet<&str> = heard.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids.len(), 6, "{heard:#?}");
    server.kill().await;
    stack.end().await;
}
