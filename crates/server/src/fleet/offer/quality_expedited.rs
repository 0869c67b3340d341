//! Quality updates, expedited.
//!
//! | what is wanted | what stands on Graph |
//! |---|---|
//! | open | an expedited deployment of the update to an audience of the devices offered so far |
//! | held | the deployment is asked to pause |
//! | withdrawn | it is archived, and an update ring configuration rolls quality updates back |
//!
//! Takes no enrolment: what is expedited goes past whatever else governs a device.

use domain::duty::{RingObjects, WaveDevice};
use domain::update::Delivery;
use msgraph::{Client, DeploymentContent, DeploymentRequest};
use scheduler::FleetError;

use super::{Telling, Told, audience};

pub(super) struct QualityExpedited;

impl Telling for QualityExpedited {
    async fn open(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        let Delivery::Quality { expedite: Some(days) } = told.duty.delivery else { return Ok(()) };
        let content = DeploymentContent::Expedited {
            catalog_entry: told.duty.catalog_entry_id.clone(),
            days_until_forced_reboot: days,
        };
        told.deploy(objects, &content).await
    }

    async fn hold(&self, told: &Told<'_>, objects: &RingObjects) -> Result<(), FleetError> {
        told.request(objects, DeploymentRequest::Pause).await
    }

    async fn withdraw(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        told.request(objects, DeploymentRequest::Archive).await?;
        told.remove_quality(objects).await
    }

    async fn offer(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        audience::add(client, objects, devices).await
    }

    async fn take_back(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        audience::remove(client, objects, devices).await
    }
}
