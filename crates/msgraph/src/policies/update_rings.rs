//! Update rings: Windows Update for Business as Intune configures it.
//!
//! Never sets what stops or uninstalls updates; that is `update_ring`'s.

use domain::enrollment::object::UpdateRingPayload;
use serde_json::{Map, Value, json};

use super::Policy;
use super::area::PolicyArea;

const QUALITY_DEFERRAL: &str = "qualityUpdatesDeferralPeriodInDays";
const QUALITY_DEADLINE: &str = "deadlineForQualityUpdatesInDays";
const FEATURE_DEFERRAL: &str = "featureUpdatesDeferralPeriodInDays";
const FEATURE_DEADLINE: &str = "deadlineForFeatureUpdatesInDays";
const GRACE: &str = "deadlineGracePeriodInDays";
const ROLLBACK: &str = "featureUpdatesRollbackWindowInDays";
const NO_DRIVERS: &str = "driversExcluded";
const POSTPONE: &str = "postponeRebootUntilAfterDeadline";
const MICROSOFT_UPDATE: &str = "microsoftUpdateServiceAllowed";

impl Policy for UpdateRingPayload {
    fn area() -> PolicyArea {
        PolicyArea::UPDATE_RINGS
    }

    fn encode(&self) -> Map<String, Value> {
        let properties = [
            (QUALITY_DEFERRAL, json!(self.quality_deferral_days)),
            (QUALITY_DEADLINE, json!(self.quality_deadline_days)),
            (FEATURE_DEFERRAL, json!(self.feature_deferral_days)),
            (FEATURE_DEADLINE, json!(self.feature_deadline_days)),
            (GRACE, json!(self.grace_days)),
            (ROLLBACK, json!(self.feature_rollback_days)),
            (NO_DRIVERS, json!(self.drivers_excluded)),
            (POSTPONE, json!(self.postpone_reboot_until_after_deadline)),
            (MICROSOFT_UPDATE, json!(self.microsoft_update_allowed)),
        ];
        properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn decode(object: &Map<String, Value>) -> Self {
        let is_on = |name: &str| object.get(name).and_then(Value::as_bool).unwrap_or(false);
        Self {
            quality_deferral_days: days(object, QUALITY_DEFERRAL).unwrap_or(0),
            quality_deadline_days: days(object, QUALITY_DEADLINE),
            feature_deferral_days: days(object, FEATURE_DEFERRAL).unwrap_or(0),
            feature_deadline_days: days(object, FEATURE_DEADLINE),
            grace_days: days(object, GRACE),
            feature_rollback_days: days(object, ROLLBACK),
            drivers_excluded: is_on(NO_DRIVERS),
            postpone_reboot_until_after_deadline: is_on(POSTPONE),
            microsoft_update_allowed: is_on(MICROSOFT_UPDATE),
        }
    }
}

/// A number of days; what is out of range (a feature deferral goes to 365) is the largest we have.
pub(super) fn days(object: &Map<String, Value>, name: &str) -> Option<u8> {
    let days = object.get(name)?.as_u64()?;
    Some(u8::try_from(days).unwrap_or(u8::MAX))
}
