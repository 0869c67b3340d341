//! Reading a tenant from scratch: catalogue, devices, groups; then registering and placing devices.

use domain::ids::{IntuneDeviceId, TenantId};
use domain::inventory::ImportedDevice;
use domain::work::WorkKind;
use tokio::sync::mpsc;

use super::observe::together;
use super::{Next, TaskError, World, groups};
use crate::ports::{Fleet, Journal, JournalError};
use crate::settings::Clock;

pub(super) async fn sync<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    let began = world.clock.now();
    let outcome = read(world, tenant).await;
    let now = world.clock.now();
    match &outcome {
        Ok(()) => world.journal.note_connection(tenant, None, now).await?,
        Err(TaskError::Fleet(error)) => {
            world.journal.note_connection(tenant, Some(error), now).await?;
        }
        Err(TaskError::Journal(_)) => {}
    }
    outcome?;
    world.journal.synced(tenant, began).await?;
    for kind in [
        WorkKind::Observe,
        WorkKind::Enroll,
        WorkKind::Members,
        WorkKind::Approve,
        WorkKind::Drivers,
    ] {
        world.journal.ask(tenant, kind, tenant.0, now).await?;
    }
    tracing::info!(%tenant, "synced");
    Ok(Some(world.later(world.settings.sync_every, world.settings.reconcile_every)))
}

async fn read<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<(), TaskError> {
    let catalog = world.fleet.catalog(tenant).await?;
    world.journal.import_catalog(tenant, &catalog).await?;
    drop(catalog);
    // One is taken in, one waits, one is being read: chunks are what most of the memory is for.
    let (into, mut chunks) = mpsc::channel::<Vec<ImportedDevice>>(1);
    let taking = async move {
        let mut seen: Vec<IntuneDeviceId> = Vec::new();
        while let Some(chunk) = chunks.recv().await {
            world.journal.import_devices(tenant, &chunk).await?;
            seen.extend(chunk.iter().map(|device| device.intune));
        }
        Ok::<_, JournalError>(seen)
    };
    let (devices, taken) = tokio::join!(world.fleet.devices(tenant, into), taking);
    let mut seen = together(devices, taken)?;
    seen.sort_unstable();
    world.journal.devices_left(tenant, &seen, world.clock.now()).await?;
    drop(seen);
    groups::follow(world, tenant).await?;
    world.journal.register(tenant, world.clock.now()).await?;
    Ok(())
}
