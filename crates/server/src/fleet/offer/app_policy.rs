//! Versions of Microsoft Edge and Microsoft 365 Apps, by policies of the settings catalogue.
//!
//! | what is wanted | what stands on Graph |
//! |---|---|
//! | open | a policy with the version, for the group of devices offered so far |
//! | held | the policy says that nothing is updated |
//! | withdrawn | as held, but for the devices told to go back, whose group has a policy with the version before |
//!
//! Settings cannot be changed, so a policy is replaced (`docs/decisions/0002`): found by its tag, never by an
//! id. Two policies that say differently to one device are a conflict, in which neither counts; so **a device
//! belongs to its newest rollout alone**: whoever opens a ring keeps the policies of older rollouts away from
//! its group, and a policy is never made for, nor given back, devices of a newer one. Until then the older
//! policy keeps the device where it is.

use std::marker::PhantomData;

use domain::app::{AppVersion, Course, EdgePin, OfficePin};
use domain::duty::{RingObjects, WaveDevice};
use domain::ids::DirectoryObjectId;
use domain::update::Delivery;
use msgraph::{Client, Policy, PolicySpec, Remote, WireTarget};
use scheduler::FleetError;
use uuid::Uuid;

use super::{Telling, Told, add_members, graph, lacks, remove_members};

pub(super) struct AppPolicy<P>(PhantomData<P>);

impl<P> AppPolicy<P> {
    pub(super) const NEW: Self = Self(PhantomData);
}

/// What a policy says of one program.
pub(super) trait Pin: Policy {
    /// The last part of the names of such policies.
    const WORD: &'static str;

    fn pin(version: AppVersion, course: Course, delivery: Delivery) -> Self;
}

impl Pin for EdgePin {
    const WORD: &'static str = "edge";

    fn pin(version: AppVersion, course: Course, _: Delivery) -> Self {
        Self { version: Some(version), course }
    }
}

impl Pin for OfficePin {
    const WORD: &'static str = "office";

    fn pin(version: AppVersion, course: Course, delivery: Delivery) -> Self {
        let deadline_days = match delivery {
            Delivery::Microsoft365Apps { deadline_days } => Some(deadline_days),
            Delivery::Quality { .. } | Delivery::Feature { .. } => None,
            Delivery::Driver | Delivery::Edge => None,
        };
        Self { version: Some(version), still: course == Course::Still, deadline_days }
    }
}

impl<P: Pin> Telling for AppPolicy<P> {
    async fn open(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        let group = told.offer_group(objects).await?;
        let policies = told.app_policies::<P>().await?;
        // The old lets go of the group while nobody is in it.
        told.keep_older_away(&policies, group).await?;
        let pin = P::pin(told.version()?, Course::Forward, told.duty.delivery);
        objects.policy = Some(told.keep_pin("", &pin, (group, None), &policies).await?);
        Ok(())
    }

    async fn hold(&self, told: &Told<'_>, _: &RingObjects) -> Result<(), FleetError> {
        // By what is remembered: after a refusal `objects` are looked for anew.
        let remembered = &told.ring.objects;
        let (Some(_), Some(group)) = (&remembered.policy, remembered.offer_group) else {
            return Ok(());
        };
        let policies = told.app_policies::<P>().await?;
        told.keep_still(group, None, &policies).await?;
        Ok(())
    }

    async fn withdraw(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        let removal = match objects.removal_group {
            Some(group) => group,
            None => told.group("-removal", "Devices told to go back").await?,
        };
        objects.removal_group = Some(removal);
        let policies = told.app_policies::<P>().await?;
        told.keep_older_away(&policies, removal).await?;
        if let (Some(_), Some(group)) = (&told.ring.objects.policy, told.ring.objects.offer_group) {
            let kept = told.keep_still(group, Some(removal), &policies).await?;
            (objects.offer_group, objects.policy) = (Some(group), Some(kept));
        }
        let pin = P::pin(told.version_before()?, Course::Back, told.duty.delivery);
        let kept = told.keep_pin("-removal", &pin, (removal, None), &policies).await?;
        objects.update_ring = Some(kept);
        Ok(())
    }

