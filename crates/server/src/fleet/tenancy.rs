//! Reading groups and directory devices, and moving members of ring groups.

use domain::ids::DirectoryObjectId;
use domain::inventory::ImportedDirectoryDevice;
use domain::registration::facts::{Agent, Architecture, Join, Owner, System, Traits, Workloads};
use domain::ring::RingIndex;
use msgraph::{Client, DeltaLink, DirectoryDevice, GraphError, RegistrationDevice, TrustType};
use scheduler::{FleetError, GroupBatch, GroupChange, GroupChanges, Membership};

use super::graph;

pub(super) async fn group_changes(
    client: &Client,
    group: DirectoryObjectId,
    link: Option<&str>,
) -> Result<GroupChanges, FleetError> {
    let link = link.map(|link| DeltaLink::from(link.to_owned()));
    let (whole, delta) = match client.group_delta(&[group], link.as_ref()).await {
        Ok(delta) => (link.is_none(), delta),
        // The link is a week old, or of a tenant before this one.
        Err(GraphError::StartOver { .. }) => {
            (true, client.group_delta(&[group], None).await.map_err(graph)?)
        }
        Err(error) => return Err(graph(error)),
    };
    let link = delta.link.as_str().to_owned();
    let change = delta.changes.into_iter().find(|change| change.group == group);
    let change = change.map(|change| GroupChange {
        group: change.group,
        name: change.display_name,
        deleted: change.deleted,
        added_devices: change.added_devices,
        added_groups: change.added_groups,
        removed: change.removed,
    });
    Ok(GroupChanges { whole, change, link })
}

pub(super) async fn directory_devices(
    client: &Client,
    objects: &[DirectoryObjectId],
) -> Result<Vec<ImportedDirectoryDevice>, FleetError> {
    let devices = client.directory_devices_of(objects).await.map_err(graph)?;
    Ok(devices.into_iter().map(directory_device).collect())
}

fn directory_device(device: DirectoryDevice) -> ImportedDirectoryDevice {
    ImportedDirectoryDevice {
        system: system(&device.os),
        join: join(device.trust.as_ref()),
        enabled: device.account_enabled.unwrap_or(true),
        last_sign_in: device.approximate_last_sign_in,
        device: device.device,
        object: device.object,
        name: device.name,
    }
}

fn system(word: &str) -> System {
    // Windows Server and Windows Phone are none of ours.
    if word.eq_ignore_ascii_case("windows") { System::Windows } else { System::Other }
}

pub(super) fn join(trust: Option<&TrustType>) -> Join {
    match trust {
        Some(TrustType::AzureAd) => Join::Entra,
        Some(TrustType::ServerAd) => Join::Hybrid,
        Some(TrustType::Workplace) => Join::Registered,
        Some(TrustType::Other(_)) | None => Join::Unknown,
    }
}

/// What Intune says of a device, with how the directory knows it and whether it may sign in.
pub(super) fn traits(device: &RegistrationDevice, known: Option<(Join, bool)>) -> Traits {
    let (join, enabled) = known.unwrap_or((Join::Unknown, true));
    Traits {
        system: system(&device.os),
        owner: match device.owner {
            msgraph::Owner::Company => Owner::Company,
            msgraph::Owner::Personal => Owner::Personal,
            msgraph::Owner::Unknown => Owner::Unknown,
        },
        agent: match device.agent {
            msgraph::Agent::Mdm => Agent::Intune,
            msgraph::Agent::ConfigMgrMdm => Agent::CoManaged,
            msgraph::Agent::ConfigMgr => Agent::ConfigurationManager,
            msgraph::Agent::Other(_) => Agent::Unknown,
        },
        workloads: device.workloads.map(|has| Workloads {
            updates: has.updates,
            configuration: has.configuration,
            office: has.office,
        }),
        join,
        enabled,
        architecture: match device.architecture {
            msgraph::Architecture::X64 => Architecture::X64,
            msgraph::Architecture::Arm64 => Architecture::Arm64,
            msgraph::Architecture::X86 => Architecture::X86,
            msgraph::Architecture::Arm => Architecture::Arm,
            msgraph::Architecture::Unknown => Architecture::Unknown,
        },
        edition: device.sku_family.clone(),
        edition_number: device.sku_number,
        category: device.category.clone(),
    }
}

/// Departures before arrivals: a device that changes rings is for a moment in none, rather than in two
/// whose policies contradict each other.
pub(super) async fn change_members(client: &Client, batch: &GroupBatch) -> Result<(), FleetError> {
    for (ring, group) in &batch.groups {
        let leaving = objects(&batch.remove, *ring);
        client.remove_group_members(*group, &leaving).await.map_err(graph)?;
    }
    for (ring, group) in &batch.groups {
        let coming = objects(&batch.add, *ring);
        let unknown = client.add_known_group_members(*group, &coming).await.map_err(graph)?;
        if !unknown.is_empty() {
            let devices = unknown.len();
            tracing::warn!(%group, devices, "the directory does not know members of a ring");
        }
    }
    Ok(())
}

fn objects(members: &[Membership], ring: RingIndex) -> Vec<DirectoryObjectId> {
    members.iter().filter(|one| one.ring == ring).map(|one| one.object).collect()
}
