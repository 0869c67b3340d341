//! The drivers of a tenant: which devices are under their management, and which devices need which.

use chrono::{DateTime, Utc};
use domain::duty::DriverDevices;
use domain::ids::EntraDeviceId;
use domain::inventory::{DriverMatch, ImportedDriver, ImportedUpdate};
use domain::update::UpdateKind;
use domain::update::details::{Details, Driver};
use msgraph::{Client, DriverEntry, UpdateCategory};
use scheduler::FleetError;
use tokio::sync::mpsc;

use super::graph;

/// Enrols and adds, or takes out and gives back. Both set a state: what is told twice changes nothing.
pub(super) async fn manage(
    client: &Client,
    audience: &str,
    devices: &DriverDevices,
) -> Result<(), FleetError> {
    let ids = |list: &[(_, EntraDeviceId)]| list.iter().map(|(_, id)| *id).collect::<Vec<_>>();
    let (enroll, release) = (ids(&devices.enroll), ids(&devices.release));
    if !release.is_empty() {
        client.remove_from_audience(audience, &release).await.map_err(graph)?;
        client.unenroll(UpdateCategory::Driver, &release).await.map_err(graph)?;
    }
    if !enroll.is_empty() {
        client.enroll(UpdateCategory::Driver, &enroll).await.map_err(graph)?;
        client.add_to_audience(audience, &enroll).await.map_err(graph)?;
    }
    Ok(())
}

/// Reads every driver with the devices that need it, one by one. Cost: a request for every driver, and
/// one for every 100 of its devices.
pub(super) async fn read(
    client: &Client,
    audience: &str,
    into: mpsc::Sender<ImportedDriver>,
) -> Result<(), FleetError> {
    let mut pages = client.applicable_drivers(audience).map_err(graph)?;
    while let Some(entries) = pages.next().await.map_err(graph)? {
        for entry in entries {
            let mut matches = Vec::new();
            let mut devices =
                client.matched_devices(audience, &entry.catalog_entry_id).map_err(graph)?;
            while let Some(page) = devices.next().await.map_err(graph)? {
                matches.extend(
                    page.into_iter().map(|one| DriverMatch {
                        device: one.device,
                        recommended: one.recommended,
                    }),
                );
            }
            let driver = ImportedDriver { update: driver(entry), matches };
            // A receiver that is gone has failed and says why itself.
            into.send(driver).await.map_err(|_| FleetError::Later {
                what: "nobody takes in what was read".to_owned(),
                after: None,
            })?;
        }
    }
    Ok(())
}

fn driver(entry: DriverEntry) -> ImportedUpdate {
    let name = if entry.display_name.is_empty() {
        format!("{} - {} - {}", entry.manufacturer, entry.class, entry.version)
    } else {
        entry.display_name
    };
    ImportedUpdate {
        kind: UpdateKind::Driver,
        channel: None,
        catalog_entry_id: entry.catalog_entry_id,
        short_name: name.clone(),
        title: name,
        version: Some(entry.version),
        classification: "driver".to_owned(),
        cadence: String::new(),
        kb: None,
        // Microsoft's own examples have no release; then the date of the driver is the nearest.
        released_at: entry.release_at.or(entry.version_at).unwrap_or(DateTime::<Utc>::UNIX_EPOCH),
        deployable_until: entry.deployable_until,
        is_expeditable: false,
        details: Details {
            driver: Some(Driver {
                manufacturer: entry.manufacturer,
                provider: entry.provider,
                class: entry.class,
                description: entry.description,
                version_at: entry.version_at,
            }),
            ..Details::default()
        },
        builds: Vec::new(),
    }
}
