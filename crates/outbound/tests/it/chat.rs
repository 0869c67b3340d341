//! Chats, played on loopback: what they are told, and what their answers come to.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use domain::ids::ChannelId;
use domain::outbox::{Attachment, Card, Chat, Envelope, Letter, Recipient, Refusal};
use outbound::{Client, chat_body, post as say};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::play::{limits, serve};

fn hostile() -> Card {
    Card {
        title: "Paused: <!channel> [click](https://evil.example)".to_owned(),
        paragraphs: vec!["One & *two*".to_owned(), String::new(), "<@U1>".to_owned()],
        facts: vec![("Ring".to_owned(), "_Early_".to_owned())],
        link: Some(("Open".to_owned(), "https://updates.example.com/t/1".to_owned())),
    }
}

fn envelope(card: Card, files: Vec<Attachment>) -> Envelope {
    let now = chrono::DateTime::UNIX_EPOCH;
    Envelope {
        id: Uuid::from_u128(1),
        to: Recipient::Channel(ChannelId(Uuid::from_u128(2))),
        letter: Letter::plain("A subject", "A text").unwrap().with_card(card),
        attachments: files,
        at: now,
        tries: 0,
        due_since: now,
    }
}

#[test]
fn teams_gets_an_adaptive_card_and_no_markup_of_names() {
    let body = chat_body(Chat::Teams, &hostile());
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert_eq!(card["body"][0]["text"], r"Paused: \<!channel\> \[click\]\(https://evil.example\)");
    assert_eq!(card["body"][1]["text"], r"One & \*two\*");
    let facts = card["body"].as_array().unwrap().last().unwrap();
    assert_eq!(facts["facts"], json!([{ "title": "Ring", "value": r"\_Early\_" }]));
    assert_eq!(card["actions"][0]["url"], "https://updates.example.com/t/1");
}

#[test]
fn slack_gets_blocks_and_nobody_is_mentioned() {
    let body = chat_body(Chat::Slack, &hostile());
    assert_eq!(body["text"], "Paused: &lt;!channel&gt; [click](https://evil.example)");
    let kinds: Vec<&Value> =
        body["blocks"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds.first(), Some(&&json!("header")));
    assert_eq!(kinds.last(), Some(&&json!("actions")));
    assert!(!body["blocks"][1].to_string().contains('<'), "{body:#}");
    assert_eq!(body["blocks"][1]["text"]["text"], "One &amp; *two*");
}

#[tokio::test]
async fn answers_of_a_chat_come_to_what_they_say() {
    let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
    let own = heard.clone();
    let router = Router::new().route(
        "/{status}",
        post(move |Path(status): Path<u16>, body: Bytes| async move {
            own.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            // A chat may quote what it got; nothing of that is kept.
            (StatusCode::from_u16(status).unwrap(), Json(json!({ "error": "secret" })))
        }),
    );
    let address = serve(router).await;
    let client = Client::new(limits(&address.to_string()));
    let file = Attachment::new("report.csv", "text/csv", b"a,b".to_vec()).unwrap();
    let long =
        Card { title: "x".repeat(500), paragraphs: vec!["y".repeat(9_000); 40], ..hostile() };
    let envelope = envelope(long, vec![file]);
    for (status, refusal) in [
        (200, None),
        (202, None),
        (400, Some(Refusal::Denied)),
        (404, Some(Refusal::Gone)),
        (429, Some(Refusal::Later)),
        (500, Some(Refusal::Later)),
    ] {
        let url = SecretString::from(format!("http://{address}/{status}"));
        for chat in Chat::ALL {
            let tried = say(&client, chat, &url, &envelope).await;
            assert_eq!((tried.refusal, tried.code), (refusal, Some(status)), "{chat:?}");
        }
    }
    let heard = heard.lock().unwrap();
    for body in heard.iter() {
        // Teams takes 28 kB, Slack 50 blocks; and the file is named.
        let text = body.to_string();
        assert!(text.len() < 28_000 && text.contains("report.csv"), "{} bytes", text.len());
    }
    assert_eq!(heard.len(), 12);
}

#[tokio::test]
async fn a_chat_on_an_address_that_is_not_allowed_is_never_called() {
    let envelope = envelope(hostile(), Vec::new());
    for url in
        ["http://127.0.0.1:1/x", "https://169.254.169.254/x", "file:///etc/passwd", "nonsense"]
    {
        let url = SecretString::from(url.to_owned());
        let tried = say(&Client::new(limits("")), Chat::Slack, &url, &envelope).await;
        assert_eq!((tried.refusal, tried.code), (Some(Refusal::Forbidden), None));
    }
}
