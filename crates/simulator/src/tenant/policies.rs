//! Quality update policies with their rings and approvals.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{MINUTE, Seconds};
use crate::tenant::{Object, Properties};

/// How long Windows Update takes to act on a changed approval.
const APPROVAL_DELAY: Seconds = 2 * MINUTE;

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) object: Object,
    pub(crate) rings: Vec<Object>,
    pub(crate) approvals: Vec<Approval>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Approved,
    Suspended,
}

impl Status {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "approved" => Some(Self::Approved),
            "suspended" => Some(Self::Suspended),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Suspended => "suspended",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Approval {
    pub(crate) object: Object,
    pub(crate) entry: String,
    pub(crate) level: u8,
    pub(crate) status: Status,
    before: Option<Status>,
    changed: Seconds,
}

pub(crate) const POLICY: [&str; 3] = ["displayName", "description", "approvalRules"];
pub(crate) const RING: [&str; 7] = [
    "displayName",
    "description",
    "deferralInDays",
    "isPaused",
    "isHotpatchEnabled",
    "includedGroupAssignment",
    "excludedGroupAssignment",
];

impl Policy {
    pub(crate) fn new(sent: &Value, now: Seconds) -> Self {
        let mut object = Object::new(sent, &POLICY, now);
        object.properties.entry("approvalRules").or_insert_with(|| json!([]));
        Self { object, rings: Vec::new(), approvals: Vec::new() }
    }

    pub(crate) fn json(&self) -> Properties {
        self.object.json("windowsUpdates.qualityUpdatePolicy")
    }

    pub(crate) fn ring_mut(&mut self, id: &str) -> Option<&mut Object> {
        let id: Uuid = id.parse().ok()?;
        self.rings.iter_mut().find(|ring| ring.id == id)
    }

    pub(crate) fn approval_mut(&mut self, id: &str) -> Option<&mut Approval> {
        let id: Uuid = id.parse().ok()?;
        self.approvals.iter_mut().find(|approval| approval.object.id == id)
    }
}

/// A ring as sent, with the values Graph fills in.
pub(crate) fn new_ring(sent: &Value, now: Seconds) -> Object {
    let mut ring = Object::new(sent, &RING, now);
    for (name, fallback) in [
        ("deferralInDays", json!(0)),
        ("isPaused", json!(false)),
        ("isHotpatchEnabled", json!(false)),
        ("includedGroupAssignment", json!({ "assignments": [] })),
        ("excludedGroupAssignment", json!({ "assignments": [] })),
    ] {
        ring.properties.entry(name).or_insert(fallback);
    }
    ring
}

pub(crate) fn ring_json(ring: &Object) -> Properties {
    ring.json("windowsUpdates.qualityUpdateRing")
}

impl Approval {
    pub(crate) fn new(entry: &str, level: u8, status: Status, now: Seconds) -> Self {
        Self {
            object: Object::new(&Value::Null, &[], now),
            entry: entry.to_owned(),
            level,
            status,
            before: None,
            changed: now,
        }
    }

    pub(crate) fn set(&mut self, status: Status, now: Seconds) {
        self.before = self.effective(now);
        self.status = status;
        self.changed = now;
        self.object.modified = now;
    }

    /// The status Windows Update acts on; it lags behind the one that was written.
    pub(crate) fn effective(&self, now: Seconds) -> Option<Status> {
        if now >= self.takes_effect() { Some(self.status) } else { self.before }
    }

    pub(crate) fn takes_effect(&self) -> Seconds {
        self.changed.saturating_add(APPROVAL_DELAY)
    }

    pub(crate) fn json(&self) -> Properties {
        let mut shown = self.object.json("windowsUpdates.policyApproval");
        shown.insert("catalogEntryId".to_owned(), Value::from(self.entry.as_str()));
        shown.insert("status".to_owned(), Value::from(self.status.name()));
        shown
    }
}
