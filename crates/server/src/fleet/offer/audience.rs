//! A deployment to an audience of the devices offered so far.

use domain::duty::{RingObjects, WaveDevice};
use msgraph::{Client, DeploymentContent, DeploymentRequest};
use scheduler::FleetError;

use super::{Told, entra, graph, lacks};

impl Told<'_> {
    /// Deploys to the ring's audience. A new audience is all that is made at first: it is kept before
    /// a deployment is made for it, which then is found again by it, whatever was lost meanwhile.
    pub(super) async fn deploy(
        &self,
        objects: &mut RingObjects,
        content: &DeploymentContent,
    ) -> Result<(), FleetError> {
        let Some(audience) = &objects.audience else {
            let audience = self.client.create_audience().await.map_err(graph)?;
            objects.audience = Some(audience);
            return Ok(());
        };
        let deployment = match objects.policy.clone() {
            Some(deployment) => deployment,
            None => self.client.ensure_deployment(audience, content).await.map_err(graph)?,
        };
        let offer = DeploymentRequest::Offer;
        self.client.request_deployment(&deployment, offer).await.map_err(graph)?;
        objects.policy = Some(deployment);
        Ok(())
    }

    /// Asks the ring's deployment for something. One that is not remembered is looked for by its
    /// audience: nothing may go on offering because it was forgotten.
    pub(super) async fn request(
        &self,
        objects: &RingObjects,
        request: DeploymentRequest,
    ) -> Result<(), FleetError> {
        let deployment = match (&objects.policy, &objects.audience) {
            (Some(deployment), _) => Some(deployment.clone()),
            (None, Some(audience)) => self.client.find_deployment(audience).await.map_err(graph)?,
            (None, None) => None,
        };
        match deployment {
            Some(deployment) => {
                self.client.request_deployment(&deployment, request).await.map_err(graph)
            }
            None => Ok(()),
        }
    }
}

pub(super) async fn add(
    client: &Client,
    objects: &RingObjects,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    let audience = objects.audience.as_deref().ok_or_else(|| lacks("audience"))?;
    client.add_to_audience(audience, &entra(devices)).await.map_err(graph)
}

pub(super) async fn remove(
    client: &Client,
    objects: &RingObjects,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    let audience = objects.audience.as_deref().ok_or_else(|| lacks("audience"))?;
    client.remove_from_audience(audience, &entra(devices)).await.map_err(graph)
}
