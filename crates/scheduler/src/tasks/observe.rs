//! Reading what devices report: builds by their check-ins, versions of programs by the inventory,
//! everything else by report exports.

use domain::app::{App, AppSeen};
use domain::duty::Watched;
use domain::ids::TenantId;
use domain::inventory::{CheckIn, FeatureReports, IngestCounts};
use domain::work::WorkKind;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::mpsc;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, FleetError, Journal, JournalError};
use crate::settings::Clock;

/// An export takes Graph seconds to minutes, most of which is waiting.
const EXPORTS_AT_ONCE: usize = 8;

pub(super) async fn observe<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    let outcome = read(world, tenant).await;
    let now = world.clock.now();
    match &outcome {
        Ok(_) => world.journal.note_connection(tenant, None, now).await?,
        Err(TaskError::Fleet(error)) => {
            world.journal.note_connection(tenant, Some(error), now).await?;
        }
        Err(TaskError::Journal(_)) => {}
    }
    if outcome?.unknown > 0 {
        world.journal.ask(tenant, WorkKind::Sync, tenant.0, now).await?;
    }
    Ok(Some(world.later(world.settings.observe_every, world.settings.observe_at_most_every)))
}

async fn read<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<IngestCounts, TaskError> {
    let began = world.clock.now();
    let since = world.journal.observed_to(tenant).await?;
    let since = since.map(|since| since - world.settings.observe_overlap);
    let counts = check_ins(world, tenant, since).await?;
    let (mut policies, mut profiles) = (Vec::new(), Vec::new());
    for Watched { rollout, policies: some, profiles: more } in world.journal.watched(tenant).await?
    {
        policies.extend(some.into_iter().map(|(_, policy)| (rollout, policy)));
        profiles.extend(more.into_iter().map(|(ring, profile)| (rollout, ring, profile)));
    }
    let read = stream::iter(policies).map(async |(rollout, policy)| {
        let reports = world.fleet.reports(tenant, &policy).await?;
        world.journal.reports(tenant, rollout, &reports, world.clock.now()).await?;
        Ok::<_, TaskError>(())
    });
    read.buffer_unordered(EXPORTS_AT_ONCE).try_collect::<()>().await?;
    let read = stream::iter(profiles).map(async |(rollout, ring, profile)| {
        let FeatureReports { reports, held } =
            world.fleet.feature_reports(tenant, &profile).await?;
        let now = world.clock.now();
        world.journal.reports(tenant, rollout, &reports, now).await?;
        world.journal.safeguarded(tenant, rollout, ring, &held, now).await?;
        Ok::<_, TaskError>(())
    });
    read.buffer_unordered(EXPORTS_AT_ONCE).try_collect::<()>().await?;
    world.journal.observed(tenant, began).await?;
    // Last: an inventory that cannot be read holds up nothing but rollouts of programs.
    for app in world.journal.apps_due(tenant, world.settings.inventory_every, began).await? {
        inventory(world, tenant, app).await?;
    }
    Ok(counts)
}

/// Reads and takes in at the same time, as [`check_ins`] does.
async fn inventory<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    app: App,
) -> Result<(), TaskError> {
    let began = world.clock.now();
    let (into, mut chunks) = mpsc::channel::<Vec<AppSeen>>(2);
    let reading = world.fleet.applications(tenant, app, into);
    let taking = async move {
        while let Some(chunk) = chunks.recv().await {
            world.journal.apps_seen(tenant, app, &chunk, began).await?;
        }
        Ok::<_, JournalError>(())
    };
    let (read, taken) = tokio::join!(reading, taking);
    together(read, taken)?;
    Ok(world.journal.apps_read(tenant, app, world.settings.confirm_after, began).await?)
}

/// Reads and takes in at the same time; whoever fails first ends both.
async fn check_ins<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    since: Option<chrono::DateTime<chrono::Utc>>,
) -> Result<IngestCounts, TaskError> {
    let (into, mut chunks) = mpsc::channel::<Vec<CheckIn>>(2);
    let reading = world.fleet.check_ins(tenant, since, into);
    let taking = async move {
        let mut total = IngestCounts::default();
        while let Some(chunk) = chunks.recv().await {
            let (confirm, now) = (world.settings.confirm_after, world.clock.now());
            let counts = world.journal.check_ins(tenant, &chunk, confirm, now).await?;
            total.read += counts.read;
            total.moved += counts.moved;
            total.unknown += counts.unknown;
        }
        Ok::<_, JournalError>(total)
    };
    let (read, taken) = tokio::join!(reading, taking);
    together(read, taken)
}

/// When taking in fails, reading fails after it for want of a receiver: the first is the cause.
pub(super) fn together<T>(
    read: Result<(), FleetError>,
    taken: Result<T, JournalError>,
) -> Result<T, TaskError> {
    let taken = taken?;
    read?;
    Ok(taken)
}
