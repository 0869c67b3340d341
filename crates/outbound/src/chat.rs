//! Speaking into a chat: a workflow of Microsoft Teams that waits for a webhook, or an incoming webhook of Slack.
//! Whoever knows their address may speak, so the address is a secret; it is in no error and no log.
//!
//! Teams: a message with one Adaptive Card (learn.microsoft.com, "Create an Incoming Webhook", and the template
//! "Post to a channel when a webhook request is received"). A workflow answers 202. Slack: `text` for
//! notifications and blocks for what is shown (docs.slack.dev, "Sending messages using incoming webhooks").

use std::time::Instant;

use domain::outbox::{Attachment, Card, Chat, Envelope, Refusal, Tried};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::client::{Client, Request};
use crate::error::OutboundError;

/// Slack takes 150 characters in a header, 3,000 in a section, 2,000 in a field, ten fields in a section and fifty
/// blocks; Teams 28 kB in all. All of it stays below.
const MOST_TITLE: usize = 150;
const MOST_PARAGRAPH: usize = 1_200;
const MOST_PARAGRAPHS: usize = 10;
const MOST_FACT: usize = 300;
const MOST_FACTS: usize = 10;
/// Slack's limit for the text on a button.
const MOST_LABEL: usize = 75;

/// Posts what a letter says into a chat. Never fails: what goes wrong is how it ended.
pub async fn post(client: &Client, chat: Chat, url: &SecretString, envelope: &Envelope) -> Tried {
    let began = Instant::now();
    let body = chat_body(chat, &card(envelope)).to_string();
    let request = Request {
        method: Method::POST,
        url: url.expose_secret(),
        query: &[],
        headers: Vec::new(),
        body: Some(("application/json", body.into_bytes())),
    };
    let (code, refusal) = match client.send(request).await {
        Ok(answer) => (Some(answer.status()), None),
        Err(error) => refused(&error),
    };
    let latency_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Tried { code, latency_ms, refusal }
}

fn card(envelope: &Envelope) -> Card {
    let mut card = envelope.letter.card();
    if !envelope.attachments.is_empty() {
        let names: Vec<&str> = envelope.attachments.iter().map(Attachment::name).collect();
        card.facts.push(("Files, by e-mail only".to_owned(), names.join(", ")));
    }
    Card {
        title: cut(&card.title, MOST_TITLE),
        paragraphs: card
            .paragraphs
            .iter()
            .filter(|text| !text.is_empty())
            .take(MOST_PARAGRAPHS)
            .map(|text| cut(text, MOST_PARAGRAPH))
            .collect(),
        facts: card
            .facts
            .iter()
            .take(MOST_FACTS)
            .map(|(name, value)| (cut(name, MOST_FACT), cut(value, MOST_FACT)))
            .collect(),
        link: card.link.map(|(label, url)| (cut(&label, MOST_LABEL), url)),
    }
}

/// What is posted for a card.
#[must_use]
pub fn chat_body(chat: Chat, card: &Card) -> Value {
    match chat {
        Chat::Teams => teams(card),
        Chat::Slack => slack(card),
    }
}

fn teams(card: &Card) -> Value {
    let block = |text: &str| json!({ "type": "TextBlock", "text": markdown(text), "wrap": true });
    let mut body = vec![json!({
        "type": "TextBlock", "text": markdown(&card.title), "wrap": true, "size": "Medium",
        "weight": "Bolder", "style": "heading",
    })];
    body.extend(card.paragraphs.iter().map(|text| block(text)));
    if !card.facts.is_empty() {
        let fact = |(name, value): &(String, String)| json!({ "title": markdown(name), "value": markdown(value) });
        let facts: Vec<Value> = card.facts.iter().map(fact).collect();
        body.push(json!({ "type": "FactSet", "facts": facts }));
    }
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": body,
    });
    if let Some((label, url)) = &card.link {
        content["actions"] = json!([{ "type": "Action.OpenUrl", "title": label, "url": url }]);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": content,
        }],
    })
}

fn slack(card: &Card) -> Value {
    let section = |text: &str| json!({ "type": "section", "text": { "type": "mrkdwn", "text": entities(text) } });
    let mut blocks = vec![json!({
        "type": "header", "text": { "type": "plain_text", "text": card.title },
    })];
    blocks.extend(card.paragraphs.iter().map(|text| section(text)));
    if !card.facts.is_empty() {
        let field = |(name, value): &(String, String)| json!({ "type": "mrkdwn", "text": format!("*{}*\n{}", entities(name), entities(value)) });
        let fields: Vec<Value> = card.facts.iter().map(field).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if let Some((label, url)) = &card.link {
        blocks.push(json!({
            "type": "actions",
            "elements": [{
                "type": "button", "text": { "type": "plain_text", "text": label }, "url": url,
            }],
        }));
    }
    json!({ "text": entities(&card.title), "blocks": blocks })
}

/// As it reads, and never as markup that somebody hid in a name: no link, no emphasis, no mention.
fn markdown(text: &str) -> String {
    let mut clear = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\`*_[]()#<>~".contains(letter) {
            clear.push('\\');
        }
        clear.push(letter);
    }
    clear
}

/// The three characters that Slack has a meaning for in every text; without `<` there is no mention and no link.
fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['\u{2026}']).collect(),
    }
}

fn refused(error: &OutboundError) -> (Option<u16>, Option<Refusal>) {
    let refusal = match error {
        OutboundError::Url
        | OutboundError::Scheme
        | OutboundError::PlainHttp
        | OutboundError::UserInfo
        | OutboundError::Port(_)
        | OutboundError::Forbidden(_) => Refusal::Forbidden,
        OutboundError::Unknown | OutboundError::Connect => Refusal::Unreachable,
        OutboundError::Timeout(_) => Refusal::Timeout,
        OutboundError::Redirect(status) | OutboundError::Status(status) => {
            return (Some(*status), Refusal::of_status(*status));
        }
        OutboundError::TooLarge(_)
        | OutboundError::Broken
        | OutboundError::Unexpected(_)
        | OutboundError::Several(_)
        | OutboundError::Query(_)
        | OutboundError::Login(_) => Refusal::BadAnswer,
        OutboundError::Secret(_) => Refusal::Secret,
    };
    (None, Some(refusal))
}
