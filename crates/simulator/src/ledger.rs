//! The ledger: what really happened to each device, kept apart from what Graph tells.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::choice::{Choices, Purpose};
use crate::clock::{Seconds, moment};
use crate::tenant::catalog::Catalog;

/// A copy of everything written so far.
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
    /// The Entra deviceId.
    pub device: Uuid,
    pub event: String,
    pub catalog_entry: String,
    pub policy: Option<String>,
    pub group: Option<String>,
    pub code: Option<String>,
}

/// How often each event happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSummary {
    pub events: BTreeMap<String, u64>,
    /// Per catalogue entry, per event.
    pub catalog_entries: BTreeMap<String, BTreeMap<String, u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    Offered,
    DownloadStarted,
    InstallStarted,
    Installed,
    InstallFailed,
    WentDark,
    UninstallStarted,
    Uninstalled,
    ApprovalApproved,
    ApprovalSuspended,
    GroupMemberAdded,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::DownloadStarted => "download_started",
            Self::InstallStarted => "install_started",
            Self::Installed => "installed",
            Self::InstallFailed => "install_failed",
            Self::WentDark => "went_dark",
            Self::UninstallStarted => "uninstall_started",
            Self::Uninstalled => "uninstalled",
            Self::ApprovalApproved => "approval_approved",
            Self::ApprovalSuspended => "approval_suspended",
            Self::GroupMemberAdded => "group_member_added",
        }
    }
}

/// A number standing for an identifier that many entries repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(u32);

/// The error codes installs fail with.
pub(crate) const CODES: [&str; 3] = ["0x80070643", "0x800f0922", "0x80073712"];

/// An entry in its compact form: a million devices write several million of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) at: Seconds,
    pub(crate) device: Option<u32>,
    pub(crate) policy: Option<Name>,
    pub(crate) group: Option<Name>,
    pub(crate) event: Event,
    pub(crate) level: Option<u8>,
    pub(crate) code: Option<u8>,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    lines: Vec<Line>,
    names: Vec<String>,
    numbers: HashMap<String, Name>,
    counts: BTreeMap<(Event, Option<u8>), u64>,
}

impl Book {
    pub(crate) fn name(&mut self, text: &str) -> Name {
        if let Some(&known) = self.numbers.get(text) {
            return known;
        }
        let name = Name(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(text.to_owned());
        self.numbers.insert(text.to_owned(), name);
        name
    }

    pub(crate) fn write(&mut self, line: Line) {
        *self.counts.entry((line.event, line.level)).or_default() += 1;
        self.lines.push(line);
    }

    pub(crate) fn summary(&self, catalog: &Catalog) -> LedgerSummary {
        let mut summary = LedgerSummary::default();
        for (&(event, level), &count) in &self.counts {
            *summary.events.entry(event.name().to_owned()).or_default() += count;
            let entry = level.and_then(|level| catalog.id_of(level));
            if let Some(entry) = entry {
                let of_entry = summary.catalog_entries.entry(entry).or_default();
                *of_entry.entry(event.name().to_owned()).or_default() += count;
            }
        }
        summary
    }

    pub(crate) fn snapshot(&self, choices: Choices, catalog: &Catalog) -> Ledger {
        let text = |name: Option<Name>| {
            name.and_then(|Name(at)| self.names.get(usize::try_from(at).ok()?).cloned())
        };
        let entries = (1_u64..).zip(&self.lines).map(|(seq, line)| LedgerEntry {
            seq,
            at: moment(line.at),
            device: line.device.map_or(Uuid::nil(), |index| choices.id(index, Purpose::DeviceId)),
            event: line.event.name().to_owned(),
            catalog_entry: line.level.and_then(|level| catalog.id_of(level)).unwrap_or_default(),
            policy: text(line.policy),
            group: text(line.group),
            code: line
                .code
                .and_then(|code| CODES.get(usize::from(code)))
                .map(|code| (*code).to_owned()),
        });
        Ledger { entries: entries.collect(), summary: self.summary(catalog) }
    }
}
