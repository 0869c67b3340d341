//! Quality update policies and their approvals (beta `/admin/windows/updates/policies`).
//!
//! The rings of a policy are in `quality_ring`. Never relies on automatic approval rules.

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::ensure::{Entity, Wanted};
use crate::error::GraphError;
use crate::odata::{Version, nullable, segment};

const POLICIES: &str = "/admin/windows/updates/policies";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityPolicySpec {
    /// The natural key, at most 200 characters.
    pub display_name: String,
    pub description: String,
}

/// Whether one update is offered under one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalStatus {
    Approved,
    Suspended,
    /// Read, never to be written.
    Other(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePolicy {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    created_date_time: Option<DateTime<FixedOffset>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireApproval {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    catalog_entry_id: String,
    #[serde(default, deserialize_with = "nullable")]
    status: String,
    created_date_time: Option<DateTime<FixedOffset>>,
}

impl Entity for WirePolicy {
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> Option<DateTime<FixedOffset>> {
        self.created_date_time
    }
}

impl Entity for WireApproval {
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> Option<DateTime<FixedOffset>> {
        self.created_date_time
    }
}

impl ApprovalStatus {
    fn from_wire(text: &str) -> Self {
        match text {
            "approved" => Self::Approved,
            "suspended" => Self::Suspended,
            other => Self::Other(other.to_owned()),
        }
    }

    fn to_wire(&self) -> &str {
        match self {
            Self::Approved => "approved",
            Self::Suspended => "suspended",
            Self::Other(other) => other,
        }
    }
}

impl Client {
    /// The id of the oldest policy of this name, or of a new one that approves nothing.
    pub async fn ensure_quality_policy(
        &self,
        spec: &QualityPolicySpec,
    ) -> Result<String, GraphError> {
        let wanted = Wanted {
            version: Version::Beta,
            list: POLICIES,
            collection: POLICIES,
            is_it: &|policy: &WirePolicy| policy.display_name == spec.display_name,
        };
        let body = json!({
            "@odata.type": "#microsoft.graph.windowsUpdates.qualityUpdatePolicy",
            "displayName": spec.display_name,
            "description": spec.description,
            "approvalRules": [],
        });
        Ok(self.ensure(&wanted, &body).await?.id)
    }

    /// Whether this update is approved under this policy; `None` if nobody has said anything.
    pub async fn approval_status(
        &self,
        policy_id: &str,
        catalog_entry_id: &str,
    ) -> Result<Option<ApprovalStatus>, GraphError> {
        let collection = approvals(policy_id);
        let found = self.find(&wanted_approval(&collection, &is(catalog_entry_id))).await?;
        Ok(found.map(|approval| ApprovalStatus::from_wire(&approval.status)))
    }

    /// Sets whether this update is offered under this policy.
    pub async fn ensure_approval(
        &self,
        policy_id: &str,
        catalog_entry_id: &str,
        status: &ApprovalStatus,
    ) -> Result<(), GraphError> {
        let collection = approvals(policy_id);
        let body = approval_body(catalog_entry_id, status);
        let approval =
            self.ensure(&wanted_approval(&collection, &is(catalog_entry_id)), &body).await?;
        if approval.status != status.to_wire() {
            let path = format!("{collection}/{}", segment(&approval.id));
            self.patch(Version::Beta, &path, body).await?;
        }
        Ok(())
    }

    /// The ids of all policies whose name begins so.
    pub async fn quality_policies_named(&self, prefix: &str) -> Result<Vec<String>, GraphError> {
        let mut pages = self.pages::<WirePolicy, WirePolicy>(Version::Beta, POLICIES, Some)?;
        let mut found = Vec::new();
        while let Some(policies) = pages.next().await? {
            let ours = policies.into_iter().filter(|one| one.display_name.starts_with(prefix));
            found.extend(ours.map(|policy| policy.id));
        }
        Ok(found)
    }

    /// Deletes a policy; one that is gone already is fine.
    pub async fn delete_quality_policy(&self, policy_id: &str) -> Result<(), GraphError> {
        self.delete(Version::Beta, &policy_path(policy_id)).await
    }
}

pub(crate) fn policy_path(policy_id: &str) -> String {
    format!("{POLICIES}/{}", segment(policy_id))
}

fn approvals(policy_id: &str) -> String {
    format!("{}/approvals", policy_path(policy_id))
}

fn approval_body(catalog_entry_id: &str, status: &ApprovalStatus) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.windowsUpdates.policyApproval",
        "catalogEntryId": catalog_entry_id,
        "status": status.to_wire(),
    })
}

fn is(catalog_entry_id: &str) -> impl Fn(&WireApproval) -> bool + Sync {
    move |approval| approval.catalog_entry_id == catalog_entry_id
}

fn wanted_approval<'a>(
    collection: &'a str,
    is_it: &'a (dyn Fn(&WireApproval) -> bool + Sync),
) -> Wanted<'a, WireApproval> {
    Wanted { version: Version::Beta, list: collection, collection, is_it }
}
