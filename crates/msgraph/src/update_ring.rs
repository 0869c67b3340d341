//! Intune's update rings (`windowsUpdateForBusinessConfiguration`): the only way to uninstall.
//!
//! Never touches a device configuration of another kind, nor feature updates unless asked.

use chrono::{DateTime, FixedOffset, Utc};
use domain::ids::DirectoryObjectId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::ensure::{Entity, Wanted};
use crate::error::GraphError;
use crate::odata::{Version, nullable, segment};
use crate::policies::WireTarget;

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
    /// None: what it says of them is left alone.
    pub feature: Option<FeatureUpdates>,
}

/// An update ring that may pause updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PausedRing {
    pub id: String,
    /// When the first of its pauses ends, if Graph said so; one that was begun or made anew by the call
    /// lasts 35 days from then.
    pub ends: Option<DateTime<Utc>>,
}

/// What an update ring says of feature updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureUpdates {
    pub paused: bool,
    /// Go back to the version before at the next check-in.
    pub rolled_back: bool,
    /// How long a device keeps what it takes to go back, 2 to 60; counts as it stood at the upgrade.
    pub rollback_window_days: u8,
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
    feature_updates_paused: Option<bool>,
    feature_updates_will_be_rolled_back: Option<bool>,
    feature_updates_rollback_window_in_days: Option<u32>,
    quality_updates_pause_expiry_date_time: Option<DateTime<FixedOffset>>,
    feature_updates_pause_expiry_date_time: Option<DateTime<FixedOffset>>,
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
            && spec.feature.is_none_or(|feature| self.feature() == feature)
    }

    fn feature(&self) -> FeatureUpdates {
        let window = self.feature_updates_rollback_window_in_days.unwrap_or(0);
        FeatureUpdates {
            paused: self.feature_updates_paused.unwrap_or(false),
            rolled_back: self.feature_updates_will_be_rolled_back.unwrap_or(false),
            rollback_window_days: u8::try_from(window).unwrap_or(u8::MAX),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAssignment {
    #[serde(default, deserialize_with = "nullable")]
    target: Value,
}

impl Client {
    /// The id of the update ring of this name, made or changed to be as wanted.
    pub async fn ensure_update_ring(&self, spec: &UpdateRingSpec) -> Result<String, GraphError> {
        Ok(self.ensure_ring(spec).await?.id)
    }

    /// The same for a ring that pauses updates: a pause that ends before `renew_before` is made
    /// anew. Microsoft ends every pause after 35 days; one that is lifted and made again counts from
    /// the start, and devices hear of either at their next check-in only.
    pub async fn ensure_paused_update_ring(
        &self,
        spec: &UpdateRingSpec,
        renew_before: DateTime<Utc>,
    ) -> Result<PausedRing, GraphError> {
        let ring = self.ensure_ring(spec).await?;
        let mut left: Option<DateTime<Utc>> = None;
        let pauses_feature = spec.feature.is_some_and(|feature| feature.paused);
        let pauses = [
            (
                "qualityUpdatesPaused",
                spec.quality_paused,
                ring.quality_updates_pause_expiry_date_time,
            ),
            ("featureUpdatesPaused", pauses_feature, ring.feature_updates_pause_expiry_date_time),
        ];
        for (property, wanted, ends) in pauses {
            let Some(ends) = ends.filter(|_| wanted).map(|ends| ends.to_utc()) else { continue };
            if ends >= renew_before {
                left = Some(left.map_or(ends, |left| left.min(ends)));
                continue;
            }
            for paused in [false, true] {
                let body = json!({ "@odata.type": KIND, property: paused });
                self.patch(Version::V1, &ring_path(&ring.id), body).await?;
            }
        }
        Ok(PausedRing { id: ring.id, ends: left })
    }

    /// Makes exactly these groups the update ring's targets, unless they are.
    pub async fn ensure_update_ring_targets(
        &self,
        ring_id: &str,
        groups: &[DirectoryObjectId],
    ) -> Result<(), GraphError> {
        let list = format!("{}/assignments", ring_path(ring_id));
        let mut pages = self.pages::<WireAssignment, WireAssignment>(Version::V1, &list, Some)?;
        let mut found = Vec::new();
        while let Some(assignments) = pages.next().await? {
            found.extend(assignments.into_iter().map(|one| WireTarget::decode(&one.target)));
        }
        let mut wanted: Vec<WireTarget> = groups.iter().copied().map(WireTarget::Group).collect();
        found.sort();
        wanted.sort();
        if found == wanted { Ok(()) } else { self.assign_update_ring(ring_id, groups).await }
    }

    async fn ensure_ring(&self, spec: &UpdateRingSpec) -> Result<WireUpdateRing, GraphError> {
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
        Ok(ring)
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
    let mut body = json!({
        "@odata.type": KIND,
        "displayName": spec.display_name,
        "description": spec.description,
        "qualityUpdatesPaused": spec.quality_paused,
        "qualityUpdatesWillBeRolledBack": spec.quality_rolled_back,
        "qualityUpdatesDeferralPeriodInDays": spec.deferral_days,
        "deadlineForQualityUpdatesInDays": spec.deadline_days,
        "deadlineGracePeriodInDays": spec.grace_days,
    });
    if let Some(feature) = spec.feature {
        body["featureUpdatesPaused"] = json!(feature.paused);
        body["featureUpdatesWillBeRolledBack"] = json!(feature.rolled_back);
        body["featureUpdatesRollbackWindowInDays"] = json!(feature.rollback_window_days);
    }
    body
}
