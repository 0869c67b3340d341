//! Telling a ring: one file per way (`domain::offering::Way`), behind one contract.
//!
//! Everything that can have a name carries its natural key in it, so that a server that lost its
//! memory finds it again instead of making a second one. Every call sets a state.

mod app_policy;
mod audience;
mod driver_policy;
mod feature_deployment;
mod feature_profile;
mod quality_expedited;
mod quality_policy;
mod quality_ring;
mod removal;

use chrono::{DateTime, Utc};
use domain::app::{EdgePin, OfficePin};
use domain::duty::{Duty, PendingWave, RingDuty, RingObjects, WaveDevice, WaveKind};
use domain::ids::{DirectoryObjectId, EntraDeviceId, TenantId};
use domain::offering::{Way, offering};
use domain::rollout::access::Access;
use msgraph::{Client, GroupSpec};
use scheduler::FleetError;

use self::app_policy::AppPolicy;
use self::driver_policy::DriverPolicy;
use self::feature_deployment::FeatureDeployment;
use self::feature_profile::FeatureProfile;
use self::quality_expedited::QualityExpedited;
use self::quality_policy::QualityPolicy;
use self::quality_ring::QualityRing;
pub(super) use self::quality_ring::{add_waiting, keep_back};
use super::graph;

/// What a way has to be able to do for one ring. What was never told needs no holding and no
/// withdrawing.
trait Telling {
    /// Offers to whoever was offered so far.
    async fn open(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError>;
    /// Stops offering, in a way that can be taken back.
    async fn hold(&self, told: &Told<'_>, objects: &RingObjects) -> Result<(), FleetError>;
    /// Stops offering for good, and tells the devices of the removal group to uninstall.
    async fn withdraw(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError>;
    /// Offers to these devices too.
    async fn offer(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError>;
    /// Does not offer to these any more.
    async fn take_back(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError>;
}

/// One ring, with everything its names are made of.
struct Told<'a> {
    client: &'a Client,
    tenant: TenantId,
    duty: &'a Duty,
    ring: &'a RingDuty,
    now: DateTime<Utc>,
}

pub(super) async fn tell(
    client: &Client,
    (tenant, now): (TenantId, DateTime<Utc>),
    duty: &Duty,
    ring: &RingDuty,
) -> Result<RingObjects, FleetError> {
    let told = Told { client, tenant, duty, ring, now };
    match told.tell(ring.objects.clone()).await {
        // Somebody deleted what we remember: find or make it by its name. An audience has none, and
        // those who were offered are its members.
        Err(FleetError::Rejected(what)) if ring.objects != RingObjects::default() => {
            tracing::warn!(%tenant, ring = ring.ring.0, what, "looking for a ring's objects again");
            let audience = ring.objects.audience.clone();
            told.tell(RingObjects { audience, ..RingObjects::default() }).await
        }
        told => told,
    }
}

pub(super) async fn deliver(
    client: &Client,
    duty: &Duty,
    wave: PendingWave,
    objects: &RingObjects,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    if wave.kind == WaveKind::Removal {
        return removal::deliver(client, objects, devices).await;
    }
    match way(duty)? {
        Way::EdgePolicy | Way::OfficePolicy => {
            pass_on(&AppPolicy::<EdgePin>::NEW, client, wave, objects, devices).await
        }
        Way::QualityPolicy => pass_on(&QualityPolicy, client, wave, objects, devices).await,
        Way::QualityExpedited => pass_on(&QualityExpedited, client, wave, objects, devices).await,
        Way::QualityRing => pass_on(&QualityRing::of(duty)?, client, wave, objects, devices).await,
        Way::FeatureDeployment => pass_on(&FeatureDeployment, client, wave, objects, devices).await,
        Way::FeatureProfile => pass_on(&FeatureProfile, client, wave, objects, devices).await,
        Way::DriverPolicy => pass_on(&DriverPolicy, client, wave, objects, devices).await,
    }
}

async fn pass_on(
    telling: &impl Telling,
    client: &Client,
    wave: PendingWave,
    objects: &RingObjects,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    match wave.kind {
        WaveKind::Offer => telling.offer(client, objects, devices).await,
        WaveKind::Withdrawal => telling.take_back(client, objects, devices).await,
        WaveKind::Removal => Ok(()),
    }
}

/// Settled when the rollout was made, so that there is one.
fn way(duty: &Duty) -> Result<Way, FleetError> {
    match offering(duty.delivery, duty.strategy) {
        Ok(offering) => Ok(offering.way),
        Err(impossible) => Err(FleetError::Rejected(impossible.to_string())),
    }
}

impl Told<'_> {
    async fn tell(&self, mut objects: RingObjects) -> Result<RingObjects, FleetError> {
        match way(self.duty)? {
            Way::QualityPolicy => self.tell_by(&QualityPolicy, &mut objects).await?,
            Way::QualityExpedited => self.tell_by(&QualityExpedited, &mut objects).await?,
            Way::QualityRing => {
                self.tell_by(&QualityRing::of(self.duty)?, &mut objects).await?;
            }
            Way::FeatureDeployment => self.tell_by(&FeatureDeployment, &mut objects).await?,
            Way::FeatureProfile => self.tell_by(&FeatureProfile, &mut objects).await?,
            Way::EdgePolicy => self.tell_by(&AppPolicy::<EdgePin>::NEW, &mut objects).await?,
            Way::OfficePolicy => self.tell_by(&AppPolicy::<OfficePin>::NEW, &mut objects).await?,
            Way::DriverPolicy => self.tell_by(&DriverPolicy, &mut objects).await?,
        }
        Ok(objects)
    }

    async fn tell_by(
        &self,
        telling: &impl Telling,
        objects: &mut RingObjects,
    ) -> Result<(), FleetError> {
        match self.ring.wanted {
            Access::Closed => Ok(()),
            Access::Open => telling.open(self, objects).await,
            Access::Held => telling.hold(self, objects).await,
            Access::Withdrawn => telling.withdraw(self, objects).await,
        }
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

    /// The group of the devices offered so far; empty when it is made.
    async fn offer_group(
        &self,
        objects: &mut RingObjects,
    ) -> Result<DirectoryObjectId, FleetError> {
        let group = match objects.offer_group {
            Some(group) => group,
            None => self.group("", "Devices offered").await?,
        };
        objects.offer_group = Some(group);
        Ok(group)
    }
}

/// Puts devices into a ring's group.
async fn add_members(
    client: &Client,
    group: Option<DirectoryObjectId>,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    let group = group.ok_or_else(|| lacks("group"))?;
    let members: Vec<DirectoryObjectId> = devices.iter().map(|device| device.object).collect();
    let unknown = client.add_known_group_members(group, &members).await.map_err(graph)?;
    if !unknown.is_empty() {
        // Deleted since the last sync; they end as unresolved when their window closes.
        tracing::warn!(%group, devices = unknown.len(), "the directory does not know devices of a wave");
    }
    Ok(())
}

async fn remove_members(
    client: &Client,
    group: Option<DirectoryObjectId>,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    let group = group.ok_or_else(|| lacks("group"))?;
    let members: Vec<DirectoryObjectId> = devices.iter().map(|device| device.object).collect();
    client.remove_group_members(group, &members).await.map_err(graph)
}

fn entra(devices: &[WaveDevice]) -> Vec<EntraDeviceId> {
    devices.iter().map(|device| device.entra_device).collect()
}

fn lacks(what: &str) -> FleetError {
    FleetError::Rejected(format!("the ring has no {what} yet"))
}
