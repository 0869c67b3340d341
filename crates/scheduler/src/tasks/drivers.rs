//! The drivers of a tenant: devices enrolled for them, which ones they need, and what that says of rollouts.

use domain::duty::DriverDevices;
use domain::ids::TenantId;
use domain::inventory::ImportedDriver;
use domain::work::WorkKind;
use tokio::sync::mpsc;

use super::observe::together;
use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal, JournalError};
use crate::settings::Clock;

/// Does nothing until somebody chose that drivers are managed: devices that are enrolled receive no driver
/// but what is approved. When the choice is taken back they are given back.
pub(super) async fn drivers<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    let duty = world.journal.driver_duty(tenant, world.clock.now()).await?;
    let audience = match duty.audience {
        Some(audience) => audience,
        None if !duty.wanted => return Ok(None),
        None => {
            let audience = world.fleet.make_driver_audience(tenant).await?;
            world.journal.keep_driver_audience(tenant, Some(&audience)).await?;
            audience
        }
    };
    let told = tell(world, tenant, &audience, duty.wanted).await?;
    if !duty.wanted {
        world.fleet.drop_driver_audience(tenant, &audience).await?;
        world.journal.keep_driver_audience(tenant, None).await?;
        return Ok(None);
    }
    read(world, tenant, &audience).await?;
    let now = world.clock.now();
    world.journal.ask(tenant, WorkKind::Approve, tenant.0, now).await?;
    let soon = world.later(world.settings.observe_every, world.settings.observe_at_most_every);
    // Else the next sync asks.
    Ok((told || duty.awaited).then_some(soon))
}

/// Whether there was anything to tell.
async fn tell<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    audience: &str,
    wanted: bool,
) -> Result<bool, TaskError> {
    let mut told = false;
    loop {
        let devices: DriverDevices = world.journal.driver_devices(tenant, wanted).await?;
        if devices.is_empty() {
            return Ok(told);
        }
        world.fleet.manage_drivers(tenant, audience, &devices).await?;
        world.journal.driver_devices_told(tenant, &devices, world.clock.now()).await?;
        told = true;
    }
}

/// Only a read that came to its end says that something is not there any more.
async fn read<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    audience: &str,
) -> Result<(), TaskError> {
    let began = world.clock.now();
    let (into, mut drivers) = mpsc::channel::<ImportedDriver>(2);
    let reading = world.fleet.drivers(tenant, audience, into);
    let taking = async {
        let mut listed = Vec::new();
        while let Some(driver) = drivers.recv().await {
            world.journal.import_driver(tenant, &driver).await?;
            listed.push(driver.update.catalog_entry_id);
        }
        Ok::<_, JournalError>(listed)
    };
    let (read, taken) = tokio::join!(reading, taking);
    let listed = together(read, taken)?;
    let confirm = world.settings.confirm_after;
    world.journal.drivers_read(tenant, &listed, confirm, began).await?;
    Ok(())
}
