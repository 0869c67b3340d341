//! What the service has to do, and for what.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::TenantId;

/// One kind of work. Each is done by whichever server claims it; doing it twice is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// Decide what a rollout does next. Subject: the rollout.
    Decide,
    /// Make Microsoft Graph agree with what was decided. Subject: the rollout.
    Enforce,
    /// Give up on devices of a rollout that were not heard of. Subject: the rollout.
    Sweep,
    /// Read what devices report. Subject: the tenant.
    Observe,
    /// Read catalogue, devices and groups from scratch. Subject: the tenant.
    Sync,
    /// Run the readiness checks. Subject: the tenant.
    Assess,
    /// Say of devices that changed how they stand, and place them. Subject: the tenant.
    Register,
    /// Make what an enrollment wants, or take it back; look for drift. Subject: the tenant.
    Enroll,
    /// Bring the Entra groups of rings up to date. Subject: the tenant.
    Members,
    /// Ask single devices to do something. Subject: the tenant.
    Act,
    /// Read the custom signals of a rollout. Subject: the rollout.
    Signal,
    /// Approve what the tenant's rules say. Subject: the tenant.
    Approve,
    /// Keep devices enrolled for drivers, and read which they need. Subject: the tenant.
    Drivers,
    /// Tell a receiver what happened. Subject: the webhook.
    Deliver,
    /// Tell people what there is to be told. Subject: the tenant.
    Notify,
    /// Hand support requests on. Subject: the desk.
    HandOn,
    /// Send letters. Subject: the chat, or the tenant for its e-mail.
    Send,
    /// Make a report that is due, and send it. Subject: the schedule.
    SendReport,
    /// Keep how the fleet stands at midnight, and raise alerts. Subject: the tenant.
    Report,
}

impl WorkKind {
    pub const ALL: [Self; 19] = [
        Self::Decide,
        Self::Enforce,
        Self::Sweep,
        Self::Observe,
        Self::Sync,
        Self::Assess,
        Self::Register,
        Self::Enroll,
        Self::Members,
        Self::Act,
        Self::Signal,
        Self::Approve,
        Self::Drivers,
        Self::Deliver,
        Self::Notify,
        Self::HandOn,
        Self::Send,
        Self::SendReport,
        Self::Report,
    ];

    /// The word used in tables and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Enforce => "enforce",
            Self::Sweep => "sweep",
            Self::Observe => "observe",
            Self::Sync => "sync",
            Self::Assess => "assess",
            Self::Register => "register",
            Self::Enroll => "enroll",
            Self::Members => "members",
            Self::Act => "act",
            Self::Signal => "signal",
            Self::Approve => "approve",
            Self::Drivers => "drivers",
            Self::Deliver => "deliver",
            Self::Notify => "notify",
            Self::HandOn => "hand_on",
            Self::Send => "send",
            Self::SendReport => "send_report",
            Self::Report => "report",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How often work of each kind was asked for, as far as one server has heard. Only good for telling
/// that it changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Nudges([u64; WorkKind::ALL.len()]);

impl Nudges {
    /// Somebody asked for work of this kind.
    pub fn add(&mut self, kind: WorkKind) {
        let count = &mut self.0[kind as usize];
        *count = count.wrapping_add(1);
    }

    /// Anybody may have asked for anything.
    pub fn add_all(&mut self) {
        for kind in WorkKind::ALL {
            self.add(kind);
        }
    }

    /// Changes whenever work of one of `kinds` was asked for.
    #[must_use]
    pub fn of(&self, kinds: &[WorkKind]) -> u64 {
        kinds.iter().fold(0, |sum, kind| sum.wrapping_add(self.0[*kind as usize]))
    }
}

/// What there will be to do when nobody asks for anything.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Upcoming {
    /// When the next piece of work that nobody holds is due.
    pub due: Option<DateTime<Utc>>,
    /// How long until the first lease on due work ends: whoever holds it may have died with it.
    pub lease_ends_in: Option<Duration>,
}

/// A claim on one piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub tenant: TenantId,
    pub kind: WorkKind,
    /// A rollout, a webhook, a support desk, a chat, a schedule or a tenant.
    pub subject: Uuid,
    /// Names this claim: a later one has a higher fence.
    pub fence: i64,
    /// How often it had been asked for when it was claimed.
    pub nudges: i64,
    /// How often in a row it failed before.
    pub failures: i32,
}
