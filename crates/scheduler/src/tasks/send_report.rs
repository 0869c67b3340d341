//! Making a report that is due, and handing it to the outbox.
//!
//! Making one changes nothing, so it may be made twice; it is sent once, because the journal looks whether its moment is
//! still the one that is due.

use chrono::TimeDelta;
use domain::ids::{ReportScheduleId, TenantId};
use domain::report::Turn;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal, JournalError};
use crate::settings::Clock;

/// How long a report that cannot be made is let be: somebody has to change something.
const LET_BE: TimeDelta = TimeDelta::hours(6);

pub(super) async fn send_report<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    schedule: ReportScheduleId,
) -> Result<Next, TaskError> {
    let now = world.clock.now();
    let order = match world.journal.report_turn(tenant, schedule, now).await? {
        Turn::Wait { until } => return Ok(until),
        Turn::Impossible { at: _, why } => {
            world.journal.report_failed(tenant, schedule, &why).await?;
            return Ok(Some(world.later(LET_BE, world.settings.longest_wait)));
        }
        Turn::Due(order) => order,
    };
    let made = world.fleet.make_report(tenant, &order, now).await;
    let sent = match &made {
        Ok((made, link)) => {
            world.journal.report_made(tenant, &order, made, link, world.clock.now()).await
        }
        Err(why) => Err(JournalError::Failed(why.clone())),
    };
    if let Err(error) = &sent {
        // For people; where the disk is full this fails as well, and the log has it.
        let noted = world.journal.report_failed(tenant, schedule, &error.to_string()).await;
        if let Err(error) = noted {
            tracing::warn!(%error, %schedule, "that a report failed could not be noted");
        }
    }
    Ok(sent?)
}
