//! Driver update profiles: whether recommended drivers come by themselves.
//!
//! Never approves a single driver.

use domain::enrollment::object::DriversPayload;
use serde_json::{Map, Value, json};

use super::Policy;
use super::area::PolicyArea;
use super::update_rings::days;

const APPROVAL: &str = "approvalType";
const DEFERRAL: &str = "deploymentDeferralInDays";

impl Policy for DriversPayload {
    fn area() -> PolicyArea {
        PolicyArea::DRIVERS
    }

    fn encode(&self) -> Map<String, Value> {
        let approval = if self.automatic { "automatic" } else { "manual" };
        let mut properties = Map::from_iter([(APPROVAL.to_owned(), json!(approval))]);
        // Only with automatic approval (Intune's own rule).
        if let Some(days) = self.deferral_days.filter(|_| self.automatic) {
            properties.insert(DEFERRAL.to_owned(), json!(days));
        }
        properties
    }

    fn decode(object: &Map<String, Value>) -> Self {
        let automatic = object.get(APPROVAL).and_then(Value::as_str) == Some("automatic");
        let deferral_days = days(object, DEFERRAL).filter(|_| automatic);
        Self { automatic, deferral_days }
    }
}
