//! What can be rolled out, by which of Microsoft's ways, and how.

pub mod details;
pub mod known_issue;
pub mod rule;
pub mod servicing;
pub mod supersede;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::app::SHOWN_WITHIN;

/// What an update is. Decides how it is offered, paused and taken back, and where the state of a device
/// is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateKind {
    /// A cumulative Windows update: monthly, preview or out of band.
    Quality,
    /// A Windows version.
    Feature,
    /// A driver or firmware.
    Driver,
    /// A version of Microsoft Edge.
    Edge,
    /// A version of Microsoft 365 Apps.
    #[serde(rename = "microsoft_365_apps")]
    Microsoft365Apps,
}

impl UpdateKind {
    pub const ALL: [Self; 5] =
        [Self::Quality, Self::Feature, Self::Driver, Self::Edge, Self::Microsoft365Apps];

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quality => "quality",
            Self::Feature => "feature",
            Self::Driver => "driver",
            Self::Edge => "edge",
            Self::Microsoft365Apps => "microsoft_365_apps",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Which of Microsoft's two ways tells the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The Windows Update for Business deployment service: audiences, deployments, update policies.
    DeploymentService,
    /// Policies of Intune: update rings, profiles and the settings catalogue.
    Intune,
}

impl Strategy {
    pub const ALL: [Self; 2] = [Self::DeploymentService, Self::Intune];

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeploymentService => "deployment_service",
            Self::Intune => "intune",
        }
    }

    /// The strategy of that word.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// How a release is delivered: what a person chose for it, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Delivery {
    Quality {
        /// Days until the restart is forced, when the update is expedited; none: by the ring's cadence.
        #[serde(default)]
        expedite: Option<u8>,
    },
    Feature {
        /// How long a device can go back, 2 to 60 days; set before the upgrade.
        uninstall_window_days: u8,
    },
    Driver,
    Edge,
    #[serde(rename = "microsoft_365_apps")]
    Microsoft365Apps {
        /// Days until the update is forced.
        deadline_days: u8,
    },
}

/// Why a delivery is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    #[error("an expedited restart can be forced after 0, 1 or 2 days")]
    Expedite,
    #[error("the uninstall window must be 2 to 60 days")]
    UninstallWindow,
    #[error("the deadline must be 0 to 14 days")]
    Deadline,
}

impl Delivery {
    /// What is chosen when nobody chooses: not expedited; an uninstall window of 30 days and a deadline
    /// of 7, as Autopatch sets them (facts/autopatch.md 4.2 and 4.3).
    #[must_use]
    pub const fn of(kind: UpdateKind) -> Self {
        match kind {
            UpdateKind::Quality => Self::Quality { expedite: None },
            UpdateKind::Feature => Self::Feature { uninstall_window_days: 30 },
            UpdateKind::Driver => Self::Driver,
            UpdateKind::Edge => Self::Edge,
            UpdateKind::Microsoft365Apps => Self::Microsoft365Apps { deadline_days: 7 },
        }
    }

    #[must_use]
    pub const fn kind(&self) -> UpdateKind {
        match self {
            Self::Quality { .. } => UpdateKind::Quality,
            Self::Feature { .. } => UpdateKind::Feature,
            Self::Driver => UpdateKind::Driver,
            Self::Edge => UpdateKind::Edge,
            Self::Microsoft365Apps { .. } => UpdateKind::Microsoft365Apps,
        }
    }

    /// How long outcomes have to be waited for: until a device that does as it is told is seen to have
    /// done so. None: it says so itself.
    #[must_use]
    pub fn least_window(&self) -> Option<TimeDelta> {
        match self {
            Self::Edge => Some(SHOWN_WITHIN),
            // Until then whoever works with the programs can put it off.
            Self::Microsoft365Apps { deadline_days } => {
                Some(SHOWN_WITHIN + TimeDelta::days((*deadline_days).into()))
            }
            Self::Quality { .. } | Self::Feature { .. } | Self::Driver => None,
        }
    }

    /// Holds the numbers against what Windows takes.
    pub const fn check(&self) -> Result<(), DeliveryError> {
        match self {
            Self::Quality { expedite: Some(3..) } => Err(DeliveryError::Expedite),
            Self::Feature { uninstall_window_days: 0..=1 | 61.. } => {
                Err(DeliveryError::UninstallWindow)
            }
            Self::Microsoft365Apps { deadline_days: 15.. } => Err(DeliveryError::Deadline),
            Self::Quality { .. } | Self::Feature { .. } | Self::Driver | Self::Edge => Ok(()),
            Self::Microsoft365Apps { .. } => Ok(()),
        }
    }
}
