//! The ledger: what really happened to each device, kept apart from what Graph tells.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::choice::{Choices, Purpose};
use crate::clock::{Packed, Seconds, moment};
use crate::tenant::catalog::Catalog;
use crate::tenant::deployments::AUDIENCE_DELAY;
use crate::tenant::groups::MEMBERSHIP_DELAY;
use crate::tenant::policies::POLICY_DELAY;

/// A copy of everything written so far, or of a part.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ledger {
    pub entries: Vec<LedgerEntry>,
    pub summary: LedgerSummary,
}

/// One thing that happened. Control events carry the nil device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    pub seq: u64,
    /// Simulated time.
    pub at: DateTime<Utc>,
    /// When devices are told of what an administrator did; no offer ignores it from then on.
    pub effective: Option<DateTime<Utc>>,
    /// The Entra deviceId.
    pub device: Uuid,
    pub event: String,
    pub catalog_entry: String,
    pub policy: Option<String>,
    /// The group that brought the offer, or was changed.
    pub group: Option<String>,
    /// The ring that was paused or resumed.
    pub ring: Option<String>,
    pub code: Option<String>,
}

/// How often each event happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSummary {
    pub events: BTreeMap<String, u64>,
    /// Per catalogue entry, per event.
    pub catalog_entries: BTreeMap<String, BTreeMap<String, u64>>,
    /// What administrators did to approvals and rings, oldest first.
    pub controls: Vec<LedgerEntry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    Offered,
    DownloadStarted,
    InstallStarted,
    Installed,
    InstallFailed,
    /// A scan takes up again what failed before.
    RetryStarted,
    /// The last attempt failed; the device does not try this update again.
    GaveUp,
    /// Work stopped before the install because the content is withdrawn or paused.
    Held,
    Resumed,
    WentDark,
    UninstallStarted,
    Uninstalled,
    ApprovalApproved,
    ApprovalSuspended,
    ApprovalDeleted,
    /// Of a driver, for good.
    ApprovalRevoked,
    RingPaused,
    RingResumed,
    RingDeleted,
    GroupMemberAdded,
    GroupMemberRemoved,
    DeploymentOffering,
    DeploymentPaused,
    DeploymentArchived,
    DeploymentDeleted,
    AudienceMemberAdded,
    AudienceMemberRemoved,
    /// Two policies say differently to a device, so neither counts.
    PolicyConflict,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::DownloadStarted => "download_started",
            Self::InstallStarted => "install_started",
            Self::Installed => "installed",
            Self::InstallFailed => "install_failed",
            Self::RetryStarted => "retry_started",
            Self::GaveUp => "gave_up",
            Self::Held => "held",
            Self::Resumed => "resumed",
            Self::WentDark => "went_dark",
            Self::UninstallStarted => "uninstall_started",
            Self::Uninstalled => "uninstalled",
            Self::ApprovalApproved => "approval_approved",
            Self::ApprovalSuspended => "approval_suspended",
            Self::ApprovalDeleted => "approval_deleted",
            Self::ApprovalRevoked => "approval_revoked",
            Self::RingPaused => "ring_paused",
            Self::RingResumed => "ring_resumed",
            Self::RingDeleted => "ring_deleted",
            Self::GroupMemberAdded => "group_member_added",
            Self::GroupMemberRemoved => "group_member_removed",
            Self::DeploymentOffering => "deployment_offering",
            Self::DeploymentPaused => "deployment_paused",
            Self::DeploymentArchived => "deployment_archived",
            Self::DeploymentDeleted => "deployment_deleted",
            Self::AudienceMemberAdded => "audience_member_added",
            Self::AudienceMemberRemoved => "audience_member_removed",
            Self::PolicyConflict => "policy_conflict",
        }
    }

    /// How long devices go on without knowing; `None` for what devices do themselves.
    const fn delay(self) -> Option<Seconds> {
        match self {
            Self::ApprovalApproved
            | Self::ApprovalSuspended
            | Self::ApprovalRevoked
            | Self::RingPaused
            | Self::RingResumed
            | Self::DeploymentOffering
            | Self::DeploymentPaused
            | Self::DeploymentArchived => Some(POLICY_DELAY),
            Self::GroupMemberAdded => Some(MEMBERSHIP_DELAY),
            Self::AudienceMemberAdded => Some(AUDIENCE_DELAY),
            Self::ApprovalDeleted | Self::RingDeleted | Self::GroupMemberRemoved => Some(0),
            Self::DeploymentDeleted | Self::AudienceMemberRemoved => Some(0),
            Self::Offered
            | Self::DownloadStarted
            | Self::InstallStarted
            | Self::Installed
            | Self::InstallFailed
            | Self::RetryStarted
            | Self::GaveUp
            | Self::Held
            | Self::Resumed
            | Self::WentDark
            | Self::UninstallStarted
            | Self::Uninstalled
            | Self::PolicyConflict => None,
        }
    }
}

