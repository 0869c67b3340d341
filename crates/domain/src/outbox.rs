//! Letters: what people are sent by e-mail or into a chat, when it is tried again, and when that ends.
//!
//! Whoever has something to say writes a [`Letter`] and hands it to the store in the transaction of what it tells
//! of (`store::outbox`); sending it is work of its own, which may take days and holds up nothing.
//!
//! # Invariants
//!
//! 1. A letter that was taken is never sent again; until that is known it may be, under the same id.
//! 2. A letter is tried until it was taken, was refused for good, or [`LIFE`] has passed since it was due.
//! 3. No line break reaches a header: what holds one is no [`Letter`] and no [`EmailAddress`].

mod address;
mod letter;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub use address::{AddressError, EmailAddress};
pub use letter::{Attachment, Card, Letter, LetterError};

use crate::ids::ChannelId;
pub use crate::webhook::{KEPT_FOR, LIFE, rest, wait};

/// The bytes of all attachments of one letter: below what mail servers commonly take, which is 10 MiB with
/// a third more for base64.
pub const ATTACHED_MOST: usize = 7 * 1024 * 1024;

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    Email(EmailAddress),
    /// A chat that the tenant named.
    Channel(ChannelId),
}

/// What a chat is spoken to as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chat {
    /// A workflow of Microsoft Teams that waits for a webhook.
    Teams,
    /// An incoming webhook of Slack.
    Slack,
}

impl Chat {
    pub const ALL: [Self; 2] = [Self::Teams, Self::Slack];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Teams => "teams",
            Self::Slack => "slack",
        }
    }
}

/// Why a letter was not taken, without a word of what the other side said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// This server has no mail server to hand e-mail to.
    Unconfigured,
    /// The address may not be called.
    Forbidden,
    /// The name is not known, nothing listens there, or the connection broke.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// No encrypted connection comes about.
    Tls,
    /// The mail server does not take our name and password.
    Login,
    /// 4yz of a mail server, 408, 429 and 5xx of a chat: not now.
    Later,
    /// 5yz of a mail server: never.
    Refused,
    /// Another status of 4xx of a chat.
    Denied,
    /// 404 or 410: there is no such chat any more.
    Gone,
    /// What came is no answer, breaks off, leads elsewhere or is too large.
    BadAnswer,
    /// The address of the chat cannot be opened.
    Secret,
    /// The letter cannot be put as a mail.
    Malformed,
}

impl Refusal {
    pub const ALL: [Self; 13] = [
        Self::Unconfigured,
        Self::Forbidden,
        Self::Unreachable,
        Self::Timeout,
        Self::Tls,
        Self::Login,
        Self::Later,
        Self::Refused,
        Self::Denied,
        Self::Gone,
        Self::BadAnswer,
        Self::Secret,
        Self::Malformed,
    ];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unconfigured => "unconfigured",
            Self::Forbidden => "forbidden",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Later => "later",
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Gone => "gone",
            Self::BadAnswer => "bad_answer",
            Self::Secret => "secret",
            Self::Malformed => "malformed",
        }
    }

    /// The refusal of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.name() == name)
    }

    /// The refusal of a chat's answer with this status; none: it was taken.
    #[must_use]
    pub const fn of_status(status: u16) -> Option<Self> {
        match status {
            200..300 => None,
            404 | 410 => Some(Self::Gone),
            408 | 429 | 500..600 => Some(Self::Later),
            400..500 => Some(Self::Denied),
            _ => Some(Self::BadAnswer),
        }
    }

    /// The refusal of a mail server's reply with this code (RFC 5321 4.2.1; RFC 4954 6 for those about
    /// logging in, which say nothing of the letter).
    #[must_use]
    pub const fn of_reply(code: u16) -> Self {
        match code {
            432 | 454 | 530 | 534 | 535 | 538 => Self::Login,
            400..500 => Self::Later,
            500..600 => Self::Refused,
            _ => Self::BadAnswer,
        }
    }

    /// Whether another try could end otherwise.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Refused | Self::Gone | Self::Malformed => true,
            Self::Unconfigured | Self::Forbidden | Self::Unreachable | Self::Timeout => false,
            Self::Tls | Self::Login | Self::Later | Self::Denied => false,
            Self::BadAnswer | Self::Secret => false,
        }
    }

    /// Whether it says something of the whole way, not of this letter: then the other letters wait too.
    #[must_use]
    pub const fn is_of_route(self) -> bool {
        match self {
            Self::Refused | Self::Malformed => false,
            Self::Unconfigured | Self::Forbidden | Self::Unreachable | Self::Timeout => true,
            Self::Tls | Self::Login | Self::Later | Self::Denied | Self::Gone => true,
            Self::BadAnswer | Self::Secret => true,
        }
    }
}

/// How one try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// The reply code of a mail server or the status of a chat; none: there was no answer.
    pub code: Option<u16>,
    pub latency_ms: u32,
    /// None: it was taken.
    pub refusal: Option<Refusal>,
}

/// A letter on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The same in every try.
    pub id: Uuid,
    pub to: Recipient,
    pub letter: Letter,
    pub attachments: Vec<Attachment>,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Tries before this one.
    pub tries: u32,
    pub due_since: DateTime<Utc>,
}

/// What becomes of a letter after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Delivered,
    Again { at: DateTime<Utc> },
    GivenUp,
}

/// What becomes of `envelope`, of which a try ended at `now`.
#[must_use]
pub fn fate(envelope: &Envelope, tried: Tried, now: DateTime<Utc>) -> Fate {
    match tried.refusal {
        None => Fate::Delivered,
        Some(refusal) if refusal.is_final() => Fate::GivenUp,
        Some(_) => {
            let at = now + wait(envelope.tries, envelope.id);
            if at - envelope.due_since > LIFE { Fate::GivenUp } else { Fate::Again { at } }
        }
    }
}

/// How long somebody may be without what was given up before nobody needs to be told of it any more.
pub const REPORTED_FOR: TimeDelta = TimeDelta::days(7);

/// What is to be sent one way now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Duty {
    pub envelopes: Vec<Envelope>,
    /// When there will be something again, if nobody asks.
    pub next: Option<DateTime<Utc>>,
}
