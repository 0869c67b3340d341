//! Devices whose turn has not come, where they have to be kept back on Graph.
//!
//! They are paused before they are many: the configuration goes before its group is filled. Which devices
//! are in the group is told once, whole; from then on waves move them.

use domain::duty::{Duty, Waiting};
use domain::ids::TenantId;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal, KeptBack};
use crate::settings::Clock;

/// What stands on Graph then, and when it has to be told anew.
pub(super) async fn keep_back<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    duty: &Duty,
) -> Result<(Option<Waiting>, Next), TaskError> {
    let Some(waiting) = duty.waiting.filter(|waiting| waiting.is_due()) else {
        return Ok((duty.waiting, None));
    };
    let KeptBack { group, renew_at } = world.fleet.keep_back(tenant, duty, waiting).await?;
    // A group that somebody deleted was made anew, and is empty.
    let told = waiting.told && waiting.group == Some(group);
    let mut stands = Waiting { group: Some(group), told, ..waiting };
    if waiting.kept && !told {
        let mut after = None;
        loop {
            let devices = world.journal.waiting_devices(tenant, duty.rollout, after).await?;
            let Some((last, _)) = devices.last() else { break };
            after = Some(*last);
            let devices: Vec<_> = devices.into_iter().map(|(_, device)| device).collect();
            world.fleet.add_waiting(tenant, group, &devices).await?;
        }
        stands.told = true;
    }
    if stands != waiting {
        world.journal.keep_waiting(tenant, duty.rollout, group, stands.told).await?;
    }
    Ok((Some(stands), renew_at))
}
