//! Notifications, as they go over the wire.

use api_types as wire;
use domain::alert::Severity;
use domain::notification::{Focus, Preferences, Topic, TopicInfo, example};
use domain::outbox::{Chat, EmailAddress, Letter};
use store::notifications::{
    ChannelKind, ChannelRow, ChannelTo, ContactRow, NewChannel, NewContact,
};
use store::outbox::{LetterRow, LetterState};

use crate::checks::Checks;
use crate::problem::Problem;

const MOST_URL: usize = 2_000;
const MOST_ADDRESSES: usize = 50;

pub(crate) fn contact(row: ContactRow) -> wire::Contact {
    let ContactRow { id, contact, created_at, changed_at } = row;
    wire::Contact {
        id: id.0,
        name: contact.name,
        email: contact.email.to_string(),
        phone: contact.phone,
        wants: wants(&contact.wants),
        enabled: contact.enabled,
        created_at,
        changed_at,
    }
}

pub(crate) fn contact_in(body: wire::CreateContact) -> Result<NewContact, Problem> {
    let mut checks = Checks::default();
    line(&mut checks, "/name", &body.name, 100);
    if let Some(phone) = &body.phone {
        line(&mut checks, "/phone", phone, 50);
    }
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 500);
    }
    let email = address(&mut checks, "/email", &body.email);
    let wants = wants_in(&mut checks, &body.wants);
    checks.finish()?;
    let Some(email) = email else { return Err(Problem::field("/email", "it is no address")) };
    Ok(NewContact { name: body.name, email, phone: body.phone, wants, enabled: body.enabled })
}

pub(crate) fn channel(row: ChannelRow) -> wire::Channel {
    let (kind, host, addresses) = match row.kind {
        ChannelKind::Chat(Chat::Teams, host) => (wire::ChannelKind::Teams, Some(host), Vec::new()),
        ChannelKind::Chat(Chat::Slack, host) => (wire::ChannelKind::Slack, Some(host), Vec::new()),
        ChannelKind::List(addresses) => {
            let addresses = addresses.iter().map(ToString::to_string).collect();
            (wire::ChannelKind::Email, None, addresses)
        }
    };
    wire::Channel {
        id: row.id.0,
        name: row.name,
        kind,
        host,
        addresses,
        wants: wants(&row.wants),
        enabled: row.enabled,
        failing_since: row.failing_since,
        created_at: row.created_at,
        changed_at: row.changed_at,
    }
}

/// What a caller wants of a channel, checked; whether the address of a chat may be called is seen when it is.
pub(crate) fn channel_in(body: wire::CreateChannel, is_new: bool) -> Result<NewChannel, Problem> {
    let mut checks = Checks::default();
    line(&mut checks, "/name", &body.name, 100);
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 500);
    }
    let to = match body.to {
        wire::ChannelTo::Teams { url } => chat_in(&mut checks, Chat::Teams, url, is_new),
        wire::ChannelTo::Slack { url } => chat_in(&mut checks, Chat::Slack, url, is_new),
        wire::ChannelTo::Email { addresses } => list_in(&mut checks, &addresses),
    };
    let wants = wants_in(&mut checks, &body.wants);
    checks.finish()?;
    Ok(NewChannel { name: body.name, to, wants, enabled: body.enabled })
}

fn chat_in(checks: &mut Checks, chat: Chat, url: Option<String>, is_new: bool) -> ChannelTo {
    match &url {
        None if is_new => checks.wrong("/to/url", "a new chat has an address"),
        None => {}
        Some(url) => {
            let is_web = url.starts_with("https://") || url.starts_with("http://");
            let is_clean = !url.contains(|c: char| c.is_control() || c.is_whitespace());
            if !is_web || !is_clean || url.len() > MOST_URL {
                let why = "an address that begins with https:// is right, 2000 bytes at most";
                checks.wrong("/to/url", why);
            }
        }
    }
    ChannelTo::Chat(chat, url)
}

fn list_in(checks: &mut Checks, addresses: &[String]) -> ChannelTo {
    if !(1..=MOST_ADDRESSES).contains(&addresses.len()) {
        checks.wrong("/to/addresses", "1 to 50 addresses are right");
    }
    let numbered = addresses.iter().take(MOST_ADDRESSES).enumerate();
    let mut list: Vec<EmailAddress> = numbered
        .filter_map(|(at, text)| address(checks, &format!("/to/addresses/{at}"), text))
        .collect();
    list.sort_unstable();
    list.dedup();
    ChannelTo::List(list)
}

fn address(checks: &mut Checks, pointer: &str, text: &str) -> Option<EmailAddress> {
    match text.parse() {
        Ok(address) => Some(address),
        Err(error) => {
            let error: domain::outbox::AddressError = error;
            checks.wrong(pointer, error.to_string());
            None
        }
    }
}

