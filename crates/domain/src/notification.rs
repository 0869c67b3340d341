//! Notifications: what people are told of, who of them, when, and in which words.
//!
//! A [`Bulletin`] is one thing to be told, made once for each thing that happens ([`Occasion`] is its identity).
//! Contacts and channels say what they want in their [`Preferences`]; [`Preferences::way`] answers for each bulletin
//! whether they get it at once, in the digest of the day, or not. `letter` puts it into words.
//!
//! # Invariants
//!
//! 1. What happened once is told once to each recipient: an occasion and a recipient make one key.
//! 2. A critical bulletin never waits for a digest.
//! 3. Every letter says what happened, why, what to do, and why its reader got it.

mod bulletin;
mod example;
mod letter;
mod times;
mod topic;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::alert::{AlertKind, Severity};
use crate::gate::{ConditionKind, Verdict};
use crate::ring::RingIndex;
use crate::rollout::decide::WaitingOn;

pub use bulletin::{
    AlertNews, AlertStage, Bulletin, Month, RolloutNews, RolloutStep, ScheduleNews, SummaryNews,
};
pub use example::example;
pub use letter::{About, digest, letter};
pub use times::{Due, day_of_schedule, day_of_summary, due, updates_of};
pub use topic::{TOPICS, Topic, TopicInfo};

/// When the digest of a day is sent, in UTC.
pub const DIGEST_AT: NaiveTime = NaiveTime::from_hms_opt(6, 0, 0).expect("a time of day");

/// How many contacts, and how many channels, a tenant may have: each costs a letter for each bulletin.
pub const MOST_RECIPIENTS: i64 = 100;

/// The areas that contacts of Autopatch are for (facts/autopatch.md 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Focus {
    /// Registration, health of devices, access to the tenant.
    Devices,
    /// Releases and how they go.
    Updates,
}

impl Focus {
    pub const ALL: [Self; 2] = [Self::Devices, Self::Updates];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Updates => "updates",
        }
    }

    /// The area of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|focus| focus.word() == word)
    }

    /// Who sees to an alert of this kind.
    #[must_use]
    pub const fn of_alert(kind: AlertKind) -> Self {
        match kind {
            AlertKind::RolloutPaused | AlertKind::RolloutWatched => Self::Updates,
            AlertKind::FreezeCrossed | AlertKind::ObjectiveMissed => Self::Updates,
            AlertKind::AccessLost | AlertKind::Unreachable | AlertKind::LicenceMissing => {
                Self::Devices
            }
            AlertKind::PermissionMissing | AlertKind::PolicyDrift => Self::Devices,
            AlertKind::SyncStalled | AlertKind::NoCheckIns => Self::Devices,
            AlertKind::DeviceClass | AlertKind::LettersUndelivered => Self::Devices,
            AlertKind::CredentialExpiring => Self::Devices,
        }
    }
}

/// What somebody wants to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Their areas; at least one.
    pub focus: Vec<Focus>,
    /// Empty: all that there are.
    pub topics: Vec<Topic>,
    /// Nothing below it.
    pub least: Severity,
    /// What can wait comes once a day.
    pub digest: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            focus: Focus::ALL.to_vec(),
            topics: Vec::new(),
            least: Severity::Information,
            digest: false,
        }
    }
}

/// How somebody gets a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    AtOnce,
    /// With the others of the day.
    InDigest,
}

impl Preferences {
    /// How `bulletin` gets to whoever wants this; none: not at all.
    #[must_use]
    pub fn way(&self, bulletin: &Bulletin) -> Option<Way> {
        let is_theirs = self.focus.contains(&bulletin.focus);
        let is_wanted = self.topics.is_empty() || self.topics.contains(&bulletin.topic);
        if !is_theirs || !is_wanted || bulletin.severity < self.least {
            return None;
        }
        match bulletin.severity {
            Severity::Critical => Some(Way::AtOnce),
            Severity::Information | Severity::Warning if self.digest => Some(Way::InDigest),
            Severity::Information | Severity::Warning => Some(Way::AtOnce),
        }
    }
}

/// The identity of a bulletin: what is told twice under one occasion is told once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Occasion(pub String);

/// The ring whose opening waits for nothing but approvals; none: it waits for something else as well, or for
/// something else altogether.
#[must_use]
pub fn awaits_approval(waiting: &WaitingOn) -> Option<RingIndex> {
    let (ring, report) = match waiting {
        WaitingOn::Gate { ring, report } => (ring, report),
        WaitingOn::Offers { then, .. } => return awaits_approval(then),
        WaitingOn::Nothing | WaitingOn::Person | WaitingOn::StandingPause { .. } => return None,
        WaitingOn::Review { .. } | WaitingOn::Opening { .. } | WaitingOn::Calendar { .. } => {
            return None;
        }
        WaitingOn::Members { .. } | WaitingOn::Budget { .. } | WaitingOn::LastOffers { .. } => {
            return None;
        }
        WaitingOn::HeldSegments { .. } | WaitingOn::Removal { .. } => return None,
        WaitingOn::RemovalReview { .. } | WaitingOn::LateInstalls { .. } => return None,
    };
    let is_open = |one: &&crate::gate::Condition| one.verdict != Verdict::Pass;
    let mut open = report.conditions.iter().filter(is_open);
    let only = open.next()?;
    (only.kind == ConditionKind::Approvals && open.next().is_none()).then_some(*ring)
}

/// The last time that digests were due, not after `now`.
#[must_use]
pub fn digest_before(now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now.date_naive().and_time(DIGEST_AT).and_utc();
    if today <= now { today } else { today - TimeDelta::days(1) }
}
