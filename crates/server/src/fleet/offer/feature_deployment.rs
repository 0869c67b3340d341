//! Feature updates by deployment.
//!
//! | what is wanted | what stands on Graph |
//! |---|---|
//! | open | a configuration with the uninstall window for the group of devices offered so far, and a deployment of the version to an audience of the same |
//! | held | the deployment is asked to pause |
//! | withdrawn | it is archived, and a second configuration rolls feature updates back |

use chrono::{DateTime, TimeDelta, Utc};
use domain::duty::{RingObjects, WaveDevice};
use domain::pause::INTUNE_PAUSE;
use domain::update::Delivery;
use msgraph::{
    Client, DeploymentContent, DeploymentRequest, FeatureUpdates, UpdateCategory, UpdateRingSpec,
};
use scheduler::FleetError;

use super::{Telling, Told, add_members, audience, entra, graph, remove_members};

pub(super) struct FeatureDeployment;

impl Telling for FeatureDeployment {
    async fn open(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        told.keep_window(objects, false).await?;
        let catalog_entry = told.duty.catalog_entry_id.clone();
        told.deploy(objects, &DeploymentContent::Feature { catalog_entry }).await
    }

    async fn hold(&self, told: &Told<'_>, objects: &RingObjects) -> Result<(), FleetError> {
        told.request(objects, DeploymentRequest::Pause).await
    }

    async fn withdraw(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        told.request(objects, DeploymentRequest::Archive).await?;
        told.remove_feature(objects, told.window_days()).await
    }

    async fn offer(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        client.enroll(UpdateCategory::Feature, &entra(devices)).await.map_err(graph)?;
        // The window before the upgrade.
        add_members(client, objects.offer_group, devices).await?;
        audience::add(client, objects, devices).await
    }

    async fn take_back(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        audience::remove(client, objects, devices).await?;
        remove_members(client, objects.offer_group, devices).await
    }
}

impl Told<'_> {
    /// The configuration of the ring's group: how long its devices can go back, and whether they hold
    /// still. A pause is made anew in time.
    pub(super) async fn keep_window(
        &self,
        objects: &mut RingObjects,
        paused: bool,
    ) -> Result<(), FleetError> {
        let group = self.offer_group(objects).await?;
        let spec = UpdateRingSpec {
            feature: Some(FeatureUpdates {
                paused,
                rolled_back: false,
                rollback_window_days: self.window_days(),
            }),
            ..self.update_ring("Keeps the way back from")
        };
        let kept = if paused {
            let kept = self.client.ensure_paused_update_ring(&spec, self.renew_before()).await;
            kept.map(|ring| ring.id)
        } else {
            self.client.ensure_update_ring(&spec).await
        };
        let id = kept.map_err(graph)?;
        self.client.ensure_update_ring_targets(&id, &[group]).await.map_err(graph)
    }

    /// A pause that ends before this is made anew. Where it is due (which is known by our own clock) every
    /// one is that did not begin just now.
    pub(super) fn renew_before(&self) -> DateTime<Utc> {
        self.now + if self.ring.renew { INTUNE_PAUSE } else { RENEWED_WITH }
    }

    pub(super) fn window_days(&self) -> u8 {
        match self.duty.delivery {
            Delivery::Feature { uninstall_window_days } => uninstall_window_days,
            Delivery::Quality { .. } | Delivery::Driver | Delivery::Edge => 0,
            Delivery::Microsoft365Apps { .. } => 0,
        }
    }
}

/// A pause is made anew when so much is left of its 35 days: four weeks are over then.
pub(super) const RENEWED_WITH: TimeDelta = TimeDelta::days(7);