/// A text of one line: a break in it could be mistaken for the end of a header.
fn line(checks: &mut Checks, pointer: &str, text: &str, most: usize) {
    if text.contains(char::is_control) {
        checks.wrong(pointer, "control characters and line breaks are not allowed");
    } else {
        checks.text(pointer, text, most);
    }
}

fn wants(wants: &Preferences) -> wire::NotificationWants {
    let focus = wants.focus.iter().map(|focus| match focus {
        Focus::Devices => wire::Focus::Devices,
        Focus::Updates => wire::Focus::Updates,
    });
    wire::NotificationWants {
        focus: focus.collect(),
        topics: wants.topics.iter().map(|topic| topic.word().to_owned()).collect(),
        least: severity(wants.least),
        digest: wants.digest,
    }
}

fn wants_in(checks: &mut Checks, wants: &wire::NotificationWants) -> Preferences {
    let mut focus: Vec<Focus> = wants
        .focus
        .iter()
        .map(|focus| match focus {
            wire::Focus::Devices => Focus::Devices,
            wire::Focus::Updates => Focus::Updates,
        })
        .collect();
    focus.sort_unstable();
    focus.dedup();
    if focus.is_empty() {
        checks.wrong("/wants/focus", "devices, updates or both are right");
    }
    if wants.topics.len() > 50 {
        checks.wrong("/wants/topics", "50 words are the most; none stands for all messages");
    }
    let mut topics = Vec::new();
    for (at, word) in wants.topics.iter().take(50).enumerate() {
        if let Some(topic) = Topic::from_word(word) {
            topics.push(topic);
        } else {
            let why = format!(
                "there is no message {word:?}; GET /api/v1/notification-topics lists what there is"
            );
            checks.wrong(format!("/wants/topics/{at}"), why);
        }
    }
    topics.sort_unstable();
    topics.dedup();
    let least = match wants.least {
        wire::AlertSeverity::Information => Severity::Information,
        wire::AlertSeverity::Warning => Severity::Warning,
        wire::AlertSeverity::Critical => Severity::Critical,
    };
    Preferences { focus, topics, least, digest: wants.digest }
}

const fn severity(severity: Severity) -> wire::AlertSeverity {
    match severity {
        Severity::Information => wire::AlertSeverity::Information,
        Severity::Warning => wire::AlertSeverity::Warning,
        Severity::Critical => wire::AlertSeverity::Critical,
    }
}

pub(crate) const fn state_in(state: wire::LetterState) -> LetterState {
    match state {
        wire::LetterState::Pending => LetterState::Pending,
        wire::LetterState::Delivered => LetterState::Delivered,
        wire::LetterState::GivenUp => LetterState::GivenUp,
    }
}

pub(crate) fn letter(row: LetterRow) -> wire::Letter {
    let word = |refusal: domain::outbox::Refusal| refusal.name().to_owned();
    let tries = row.tries.into_iter().map(|one| wire::LetterTry {
        at: one.at,
        code: one.tried.code,
        latency_ms: one.tried.latency_ms,
        refusal: one.tried.refusal.map(word),
    });
    wire::Letter {
        id: row.id,
        kind: row.kind,
        address: row.address,
        channel_id: row.channel.map(|channel| channel.0),
        subject: row.subject,
        written_at: row.written_at,
        state: match row.state {
            LetterState::Pending => wire::LetterState::Pending,
            LetterState::Delivered => wire::LetterState::Delivered,
            LetterState::GivenUp => wire::LetterState::GivenUp,
        },
        next_at: row.next_at,
        refusal: row.refusal.map(word),
        ended_at: row.ended_at,
        tries: tries.collect(),
    }
}

pub(crate) fn content(letter: &Letter) -> wire::LetterContent {
    wire::LetterContent {
        subject: letter.subject().to_owned(),
        text: letter.text().to_owned(),
        html: letter.html().map(ToOwned::to_owned),
    }
}

pub(crate) fn topic(info: &TopicInfo) -> Result<wire::NotificationTopic, Problem> {
    let example = example(info.topic).map_err(|error| Problem::internal(&error))?;
    Ok(wire::NotificationTopic {
        topic: info.topic.word().to_owned(),
        severity: severity(info.severity),
        when: info.when.to_owned(),
        example: content(&example),
    })
}

/// What somebody is sent who tests whether it arrives.
pub(crate) fn test_letter(actor: &str) -> Result<Letter, Problem> {
    let text = format!(
        "{actor} tests whether notifications arrive here. They do.\n\nThere is nothing to do."
    );
    Letter::plain("[Concentric] A test", text).map_err(|error| Problem::internal(&error))
}
