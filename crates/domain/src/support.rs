//! Support requests: what somebody needs help with, how urgent it is, and where it stands.
//!
//! The words and the reopening are those of Autopatch (facts/autopatch.md section 7): severities A to C, and a
//! request that was mitigated less than 24 hours ago goes on, while an older one needs another.
//!
//! # Invariants
//!
//! 1. What has ended stays ended: a resolved request takes nothing, and one that was mitigated [`REOPEN_WITHIN`]
//!    ago only that it is resolved.
//! 2. A mitigated request goes on only by being reopened.
//! 3. Only [`Status::apply`] and [`Status::after_comment`] lead from one status to another.

mod bundle;
pub mod desk;
mod redact;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;
use uuid::Uuid;

pub use bundle::{Bundle, Closed, LARGEST};
pub use redact::{REDACTED, redact, redact_text};

/// How long a request that was mitigated may be reopened.
pub const REOPEN_WITHIN: TimeDelta = TimeDelta::hours(24);

/// How much harm it does. Declared in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// C: work goes on.
    Minimal,
    /// B: work goes on with difficulty.
    Moderate,
    /// A: work stands still, or updates do harm.
    Critical,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Minimal, Self::Moderate, Self::Critical];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Moderate => "moderate",
            Self::Critical => "critical",
        }
    }

    /// The severity of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word() == word)
    }

    /// Autopatch's letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Minimal => 'C',
            Self::Moderate => 'B',
            Self::Critical => 'A',
        }
    }

    /// Until somebody else than the requester should have said or done something.
    #[must_use]
    pub const fn answer_within(self) -> TimeDelta {
        match self {
            Self::Minimal => TimeDelta::hours(8),
            Self::Moderate => TimeDelta::hours(4),
            Self::Critical => TimeDelta::hours(1),
        }
    }
}

/// What it is about, for whoever hands requests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// An update, its rollout or its gates.
    Updates,
    /// Registration, rings and single devices.
    Devices,
    /// What enrollment made in the tenant, and conflicts with it.
    Policies,
    /// The connection, consent, licences, roles.
    Access,
    /// Reports, alerts and notifications.
    Reports,
    Other,
}

impl Category {
    pub const ALL: [Self; 6] =
        [Self::Updates, Self::Devices, Self::Policies, Self::Access, Self::Reports, Self::Other];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Updates => "updates",
            Self::Devices => "devices",
            Self::Policies => "policies",
            Self::Access => "access",
            Self::Reports => "reports",
            Self::Other => "other",
        }
    }

    /// The category of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.word() == word)
    }
}

/// The sort of thing a request is filed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    Tenant,
    Device,
    Rollout,
    Release,
    RingSet,
    Alert,
}

impl SubjectKind {
    pub const ALL: [Self; 6] =
        [Self::Tenant, Self::Device, Self::Rollout, Self::Release, Self::RingSet, Self::Alert];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Device => "device",
            Self::Rollout => "rollout",
            Self::Release => "release",
            Self::RingSet => "ring_set",
            Self::Alert => "alert",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The thing a request is filed from; of a tenant, its own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    pub kind: SubjectKind,
    pub id: Uuid,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody has taken it up.
    New,
    /// Somebody works on it.
    InProgress,
    /// It waits for who filed it.
    Waiting,
    /// The harm has ended. Nothing of it changes any more, unless it is reopened in time.
    Mitigated { at: DateTime<Utc> },
    /// It is over, for good.
    Resolved { at: DateTime<Utc> },
}

/// Something that happens to a request, besides comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    Started,
    /// Who filed it is asked something.
    Asked,
    Mitigated,
    Resolved,
    /// The harm is back.
    Reopened,
}

impl Event {
    pub const ALL: [Self; 5] =
        [Self::Started, Self::Asked, Self::Mitigated, Self::Resolved, Self::Reopened];
}

