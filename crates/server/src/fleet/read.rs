//! Reading a tenant: its catalogue, its devices, what they report.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{DirectoryObjectId, EntraDeviceId};
use domain::inventory::{CheckIn, ImportedDevice, ImportedUpdate, Report, UpdateBuild};
use msgraph::{
    Cadence, Classification, Client, InstallState, ManagedDevice, QualityStatusRow,
    QualityUpdateEntry,
};
use scheduler::FleetError;
use tokio::sync::mpsc;

use super::graph;

pub(super) async fn updates(client: &Client) -> Result<Vec<ImportedUpdate>, FleetError> {
    let entries = client.quality_updates().await.map_err(graph)?;
    Ok(entries.into_iter().map(update).collect())
}

fn update(entry: QualityUpdateEntry) -> ImportedUpdate {
    let builds = entry.revisions.into_iter().map(|revision| UpdateBuild {
        build: revision.build,
        product: revision.product,
        version: revision.version,
        kb: revision.kb,
    });
    ImportedUpdate {
        catalog_entry_id: entry.catalog_entry_id,
        title: if entry.display_name.is_empty() { entry.catalog_name } else { entry.display_name },
        short_name: entry.short_name,
        classification: match entry.classification {
            Classification::Security => "security".to_owned(),
            Classification::NonSecurity => "nonSecurity".to_owned(),
            Classification::Other(other) => other,
        },
        cadence: match entry.cadence {
            Cadence::Monthly => "monthly".to_owned(),
            Cadence::OutOfBand => "outOfBand".to_owned(),
            Cadence::Other(other) => other,
        },
        kb: entry.kb,
        released_at: entry.release_at,
        deployable_until: entry.deployable_until,
        is_expeditable: entry.is_expeditable,
        builds: builds.collect(),
    }
}

/// The directory is read first, for the object ids; 32 bytes a device are held meanwhile.
pub(super) async fn devices(
    client: &Client,
    into: mpsc::Sender<Vec<ImportedDevice>>,
) -> Result<(), FleetError> {
    let mut objects: HashMap<EntraDeviceId, DirectoryObjectId> = HashMap::new();
    let mut pages = client.directory_devices().map_err(graph)?;
    while let Some(page) = pages.next().await.map_err(graph)? {
        objects.extend(page.into_iter().map(|device| (device.device, device.object)));
    }
    let mut pages = client.managed_devices(None).map_err(graph)?;
    let mut chunk = Vec::new();
    while let Some(page) = pages.next().await.map_err(graph)? {
        let windows = page.into_iter().filter(is_windows);
        chunk.extend(windows.map(|device| imported(device, &objects)));
        // Large chunks: every one of them is merged into the table by a statement of its own.
        if chunk.len() >= 20_000 {
            send(&into, std::mem::take(&mut chunk)).await?;
        }
    }
    if chunk.is_empty() { Ok(()) } else { send(&into, chunk).await }
}

fn is_windows(device: &ManagedDevice) -> bool {
    device.os.eq_ignore_ascii_case("windows")
}

fn imported(
    device: ManagedDevice,
    objects: &HashMap<EntraDeviceId, DirectoryObjectId>,
) -> ImportedDevice {
    ImportedDevice {
        intune: device.id,
        entra_device: device.entra_device,
        object: device.entra_device.and_then(|id| objects.get(&id)).copied(),
        name: device.name,
        manufacturer: device.manufacturer,
        model: device.model,
        serial: device.serial,
        build: device.os_version,
        last_sync: device.last_sync,
    }
}

pub(super) async fn check_ins(
    client: &Client,
    since: Option<DateTime<Utc>>,
    into: mpsc::Sender<Vec<CheckIn>>,
) -> Result<(), FleetError> {
    let mut pages = client.managed_devices(since).map_err(graph)?;
    while let Some(page) = pages.next().await.map_err(graph)? {
        let windows = page.into_iter().filter(is_windows);
        let chunk: Vec<CheckIn> = windows.filter_map(|device| check_in(&device)).collect();
        if !chunk.is_empty() {
            send(&into, chunk).await?;
        }
    }
    Ok(())
}

fn check_in(device: &ManagedDevice) -> Option<CheckIn> {
    Some(CheckIn { intune: device.id, build: device.os_version, at: device.last_sync? })
}

/// A receiver that is gone has failed and says why itself.
async fn send<T>(into: &mpsc::Sender<Vec<T>>, chunk: Vec<T>) -> Result<(), FleetError> {
    into.send(chunk).await.map_err(|_| FleetError::Later {
        what: "nobody takes in what was read".to_owned(),
        after: None,
    })
}

pub(super) async fn reports(client: &Client, policy: &str) -> Result<Vec<Report>, FleetError> {
    let rows = client.quality_update_status(policy).await.map_err(graph)?;
    Ok(rows.into_iter().filter_map(report).collect())
}

/// What a report says beyond the build number. Installed and uninstalled are left to check-ins:
/// a build is a fact, a report's word for it arrives when it likes.
fn report(row: QualityStatusRow) -> Option<Report> {
    let (state, code) = match row.state {
        InstallState::Downloading | InstallState::Installing | InstallState::RebootPending => {
            (AttemptState::Installing, None)
        }
        InstallState::Failed { code } => (AttemptState::Failed, code),
        InstallState::Pending | InstallState::OfferReady | InstallState::OnHold => return None,
        InstallState::Installed | InstallState::Uninstalled | InstallState::Other(_) => {
            return None;
        }
    };
    Some(Report { device: row.entra_device, state, code, at: row.event_at? })
}
