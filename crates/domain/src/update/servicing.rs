//! Which of Microsoft's servicing rhythms a quality update belongs to.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use super::UpdateKind;
use crate::inventory::ImportedUpdate;

/// Why a quality update came out when it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Servicing {
    /// The security update of Patch Tuesday ("B").
    Monthly,
    /// The optional non-security preview of the next one ("D"): a signal, not to be rolled out
    /// unless somebody chooses so.
    Preview,
    /// Between two of those, for a reason.
    OutOfBand,
    /// In words that we do not know.
    Other,
}

impl Servicing {
    /// Of a quality update; others have none.
    #[must_use]
    pub fn of(update: &ImportedUpdate) -> Option<Self> {
        if update.kind != UpdateKind::Quality {
            return None;
        }
        Some(match (update.cadence.as_str(), update.classification.as_str()) {
            ("outOfBand", _) => Self::OutOfBand,
            ("monthly", "security") => Self::Monthly,
            ("monthly", "nonSecurity") => Self::Preview,
            (_, _) => Self::Other,
        })
    }

    /// The word used in JSON and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monthly => "monthly",
            Self::Preview => "preview",
            Self::OutOfBand => "out_of_band",
            Self::Other => "other",
        }
    }
}

/// What an update means for devices that take hotpatches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hotpatch {
    /// It has revisions that need no restart.
    Available,
    /// It is a baseline: every device restarts, and later hotpatches build on it.
    Baseline,
}

impl Hotpatch {
    /// A hotpatch is what the catalogue marks as one. Monthly updates of the first month of a quarter
    /// are baselines (facts/autopatch.md 5.1: January, April, July and October).
    #[must_use]
    pub fn of(update: &ImportedUpdate) -> Option<Self> {
        if update.builds.iter().any(|build| build.is_hotpatch) {
            return Some(Self::Available);
        }
        let monthly = Servicing::of(update) == Some(Servicing::Monthly);
        (monthly && is_baseline_month(update.released_at)).then_some(Self::Baseline)
    }
}

/// Whether the monthly update of this month is a hotpatch baseline.
#[must_use]
pub fn is_baseline_month(at: DateTime<Utc>) -> bool {
    at.month0().is_multiple_of(3)
}
