//! Drivers by an update policy.
//!
//! | what is wanted | what stands on Graph |
//! |---|---|
//! | open | a policy for an audience of the devices offered so far, with an approval of the driver that is not revoked |
//! | held, withdrawn | no approval that is not revoked |
//!
//! Nothing takes a driver off a device, so a withdrawn ring has no removal.

use domain::duty::{RingObjects, WaveDevice};
use msgraph::{Client, UpdateCategory};
use scheduler::FleetError;

use super::{Telling, Told, audience, entra, graph};

pub(super) struct DriverPolicy;

impl Telling for DriverPolicy {
    /// A new audience is all that is made at first: it is kept before a policy is made for it, which
    /// then is found again by it, whatever was lost meanwhile.
    async fn open(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        let Some(audience) = &objects.audience else {
            objects.audience = Some(told.client.create_audience().await.map_err(graph)?);
            return Ok(());
        };
        let policy = match objects.policy.clone() {
            Some(policy) => policy,
            None => told.client.ensure_update_policy(audience).await.map_err(graph)?,
        };
        let entry = &told.duty.catalog_entry_id;
        told.client.approve_driver(&policy, entry).await.map_err(graph)?;
        objects.policy = Some(policy);
        Ok(())
    }

    /// One that is not remembered is looked for by its audience: nothing may go on offering because it
    /// was forgotten.
    async fn hold(&self, told: &Told<'_>, objects: &RingObjects) -> Result<(), FleetError> {
        let policy = match (&objects.policy, &objects.audience) {
            (Some(policy), _) => Some(policy.clone()),
            (None, Some(audience)) => {
                told.client.find_update_policy(audience).await.map_err(graph)?
            }
            (None, None) => None,
        };
        match policy {
            Some(policy) => told.client.revoke_drivers(&policy).await.map_err(graph),
            None => Ok(()),
        }
    }

    async fn withdraw(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        self.hold(told, objects).await
    }

    async fn offer(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        client.enroll(UpdateCategory::Driver, &entra(devices)).await.map_err(graph)?;
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
