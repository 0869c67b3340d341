//! The sorts of messages. docs/notifications.md is made from them.

use serde::{Deserialize, Serialize};

use crate::alert::Severity;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    ReleaseSchedule,
    RolloutStarted,
    RingOpened,
    ApprovalNeeded,
    RolloutPaused,
    RolloutResumed,
    RollbackStarted,
    RolledBack,
    RolloutCompleted,
    RolloutEnded,
    ReleaseSummary,
    Incident,
    IncidentUpdate,
    IncidentEnded,
    ActionRequired,
    ActionReminder,
}

/// One sort of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicInfo {
    pub topic: Topic,
    pub severity: Severity,
    /// When it is sent.
    pub when: &'static str,
}

const fn info(topic: Topic, severity: Severity, when: &'static str) -> TopicInfo {
    TopicInfo { topic, severity, when }
}

/// The catalogue.
#[rustfmt::skip]
pub static TOPICS: [TopicInfo; 16] = {
    use Severity::{Critical, Information, Warning};
    [
        info(Topic::ReleaseSchedule, Information, "seven days before a security release of Microsoft (second Tuesday), to tenants with rules for quality updates, or that had a quality update in the last 60 days"),
        info(Topic::RolloutStarted, Information, "the first ring of a rollout opened"),
        info(Topic::RingOpened, Information, "a further ring opened"),
        info(Topic::ApprovalNeeded, Warning, "the next ring waits for nothing but people's approval; once a day until it has it"),
        info(Topic::RolloutPaused, Warning, "a rollout was paused, by a person or by the service"),
        info(Topic::RolloutResumed, Information, "a rollout goes on"),
        info(Topic::RollbackStarted, Warning, "a release is being taken back"),
        info(Topic::RolledBack, Information, "a release was taken back as far as that goes"),
        info(Topic::RolloutCompleted, Information, "the last ring passed its gate"),
        info(Topic::RolloutEnded, Information, "a rollout was cancelled, or a newer release took its place"),
        info(Topic::ReleaseSummary, Information, "on the fourth Tuesday: how much of the fleet has the month's update, to the same tenants"),
        info(Topic::Incident, Critical, "a critical alert opened"),
        info(Topic::IncidentUpdate, Critical, "every 24 hours while it is open and nobody muted it"),
        info(Topic::IncidentEnded, Critical, "what the alert was about has ended"),
        info(Topic::ActionRequired, Warning, "an alert opened that somebody has to see to"),
        info(Topic::ActionReminder, Warning, "every 7 days while it is open, and nobody acknowledged or muted it"),
    ]
};

impl Topic {
    pub const ALL: [Self; 16] = [
        Self::ReleaseSchedule,
        Self::RolloutStarted,
        Self::RingOpened,
        Self::ApprovalNeeded,
        Self::RolloutPaused,
        Self::RolloutResumed,
        Self::RollbackStarted,
        Self::RolledBack,
        Self::RolloutCompleted,
        Self::RolloutEnded,
        Self::ReleaseSummary,
        Self::Incident,
        Self::IncidentUpdate,
        Self::IncidentEnded,
        Self::ActionRequired,
        Self::ActionReminder,
    ];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReleaseSchedule => "release_schedule",
            Self::RolloutStarted => "rollout_started",
            Self::RingOpened => "ring_opened",
            Self::ApprovalNeeded => "approval_needed",
            Self::RolloutPaused => "rollout_paused",
            Self::RolloutResumed => "rollout_resumed",
            Self::RollbackStarted => "rollback_started",
            Self::RolledBack => "rolled_back",
            Self::RolloutCompleted => "rollout_completed",
            Self::RolloutEnded => "rollout_ended",
            Self::ReleaseSummary => "release_summary",
            Self::Incident => "incident",
            Self::IncidentUpdate => "incident_update",
            Self::IncidentEnded => "incident_ended",
            Self::ActionRequired => "action_required",
            Self::ActionReminder => "action_reminder",
        }
    }

    /// The topic of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.word() == word)
    }

    /// How much it matters.
    #[must_use]
    pub fn severity(self) -> Severity {
        let info = TOPICS.iter().find(|info| info.topic == self);
        info.map_or(Severity::Information, |info| info.severity)
    }
}
