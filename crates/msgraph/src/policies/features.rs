//! Feature update profiles: which version of Windows devices are on.
//!
//! Never schedules: without rollout settings the version is offered at once.

use domain::enrollment::object::FeaturePayload;
use serde_json::{Map, Value, json};

use super::Policy;
use super::area::PolicyArea;

const VERSION: &str = "featureUpdateVersion";

impl Policy for FeaturePayload {
    fn area() -> PolicyArea {
        PolicyArea::FEATURES
    }

    fn encode(&self) -> Map<String, Value> {
        Map::from_iter([(VERSION.to_owned(), json!(self.version))])
    }

    fn decode(object: &Map<String, Value>) -> Self {
        let version = object.get(VERSION).and_then(Value::as_str).unwrap_or_default();
        Self { version: version.to_owned() }
    }
}
