//! Taking one step of an enrollment on Graph.
//!
//! Decides nothing: what a step does was planned by `domain::enrollment`. Every call sets a state, so
//! that a step that was cut off can be taken again.

use std::collections::HashMap;

use domain::enrollment::key::Key;
use domain::enrollment::object::{Assigned, GroupPayload, GroupRef, Payload, Target};
use domain::enrollment::plan::{Change, Step};
use domain::enrollment::tag::{description, mail_nickname, tag};
use domain::ids::{DirectoryObjectId, TenantId};
use msgraph::{Client, GroupSpec, Policy, PolicySpec, WireTarget};
use scheduler::FleetError;

use super::graph;

/// A step's surroundings.
pub(super) struct Taking<'a> {
    pub(super) client: &'a Client,
    pub(super) tenant: TenantId,
    /// The ids of our objects.
    pub(super) ids: &'a HashMap<Key, String>,
}

impl Taking<'_> {
    /// The id of the object afterwards.
    pub(super) async fn take(&self, step: &Step) -> Result<String, FleetError> {
        match &step.change {
            Change::Create { to } => self.create(&step.key, to).await,
            Change::Update { id, to, .. } => self.update(&step.key, id, to).await,
            Change::Delete { id, holds } => {
                self.delete(id, holds).await?;
                Ok(id.clone())
            }
            Change::Restore { id, .. } => {
                if let Some(devices) = self.devices_group() {
                    let done = self.client.readmit_to_update_ring(id, devices).await;
                    done.map_err(graph)?;
                }
                Ok(id.clone())
            }
            // Only our records change.
            Change::Adopt { id, .. } | Change::Release { id, .. } => Ok(id.clone()),
        }
    }

    async fn create(&self, key: &Key, to: &Payload) -> Result<String, FleetError> {
        match to {
            Payload::Group(group) => self.create_group(key, group).await,
            Payload::UpdateRing(policy) => self.create_policy(key, policy).await,
            Payload::Feature(policy) => self.create_policy(key, policy).await,
            Payload::Drivers(policy) => self.create_policy(key, policy).await,
            Payload::Edge(policy) => self.create_policy(key, policy).await,
            Payload::Office(policy) => self.create_policy(key, policy).await,
            Payload::Exclusion { .. } => {
                Err(FleetError::Rejected("an update ring of others cannot be made".to_owned()))
            }
        }
    }

    async fn create_group(&self, key: &Key, group: &GroupPayload) -> Result<String, FleetError> {
        let spec = GroupSpec {
            mail_nickname: mail_nickname(self.tenant, key),
            display_name: group.name.clone(),
            description: description(self.tenant, key),
        };
        let id = self.client.ensure_group(&spec).await.map_err(graph)?;
        self.fill_group(id, group).await?;
        Ok(id.to_string())
    }

    /// Adds the groups of ours that belong into it, and takes out those that do not.
    async fn fill_group(
        &self,
        id: DirectoryObjectId,
        group: &GroupPayload,
    ) -> Result<(), FleetError> {
        let wanted: Result<Vec<DirectoryObjectId>, FleetError> =
            group.nested.iter().map(|key| self.group(key)).collect();
        let wanted = wanted?;
        let ours = |id: &DirectoryObjectId| self.ids.values().any(|known| *known == id.to_string());
        let there = if group.nested.is_empty() {
            Vec::new()
        } else {
            self.client.group_members(id).await.map_err(graph)?.groups
        };
        let add: Vec<_> = wanted.iter().filter(|one| !there.contains(one)).copied().collect();
        let remove: Vec<_> =
            there.iter().filter(|one| ours(one) && !wanted.contains(one)).copied().collect();
        self.client.add_group_members(id, &add).await.map_err(graph)?;
        self.client.remove_group_members(id, &remove).await.map_err(graph)?;
        Ok(())
    }

    async fn create_policy<P: Policy>(
        &self,
        key: &Key,
        policy: &Assigned<P>,
    ) -> Result<String, FleetError> {
        let targets = self.targets(&policy.targets)?;
        let (description, tag) = (description(self.tenant, key), tag(self.tenant, key));
        let spec = spec(policy, &description, &tag);
        let id = self.client.create_policy(spec).await.map_err(graph)?;
        self.client.assign_policy::<P>(&id, &targets).await.map_err(graph)?;
        Ok(id)
    }

    async fn update(&self, key: &Key, id: &str, to: &Payload) -> Result<String, FleetError> {
        match to {
            Payload::Group(group) => {
                let object = group_id(id)?;
                let description = description(self.tenant, key);
                let named = self.client.update_group(object, &group.name, &description).await;
                named.map_err(graph)?;
                self.fill_group(object, group).await?;
                Ok(id.to_owned())
            }
            Payload::UpdateRing(policy) => self.update_policy(key, id, policy).await,
            Payload::Feature(policy) => self.update_policy(key, id, policy).await,
            Payload::Drivers(policy) => self.update_policy(key, id, policy).await,
            Payload::Edge(policy) => self.update_policy(key, id, policy).await,
            Payload::Office(policy) => self.update_policy(key, id, policy).await,
            Payload::Exclusion { .. } => {
                let devices = self.group(&Key::Devices)?;
                self.client.exclude_from_update_ring(id, devices).await.map_err(graph)?;
                Ok(id.to_owned())
            }
        }
    }

    async fn update_policy<P: Policy>(
        &self,
        key: &Key,
        id: &str,
        policy: &Assigned<P>,
    ) -> Result<String, FleetError> {
        let targets = self.targets(&policy.targets)?;
        let (description, tag) = (description(self.tenant, key), tag(self.tenant, key));
        let spec = spec(policy, &description, &tag);
        let id = self.client.update_policy(id, spec, &targets).await.map_err(graph)?;
        self.client.assign_policy::<P>(&id, &targets).await.map_err(graph)?;
        Ok(id)
    }

    async fn delete(&self, id: &str, holds: &Payload) -> Result<(), FleetError> {
        let client = self.client;
        match holds {
            Payload::Group(_) => client.delete_group(group_id(id)?).await,
            Payload::UpdateRing(policy) => delete_policy(client, policy, id).await,
            Payload::Feature(policy) => delete_policy(client, policy, id).await,
            Payload::Drivers(policy) => delete_policy(client, policy, id).await,
            Payload::Edge(policy) => delete_policy(client, policy, id).await,
            Payload::Office(policy) => delete_policy(client, policy, id).await,
            Payload::Exclusion { .. } => Ok(()),
        }
        .map_err(graph)
    }

    fn devices_group(&self) -> Option<DirectoryObjectId> {
        self.group(&Key::Devices).ok()
    }

    fn group(&self, key: &Key) -> Result<DirectoryObjectId, FleetError> {
        let id = self.ids.get(key).and_then(|id| id.parse().ok());
        // Planned as if it were there: the next plan makes it first.
        id.ok_or_else(|| FleetError::Later { what: format!("{key} is not there yet"), after: None })
    }

    fn targets(&self, targets: &[Target]) -> Result<Vec<WireTarget>, FleetError> {
        let group = |group: &GroupRef| match group {
            GroupRef::Ours(key) => self.group(key),
            GroupRef::Other(id) => Ok(*id),
        };
        targets
            .iter()
            .map(|target| {
                Ok(match target {
                    Target::Group(of) => WireTarget::Group(group(of)?),
                    Target::ExcludedGroup(of) => WireTarget::ExcludedGroup(group(of)?),
                    Target::AllDevices => WireTarget::AllDevices,
                    Target::AllUsers => WireTarget::AllUsers,
                })
            })
            .collect()
    }
}

fn spec<'a, P>(policy: &'a Assigned<P>, description: &'a str, tag: &'a str) -> PolicySpec<'a, P> {
    PolicySpec { name: &policy.name, description, tag, settings: &policy.settings }
}

/// The payload says which kind of policy it is.
async fn delete_policy<P: Policy>(
    client: &Client,
    _: &Assigned<P>,
    id: &str,
) -> Result<(), msgraph::GraphError> {
    client.delete_policy::<P>(id).await
}

fn group_id(id: &str) -> Result<DirectoryObjectId, FleetError> {
    id.parse().map_err(|_| FleetError::Rejected(format!("{id:?} is not the id of a group")))
}
