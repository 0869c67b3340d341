//! Telling a ring: the quality update path on Microsoft Graph.
//!
//! | what is wanted | what stands on Graph |
//! |---|---|
//! | open | a policy of the ring with the update approved, its ring assigned to the group of devices offered so far |
//! | held | the approval suspended and the policy's ring paused |
//! | withdrawn | as held, and an update ring configuration that rolls quality updates back, assigned to the group of devices told to uninstall |
//!
//! Everything carries its natural key in its name, so that a server that lost its memory finds it
//! again instead of making a second one.

use domain::duty::{Duty, PendingWave, RingDuty, RingObjects, WaveDevice, WaveKind};
use domain::ids::{DirectoryObjectId, EntraDeviceId, TenantId};
use domain::rollout::access::Access;
use msgraph::{ApprovalStatus, Client, GroupSpec, QualityPolicySpec, RingSpec, UpdateRingSpec};
use scheduler::FleetError;

use super::graph;

pub(super) async fn tell(
    client: &Client,
    tenant: TenantId,
    duty: &Duty,
    ring: &RingDuty,
) -> Result<RingObjects, FleetError> {
    let told = Told { client, tenant, duty, ring };
    match told.tell(ring.objects.clone()).await {
        // Somebody deleted what we remember: find or make it by its name.
        Err(FleetError::Rejected(what)) if ring.objects != RingObjects::default() => {
            tracing::warn!(%tenant, ring = ring.ring.0, what, "looking for a ring's objects again");
            told.tell(RingObjects::default()).await
        }
        told => told,
    }
}

/// One ring, with everything its names are made of.
struct Told<'a> {
    client: &'a Client,
    tenant: TenantId,
    duty: &'a Duty,
    ring: &'a RingDuty,
}

impl Told<'_> {
    async fn tell(&self, mut objects: RingObjects) -> Result<RingObjects, FleetError> {
        match self.ring.wanted {
            Access::Closed => {}
            Access::Open => self.open(&mut objects).await?,
            Access::Held => self.hold(&objects).await?,
            Access::Withdrawn => {
                self.hold(&objects).await?;
                self.withdraw(&mut objects).await?;
            }
        }
        Ok(objects)
    }

    /// The natural key: unique, and stable for as long as the rollout exists.
    fn key(&self) -> String {
        format!("concentric:{}/{}/{}", self.tenant, self.duty.rollout, self.ring.ring.0)
    }

    fn description(&self, what: &str) -> String {
        format!(
            "{what} {}, ring {}. Kept by Concentric; do not edit.",
            self.duty.release_name, self.ring.name
        )
    }

    async fn group(&self, suffix: &str, what: &str) -> Result<DirectoryObjectId, FleetError> {
        let rollout = self.duty.rollout.0.simple();
        let spec = GroupSpec {
            mail_nickname: format!("concentric-{rollout}-{}{suffix}", self.ring.ring.0),
            display_name: format!("{}{suffix}", self.key()),
            description: self.description(what),
        };
        self.client.ensure_group(&spec).await.map_err(graph)
    }

    async fn open(&self, objects: &mut RingObjects) -> Result<(), FleetError> {
        // The group exists before anything is approved for it, and is empty then.
        let group = match objects.offer_group {
            Some(group) => group,
            None => self.group("", "Devices offered").await?,
        };
        objects.offer_group = Some(group);
        let policy = if let Some(policy) = objects.policy.clone() {
            policy
        } else {
            let spec = QualityPolicySpec {
                display_name: self.key(),
                description: self.description("Offers"),
            };
            self.client.ensure_quality_policy(&spec).await.map_err(graph)?
        };
        let ring = self.policy_ring(group, false);
        self.client.ensure_policy_ring(&policy, &ring).await.map_err(graph)?;
        let entry = &self.duty.catalog_entry_id;
        let approved = &ApprovalStatus::Approved;
        self.client.ensure_approval(&policy, entry, approved).await.map_err(graph)?;
        objects.policy = Some(policy);
        Ok(())
    }

    /// What was never told needs no holding.
    async fn hold(&self, objects: &RingObjects) -> Result<(), FleetError> {
        let (Some(policy), Some(group)) = (&objects.policy, objects.offer_group) else {
            return Ok(());
        };
        let entry = &self.duty.catalog_entry_id;
        let suspended = &ApprovalStatus::Suspended;
        self.client.ensure_approval(policy, entry, suspended).await.map_err(graph)?;
        let ring = self.policy_ring(group, true);
        self.client.ensure_policy_ring(policy, &ring).await.map_err(graph)?;
        Ok(())
    }

    async fn withdraw(&self, objects: &mut RingObjects) -> Result<(), FleetError> {
        let group = match objects.removal_group {
            Some(group) => group,
            None => self.group("-removal", "Devices told to uninstall").await?,
        };
        objects.removal_group = Some(group);
        let spec = UpdateRingSpec {
            display_name: self.key(),
            description: self.description("Uninstalls"),
            quality_paused: false,
            quality_rolled_back: true,
            deferral_days: 0,
            deadline_days: Some(u32::from(self.ring.deadline_days)),
            grace_days: Some(u32::from(self.ring.grace_days)),
        };
        let update_ring = self.client.ensure_update_ring(&spec).await.map_err(graph)?;
        self.client.assign_update_ring(&update_ring, &[group]).await.map_err(graph)?;
        objects.update_ring = Some(update_ring);
        Ok(())
    }

    fn policy_ring(&self, group: DirectoryObjectId, paused: bool) -> RingSpec {
        RingSpec {
            display_name: self.key(),
            description: self.description("Offers"),
            group,
            // The rollout itself defers: a device in the group has had its turn.
            deferral_days: 0,
            paused,
        }
    }
}

pub(super) async fn deliver(
    client: &Client,
    wave: PendingWave,
    objects: &RingObjects,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    let group = match wave.kind {
        WaveKind::Offer | WaveKind::Withdrawal => objects.offer_group,
        WaveKind::Removal => objects.removal_group,
    };
    let group =
        group.ok_or_else(|| FleetError::Rejected("the ring has no group yet".to_owned()))?;
    if wave.kind == WaveKind::Offer {
        let entra: Vec<EntraDeviceId> = devices.iter().map(|device| device.entra_device).collect();
        client.enroll_quality(&entra).await.map_err(graph)?;
    }
    let members: Vec<DirectoryObjectId> = devices.iter().map(|device| device.object).collect();
    if wave.kind == WaveKind::Withdrawal {
        return client.remove_group_members(group, &members).await.map_err(graph);
    }
    let unknown = client.add_known_group_members(group, &members).await.map_err(graph)?;
    if !unknown.is_empty() {
        // Deleted since the last sync; they end as unresolved when their window closes.
        tracing::warn!(%group, devices = unknown.len(), "the directory does not know devices of a wave");
    }
    Ok(())
}
