//! Quality updates by Intune's update rings.
//!
//! | what is wanted | what stands on Graph |
//! |---|---|
//! | from the start | a configuration that pauses quality updates, for the group of the devices whose turn has not come |
//! | open | a configuration without deferral for the group of devices offered so far, away from those that wait |
//! | held | that one pauses quality updates too |
//! | withdrawn | as held, away from the devices told to uninstall, whose group has a configuration that rolls quality updates back |
//!
//! Two configurations that say differently to one device are a conflict, in which a pause does not hold. So
//! **a device has one**: whoever is in two groups waits, and the configurations of older rollouts are kept
//! away from the groups of newer ones, as those of programs are (`app_policy`). A device joins its next
//! group before it leaves the last, so that it is never without.

use chrono::{DateTime, Utc};
use domain::duty::{Duty, RingObjects, Waiting, WaveDevice};
use domain::enrollment::object::UpdateRingPayload;
use domain::ids::{DirectoryObjectId, TenantId};
use domain::pause::INTUNE_PAUSE;
use msgraph::{Client, GroupSpec, Remote, UpdateRingSpec, WireTarget};
use scheduler::{FleetError, KeptBack};
use uuid::Uuid;

use super::feature_deployment::RENEWED_WITH;
use super::{Telling, Told, add_members, graph, lacks, remove_members};

/// The last parts of the names of such configurations.
const WAITING: &str = "waiting";
const OFFERED: &str = "/quality";
const REMOVAL: &str = "/quality-removal";

type Ring = Remote<UpdateRingPayload>;

pub(super) struct QualityRing {
    waiting: DirectoryObjectId,
}

impl QualityRing {
    pub(super) fn of(duty: &Duty) -> Result<Self, FleetError> {
        let group = duty.waiting.and_then(|waiting| waiting.group);
        Ok(Self { waiting: group.ok_or_else(|| lacks("group of those that wait"))? })
    }

    async fn keep(
        &self,
        told: &Told<'_>,
        group: DirectoryObjectId,
        (removal, paused): (Option<DirectoryObjectId>, bool),
    ) -> Result<(), FleetError> {
        let spec = UpdateRingSpec {
            display_name: format!("{}{OFFERED}", told.key()),
            quality_paused: paused,
            ..told.update_ring("Offers")
        };
        let away = removal.into_iter().chain([self.waiting]).map(WireTarget::ExcludedGroup);
        let targets: Vec<WireTarget> = away.chain([WireTarget::Group(group)]).collect();
        told.rings().keep(&spec, targets, group).await?;
        Ok(())
    }
}

impl Telling for QualityRing {
    async fn open(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        let group = told.offer_group(objects).await?;
        self.keep(told, group, (objects.removal_group, false)).await
    }

    async fn hold(&self, told: &Told<'_>, objects: &RingObjects) -> Result<(), FleetError> {
        // By what is remembered: after a refusal `objects` are looked for anew.
        if told.ring.objects.offer_group.is_none() {
            return Ok(());
        }
        let group = told.offer_group(&mut objects.clone()).await?;
        self.keep(told, group, (objects.removal_group, true)).await
    }

    async fn withdraw(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        let removal = told.removal_group(objects).await?;
        if told.ring.objects.offer_group.is_some() {
            let group = told.offer_group(objects).await?;
            self.keep(told, group, (Some(removal), true)).await?;
        }
        told.remove_quality_from(objects).await
    }

    async fn offer(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        add_members(client, objects.offer_group, devices).await?;
        remove_members(client, Some(self.waiting), devices).await
    }

    async fn take_back(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        add_members(client, Some(self.waiting), devices).await?;
        remove_members(client, objects.offer_group, devices).await
    }
}

/// Keeps those of a rollout that wait from taking anything, or lets them go; their group.
pub(in crate::fleet) async fn keep_back(
    client: &Client,
    (tenant, now): (TenantId, DateTime<Utc>),
    duty: &Duty,
    waiting: Waiting,
) -> Result<KeptBack, FleetError> {
    let name = format!("concentric:{tenant}/{}/{WAITING}", duty.rollout);
    let what = format!("{}. Kept by Concentric; do not edit.", duty.release_name);
    let group = GroupSpec {
        mail_nickname: format!("concentric-{}-{WAITING}", duty.rollout.0.simple()),
        display_name: name.clone(),
        description: format!("Devices that wait for {what}"),
    };
    let group = client.ensure_group(&group).await.map_err(graph)?;
    let spec = UpdateRingSpec {
        display_name: name,
        description: format!("Keeps back {what}"),
        quality_paused: waiting.kept,
        quality_rolled_back: false,
        deferral_days: 0,
        deadline_days: None,
        grace_days: None,
        feature: None,
    };
    let targets = if waiting.kept { vec![WireTarget::Group(group)] } else { Vec::new() };
    let rings = Rings { client, tenant, rollout: duty.rollout.0, renew_before: now + RENEWED_WITH };
    let ends = rings.keep(&spec, targets, group).await?.unwrap_or(now + INTUNE_PAUSE);
    Ok(KeptBack { group, renew_at: waiting.kept.then(|| ends - RENEWED_WITH) })
}

pub(in crate::fleet) async fn add_waiting(
    client: &Client,
    group: DirectoryObjectId,
    devices: &[WaveDevice],
) -> Result<(), FleetError> {
    add_members(client, Some(group), devices).await
}

impl Told<'_> {
    fn rings(&self) -> Rings<'_> {
        let (tenant, rollout) = (self.tenant, self.duty.rollout.0);
        Rings { client: self.client, tenant, rollout, renew_before: self.renew_before() }
    }

    async fn remove_quality_from(&self, objects: &mut RingObjects) -> Result<(), FleetError> {
        let removal = self.removal_group(objects).await?;
        let spec = UpdateRingSpec {
            display_name: format!("{}{REMOVAL}", self.key()),
            quality_rolled_back: true,
            ..self.update_ring("Uninstalls")
        };
        self.rings().keep(&spec, vec![WireTarget::Group(removal)], removal).await?;
        Ok(())
    }
}

