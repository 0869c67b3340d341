//! How far one device has come with one rollout.
//!
//! # Invariants
//!
//! - An attempt only climbs (I12): merging a report is taking the maximum, so a repeated or a
//!   late report changes nothing and the order of arrival does not matter.
//! - Nothing a device reports can reach [`AttemptState::Excluded`], nor leave it (I11).

use serde::{Deserialize, Serialize};

/// Where a device stands in a rollout. Declared in climbing order; the numbers are what the
/// database keeps and never change meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum AttemptState {
    /// In a ring; not offered yet.
    Assigned = 0,
    /// May take the update; nothing heard since.
    Offered = 1,
    /// The observation window closed and no install had started: not seen, or not willing.
    Unresolved = 2,
    /// The offer was taken back before an install started.
    Withdrawn = 3,
    /// Said that it installs, or waits for the restart that ends the install.
    Installing = 4,
    /// Runs the new build; the healthy check-in that confirms it is still to come.
    Installed = 5,
    /// Started to install, then was not heard of for the whole observation window.
    Lost = 6,
    /// The install failed, or the device rolled back by itself. Counts at once; a later try that
    /// succeeds confirms the device after all.
    Failed = 7,
    /// Runs the new build and checked in healthy some hours after the restart.
    Confirmed = 8,
    /// Told to uninstall.
    Removing = 9,
    /// Runs the old build again.
    Removed = 10,
    /// Told to uninstall, and either not heard of for the whole observation window or still on the
    /// new build after twice that.
    Stranded = 11,
    /// Never to be offered; the reason is kept beside it.
    Excluded = 12,
}

impl AttemptState {
    /// Every state, in climbing order.
    pub const ALL: [Self; 13] = [
        Self::Assigned,
        Self::Offered,
        Self::Unresolved,
        Self::Withdrawn,
        Self::Installing,
        Self::Installed,
        Self::Lost,
        Self::Failed,
        Self::Confirmed,
        Self::Removing,
        Self::Removed,
        Self::Stranded,
        Self::Excluded,
    ];

    /// The number the database keeps.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state behind a number from the database.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code).ok().and_then(|index| Self::ALL.get(index)).copied()
    }

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Offered => "offered",
            Self::Unresolved => "unresolved",
            Self::Withdrawn => "withdrawn",
            Self::Installing => "installing",
            Self::Installed => "installed",
            Self::Lost => "lost",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::Removing => "removing",
            Self::Removed => "removed",
            Self::Stranded => "stranded",
            Self::Excluded => "excluded",
        }
    }

    /// The state after a device in this one reported `reported`.
    ///
    /// A device that was never offered, or is excluded, stays what it is: its report is about
    /// something this rollout did not do. A device that was told to uninstall only moves on to
    /// what ends an uninstall.
    #[must_use]
    pub fn after_report(self, reported: Self) -> Self {
        match self {
            Self::Assigned | Self::Excluded => self,
            Self::Removing => match reported {
                Self::Removed | Self::Stranded => reported,
                Self::Assigned | Self::Offered | Self::Unresolved | Self::Withdrawn => self,
                Self::Installing | Self::Installed | Self::Lost | Self::Confirmed => self,
                Self::Failed | Self::Removing | Self::Excluded => self,
            },
            // A stranded device that comes back on the old build is removed after all.
            Self::Stranded => match reported {
                Self::Removed => reported,
                Self::Assigned | Self::Offered | Self::Unresolved | Self::Withdrawn => self,
                Self::Installing | Self::Installed | Self::Lost | Self::Confirmed => self,
                Self::Failed | Self::Removing | Self::Stranded | Self::Excluded => self,
            },
            Self::Offered | Self::Unresolved | Self::Withdrawn | Self::Installing => {
                Self::climbed(self, reported)
            }
            Self::Installed | Self::Lost | Self::Confirmed | Self::Failed | Self::Removed => {
                Self::climbed(self, reported)
            }
        }
    }

    fn climbed(self, reported: Self) -> Self {
        match reported {
            // Ours to decide, not a device's to report.
            Self::Assigned | Self::Offered | Self::Withdrawn => self,
            Self::Removing | Self::Removed | Self::Stranded | Self::Excluded => self,
            Self::Unresolved | Self::Installing | Self::Installed => self.max(reported),
            Self::Lost | Self::Confirmed | Self::Failed => self.max(reported),
        }
    }
}
