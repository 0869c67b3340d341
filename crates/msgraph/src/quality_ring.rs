//! The rings of a quality update policy: which group is offered what the policy approves.
//!
//! One group per ring. Never changes a ring that already is as wanted.

use chrono::{DateTime, FixedOffset};
use domain::ids::DirectoryObjectId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::ensure::{Entity, Wanted};
use crate::error::GraphError;
use crate::odata::{Version, nullable, segment};
use crate::quality_policy::policy_path;

const RING: &str = "#microsoft.graph.windowsUpdates.qualityUpdateRing";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingSpec {
    /// The natural key within the policy.
    pub display_name: String,
    pub description: String,
    pub group: DirectoryObjectId,
    /// 0 to 30.
    pub deferral_days: u32,
    pub paused: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRing {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    #[serde(default, deserialize_with = "nullable")]
    description: String,
    deferral_in_days: Option<u32>,
    is_paused: Option<bool>,
    included_group_assignment: Option<WireAssignment>,
    created_date_time: Option<DateTime<FixedOffset>>,
}

#[derive(Deserialize)]
struct WireAssignment {
    #[serde(default, deserialize_with = "nullable")]
    assignments: Vec<WireAssigned>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAssigned {
    group_id: Option<String>,
}

impl Entity for WireRing {
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> Option<DateTime<FixedOffset>> {
        self.created_date_time
    }
}

impl WireRing {
    fn is_as(&self, spec: &RingSpec) -> bool {
        let groups: Vec<Option<DirectoryObjectId>> = self
            .included_group_assignment
            .iter()
            .flat_map(|assignment| &assignment.assignments)
            .map(|assigned| assigned.group_id.as_deref()?.parse().ok())
            .collect();
        self.description == spec.description
            && self.deferral_in_days == Some(spec.deferral_days)
            && self.is_paused == Some(spec.paused)
            && groups == [Some(spec.group)]
    }
}

impl Client {
    /// The id of the policy's ring of this name, made or changed to be as wanted.
    pub async fn ensure_policy_ring(
        &self,
        policy_id: &str,
        spec: &RingSpec,
    ) -> Result<String, GraphError> {
        let collection = rings(policy_id);
        let wanted = Wanted {
            version: Version::Beta,
            list: &collection,
            collection: &collection,
            is_it: &|ring: &WireRing| ring.display_name == spec.display_name,
        };
        let body = body(spec);
        let ring = self.ensure(&wanted, &body).await?;
        if !ring.is_as(spec) {
            self.patch(Version::Beta, &ring_path(policy_id, &ring.id), body).await?;
        }
        Ok(ring.id)
    }

    /// Stops or resumes the offering to one ring.
    pub async fn set_ring_paused(
        &self,
        policy_id: &str,
        ring_id: &str,
        paused: bool,
    ) -> Result<(), GraphError> {
        let body = json!({ "@odata.type": RING, "isPaused": paused });
        self.patch(Version::Beta, &ring_path(policy_id, ring_id), body).await?;
        Ok(())
    }
}

fn rings(policy_id: &str) -> String {
    format!("{}/rings", policy_path(policy_id))
}

fn ring_path(policy_id: &str, ring_id: &str) -> String {
    format!("{}/{}", rings(policy_id), segment(ring_id))
}

fn body(spec: &RingSpec) -> Value {
    json!({
        "@odata.type": RING,
        "displayName": spec.display_name,
        "description": spec.description,
        "deferralInDays": spec.deferral_days,
        "isPaused": spec.paused,
        "includedGroupAssignment": {
            "@odata.type": "#microsoft.graph.windowsUpdates.includedGroupAssignment",
            "assignments": [{
                "@odata.type": "#microsoft.graph.windowsUpdates.assignedGroup",
                "groupId": spec.group.to_string(),
            }],
        },
    })
}
