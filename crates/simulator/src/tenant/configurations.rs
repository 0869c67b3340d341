//! Intune device configurations of every kind. Only Windows Update for Business ones act on
//! devices; of them the properties are known, of the others everything sent is kept.

use serde_json::{Value, json};

use crate::clock::{DAY, Seconds, moment, stamp};
use crate::graph::request::Version;
use crate::tenant::assignments::Assignment;
use crate::tenant::{Object, Properties};

/// A pause ends by itself after this long.
const PAUSE: Seconds = 35 * DAY;

pub(crate) const UPDATE_RING: &str = "windowsUpdateForBusinessConfiguration";

#[derive(Debug)]
pub(crate) struct Configuration {
    /// The type without its namespace.
    pub(crate) kind: String,
    pub(crate) object: Object,
    pub(crate) version: u32,
    pub(crate) assignments: Vec<Assignment>,
    quality: Stopped,
    feature: Stopped,
}

/// Since when updates of one kind are paused, and rolled back.
#[derive(Debug, Default)]
struct Stopped {
    paused: Option<Seconds>,
    rolled_back: Option<Seconds>,
}

/// What a new update ring has where the client says nothing.
fn fallback(name: &str) -> Value {
    match name {
        "autoRestartNotificationDismissal"
        | "updateNotificationLevel"
        | "userPauseAccess"
        | "userWindowsUpdateScanAccess" => json!("notConfigured"),
        "automaticUpdateMode"
        | "businessReadyUpdatesOnly"
        | "deliveryOptimizationMode"
        | "prereleaseFeatures" => json!("userDefined"),
        "allowWindows11Upgrade"
        | "driversExcluded"
        | "featureUpdatesPaused"
        | "featureUpdatesWillBeRolledBack"
        | "microsoftUpdateServiceAllowed"
        | "qualityUpdatesPaused"
        | "qualityUpdatesWillBeRolledBack"
        | "skipChecksBeforeRestart" => json!(false),
        "featureUpdatesDeferralPeriodInDays" | "qualityUpdatesDeferralPeriodInDays" => json!(0),
        "roleScopeTagIds" => json!(["0"]),
        _ => Value::Null,
    }
}

/// Everything about an update ring that a client may write.
const WRITABLE: [&str; 33] = [
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
    "roleScopeTagIds",
    "scheduleImminentRestartWarningInMinutes",
    "scheduleRestartWarningInHours",
    "skipChecksBeforeRestart",
    "updateNotificationLevel",
    "updateWeeks",
    "userPauseAccess",
    "userWindowsUpdateScanAccess",
];

/// What no client writes, whatever the kind.
const READ_ONLY: [&str; 9] = [
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "version",
    "assignments",
    "deviceStatuses",
    "deviceStatusOverview",
    "supportsScopeTags",
    "@odata.context",
];

/// What only the beta shows.
const BETA: [&str; 2] = ["roleScopeTagIds", "supportsScopeTags"];

impl Stopped {
    fn follow(&mut self, object: &Object, [paused, rolled_back]: [&str; 2], now: Seconds) {
        let since = |flag, since: Option<Seconds>| object.flag(flag).then(|| since.unwrap_or(now));
        self.paused = since(paused, self.paused);
        self.rolled_back = since(rolled_back, self.rolled_back);
    }
}

impl Configuration {
    pub(crate) fn new(kind: &str, sent: &Value, now: Seconds) -> Self {
        let mut new = Self {
            kind: kind.to_owned(),
            object: Object::new(&Value::Null, &[], now),
            version: 0,
            assignments: Vec::new(),
            quality: Stopped::default(),
            feature: Stopped::default(),
        };
        if new.is_update_ring() {
            let fallbacks = WRITABLE.map(|name| (name.to_owned(), fallback(name)));
            new.object.properties.extend(fallbacks);
        }
        new.merge(sent, now);
        new
    }

    pub(crate) fn is_update_ring(&self) -> bool {
        self.kind == UPDATE_RING
    }

    pub(crate) fn merge(&mut self, sent: &Value, now: Seconds) {
        self.version += 1;
        if !self.is_update_ring() {
            let names = sent.as_object().into_iter().flat_map(Properties::keys);
            let kept = |name: &&str| !READ_ONLY.contains(name) && !name.starts_with('@');
            let names: Vec<&str> = names.map(String::as_str).filter(kept).collect();
            return self.object.merge(sent, &names, now);
        }
        self.object.merge(sent, &WRITABLE, now);
        let quality = ["qualityUpdatesPaused", "qualityUpdatesWillBeRolledBack"];
        self.quality.follow(&self.object, quality, now);
        let feature = ["featureUpdatesPaused", "featureUpdatesWillBeRolledBack"];
        self.feature.follow(&self.object, feature, now);
    }

    pub(crate) fn paused_until(&self) -> Option<Seconds> {
        self.quality.paused.map(|since| since + PAUSE)
    }

    /// How long after its release it offers a quality update.
    pub(crate) fn deferral(&self) -> Seconds {
        let days = self.object.properties.get("qualityUpdatesDeferralPeriodInDays");
        days.and_then(Value::as_i64).unwrap_or(0) * DAY
    }

    pub(crate) fn rolled_back(&self) -> bool {
        self.quality.rolled_back.is_some()
    }

    pub(crate) fn feature_paused_until(&self) -> Option<Seconds> {
        self.feature.paused.map(|since| since + PAUSE)
    }

    pub(crate) fn feature_rolled_back(&self) -> bool {
        self.feature.rolled_back.is_some()
    }

    /// How many days devices can go back after an upgrade, where it says so.
    pub(crate) fn window(&self) -> Option<u8> {
        let days = self.object.properties.get("featureUpdatesRollbackWindowInDays")?.as_u64()?;
        u8::try_from(days).ok()
    }

    pub(crate) fn json(&self, version: Version) -> Properties {
        let mut shown = self.object.json(&self.kind);
        shown.insert("version".to_owned(), Value::from(self.version));
        shown.insert("supportsScopeTags".to_owned(), Value::from(true));
        if version == Version::V1 {
            shown.retain(|name, _| !BETA.contains(&name.as_str()));
        }
        if self.is_update_ring() {
            for (of, stopped) in [("quality", &self.quality), ("feature", &self.feature)] {
                let date = stopped.paused.map(|since| moment(since).format("%Y-%m-%d").to_string());
                shown.insert(format!("{of}UpdatesPauseStartDate"), Value::from(date));
                let expiry = stopped.paused.map(|since| stamp(since + PAUSE));
                shown.insert(format!("{of}UpdatesPauseExpiryDateTime"), Value::from(expiry));
                let since = stopped.rolled_back.map(stamp);
                shown.insert(format!("{of}UpdatesRollbackStartDateTime"), Value::from(since));
            }
        }
        shown
    }

    pub(crate) fn assigned(&self) -> Vec<Value> {
        let kind = "deviceConfigurationAssignment";
        self.assignments.iter().map(|assignment| assignment.json(kind)).collect()
    }
}