/// The update rings of one rollout among those of all.
struct Rings<'a> {
    client: &'a Client,
    tenant: TenantId,
    rollout: Uuid,
    /// A pause that ends before this is made anew.
    renew_before: DateTime<Utc>,
}

impl Rings<'_> {
    /// A configuration of the rollout for `targets`, away from the devices of newer rollouts, as those of
    /// older ones are from `group`; when its pause ends, as far as Graph says so.
    async fn keep(
        &self,
        spec: &UpdateRingSpec,
        targets: Vec<WireTarget>,
        group: DirectoryObjectId,
    ) -> Result<Option<DateTime<Utc>>, FleetError> {
        let all: Vec<Ring> = self.client.policies(None).await.map_err(graph)?;
        let prefix = format!("concentric:{}/", self.tenant);
        // The old lets go of the group while nobody is in it.
        for one in &all {
            let is_older = rollout_of(&prefix, &one.name).is_some_and(|one| one < self.rollout);
            let away = WireTarget::ExcludedGroup(group);
            if is_older && !one.targets.is_empty() && !one.targets.contains(&away) {
                let targets: Vec<WireTarget> = one.targets.iter().cloned().chain([away]).collect();
                self.assign(&one.id, &targets).await?;
            }
        }
        let kept = self.client.ensure_paused_update_ring(spec, self.renew_before).await;
        let kept = kept.map_err(graph)?;
        let found = all.iter().find(|one| one.id == kept.id);
        let mut found = found.map(|one| one.targets.clone()).unwrap_or_default();
        found.sort();
        let wanted = beside_newer(&all, &prefix, self.rollout, targets);
        if found != wanted {
            self.assign(&kept.id, &wanted).await?;
        }
        Ok(kept.ends)
    }

    async fn assign(&self, id: &str, targets: &[WireTarget]) -> Result<(), FleetError> {
        self.client.assign_policy::<UpdateRingPayload>(id, targets).await.map_err(graph)
    }
}

/// `targets` without the groups of newer rollouts, in order. Nobody is kept away from nothing.
fn beside_newer(
    all: &[Ring],
    prefix: &str,
    rollout: Uuid,
    mut targets: Vec<WireTarget>,
) -> Vec<WireTarget> {
    if targets.is_empty() {
        return targets;
    }
    let newer =
        all.iter().filter(|one| rollout_of(prefix, &one.name).is_some_and(|one| one > rollout));
    targets.extend(newer.flat_map(|one| &one.targets).filter_map(|target| match target {
        WireTarget::Group(group) => Some(WireTarget::ExcludedGroup(*group)),
        WireTarget::ExcludedGroup(_) | WireTarget::AllDevices | WireTarget::AllUsers => None,
        WireTarget::Other(_) => None,
    }));
    targets.sort();
    targets.dedup();
    targets
}

/// The rollout by update rings that a configuration was made for, by its name.
fn rollout_of(prefix: &str, name: &str) -> Option<Uuid> {
    let (rollout, rest) = name.strip_prefix(prefix)?.split_once('/')?;
    let is_ours = rest == WAITING || rest.ends_with(OFFERED) || rest.ends_with(REMOVAL);
    rollout.parse().ok().filter(|_| is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(name: &str, targets: Vec<WireTarget>) -> Ring {
        let settings = UpdateRingPayload {
            quality_deferral_days: 0,
            quality_deadline_days: None,
            feature_deferral_days: 0,
            feature_deadline_days: None,
            grace_days: None,
            feature_rollback_days: None,
            drivers_excluded: false,
            postpone_reboot_until_after_deadline: false,
            microsoft_update_allowed: false,
        };
        Remote {
            id: name.to_owned(),
            name: name.to_owned(),
            description: String::new(),
            created_at: None,
            settings,
            targets,
        }
    }

    #[test]
    fn a_configuration_stays_away_from_devices_of_newer_rollouts() {
        let group = |number| DirectoryObjectId(Uuid::from_u128(number));
        let [one, two] = [1, 2].map(Uuid::from_u128);
        let all = [
            ring(&format!("c/{one}/waiting"), vec![WireTarget::Group(group(10))]),
            ring(&format!("c/{two}/waiting"), vec![WireTarget::Group(group(20))]),
            ring(
                &format!("c/{two}/0/quality"),
                vec![WireTarget::Group(group(21)), WireTarget::ExcludedGroup(group(20))],
            ),
            // Of another way.
            ring(&format!("c/{two}/0"), vec![WireTarget::Group(group(22))]),
        ];
        let kept = beside_newer(&all, "c/", one, vec![WireTarget::Group(group(10))]);
        let [away, also] = [20, 21].map(|number| WireTarget::ExcludedGroup(group(number)));
        assert_eq!(kept, [WireTarget::Group(group(10)), away, also]);
        let newest = vec![WireTarget::Group(group(20))];
        assert_eq!(beside_newer(&all, "c/", two, newest.clone()), newest);
        assert_eq!(beside_newer(&all, "c/", one, Vec::new()), []);
    }

    #[test]
    fn a_configuration_is_told_apart_by_its_name() {
        let rollout = Uuid::from_u128(7);
        let of = |rest: &str| rollout_of("c/", &format!("c/{rollout}/{rest}"));
        for ours in ["waiting", "0/quality", "2/quality-removal"] {
            assert_eq!(of(ours), Some(rollout), "{ours}");
        }
        for other in ["0", "0-removal", "0/edge"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
