//! Keeping how the fleet stands at each midnight, and raising alerts.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::ids::TenantId;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// Cost: counters and what stands still, never devices.
pub(super) async fn report<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    let now = world.clock.now();
    world.journal.report(tenant, now).await?;
    let regular = world.later(world.settings.report_every, world.settings.reconcile_every);
    Ok(Some(regular.min(midnight_after(now))))
}

/// The next midnight in UTC.
fn midnight_after(now: DateTime<Utc>) -> DateTime<Utc> {
    now.date_naive().and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1)
}
