//! Reading what stands on Graph of an enrollment.
//!
//! Groups first: targets and members are told by our keys where the group is ours.

use std::collections::HashMap;

use domain::enrollment::find::our_groups;
use domain::enrollment::key::Key;
use domain::enrollment::object::{
    Assigned, DriversPayload, EdgePayload, FeaturePayload, GroupPayload, GroupRef, Observed,
    OfficePayload, Payload, Recorded, Target, UpdateRingPayload,
};
use domain::enrollment::tag::{MARKER, key_of, mail_nickname, nickname_prefix};
use domain::ids::{DirectoryObjectId, TenantId};
use domain::ring::{MAX_RINGS, RingIndex};
use msgraph::{Client, Group, Policy, Remote, WireTarget};
use scheduler::FleetError;

use super::graph;

/// Everything that carries a tag of the tenant or is recorded, and every update ring of others.
pub(super) async fn observed(
    client: &Client,
    tenant: TenantId,
    recorded: &[Recorded],
) -> Result<Vec<Observed>, FleetError> {
    let mut all = groups(client, tenant, recorded).await?;
    let ours = our_groups(&all, recorded);
    nest(client, &mut all, &ours).await?;
    let read = Reading { client, tenant, recorded, ours: &ours };
    read.update_rings(&mut all).await?;
    read.of::<FeaturePayload>(&mut all, Payload::Feature, "feature").await?;
    read.of::<DriversPayload>(&mut all, Payload::Drivers, "drivers").await?;
    read.of::<EdgePayload>(&mut all, Payload::Edge, "edge").await?;
    read.of::<OfficePayload>(&mut all, Payload::Office, "office").await?;
    Ok(all)
}

/// Found by their nicknames, which nobody sees and so nobody changes, and by their records.
async fn groups(
    client: &Client,
    tenant: TenantId,
    recorded: &[Recorded],
) -> Result<Vec<Observed>, FleetError> {
    let keys = (0..).map(RingIndex).take(MAX_RINGS).map(Key::RingGroup).chain([Key::Devices]);
    let keys: HashMap<String, Key> = keys.map(|key| (mail_nickname(tenant, &key), key)).collect();
    let groups = client.groups_nicknamed(&nickname_prefix(tenant)).await.map_err(graph)?;
    let mut found: HashMap<String, (Key, Group)> = groups
        .into_iter()
        .filter_map(|group| {
            let key = keys.get(&group.mail_nickname)?.clone();
            Some((group.id.to_string(), (key, group)))
        })
        .collect();
    for record in recorded.iter().filter(|record| record.key.is_group()) {
        if found.contains_key(&record.id) {
            continue;
        }
        let Ok(id) = record.id.parse::<DirectoryObjectId>() else { continue };
        if let Some(group) = client.group(id).await.map_err(graph)? {
            found.insert(record.id.clone(), (record.key.clone(), group));
        }
    }
    let observed = found.into_iter().map(|(id, (key, group))| Observed {
        tagged: key_of(tenant, &group.description).as_ref() == Some(&key),
        created_at: group.created_at.map(Into::into),
        payload: Payload::Group(GroupPayload { name: group.display_name, nested: Vec::new() }),
        key,
        id,
    });
    Ok(observed.collect())
}

/// Which of our groups are members of the devices group. Of ring groups nothing is read: their members
/// are devices, as many as the fleet has.
async fn nest(
    client: &Client,
    all: &mut [Observed],
    ours: &HashMap<String, Key>,
) -> Result<(), FleetError> {
    for object in all.iter_mut().filter(|object| object.key == Key::Devices) {
        let Ok(id) = object.id.parse::<DirectoryObjectId>() else { continue };
        let members = client.group_members(id).await.map_err(graph)?.groups;
        let mut keys: Vec<Key> =
            members.iter().filter_map(|group| ours.get(&group.to_string())).cloned().collect();
        keys.sort();
        if let Payload::Group(group) = &mut object.payload {
            group.nested = keys;
        }
    }
    Ok(())
}

struct Reading<'a> {
    client: &'a Client,
    tenant: TenantId,
    recorded: &'a [Recorded],
    ours: &'a HashMap<String, Key>,
}

impl Reading<'_> {
    async fn of<P: Policy>(
        &self,
        all: &mut Vec<Observed>,
        payload: fn(Assigned<P>) -> Payload,
        word: &str,
    ) -> Result<(), FleetError> {
        let marker = format!("{MARKER}{}/enrollment/{word}/", self.tenant);
        let found = self.client.policies::<P>(Some(&marker)).await.map_err(graph)?;
        for remote in found {
            let Some(key) = key_of(self.tenant, &remote.description) else { continue };
            all.push(self.ours(key, true, remote, payload));
        }
        Ok(())
    }

    async fn update_rings(&self, all: &mut Vec<Observed>) -> Result<(), FleetError> {
        let found: Vec<Remote<UpdateRingPayload>> =
            self.client.update_rings().await.map_err(graph)?;
        for remote in found {
            let tagged = key_of(self.tenant, &remote.description);
            let record = self.recorded.iter().find(|one| one.id == remote.id && one.key.is_ours());
            match (&tagged, record) {
                (Some(key), _) => {
                    all.push(self.ours(key.clone(), true, remote, Payload::UpdateRing));
                }
                (None, Some(record)) => {
                    all.push(self.ours(record.key.clone(), false, remote, Payload::UpdateRing));
                }
                // Made for a rollout: neither the organisation's nor the enrollment's.
                (None, None) if remote.name.starts_with(MARKER) => {}
                (None, None) => all.push(Observed {
                    key: Key::Exclusion(remote.id.clone()),
                    tagged: false,
                    created_at: remote.created_at.map(Into::into),
                    payload: Payload::Exclusion { targets: self.targets(&remote.targets) },
                    id: remote.id,
                }),
            }
        }
        Ok(())
    }

    fn ours<P>(
        &self,
        key: Key,
        tagged: bool,
        remote: Remote<P>,
        payload: fn(Assigned<P>) -> Payload,
    ) -> Observed {
        let targets = self.targets(&remote.targets);
        Observed {
            key,
            tagged,
            created_at: remote.created_at.map(Into::into),
            payload: payload(Assigned { name: remote.name, settings: remote.settings, targets }),
            id: remote.id,
        }
    }

    fn targets(&self, targets: &[WireTarget]) -> Vec<Target> {
        let group = |id: &DirectoryObjectId| match self.ours.get(&id.to_string()) {
            Some(key) => GroupRef::Ours(key.clone()),
            None => GroupRef::Other(*id),
        };
        let mut targets: Vec<Target> = targets
            .iter()
            .filter_map(|target| match target {
                WireTarget::Group(id) => Some(Target::Group(group(id))),
                WireTarget::ExcludedGroup(id) => Some(Target::ExcludedGroup(group(id))),
                WireTarget::AllDevices => Some(Target::AllDevices),
                WireTarget::AllUsers => Some(Target::AllUsers),
                WireTarget::Other(_) => None,
            })
            .collect();
        targets.sort();
        targets.dedup();
        targets
    }
}
