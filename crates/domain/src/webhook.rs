//! Outgoing webhooks: what is told to whom, when it is tried again, and when that ends.
//!
//! What is sent follows [Standard Webhooks](https://www.standardwebhooks.com): a thin message with ids and a
//! link, signed, delivered at least once and in no promised order.
//!
//! # Invariants
//!
//! 1. A message that was taken is never tried again by itself.
//! 2. A message is tried until it was taken or [`LIFE`] has passed since it was due first.
//! 3. The wait after a failure never falls below nine tenths of [`WAITS`].

mod catalogue;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::ids::{RolloutId, TenantId};

pub use catalogue::{EVENTS, EventType, TEST, event_type, is_type};

/// What a message waits after its first failure, its second and so on; the last one ever after.
pub const WAITS: [TimeDelta; 7] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(24),
];

/// How long a message is tried; and how long a receiver may fail without a single success before it is
/// disabled.
pub const LIFE: TimeDelta = TimeDelta::days(3);

/// How long the secret before this one still signs, unless it is said otherwise.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// How long what was delivered, or given up, is kept.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// A receiver of which nothing is taken rests as long as the first failure asks for, doubled with each one up
/// to this, so that a dead one costs little however much waits for it.
const LONGEST_REST: TimeDelta = TimeDelta::minutes(5);

/// One thing to be told to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same in every try of it, so that a receiver can tell that it has it already.
    pub id: Uuid,
    pub event: String,
    pub tenant: TenantId,
    /// The entry of the audit trail that it tells of.
    pub entry: i64,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub rollout: Option<RolloutId>,
    /// Tries since it was due, without this one.
    pub tries: u32,
    /// When it was due first; a replay starts anew.
    pub due_since: DateTime<Utc>,
}

impl Message {
    /// What the header `webhook-id` says.
    #[must_use]
    pub fn header_id(&self) -> String {
        format!("msg_{}", self.id.simple())
    }

    /// The body, byte for byte the same in every try.
    #[must_use]
    pub fn body(&self) -> String {
        let tenant = format!("/api/v1/tenants/{}", self.tenant);
        let link = match self.rollout {
            Some(rollout) => format!("{tenant}/rollouts/{rollout}"),
            None => format!("{tenant}/audit?page_token={}&page_size=1", self.entry - 1),
        };
        json!({
            "type": self.event,
            "timestamp": self.at,
            "data": {
                "tenant_id": self.tenant,
                "entry": self.entry,
                "actor": self.actor,
                "rollout_id": self.rollout,
                "link": link,
            },
        })
        .to_string()
    }
}

/// Why a message was not taken, without a word of what the receiver said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The address may not be called: it is no longer allowed, or never was.
    Forbidden,
    /// The name is not known, or nothing listens there.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// Redirects are not followed.
    Redirect,
    /// A status of 4xx.
    Refused,
    /// 410: it wants to hear nothing any more.
    Gone,
    /// A status of 5xx.
    Broken,
    /// The answer is none, breaks off or is too large.
    BadAnswer,
    /// The secret cannot be opened, or does not sign.
    Secret,
}

impl Refusal {
    pub const ALL: [Self; 9] = [
        Self::Forbidden,
        Self::Unreachable,
        Self::Timeout,
        Self::Redirect,
        Self::Refused,
        Self::Gone,
        Self::Broken,
        Self::BadAnswer,
        Self::Secret,
    ];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Redirect => "redirect",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Broken => "broken",
            Self::BadAnswer => "bad_answer",
            Self::Secret => "secret",
        }
    }

    /// The refusal of an answer with this status; none: it was taken.
    #[must_use]
    pub const fn of_status(status: u16) -> Option<Self> {
        match status {
            200..300 => None,
            300..400 => Some(Self::Redirect),
            410 => Some(Self::Gone),
            400..500 => Some(Self::Refused),
            500..600 => Some(Self::Broken),
            _ => Some(Self::BadAnswer),
        }
    }
}

/// How one try of a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// None: there was no answer.
    pub status: Option<u16>,
    pub latency_ms: u32,
    /// None: it was taken.
    pub refusal: Option<Refusal>,
}

/// What becomes of a message after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Delivered,
    /// Tried again then.
    Again {
        at: DateTime<Utc>,
    },
    GivenUp,
}

/// What becomes of `message`, of which a try ended at `now`.
#[must_use]
pub fn fate(message: &Message, tried: Tried, now: DateTime<Utc>) -> Fate {
    fate_of((message.id, message.tries, message.due_since), tried, now)
}

/// The same of anything with an id that was tried so often since it was due.
#[must_use]
pub fn fate_of(
    (id, before, due_since): (Uuid, u32, DateTime<Utc>),
    tried: Tried,
    now: DateTime<Utc>,
) -> Fate {
    match tried.refusal {
        None => Fate::Delivered,
        Some(Refusal::Gone) => Fate::GivenUp,
        Some(_) => {
            let at = now + wait(before, id);
            if at - due_since > LIFE { Fate::GivenUp } else { Fate::Again { at } }
        }
    }
}

/// The wait after the failure that follows `tries` others: within a tenth of what [`WAITS`] says, in
/// another place for each message, so that what failed together does not come again together.
#[must_use]
pub fn wait(tries: u32, id: Uuid) -> TimeDelta {
    let at = usize::try_from(tries).unwrap_or(usize::MAX).min(WAITS.len() - 1);
    let length = WAITS.get(at).copied().unwrap_or(TimeDelta::hours(24));
    // Of 0 to 200 thousandths; the last bytes of an id are random.
    let [.., high, low] = id.into_bytes();
    let place = u32::from(u16::from_be_bytes([high, low])) ^ tries.wrapping_mul(0x9e37);
    let place = i32::try_from(place % 201).unwrap_or(100) - 100;
    length + length / 1_000 * place
}

/// How long a receiver rests that has failed so often in a row.
#[must_use]
pub fn rest(failures: u32) -> TimeDelta {
    let doubled = 1_i32.checked_shl(failures.saturating_sub(1).min(16)).unwrap_or(i32::MAX);
    (TimeDelta::seconds(1) * doubled).min(LONGEST_REST)
}

/// Why a receiver is told nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disabled {
    /// By a person.
    Person,
    /// It answered 410.
    Gone,
    /// It took nothing for [`LIFE`].
    Failing,
}

impl Disabled {
    pub const ALL: [Self; 3] = [Self::Person, Self::Gone, Self::Failing];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// Whether a receiver is to be disabled after a try; `failing_since`: of the first failure after its last
/// success.
#[must_use]
pub fn disables(
    tried: Tried,
    failing_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Disabled> {
    match tried.refusal {
        None => None,
        Some(Refusal::Gone) => Some(Disabled::Gone),
        Some(_) => failing_since.filter(|since| now - *since >= LIFE).map(|_| Disabled::Failing),
    }
}

/// What is to be sent to one receiver now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Duty {
    pub messages: Vec<Message>,
    /// When there will be something again, if nobody asks.
    pub next: Option<DateTime<Utc>>,
}
