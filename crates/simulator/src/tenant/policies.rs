//! Quality update policies with their rings and approvals.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{DAY, MINUTE, Seconds};
use crate::tenant::{Object, Properties};

/// How long Windows Update takes to act on a changed approval or ring.
pub(crate) const POLICY_DELAY: Seconds = 2 * MINUTE;

/// A setting that Windows Update acts on some time after it was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lagging<Setting> {
    written: Setting,
    before: Setting,
    changed: Seconds,
}

impl<Setting: Copy> Lagging<Setting> {
    pub(crate) const fn settled(setting: Setting) -> Self {
        Self { written: setting, before: setting, changed: Seconds::MIN }
    }

    pub(crate) fn set(&mut self, setting: Setting, now: Seconds) {
        *self = Self { written: setting, before: self.effective(now), changed: now };
    }

    pub(crate) fn written(&self) -> Setting {
        self.written
    }

    pub(crate) fn effective(&self, now: Seconds) -> Setting {
        if now >= self.takes_effect() { self.written } else { self.before }
    }

    pub(crate) fn takes_effect(&self) -> Seconds {
        self.changed.saturating_add(POLICY_DELAY)
    }
}

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) object: Object,
    pub(crate) rings: Vec<Ring>,
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
    /// `None` before there was one.
    pub(crate) status: Lagging<Option<Status>>,
}

#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) object: Object,
    pub(crate) paused: Lagging<bool>,
}

pub(crate) const POLICY: [&str; 3] = ["displayName", "description", "approvalRules"];
const RING: [&str; 7] = [
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

    pub(crate) fn ring_mut(&mut self, id: &str) -> Option<&mut Ring> {
        let id: Uuid = id.parse().ok()?;
        self.rings.iter_mut().find(|ring| ring.object.id == id)
    }

    pub(crate) fn approval_mut(&mut self, id: &str) -> Option<&mut Approval> {
        let id: Uuid = id.parse().ok()?;
        self.approvals.iter_mut().find(|approval| approval.object.id == id)
    }
}

impl Ring {
    /// A ring as sent, with the values Graph fills in.
    pub(crate) fn new(sent: &Value, now: Seconds) -> Self {
        let mut object = Object::new(sent, &RING, now);
        for (name, fallback) in [
            ("deferralInDays", json!(0)),
            ("isPaused", json!(false)),
            ("isHotpatchEnabled", json!(false)),
            ("includedGroupAssignment", json!({ "assignments": [] })),
            ("excludedGroupAssignment", json!({ "assignments": [] })),
        ] {
            object.properties.entry(name).or_insert(fallback);
        }
        let paused = Lagging::settled(object.flag("isPaused"));
        Self { object, paused }
    }

    /// Whether the ring was paused or resumed by this.
    pub(crate) fn merge(&mut self, sent: &Value, now: Seconds) -> Option<bool> {
        self.object.merge(sent, &RING, now);
        let paused = self.object.flag("isPaused");
        let turned = paused != self.paused.written;
        if turned {
            self.paused.set(paused, now);
        }
        turned.then_some(paused)
    }

    pub(crate) fn json(&self) -> Properties {
        self.object.json("windowsUpdates.qualityUpdateRing")
    }

    pub(crate) fn deferral(&self) -> Seconds {
        let days = self.object.properties.get("deferralInDays").and_then(Value::as_i64);
        days.unwrap_or(0) * DAY
    }
}

impl Approval {
    pub(crate) fn new(entry: &str, level: u8, status: Status, now: Seconds) -> Self {
        let mut new = Self {
            object: Object::new(&Value::Null, &[], now),
            entry: entry.to_owned(),
            level,
            status: Lagging::settled(None),
        };
        new.set(status, now);
        new
    }

    pub(crate) fn set(&mut self, status: Status, now: Seconds) {
        self.status.set(Some(status), now);
        self.object.modified = now;
    }

    /// The status as it was written last.
    pub(crate) fn written(&self) -> Option<Status> {
        self.status.written
    }

    pub(crate) fn json(&self) -> Properties {
        let mut shown = self.object.json("windowsUpdates.policyApproval");
        shown.insert("catalogEntryId".to_owned(), Value::from(self.entry.as_str()));
        let status = self.written().map(Status::name);
        shown.insert("status".to_owned(), Value::from(status));
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_change_before_the_first_is_seen_hides_it() {
        let mut paused = Lagging::settled(false);
        paused.set(true, 1000);
        assert!(!paused.effective(1000 + POLICY_DELAY - 1));
        assert!(paused.effective(1000 + POLICY_DELAY));
        paused.set(false, 1000 + POLICY_DELAY);
        paused.set(true, 1030 + POLICY_DELAY);
        assert!(paused.effective(1030 + POLICY_DELAY), "it was never seen as running");
    }
}
