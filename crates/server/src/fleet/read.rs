//! Reading a tenant: its devices, what they report.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{DirectoryObjectId, EntraDeviceId};
use domain::inventory::{CheckIn, FeatureReports, ImportedDevice, Report, Safeguarded};
use domain::registration::facts::Join;
use msgraph::{
    Client, FeatureState, InstallState, ManagedDevice, QualityStatusRow, RegistrationDevice,
};
use scheduler::FleetError;
use tokio::sync::mpsc;

use super::graph;
use super::tenancy::{join, traits};

/// Devices that are handed on together. Many: every chunk is merged into the table by a statement of its own.
const CHUNK: usize = 20_000;

/// Devices of a page, as a rule.
const PAGE: usize = 1_000;

/// The directory is read first, for the object ids and how devices are joined; 34 bytes a device are
/// held meanwhile.
pub(super) async fn devices(
    client: &Client,
    into: mpsc::Sender<Vec<ImportedDevice>>,
) -> Result<(), FleetError> {
    let mut objects = Vec::new();
    let mut pages = client.directory_devices().map_err(graph)?;
    while let Some(page) = pages.next().await.map_err(graph)? {
        objects.extend(page.into_iter().map(|device| Known {
            device: device.device,
            object: device.object,
            join: join(device.trust.as_ref()),
            enabled: device.account_enabled.unwrap_or(true),
        }));
    }
    let objects = Objects::new(objects);
    let mut pages = client.registration_devices(None).map_err(graph)?;
    let mut chunk = Vec::new();
    while let Some(page) = pages.next().await.map_err(graph)? {
        let windows = page.into_iter().filter(|device| is_windows(&device.os));
        chunk.extend(windows.map(|device| imported(device, &objects)));
        if chunk.len() >= CHUNK {
            send(&into, std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK + PAGE))).await?;
        }
    }
    if chunk.is_empty() { Ok(()) } else { send(&into, chunk).await }
}

/// What the directory knows of a device.
#[derive(Debug, Clone, Copy)]
struct Known {
    device: EntraDeviceId,
    object: DirectoryObjectId,
    join: Join,
    enabled: bool,
}

/// Directory objects by device ids. Sorted, because a map of the same takes more than twice the
/// memory, and three times while it grows.
struct Objects(Vec<Known>);

impl Objects {
    fn new(mut known: Vec<Known>) -> Self {
        known.sort_by_key(|one| one.device);
        Self(known)
    }

    /// Of a device that was read twice the last counts.
    fn of(&self, device: EntraDeviceId) -> Option<&Known> {
        let after = self.0.partition_point(|other| other.device <= device);
        self.0.get(after.checked_sub(1)?).filter(|found| found.device == device)
    }
}

fn is_windows(system: &str) -> bool {
    system.eq_ignore_ascii_case("windows")
}

fn imported(device: RegistrationDevice, objects: &Objects) -> ImportedDevice {
    let known = device.entra_device.and_then(|id| objects.of(id));
    ImportedDevice {
        traits: traits(&device, known.map(|known| (known.join, known.enabled))),
        intune: device.id,
        entra_device: device.entra_device,
        object: known.map(|known| known.object),
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
        let windows = page.into_iter().filter(|device| is_windows(&device.os));
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
        InstallState::Installing | InstallState::RebootPending => (AttemptState::Installing, None),
        InstallState::Failed { code } => (AttemptState::Failed, code),
        // A download that is held ends nowhere: until the install starts a device is only offered.
        InstallState::Pending | InstallState::OfferReady | InstallState::Downloading => {
            return None;
        }
        InstallState::OnHold => return None,
        InstallState::Installed | InstallState::Uninstalled | InstallState::Other(_) => {
            return None;
        }
    };
    Some(Report { device: row.entra_device, state, code, at: row.event_at? })
}

pub(super) async fn feature_reports(
    client: &Client,
    profile: &str,
) -> Result<FeatureReports, FleetError> {
    let mut all = FeatureReports::default();
    for row in client.feature_update_status(profile).await.map_err(graph)? {
        let report = |state, code, at: Option<DateTime<Utc>>| {
            at.map(|at| Report { device: row.entra_device, state, code, at })
        };
        match row.state {
            FeatureState::Installing => {
                all.reports.extend(report(AttemptState::Installing, None, row.event_at));
            }
            FeatureState::Failed { code } => {
                all.reports.extend(report(AttemptState::Failed, code, row.event_at));
            }
            FeatureState::Safeguard { id } => {
                all.held.push(Safeguarded { device: row.entra_device, hold: id });
            }
            // A build is a fact, a report's word for it arrives when it likes.
            FeatureState::Installed | FeatureState::Waiting | FeatureState::Other(_) => {}
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use domain::ids::{DirectoryObjectId, EntraDeviceId};
    use domain::registration::facts::Join;
    use uuid::Uuid;

    use super::{Known, Objects};

    #[test]
    fn an_object_is_found_by_its_device() {
        let device = |number| EntraDeviceId(Uuid::from_u128(number));
        let object = |number| DirectoryObjectId(Uuid::from_u128(number));
        let known = |of, is| Known {
            device: device(of),
            object: object(is),
            join: Join::Entra,
            enabled: true,
        };
        let objects = Objects::new(vec![known(5, 1), known(3, 2), known(5, 4)]);
        let found = |of| objects.of(device(of)).map(|known| known.object);
        assert_eq!(found(3), Some(object(2)));
        assert_eq!(found(5), Some(object(4)));
        for missing in [0, 4, 6] {
            assert_eq!(found(missing), None);
        }
        assert!(Objects::new(Vec::new()).of(device(1)).is_none());
        assert_eq!(size_of::<Known>(), 34, "a million of them are held");
    }
}
