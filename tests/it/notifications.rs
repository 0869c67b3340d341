//! Notifications over the whole system: people hear of a rollout from a real mail server and in a chat, once each,
//! though the mail server is away, the chat is broken and servers are killed; and rollouts wait for none of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_types as api;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use simulator::{DEFAULT_CLIENT_SECRET, Scenario};
use tokio::net::TcpListener;

use crate::kills::free_port;
use crate::mail::MailServer;
use crate::process::Process;
use crate::stack::{Api, Stack, Wish};

/// A chat that answers as it is told, and keeps what it took.
#[derive(Clone)]
struct Chat {
    address: std::net::SocketAddr,
    status: Arc<Mutex<u16>>,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Chat {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let chat = Self { address, status: Arc::new(Mutex::new(200)), heard: Arc::default() };
        let own = chat.clone();
        let take = move |axum::Json(body): axum::Json<Value>| {
            let own = own.clone();
            async move {
                let status = *own.status.lock().expect("a status");
                if status == 200 {
                    own.heard.lock().expect("a list").push(body);
                }
                StatusCode::from_u16(status).expect("a status")
            }
        };
        let router = Router::new().route("/secret-of-the-chat", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        chat
    }

    fn answers(&self, status: u16) {
        *self.status.lock().expect("a status") = status;
    }

    /// The headings of what it took.
    fn titles(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("a list");
        heard.iter().map(|body| body["text"].as_str().expect("a text").to_owned()).collect()
    }

    async fn until(&self, what: impl Fn(&[String]) -> bool) -> Vec<String> {
        for _ in 0..6_000 {
            let titles = self.titles();
            if what(&titles) {
                return titles;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not come to that: {:#?}", self.titles());
    }
}

async fn contact(api: &Api, at: &str, name: &str, wants: Value) -> api::Contact {
    let email = format!("{name}@example.com");
    let body = json!({ "name": name, "email": email, "wants": wants });
    api.post(&format!("{at}/contacts"), &body).await
}

/// Waits for a letter that a try of ended so.
async fn until_refused(api: &Api, at: &str, refusal: &str) -> api::Letter {
    for _ in 0..6_000 {
        let page: api::List<api::Letter> = api.get(&format!("{at}/notifications")).await;
        let said = |letter: &&api::Letter| {
            letter.tries.iter().any(|one| one.refusal.as_deref() == Some(refusal))
        };
        if let Some(letter) = page.items.iter().find(said) {
            return letter.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page: Value = api.get(&format!("{at}/notifications")).await;
    panic!("no try ends as {refusal}: {page:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_hear_of_a_rollout_though_mail_and_chat_are_away() {
    let Some(mut mail) = MailServer::start().await else { return };
    let wish = Wish { devices: 30, speed: 1_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let chat = Chat::new().await;
    let (smtp, allow) = (mail.settings(), chat.address.to_string());
    let change = |config: &mut server::Config| {
        config.smtp = Some(smtp);
        config.outbound.allow = allow.parse().expect("an allow list");
    };
    let server = stack.serve_as(change).await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    contact(&api, &at, "ana", json!({ "focus": ["updates"] })).await;
    contact(&api, &at, "nobody", json!({ "topics": ["rollout_started"] })).await;
    contact(&api, &at, "dora", json!({ "focus": ["devices"], "least": "critical" })).await;
    let url = format!("http://{}/secret-of-the-chat", chat.address);
    let body = json!({ "name": "Chat", "to": { "kind": "slack", "url": url },
        "wants": { "topics": ["rollout_started", "rollout_paused"] } });
    let channel: Value = api.post(&format!("{at}/notification-channels"), &body).await;
    assert!(!channel.to_string().contains("secret-of-the-chat"), "{channel}");

    mail.turns("down").await;
    chat.answers(500);
    let set: api::RingSet =
        api.post(&format!("{at}/ring-sets"), &crate::stack::three_rings()).await;
    let set_path = format!("{at}/ring-sets/{}", set.id);
    for _ in 0..1_600 {
        let set: api::RingSet = api.get(&set_path).await;
        if set.members.iter().sum::<u32>() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let started = api.roll_out(&at, set.id, "pause").await;
    // The first ring is open, while nobody can be told.
    until_refused(&api, &at, "bad_answer").await;
    until_refused(&api, &at, "later").await;
    assert_eq!((mail.mails().len(), chat.titles().len()), (0, 0));

    mail.turns("well").await;
    chat.answers(200);
    // Three days pass in four minutes here: on a slow machine some were given up, and a person sends them again.
    let given_up: api::List<api::Letter> =
        api.get(&format!("{at}/notifications?state=given_up")).await;
    for letter in given_up.items.iter().filter(|one| one.refusal.as_deref() != Some("refused")) {
        let path = format!("{at}/notifications/{}/retry", letter.id);
        let _: api::Letter = api.post(&path, &json!({})).await;
    }
    let is_started = |subject: &str| subject == "[contoso] This month has started";
    mail.until(|mails| mails.iter().any(|(_, subject)| is_started(subject))).await;
    chat.until(|titles| titles.iter().any(|title| title == "This month has started")).await;
    let reason = json!({ "reason": "the printers stopped" });
    let _: Value = api.post(&format!("{}/pause", started.path), &reason).await;
    // By a person, unless the service was quicker.
    let mails =
        mail.until(|mails| mails.iter().any(|(_, subject)| subject.contains("paused"))).await;
    let ids: BTreeSet<String> = mail.ids().into_iter().collect();
    assert_eq!(ids.len(), mail.ids().len(), "each once: {mails:#?}");
    assert!(mails.iter().all(|(to, _)| to == "ana@example.com"), "{mails:#?}");
    assert_eq!(mails.iter().filter(|(_, subject)| is_started(subject)).count(), 1);
    let titles = chat.until(|titles| titles.iter().any(|title| title.contains("paused"))).await;
    assert_eq!(titles.len(), titles.iter().collect::<BTreeSet<_>>().len(), "{titles:#?}");

    // What a mail server refuses for good is given up at once, and seen.
    let refused = until_refused(&api, &at, "refused").await;
    assert_eq!(
        (refused.state, refused.tries.last().and_then(|last| last.code)),
        (api::LetterState::GivenUp, Some(550),)
    );
    let letter = format!("{at}/notifications/{}", refused.id);
    let said: api::LetterWithContent = api.get(&letter).await;
    assert!(said.content.text.contains("You get this as a contact of contoso"), "{said:#?}");
    let console = format!("http://{}/t/{}/rollouts/", server.address(), tenant.id);
    assert!(said.content.text.contains(&console), "{}", said.content.text);
    let again: api::Letter = api.post(&format!("{letter}/retry"), &json!({})).await;
    assert_eq!(again.state, api::LetterState::Pending);
    server.shutdown().await;
    stack.end().await;
}

/// A server that dies between an event, the letter about it and the mail server loses none of them, and writes none
/// twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_with_a_server() {
    let Some(mut mail) = MailServer::start().await else { return };
    let wish = Wish { devices: 10, speed: 1_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let listen = free_port();
    let mut server = Process::start_mailing(&stack, listen, &mail).await;
    let api = Api::new(server.address, server.token.as_deref().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    let ana = contact(&api, &at, "ana", json!({ "topics": ["rollout_started"] })).await;
    for round in 1..=4 {
        // Twice the mail server swallows it; the letter is handed over again.
        mail.turns(if round % 2 == 0 { "slow" } else { "well" }).await;
        let sent: api::LetterSent =
            api.post(&format!("{at}/contacts/{}/test", ana.id), &json!({})).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..60))).await;
        server.kill().await;
        mail.turns("well").await;
        server = Process::start_mailing(&stack, listen, &mail).await;
        let id = format!("<{}@example.com>", sent.id.simple());
        mail.until(|_| mail.ids().contains(&id)).await;
    }
    let page: api::List<api::Letter> = api.get(&format!("{at}/notifications?kind=test")).await;
    assert_eq!(page.items.len(), 4);
    server.kill().await;
    stack.end().await;
}
