//! Quality updates by approval.
//!
//! | what is wanted | what stands on Graph |
//! |---|---|
//! | open | a policy of the ring with the update approved, its ring assigned to the group of devices offered so far |
//! | held | the approval suspended and the policy's ring paused |
//! | withdrawn | as held, and an update ring configuration that rolls quality updates back, assigned to the group of devices told to uninstall |

use domain::duty::{RingObjects, WaveDevice};
use domain::ids::DirectoryObjectId;
use msgraph::{ApprovalStatus, Client, QualityPolicySpec, RingSpec, UpdateCategory};
use scheduler::FleetError;

use super::{Telling, Told, add_members, entra, graph, remove_members};

pub(super) struct QualityPolicy;

impl Telling for QualityPolicy {
    async fn open(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        // The group exists before anything is approved for it, and is empty then.
        let group = told.offer_group(objects).await?;
        let policy = if let Some(policy) = objects.policy.clone() {
            policy
        } else {
            let spec = QualityPolicySpec {
                display_name: told.key(),
                description: told.description("Offers"),
            };
            told.client.ensure_quality_policy(&spec).await.map_err(graph)?
        };
        let ring = ring(told, group, false);
        told.client.ensure_policy_ring(&policy, &ring).await.map_err(graph)?;
        let entry = &told.duty.catalog_entry_id;
        let approved = &ApprovalStatus::Approved;
        told.client.ensure_approval(&policy, entry, approved).await.map_err(graph)?;
        objects.policy = Some(policy);
        Ok(())
    }

    async fn hold(&self, told: &Told<'_>, objects: &RingObjects) -> Result<(), FleetError> {
        let (Some(policy), Some(group)) = (&objects.policy, objects.offer_group) else {
            return Ok(());
        };
        let entry = &told.duty.catalog_entry_id;
        let suspended = &ApprovalStatus::Suspended;
        told.client.ensure_approval(policy, entry, suspended).await.map_err(graph)?;
        let ring = ring(told, group, true);
        told.client.ensure_policy_ring(policy, &ring).await.map_err(graph)?;
        Ok(())
    }

    async fn withdraw(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        self.hold(told, objects).await?;
        told.remove_quality(objects).await
    }

    async fn offer(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        client.enroll(UpdateCategory::Quality, &entra(devices)).await.map_err(graph)?;
        add_members(client, objects.offer_group, devices).await
    }

    async fn take_back(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        remove_members(client, objects.offer_group, devices).await
    }
}

fn ring(told: &Told<'_>, group: DirectoryObjectId, paused: bool) -> RingSpec {
    RingSpec {
        display_name: told.key(),
        description: told.description("Offers"),
        group,
        // The rollout itself defers: a device in the group has had its turn.
        deferral_days: 0,
        paused,
    }
}
