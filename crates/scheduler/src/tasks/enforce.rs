//! Making Graph agree with what was decided: level-triggered, restrictions first.

mod waiting;

use chrono::{DateTime, Utc};
use domain::duty::{Duty, RingDuty, RingObjects, Waiting, WaveKind};
use domain::ids::{RolloutId, TenantId};
use domain::metric::Metric;
use domain::pause::renewal;
use domain::rollout::access::Access;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, FleetError, Journal};
use crate::settings::Clock;

pub(super) async fn enforce<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Next, TaskError> {
    let duty = world.journal.duty(tenant, rollout).await?;
    let outcome = carry_out(world, tenant, &duty).await;
    match &outcome {
        Ok(_) => world.journal.note_enforcement(tenant, rollout, None).await?,
        Err(TaskError::Fleet(error)) => {
            let now = world.clock.now();
            world.journal.note_enforcement(tenant, rollout, Some(&error.to_string())).await?;
            world.journal.note_connection(tenant, Some(error), now).await?;
        }
        Err(TaskError::Journal(_)) => {}
    }
    let renew_at = outcome?;
    // Somebody else may change these objects, and a lost server's last call may arrive late.
    let wait = world.clock.service_time(world.settings.reconcile_every);
    let watched = duty.rings.iter().any(|ring| ring.wanted != Access::Closed)
        || duty.waiting.is_some_and(Waiting::is_due);
    let now = world.clock.now();
    let looked_at = watched.then(|| now + wait).into_iter().chain(renew_at).min();
    Ok(again(&duty.rings, looked_at, now))
}

async fn carry_out<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    duty: &Duty,
) -> Result<Next, TaskError> {
    // Before anything is offered to anybody.
    let (waiting, renew_at) = waiting::keep_back(world, tenant, duty).await?;
    let duty = &Duty { waiting, ..duty.clone() };
    let mut rings: Vec<(RingDuty, RingObjects)> = Vec::with_capacity(duty.rings.len());
    let mut in_order: Vec<&RingDuty> =
        duty.rings.iter().filter(|ring| ring.wanted != Access::Closed).collect();
    in_order.sort_by_key(|ring| (urgency(ring), ring.ring));
    for ring in in_order {
        let ring = renewed(ring, world.clock.now());
        let objects = tell(world, tenant, duty, &ring).await?;
        rings.push((ring, objects));
    }
    for wave in &duty.pending {
        let Some((ring, objects)) = rings.iter().find(|(ring, _)| ring.ring == wave.ring) else {
            continue;
        };
        let deliver = match (wave.kind, ring.wanted) {
            (WaveKind::Offer, Access::Open) | (WaveKind::Removal, Access::Withdrawn) => true,
            // A stop is told at once.
            (WaveKind::Withdrawal, Access::Open | Access::Held) => true,
            // Taken back before it was told to anybody, or from everybody: nothing is left to tell.
            (WaveKind::Offer, Access::Withdrawn) => false,
            (WaveKind::Withdrawal, Access::Withdrawn | Access::Closed) => false,
            // Kept until the ring is open again.
            (WaveKind::Offer, Access::Held | Access::Closed) => continue,
            (WaveKind::Removal, Access::Open | Access::Held | Access::Closed) => continue,
        };
        if deliver {
            let devices = world.journal.wave_devices(tenant, duty.rollout, *wave).await?;
            world.fleet.deliver(tenant, duty, *wave, objects, &devices).await?;
            metrics::counter!(Metric::DevicesTold.name())
                .increment(u64::try_from(devices.len()).unwrap_or(0));
        }
        world.journal.wave_delivered(tenant, duty.rollout, *wave, world.clock.now()).await?;
    }
    Ok(renew_at)
}

/// The ring, its hold to be begun anew if it has stood for long.
fn renewed(ring: &RingDuty, now: DateTime<Utc>) -> RingDuty {
    let renew = renewal(ring).is_some_and(|at| at <= now);
    RingDuty { renew, ..ring.clone() }
}

/// However seldom Graph is compared, no hold runs out.
fn again(rings: &[RingDuty], looked_at: Next, now: DateTime<Utc>) -> Next {
    rings.iter().filter_map(renewal).filter(|at| *at > now).chain(looked_at).min()
}

/// What stops goes before what starts.
fn urgency(ring: &RingDuty) -> u8 {
    match ring.wanted {
        Access::Held => 0,
        Access::Withdrawn => 1,
        Access::Open => 2,
        Access::Closed => 3,
    }
}

async fn tell<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    duty: &Duty,
    ring: &RingDuty,
) -> Result<RingObjects, TaskError> {
    let mut objects = tell_once(world, tenant, duty, ring).await?;
    if objects.audience != ring.objects.audience {
        let ring = RingDuty { objects, ..ring.clone() };
        objects = tell_once(world, tenant, duty, &ring).await?;
    }
    if (ring.accepted, ring.accepted_generation) != (ring.wanted, ring.wanted_generation) {
        let now = world.clock.now();
        let (access, generation) = (ring.wanted, ring.wanted_generation);
        world.journal.accepted(tenant, duty.rollout, ring.ring, access, generation, now).await?;
    }
    if ring.renew {
        let now = world.clock.now();
        world.journal.hold_renewed(tenant, duty.rollout, ring.ring, now).await?;
    }
    Ok(objects)
}

async fn tell_once<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    duty: &Duty,
    ring: &RingDuty,
) -> Result<RingObjects, TaskError> {
    let objects = world.fleet.tell(tenant, duty, ring).await.inspect_err(|error| {
        if let FleetError::Rejected(what) = error {
            tracing::error!(%tenant, ring = ring.ring.0, what, "Graph rejects what a ring is to be told");
        }
    })?;
    if objects != ring.objects {
        world.journal.keep_objects(tenant, duty.rollout, ring.ring, &objects).await?;
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::ring::RingIndex;

    use super::*;

    fn day(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(days)
    }

    fn ring(wanted: Access, accepted: Access) -> RingDuty {
        RingDuty {
            ring: RingIndex(0),
            name: "First".to_owned(),
            deadline_days: 2,
            grace_days: 1,
            wanted,
            wanted_generation: 1,
            accepted,
            accepted_generation: 1,
            held_since: Some(day(0)),
            renew: false,
            objects: RingObjects::default(),
        }
    }

    #[test]
    fn a_held_ring_is_told_anew_on_day_28_and_not_before() {
        let held = ring(Access::Held, Access::Held);
        assert!(!renewed(&held, day(28) - TimeDelta::seconds(1)).renew);
        assert!(renewed(&held, day(28)).renew);
        assert!(renewed(&ring(Access::Withdrawn, Access::Withdrawn), day(28)).renew);
        // One that is to be opened, or that Graph does not hold yet, is told so anyway.
        assert!(!renewed(&ring(Access::Open, Access::Held), day(30)).renew);
        assert!(!renewed(&ring(Access::Held, Access::Open), day(30)).renew);
    }

    #[test]
    fn work_is_due_when_a_hold_is_however_seldom_graph_is_compared() {
        let rings = [ring(Access::Held, Access::Held), ring(Access::Open, Access::Open)];
        assert_eq!(again(&rings, Some(day(90)), day(3)), Some(day(28)));
        assert_eq!(again(&rings, Some(day(4)), day(3)), Some(day(4)));
        // Renewed at this moment: the next one counts from what is noted then.
        assert_eq!(again(&rings, Some(day(90)), day(28)), Some(day(90)));
        assert_eq!(again(&rings[1..], None, day(3)), None);
    }
}
