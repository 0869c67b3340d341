//! Taking updates off devices: an update ring configuration that says so, assigned to the group of the
//! devices told to so far. The same for every way of offering.

use domain::duty::{RingObjects, WaveDevice};
use domain::ids::DirectoryObjectId;
use msgraph::{Client, FeatureUpdates, UpdateRingSpec};
use scheduler::FleetError;

use super::{Told, add_members, graph};

impl Told<'_> {
    /// Takes the latest quality update off the devices of the removal group.
    pub(super) async fn remove_quality(&self, objects: &mut RingObjects) -> Result<(), FleetError> {
        self.remove(objects, true, None).await
    }

    /// Takes the Windows version off the devices of the removal group, as long as `window_days` have
    /// not passed for them.
    pub(super) async fn remove_feature(
        &self,
        objects: &mut RingObjects,
        window_days: u8,
    ) -> Result<(), FleetError> {
        let feature =
            FeatureUpdates { paused: false, rolled_back: true, rollback_window_days: window_days };
        self.remove(objects, false, Some(feature)).await
    }

    async fn remove(
        &self,
        objects: &mut RingObjects,
        quality_rolled_back: bool,
        feature: Option<FeatureUpdates>,
    ) -> Result<(), FleetError> {
        let group = self.removal_group(objects).await?;
        // A ring of feature updates has a configuration of the plain name already.
        let suffix = if feature.is_some() { "-removal" } else { "" };
        let spec = UpdateRingSpec {
            display_name: format!("{}{suffix}", self.key()),
            quality_rolled_back,
            feature,
            ..self.update_ring("Uninstalls")
        };
        let update_ring = self.client.ensure_update_ring(&spec).await.map_err(graph)?;
        self.client.assign_update_ring(&update_ring, &[group]).await.map_err(graph)?;
        objects.update_ring = Some(update_ring);
        Ok(())
    }

    /// The group of the devices told to uninstall; empty when it is made.
    pub(super) async fn removal_group(
        &self,
        objects: &mut RingObjects,
    ) -> Result<DirectoryObjectId, FleetError> {
        let group = match objects.removal_group {
            Some(group) => group,
            None => self.group("-removal", "Devices told to uninstall").await?,
        };
        objects.removal_group = Some(group);
        Ok(group)
    }

    /// A configuration of the ring's cadence that stops nothing.
    pub(super) fn update_ring(&self, what: &str) -> UpdateRingSpec {
        UpdateRingSpec {
            display_name: self.key(),
            description: self.description(what),
            quality_paused: false,
            quality_rolled_back: false,
            deferral_days: 0,
            deadline_days: Some(u32::from(self.ring.deadline_days)),
            grace_days: Some(u32::from(self.ring.grace_days)),
            feature: None,
        }
    }
}

pub(super) async fn deliver(
    client: &Client,
    objects: &RingObjects,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    add_members(client, objects.removal_group, devices).await
}
