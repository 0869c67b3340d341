//! The kinds of alerts: how bad each is, and what to do.

use serde::{Deserialize, Serialize};

/// How bad it is. Declared in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Information,
    Warning,
    /// The service does not do its work, or updates do harm.
    Critical,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Information, Self::Warning, Self::Critical];

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word() == word)
    }

    /// One step up, for somebody who makes more of it.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::Information => Self::Warning,
            Self::Warning | Self::Critical => Self::Critical,
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    AccessLost,
    Unreachable,
    LicenceMissing,
    PermissionMissing,
    PolicyDrift,
    SyncStalled,
    NoCheckIns,
    RolloutPaused,
    RolloutWatched,
    FreezeCrossed,
    ObjectiveMissed,
    DeviceClass,
    LettersUndelivered,
    CredentialExpiring,
}

impl AlertKind {
    pub const ALL: [Self; 14] = [
        Self::AccessLost,
        Self::Unreachable,
        Self::LicenceMissing,
        Self::PermissionMissing,
        Self::PolicyDrift,
        Self::SyncStalled,
        Self::NoCheckIns,
        Self::RolloutPaused,
        Self::RolloutWatched,
        Self::FreezeCrossed,
        Self::ObjectiveMissed,
        Self::DeviceClass,
        Self::LettersUndelivered,
        Self::CredentialExpiring,
    ];

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AccessLost => "access_lost",
            Self::Unreachable => "unreachable",
            Self::LicenceMissing => "licence_missing",
            Self::PermissionMissing => "permission_missing",
            Self::PolicyDrift => "policy_drift",
            Self::SyncStalled => "sync_stalled",
            Self::NoCheckIns => "no_check_ins",
            Self::RolloutPaused => "rollout_paused",
            Self::RolloutWatched => "rollout_watched",
            Self::FreezeCrossed => "freeze_crossed",
            Self::ObjectiveMissed => "objective_missed",
            Self::DeviceClass => "device_class",
            Self::LettersUndelivered => "letters_undelivered",
            Self::CredentialExpiring => "credential_expiring",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// How bad it is before anybody escalates it. Autopatch knows two, both critical: the licence is gone, and
    /// access is (facts/autopatch.md 5.8).
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::AccessLost | Self::LicenceMissing | Self::RolloutPaused => Severity::Critical,
            Self::Unreachable | Self::PermissionMissing | Self::PolicyDrift => Severity::Warning,
            Self::SyncStalled | Self::NoCheckIns | Self::RolloutWatched => Severity::Warning,
            Self::ObjectiveMissed | Self::DeviceClass => Severity::Warning,
            Self::LettersUndelivered | Self::CredentialExpiring => Severity::Warning,
            Self::FreezeCrossed => Severity::Information,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::AccessLost => {
                "Renew the credential or the consent, then `concentric tenant connect`."
            }
            Self::Unreachable => {
                "Look at the network and at Microsoft's service health; it is tried again by itself."
            }
            Self::LicenceMissing => {
                "Buy or assign licences; `concentric tenant assess` says which."
            }
            Self::PermissionMissing => {
                "`concentric tenant assess` says what is missing; consent to it, or enable the application."
            }
            Self::PolicyDrift => {
                "`concentric tenant drift` shows what differs; restore it, or enroll anew."
            }
            Self::SyncStalled => {
                "Look at the connection (`concentric tenant get`) and at the log of the service."
            }
            Self::NoCheckIns => {
                "Look at the connection (`concentric tenant get`) and at the log of the service."
            }
            Self::RolloutPaused => {
                "`concentric rollout explain` shows the evidence; let it go on, or roll it back."
            }
            Self::RolloutWatched => {
                "`concentric rollout explain` shows the evidence; hold the segment, or let it go on."
            }
            Self::FreezeCrossed => {
                "Nothing, if that was meant; `concentric rollout pause` stops it."
            }
            Self::ObjectiveMissed => {
                "`concentric report run quality-status --filter status=not_up_to_date` names them, and why."
            }
            Self::DeviceClass => {
                "`concentric report run ineligible-devices` names them, and what to do."
            }
            Self::LettersUndelivered => {
                "`concentric notification letters` says which, and why; set the mail server or the chat right, then \
                 `concentric notification retry`."
            }
            Self::CredentialExpiring => {
                "Make a new secret or certificate for the application in Entra, then `concentric tenant connect`."
            }
        }
    }
}
