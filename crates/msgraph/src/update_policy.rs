//! Update policies: approvals of drivers for an audience (beta `/admin/windows/updates/updatePolicies`).
//!
//! A policy has no name: it is found by its audience. Its approvals are revoked for good, and made anew to
//! go on; Microsoft documents no other way to pause a driver. Policies here have no rules: nothing is
//! approved but by us.

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::ensure::{Entity, Wanted};
use crate::error::GraphError;
use crate::odata::{Version, nullable, segment};

const POLICIES: &str = "/admin/windows/updates/updatePolicies";
const APPROVAL: &str = "#microsoft.graph.windowsUpdates.contentApproval";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePolicy {
    id: String,
    created_date_time: Option<DateTime<FixedOffset>>,
    audience: Option<WireAudience>,
}

#[derive(Deserialize)]
struct WireAudience {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireApproval {
    id: String,
    created_date_time: Option<DateTime<FixedOffset>>,
    #[serde(default, deserialize_with = "nullable")]
    is_revoked: bool,
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

impl Client {
    /// The id of the policy for this audience, made without rules and approvals if there is none.
    pub async fn ensure_update_policy(&self, audience: &str) -> Result<String, GraphError> {
        let is_it = to(audience);
        let body = json!({
            "@odata.type": "#microsoft.graph.windowsUpdates.updatePolicy",
            "audience": { "id": audience },
            "complianceChangeRules": [],
        });
        Ok(self.ensure(&wanted(&is_it), &body).await?.id)
    }

    /// The id of the policy for this audience, if there is one.
    pub async fn find_update_policy(&self, audience: &str) -> Result<Option<String>, GraphError> {
        let is_it = to(audience);
        Ok(self.find(&wanted(&is_it)).await?.map(|found| found.id))
    }

    /// Sees to it that the policy offers this driver, by an approval that is not revoked. A policy has
    /// approvals of one driver alone.
    pub async fn approve_driver(
        &self,
        policy: &str,
        catalog_entry: &str,
    ) -> Result<(), GraphError> {
        let collection = approvals(policy);
        let wanted = Wanted {
            version: Version::Beta,
            list: &collection,
            collection: &collection,
            is_it: &|approval: &WireApproval| !approval.is_revoked,
        };
        self.ensure(&wanted, &approval(catalog_entry)).await?;
        Ok(())
    }

    /// Revokes whatever the policy approves.
    pub async fn revoke_drivers(&self, policy: &str) -> Result<(), GraphError> {
        let collection = approvals(policy);
        let mut pages =
            self.pages::<WireApproval, WireApproval>(Version::Beta, &collection, Some)?;
        let mut standing = Vec::new();
        while let Some(page) = pages.next().await? {
            standing.extend(page.into_iter().filter(|approval| !approval.is_revoked));
        }
        for approval in standing {
            let path = format!("{collection}/{}", segment(&approval.id));
            let body = json!({ "@odata.type": APPROVAL, "isRevoked": true });
            self.patch(Version::Beta, &path, body).await?;
        }
        Ok(())
    }

    /// Deletes a policy; one that is gone already is fine.
    pub async fn delete_update_policy(&self, policy: &str) -> Result<(), GraphError> {
        self.delete(Version::Beta, &format!("{POLICIES}/{}", segment(policy))).await
    }
}

fn to(audience: &str) -> impl Fn(&WirePolicy) -> bool + Sync {
    move |one| one.audience.as_ref().is_some_and(|found| found.id == audience)
}

fn wanted(is_it: &(dyn Fn(&WirePolicy) -> bool + Sync)) -> Wanted<'_, WirePolicy> {
    let list = "/admin/windows/updates/updatePolicies?$expand=audience";
    Wanted { version: Version::Beta, list, collection: POLICIES, is_it }
}

fn approvals(policy: &str) -> String {
    format!("{POLICIES}/{}/complianceChanges", segment(policy))
}

fn approval(catalog_entry: &str) -> Value {
    json!({
        "@odata.type": APPROVAL,
        "content": {
            "@odata.type": "#microsoft.graph.windowsUpdates.catalogContent",
            "catalogEntry": {
                "@odata.type": "#microsoft.graph.windowsUpdates.driverUpdateCatalogEntry",
                "id": catalog_entry,
            },
        },
        "deploymentSettings": { "@odata.type": "#microsoft.graph.windowsUpdates.deploymentSettings" },
    })
}