    async fn offer(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
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

impl Told<'_> {
    /// All policies that rollouts of the tenant have for this program.
    async fn app_policies<P: Pin>(&self) -> Result<Vec<Remote<P>>, FleetError> {
        let prefix = format!("concentric:{}/", self.tenant);
        let found = self.client.policies::<P>(Some(&prefix)).await.map_err(graph)?;
        let of_program = |one: &Remote<P>| rollout_of::<P>(&prefix, &one.name).is_some();
        Ok(found.into_iter().filter(of_program).collect())
    }

    async fn keep_still<P: Pin>(
        &self,
        group: DirectoryObjectId,
        but: Option<DirectoryObjectId>,
        policies: &[Remote<P>],
    ) -> Result<String, FleetError> {
        let pin = P::pin(self.version()?, Course::Still, self.duty.delivery);
        self.keep_pin("", &pin, (group, but), policies).await
    }

    /// The ring's policy for the devices of `group`, without those of `but` and of newer rollouts.
    async fn keep_pin<P: Pin>(
        &self,
        suffix: &str,
        pin: &P,
        (group, but): (DirectoryObjectId, Option<DirectoryObjectId>),
        policies: &[Remote<P>],
    ) -> Result<String, FleetError> {
        let tag = format!("{}/{}{suffix}", self.key(), P::WORD);
        let prefix = format!("concentric:{}/", self.tenant);
        let away = kept_away(policies, &tag, |name| {
            rollout_of::<P>(&prefix, name).is_some_and(|rollout| rollout > self.duty.rollout.0)
        });
        let away = away.into_iter().chain(but).filter(|other| *other != group);
        let mut targets: Vec<WireTarget> = away.map(WireTarget::ExcludedGroup).collect();
        targets.push(WireTarget::Group(group));
        targets.sort();
        targets.dedup();
        let spec = PolicySpec {
            name: &tag,
            description: &format!("{} {tag}", self.description("Keeps the version of")),
            tag: &tag,
            settings: pin,
        };
        self.client.ensure_policy_among(spec, &targets, policies).await.map_err(graph)
    }

    /// Keeps the policies of older rollouts away from the devices of `group`. Ids of rollouts are in the
    /// order in which they were made.
    async fn keep_older_away<P: Pin>(
        &self,
        policies: &[Remote<P>],
        group: DirectoryObjectId,
    ) -> Result<(), FleetError> {
        let prefix = format!("concentric:{}/", self.tenant);
        for one in policies {
            let older = rollout_of::<P>(&prefix, &one.name)
                .is_some_and(|rollout| rollout < self.duty.rollout.0);
            let away = WireTarget::ExcludedGroup(group);
            if !older || one.targets.is_empty() || one.targets.contains(&away) {
                continue;
            }
            let targets: Vec<WireTarget> = one.targets.iter().cloned().chain([away]).collect();
            self.client.assign_policy::<P>(&one.id, &targets).await.map_err(graph)?;
        }
        Ok(())
    }

    fn version(&self) -> Result<AppVersion, FleetError> {
        whole(self.duty.version.as_deref(), "version")
    }

    fn version_before(&self) -> Result<AppVersion, FleetError> {
        whole(self.duty.back_to.as_deref(), "version to go back to")
    }
}

/// The groups that the policy with this tag stays away from: those it was kept away from before, and those
/// that newer policies are for.
fn kept_away<P>(
    policies: &[Remote<P>],
    tag: &str,
    is_newer: impl Fn(&str) -> bool,
) -> Vec<DirectoryObjectId> {
    let groups = policies.iter().flat_map(|one| {
        let (ours, newer) = (one.has_tag(tag), is_newer(&one.name));
        one.targets.iter().filter_map(move |target| match target {
            WireTarget::ExcludedGroup(group) if ours => Some(*group),
            WireTarget::Group(group) if newer => Some(*group),
            WireTarget::Group(_) | WireTarget::ExcludedGroup(_) => None,
            WireTarget::AllDevices | WireTarget::AllUsers | WireTarget::Other(_) => None,
        })
    });
    groups.collect()
}

/// The rollout that a policy of this program was made for, by its name.
fn rollout_of<P: Pin>(prefix: &str, name: &str) -> Option<Uuid> {
    let mut parts = name.strip_prefix(prefix)?.split('/');
    let (rollout, _ring, word) = (parts.next()?, parts.next()?, parts.next()?);
    let is_of_program = word.strip_suffix("-removal").unwrap_or(word) == P::WORD;
    rollout.parse().ok().filter(|_| is_of_program && parts.next().is_none())
}

fn whole(version: Option<&str>, what: &str) -> Result<AppVersion, FleetError> {
    let version = version.ok_or_else(|| lacks(what))?;
    version.parse().map_err(|error| FleetError::Rejected(format!("{error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_stays_away_from_devices_of_newer_rollouts() {
        let group = |number| DirectoryObjectId(Uuid::from_u128(number));
        let remote = |name: &str, targets: Vec<WireTarget>| Remote {
            id: name.to_owned(),
            name: name.to_owned(),
            description: format!("Keeps. {name}"),
            created_at: None,
            settings: (),
            targets,
        };
        let policies = [
            remote("1/0", vec![WireTarget::Group(group(1)), WireTarget::ExcludedGroup(group(9))]),
            remote("2/0", vec![WireTarget::Group(group(2)), WireTarget::ExcludedGroup(group(8))]),
            remote("3/0", vec![WireTarget::Group(group(3))]),
        ];
        let away = |tag: &str| kept_away(&policies, tag, |name| name > tag);
        assert_eq!(away("1/0"), [group(9), group(2), group(3)]);
        // Made only now, as for a rollback: it knows of those that came meanwhile all the same.
        assert_eq!(away("1/0-removal"), [group(2), group(3)]);
        assert_eq!(away("3/0"), []);
    }

    #[test]
    fn a_policy_is_told_apart_by_its_name() {
        let rollout = Uuid::from_u128(7);
        let of =
            |name: &str| rollout_of::<EdgePin>("concentric:t/", &format!("concentric:t/{name}"));
        assert_eq!(of(&format!("{rollout}/0/edge")), Some(rollout));
        assert_eq!(of(&format!("{rollout}/2/edge-removal")), Some(rollout));
        for other in ["enrollment/edge/0", "x/0/edge", &format!("{rollout}/0/office")] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(rollout_of::<EdgePin>("concentric:u/", "concentric:t/x/0/edge"), None);
    }
}