/// Why something cannot happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the request is {} already", .0.word())]
    Already(Status),
    #[error("the request is mitigated: reopen it, or resolve it")]
    Mitigated,
    #[error("the request is {}, so there is nothing to reopen", .0.word())]
    NotMitigated(Status),
    #[error("the request was mitigated more than 24 hours ago; file another that follows it")]
    TooLate,
    #[error("the request is resolved; file another that follows it")]
    Resolved,
}

impl Status {
    /// The word in tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InProgress => "in_progress",
            Self::Waiting => "waiting",
            Self::Mitigated { .. } => "mitigated",
            Self::Resolved { .. } => "resolved",
        }
    }

    /// The status of that word, reached at `at`.
    #[must_use]
    pub fn from_word(word: &str, at: DateTime<Utc>) -> Option<Self> {
        let all = [
            Self::New,
            Self::InProgress,
            Self::Waiting,
            Self::Mitigated { at },
            Self::Resolved { at },
        ];
        all.into_iter().find(|status| status.word() == word)
    }

    /// The status after `event` happened at `at`.
    pub fn apply(self, event: Event, at: DateTime<Utc>) -> Result<Self, Refusal> {
        use Event as E;
        match self {
            Self::New => match event {
                E::Started => Ok(Self::InProgress),
                E::Asked => Ok(Self::Waiting),
                E::Mitigated => Ok(Self::Mitigated { at }),
                E::Resolved => Ok(Self::Resolved { at }),
                E::Reopened => Err(Refusal::NotMitigated(self)),
            },
            Self::InProgress => match event {
                E::Started => Err(Refusal::Already(self)),
                E::Asked => Ok(Self::Waiting),
                E::Mitigated => Ok(Self::Mitigated { at }),
                E::Resolved => Ok(Self::Resolved { at }),
                E::Reopened => Err(Refusal::NotMitigated(self)),
            },
            Self::Waiting => match event {
                E::Started => Ok(Self::InProgress),
                E::Asked => Err(Refusal::Already(self)),
                E::Mitigated => Ok(Self::Mitigated { at }),
                E::Resolved => Ok(Self::Resolved { at }),
                E::Reopened => Err(Refusal::NotMitigated(self)),
            },
            Self::Mitigated { .. } => match event {
                E::Started | E::Asked => Err(Refusal::Mitigated),
                E::Mitigated => Err(Refusal::Already(self)),
                E::Resolved => Ok(Self::Resolved { at }),
                E::Reopened if self.takes_no_more(at) => Err(Refusal::TooLate),
                E::Reopened => Ok(Self::InProgress),
            },
            Self::Resolved { .. } => match event {
                E::Resolved => Err(Refusal::Already(self)),
                E::Started | E::Asked | E::Mitigated | E::Reopened => Err(Refusal::Resolved),
            },
        }
    }

    /// The status after a comment at `at`: an answer of who filed it ends the waiting for them.
    pub fn after_comment(self, by_requester: bool, at: DateTime<Utc>) -> Result<Self, Refusal> {
        match self {
            Self::New | Self::InProgress => Ok(self),
            Self::Waiting if by_requester => Ok(Self::InProgress),
            Self::Waiting => Ok(self),
            Self::Mitigated { .. } if self.takes_no_more(at) => Err(Refusal::TooLate),
            Self::Mitigated { .. } => Ok(self),
            Self::Resolved { .. } => Err(Refusal::Resolved),
        }
    }

    /// Until when it may be reopened; none: it cannot be.
    #[must_use]
    pub fn reopen_until(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Mitigated { at } => Some(at + REOPEN_WITHIN),
            Self::New | Self::InProgress | Self::Waiting | Self::Resolved { .. } => None,
        }
    }

    /// Whether work is left to be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::New | Self::InProgress | Self::Waiting => true,
            Self::Mitigated { .. } | Self::Resolved { .. } => false,
        }
    }

    /// Whether it can neither be commented on nor reopened any more.
    #[must_use]
    pub fn takes_no_more(self, now: DateTime<Utc>) -> bool {
        match self {
            Self::New | Self::InProgress | Self::Waiting => false,
            Self::Mitigated { at } => now - at >= REOPEN_WITHIN,
            Self::Resolved { .. } => true,
        }
    }
}
