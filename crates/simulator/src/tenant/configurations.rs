//! Intune device configurations, of which only Windows Update for Business ones act on devices.

use serde_json::Value;
use uuid::Uuid;

use crate::clock::{DAY, Seconds, moment, stamp};
use crate::tenant::{Object, Properties};

/// A pause ends by itself after this long.
const PAUSE: Seconds = 35 * DAY;

#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) object: Object,
    pub(crate) version: u32,
    pub(crate) assignments: Vec<Assignment>,
    pause_since: Option<Seconds>,
}

#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) id: String,
    pub(crate) target: Value,
}

/// Whom a target reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Everybody,
    Group(Uuid),
    NotGroup(Uuid),
}

const WRITABLE: [&str; 31] = [
    "displayName",
    "description",
    "allowWindows11Upgrade",
    "autoRestartNotificationDismissal",
    "automaticUpdateMode",
    "businessReadyUpdatesOnly",
    "deadlineForFeatureUpdatesInDays",
    "deadlineForQualityUpdatesInDays",
    "deadlineGracePeriodInDays",
    "deliveryOptimizationMode",
    "driversExcluded",
    "engagedRestartDeadlineInDays",
    "engagedRestartSnoozeScheduleInDays",
    "engagedRestartTransitionScheduleInDays",
    "featureUpdatesDeferralPeriodInDays",
    "featureUpdatesPaused",
    "featureUpdatesRollbackWindowInDays",
    "featureUpdatesWillBeRolledBack",
    "installationSchedule",
    "microsoftUpdateServiceAllowed",
    "postponeRebootUntilAfterDeadline",
    "prereleaseFeatures",
    "qualityUpdatesDeferralPeriodInDays",
    "qualityUpdatesPaused",
    "qualityUpdatesWillBeRolledBack",
    "scheduleImminentRestartWarningInMinutes",
    "scheduleRestartWarningInHours",
    "skipChecksBeforeRestart",
    "updateNotificationLevel",
    "updateWeeks",
    "userPauseAccess",
];

impl Configuration {
    pub(crate) fn new(sent: &Value, now: Seconds) -> Self {
        let mut new = Self {
            object: Object::new(&Value::Null, &[], now),
            version: 0,
            assignments: Vec::new(),
            pause_since: None,
        };
        for flag in
            ["qualityUpdatesPaused", "featureUpdatesPaused", "qualityUpdatesWillBeRolledBack"]
        {
            new.object.properties.insert(flag.to_owned(), Value::from(false));
        }
        new.merge(sent, now);
        new
    }

    pub(crate) fn merge(&mut self, sent: &Value, now: Seconds) {
        let rolled_back = self.object.flag("qualityUpdatesWillBeRolledBack");
        self.object.merge(sent, &WRITABLE, now);
        self.version += 1;
        self.pause_since = match (self.object.flag("qualityUpdatesPaused"), self.pause_since) {
            (true, None) => Some(now),
            (true, since) => since,
            (false, _) => None,
        };
        if self.object.flag("qualityUpdatesWillBeRolledBack") && !rolled_back {
            let since = Value::from(stamp(now));
            self.object.properties.insert("qualityUpdatesRollbackStartDateTime".to_owned(), since);
        }
    }

    pub(crate) fn paused_until(&self) -> Option<Seconds> {
        self.pause_since.map(|since| since + PAUSE)
    }

    pub(crate) fn rolled_back(&self) -> bool {
        self.object.flag("qualityUpdatesWillBeRolledBack")
    }

    pub(crate) fn json(&self) -> Properties {
        let mut shown = self.object.json("windowsUpdateForBusinessConfiguration");
        shown.insert("version".to_owned(), Value::from(self.version));
        let date = self.pause_since.map(|since| moment(since).format("%Y-%m-%d").to_string());
        shown.insert("qualityUpdatesPauseStartDate".to_owned(), Value::from(date));
        let expiry = self.paused_until().map(stamp);
        shown.insert("qualityUpdatesPauseExpiryDateTime".to_owned(), Value::from(expiry));
        shown
    }

    /// Replaces the whole set of assignments.
    pub(crate) fn assign(&mut self, targets: Vec<Value>, now: Seconds) {
        self.object.modified = now;
        let id = self.object.id;
        self.assignments = targets
            .into_iter()
            .map(|target| {
                let group = target.get("groupId").and_then(Value::as_str).unwrap_or("all");
                Assignment { id: format!("{id}_{group}"), target }
            })
            .collect();
    }
}

impl Assignment {
    pub(crate) fn reach(&self) -> Option<Reach> {
        let kind = self.target.get("@odata.type").and_then(Value::as_str)?;
        let group = || self.target.get("groupId")?.as_str()?.parse().ok();
        match kind.trim_start_matches('#').trim_start_matches("microsoft.graph.") {
            "allDevicesAssignmentTarget" => Some(Reach::Everybody),
            "groupAssignmentTarget" => group().map(Reach::Group),
            "exclusionGroupAssignmentTarget" => group().map(Reach::NotGroup),
            _ => None,
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::json!({
            "@odata.type": "#microsoft.graph.deviceConfigurationAssignment",
            "id": self.id,
            "target": self.target,
        })
    }
}
