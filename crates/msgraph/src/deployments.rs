//! Deployments of one update to an audience of devices (beta `/admin/windows/updates/deployments`).
//!
//! Speaks Entra device ids only. A deployment has no name: it is found by its audience, which has none
//! either, so whoever makes one keeps its id. 202 means accepted, not done.

use chrono::{DateTime, FixedOffset};
use domain::ids::EntraDeviceId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::ensure::{Entity, Wanted};
use crate::error::GraphError;
use crate::odata::{Version, segment};

const DEPLOYMENTS: &str = "/admin/windows/updates/deployments";
const AUDIENCES: &str = "/admin/windows/updates/deploymentAudiences";
const KIND: &str = "#microsoft.graph.windowsUpdates.deployment";
const PER_CALL: usize = 2000;

/// What is deployed. Never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentContent {
    /// A quality update, expedited: days until the restart is forced.
    Expedited { catalog_entry: String, days_until_forced_reboot: u8 },
    /// A Windows version.
    Feature { catalog_entry: String },
}

/// What we ask of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentRequest {
    /// To go on.
    Offer,
    Pause,
    /// To end, for good.
    Archive,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDeployment {
    id: String,
    created_date_time: Option<DateTime<FixedOffset>>,
    state: Option<WireState>,
    audience: Option<WireAudience>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireState {
    requested_value: Option<String>,
}

#[derive(Deserialize)]
struct WireAudience {
    id: String,
}

impl Entity for WireDeployment {
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> Option<DateTime<FixedOffset>> {
        self.created_date_time
    }
}

impl DeploymentRequest {
    const fn to_wire(self) -> &'static str {
        match self {
            Self::Offer => "none",
            Self::Pause => "paused",
            Self::Archive => "archived",
        }
    }
}

impl Client {
    /// A new audience without members. One whose answer is lost stays behind, and offers nothing.
    pub async fn create_audience(&self) -> Result<String, GraphError> {
        let answer = self.post_once(Version::Beta, AUDIENCES, json!({})).await?;
        let audience: WireAudience = answer.json()?;
        Ok(audience.id)
    }

    /// The id of the deployment to this audience, made if there is none.
    pub async fn ensure_deployment(
        &self,
        audience: &str,
        content: &DeploymentContent,
    ) -> Result<String, GraphError> {
        let is_it = to(audience);
        Ok(self.ensure(&wanted(&is_it), &body(audience, content)).await?.id)
    }

    /// The id of the deployment to this audience, if there is one.
    pub async fn find_deployment(&self, audience: &str) -> Result<Option<String>, GraphError> {
        let is_it = to(audience);
        Ok(self.find(&wanted(&is_it)).await?.map(|found| found.id))
    }

    /// Sets what is asked of a deployment. One that was archived stays so, whatever is asked.
    pub async fn request_deployment(
        &self,
        deployment: &str,
        request: DeploymentRequest,
    ) -> Result<(), GraphError> {
        let path = format!("{DEPLOYMENTS}/{}", segment(deployment));
        let mut value: Value = self.get_json(Version::Beta, &path).await?;
        // The documentation shows a wrapper that the schema does not have.
        if value["value"].is_object() {
            value = value["value"].take();
        }
        let found: WireDeployment =
            serde_json::from_value(value).map_err(|error| GraphError::decode(&path, error))?;
        let asked = found.state.and_then(|state| state.requested_value);
        let asked = asked.as_deref().unwrap_or("none");
        if asked == request.to_wire() || asked == DeploymentRequest::Archive.to_wire() {
            return Ok(());
        }
        let body = json!({
            "@odata.type": KIND,
            "state": {
                "@odata.type": "#microsoft.graph.windowsUpdates.deploymentState",
                "requestedValue": request.to_wire(),
            },
        });
        self.patch(Version::Beta, &path, body).await?;
        Ok(())
    }

    /// Devices that an audience is to have.
    pub async fn add_to_audience(
        &self,
        audience: &str,
        devices: &[EntraDeviceId],
    ) -> Result<(), GraphError> {
        self.update_audience(audience, "addMembers", devices).await
    }

    /// Devices that an audience is not to have any more.
    pub async fn remove_from_audience(
        &self,
        audience: &str,
        devices: &[EntraDeviceId],
    ) -> Result<(), GraphError> {
        self.update_audience(audience, "removeMembers", devices).await
    }

    /// Deletes a deployment; one that is gone already is fine.
    pub async fn delete_deployment(&self, deployment: &str) -> Result<(), GraphError> {
        self.delete(Version::Beta, &format!("{DEPLOYMENTS}/{}", segment(deployment))).await
    }

    /// Deletes an audience; one that is gone already is fine.
    pub async fn delete_audience(&self, audience: &str) -> Result<(), GraphError> {
        self.delete(Version::Beta, &format!("{AUDIENCES}/{}", segment(audience))).await
    }

    async fn update_audience(
        &self,
        audience: &str,
        what: &str,
        devices: &[EntraDeviceId],
    ) -> Result<(), GraphError> {
        let action = "microsoft.graph.windowsUpdates.updateAudienceById";
        let path = format!("{AUDIENCES}/{}/{action}", segment(audience));
        for chunk in devices.chunks(PER_CALL) {
            let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
            let body = json!({
                "memberEntityType": "#microsoft.graph.windowsUpdates.azureADDevice",
                what: ids,
            });
            self.post_again(Version::Beta, &path, body).await?;
        }
        Ok(())
    }
}

fn to(audience: &str) -> impl Fn(&WireDeployment) -> bool + Sync {
    move |one| one.audience.as_ref().is_some_and(|found| found.id == audience)
}

fn wanted(is_it: &(dyn Fn(&WireDeployment) -> bool + Sync)) -> Wanted<'_, WireDeployment> {
    let list = "/admin/windows/updates/deployments?$expand=audience";
    Wanted { version: Version::Beta, list, collection: DEPLOYMENTS, is_it }
}

fn body(audience: &str, content: &DeploymentContent) -> Value {
    let (kind, entry, settings) = match content {
        DeploymentContent::Expedited { catalog_entry, days_until_forced_reboot } => (
            "qualityUpdateCatalogEntry",
            catalog_entry,
            json!({
                "@odata.type": "#microsoft.graph.windowsUpdates.deploymentSettings",
                "expedite": { "isExpedited": true, "isReadinessTest": false },
                "userExperience": { "daysUntilForcedReboot": days_until_forced_reboot },
            }),
        ),
        DeploymentContent::Feature { catalog_entry } => (
            "featureUpdateCatalogEntry",
            catalog_entry,
            json!({ "@odata.type": "#microsoft.graph.windowsUpdates.deploymentSettings" }),
        ),
    };
    json!({
        "@odata.type": KIND,
        "content": {
            "@odata.type": "#microsoft.graph.windowsUpdates.catalogContent",
            "catalogEntry": {
                "@odata.type": format!("#microsoft.graph.windowsUpdates.{kind}"),
                "id": entry,
            },
        },
        "settings": settings,
        "audience": { "id": audience },
    })
}