/// A number standing for an identifier that many entries repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(NonZeroU32);

/// The error codes installs fail with.
pub(crate) const CODES: [&str; 3] = ["0x80070643", "0x800f0922", "0x80073712"];

/// What is written down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) at: Seconds,
    pub(crate) device: Option<u32>,
    pub(crate) policy: Option<Name>,
    pub(crate) subject: Subject,
    pub(crate) event: Event,
    pub(crate) level: Option<u8>,
    pub(crate) code: Option<u8>,
}

/// Beside the policy, what an entry is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    Nothing,
    Group(Name),
    Ring(Name),
}

/// A line as it is kept: a million devices write several million of them.
#[derive(Debug, Clone, Copy)]
struct Kept {
    at: Packed,
    /// `u32::MAX` for none.
    device: u32,
    policy: Option<Name>,
    subject: Option<Name>,
    event: Event,
    of_ring: bool,
    /// No content has level 0.
    level: u8,
    /// Place in [`CODES`], plus one.
    code: u8,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    lines: Vec<Kept>,
    /// Places of the lines about approvals and rings.
    controls: Vec<usize>,
    names: Vec<String>,
    numbers: HashMap<String, Name>,
    counts: BTreeMap<(Event, Option<u8>), u64>,
}

impl Book {
    pub(crate) fn name(&mut self, text: &str) -> Name {
        if let Some(&known) = self.numbers.get(text) {
            return known;
        }
        self.names.push(text.to_owned());
        let number = u32::try_from(self.names.len()).ok().and_then(NonZeroU32::new);
        let name = Name(number.unwrap_or(NonZeroU32::MAX));
        self.numbers.insert(text.to_owned(), name);
        name
    }

    pub(crate) fn write(&mut self, line: Line) {
        *self.counts.entry((line.event, line.level)).or_default() += 1;
        if line.event.delay().is_some() && line.device.is_none() {
            self.controls.push(self.lines.len());
        }
        let (subject, of_ring) = match line.subject {
            Subject::Nothing => (None, false),
            Subject::Group(name) => (Some(name), false),
            Subject::Ring(name) => (Some(name), true),
        };
        self.lines.push(Kept {
            at: Packed::from(line.at),
            device: line.device.unwrap_or(u32::MAX),
            policy: line.policy,
            subject,
            event: line.event,
            of_ring,
            level: line.level.unwrap_or(0),
            code: line.code.map_or(0, |code| code + 1),
        });
    }

    fn text(&self, name: Option<Name>) -> Option<String> {
        let place = usize::try_from(name?.0.get()).ok()?;
        self.names.get(place - 1).cloned()
    }

    fn entry(&self, place: usize, choices: Choices, catalog: &Catalog) -> Option<LedgerEntry> {
        let line = self.lines.get(place)?;
        let device = (line.device != u32::MAX).then_some(line.device);
        let subject = self.text(line.subject);
        let (group, ring) = if line.of_ring { (None, subject) } else { (subject, None) };
        let at = line.at.seconds();
        Some(LedgerEntry {
            seq: u64::try_from(place).unwrap_or(u64::MAX) + 1,
            at: moment(at),
            effective: line.event.delay().map(|delay| moment(at + delay)),
            device: device.map_or(Uuid::nil(), |index| choices.id(index, Purpose::DeviceId)),
            event: line.event.name().to_owned(),
            catalog_entry: catalog.id_of(line.level).unwrap_or_default(),
            policy: self.text(line.policy),
            group,
            ring,
            code: CODES.get(usize::from(line.code).wrapping_sub(1)).map(|code| (*code).to_owned()),
        })
    }

    /// The counters and the control events: cheap, whatever the size of the fleet.
    pub(crate) fn summary(&self, choices: Choices, catalog: &Catalog) -> LedgerSummary {
        let mut summary = LedgerSummary::default();
        for (&(event, level), &count) in &self.counts {
            *summary.events.entry(event.name().to_owned()).or_default() += count;
            let entry = level.and_then(|level| catalog.id_of(level));
            if let Some(entry) = entry {
                let of_entry = summary.catalog_entries.entry(entry).or_default();
                *of_entry.entry(event.name().to_owned()).or_default() += count;
            }
        }
        let controls = self.controls.iter();
        summary.controls =
            controls.filter_map(|place| self.entry(*place, choices, catalog)).collect();
        summary
    }

    /// At most `limit` entries that follow number `after`; the first has number 1.
    pub(crate) fn entries(
        &self,
        (after, limit): (usize, usize),
        choices: Choices,
        catalog: &Catalog,
    ) -> Vec<LedgerEntry> {
        let end = self.lines.len().min(after.saturating_add(limit));
        (after..end).filter_map(|place| self.entry(place, choices, catalog)).collect()
    }
}
