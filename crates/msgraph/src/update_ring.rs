//! Intune's update rings (`windowsUpdateForBusinessConfiguration`): the only way to uninstall.
//!
//! Never touches feature updates, and never a device configuration of another kind.

use chrono::{DateTime, FixedOffset};
use domain::ids::DirectoryObjectId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::ensure::{Entity, Wanted};
use crate::error::GraphError;
use crate::odata::{Version, nullable, segment};

const CONFIGURATIONS: &str = "/deviceManagement/deviceConfigurations";
const KIND: &str = "#microsoft.graph.windowsUpdateForBusinessConfiguration";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRingSpec {
    /// The natural key.
    pub display_name: String,
    pub description: String,
    pub quality_paused: bool,
    /// Uninstall the latest quality update at the next check-in.
    pub quality_rolled_back: bool,
    pub deferral_days: u32,
    pub deadline_days: Option<u32>,
    pub grace_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUpdateRing {
    id: String,
    #[serde(rename = "@odata.type", default, deserialize_with = "nullable")]
    odata_type: String,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    #[serde(default, deserialize_with = "nullable")]
    description: String,
    quality_updates_paused: Option<bool>,
    quality_updates_will_be_rolled_back: Option<bool>,
    quality_updates_deferral_period_in_days: Option<u32>,
    deadline_for_quality_updates_in_days: Option<u32>,
    deadline_grace_period_in_days: Option<u32>,
    created_date_time: Option<DateTime<FixedOffset>>,
}

impl Entity for WireUpdateRing {
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> Option<DateTime<FixedOffset>> {
        self.created_date_time
    }
}

impl WireUpdateRing {
    fn is_as(&self, spec: &UpdateRingSpec) -> bool {
        self.description == spec.description
            && self.quality_updates_paused.unwrap_or(false) == spec.quality_paused
            && self.quality_updates_will_be_rolled_back.unwrap_or(false) == spec.quality_rolled_back
            && self.quality_updates_deferral_period_in_days.unwrap_or(0) == spec.deferral_days
            && self.deadline_for_quality_updates_in_days == spec.deadline_days
            && self.deadline_grace_period_in_days == spec.grace_days
    }
}

impl Client {
    /// The id of the update ring of this name, made or changed to be as wanted.
    pub async fn ensure_update_ring(&self, spec: &UpdateRingSpec) -> Result<String, GraphError> {
        let wanted = Wanted {
            version: Version::V1,
            // The list holds every kind of configuration; filtering on this one is unsupported.
            list: CONFIGURATIONS,
            collection: CONFIGURATIONS,
            is_it: &|ring: &WireUpdateRing| {
                ring.odata_type == KIND && ring.display_name == spec.display_name
            },
        };
        let body = body(spec);
        let ring = self.ensure(&wanted, &body).await?;
        if !ring.is_as(spec) {
            self.patch(Version::V1, &ring_path(&ring.id), body).await?;
        }
        Ok(ring.id)
    }

    /// Makes exactly these groups the update ring's targets.
    pub async fn assign_update_ring(
        &self,
        ring_id: &str,
        groups: &[DirectoryObjectId],
    ) -> Result<(), GraphError> {
        let assignments: Vec<Value> = groups
            .iter()
            .map(|group| {
                json!({
                    "@odata.type": "#microsoft.graph.deviceConfigurationAssignment",
                    "target": {
                        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
                        "groupId": group.to_string(),
                    },
                })
            })
            .collect();
        let path = format!("{}/assign", ring_path(ring_id));
        self.post_again(Version::V1, &path, json!({ "assignments": assignments })).await?;
        Ok(())
    }

    /// Deletes an update ring; one that is gone already is fine.
    pub async fn delete_update_ring(&self, ring_id: &str) -> Result<(), GraphError> {
        self.delete(Version::V1, &ring_path(ring_id)).await
    }
}

fn ring_path(ring_id: &str) -> String {
    format!("{CONFIGURATIONS}/{}", segment(ring_id))
}

fn body(spec: &UpdateRingSpec) -> Value {
    json!({
        "@odata.type": KIND,
        "displayName": spec.display_name,
        "description": spec.description,
        "qualityUpdatesPaused": spec.quality_paused,
        "qualityUpdatesWillBeRolledBack": spec.quality_rolled_back,
        "qualityUpdatesDeferralPeriodInDays": spec.deferral_days,
        "deadlineForQualityUpdatesInDays": spec.deadline_days,
        "deadlineGracePeriodInDays": spec.grace_days,
    })
}
