//! Making Graph agree with what was decided: level-triggered, restrictions first.

use domain::duty::{Duty, RingDuty, RingObjects, WaveKind};
use domain::ids::{RolloutId, TenantId};
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
        Ok(()) => world.journal.note_enforcement(tenant, rollout, None).await?,
        Err(TaskError::Fleet(error)) => {
            let now = world.clock.now();
            world.journal.note_enforcement(tenant, rollout, Some(&error.to_string())).await?;
            world.journal.note_connection(tenant, Some(error), now).await?;
        }
        Err(TaskError::Journal(_)) => {}
    }
    outcome?;
    // Somebody else may change these objects, and a lost server's last call may arrive late.
    let wait = world.clock.service_time(world.settings.reconcile_every);
    let watched = duty.rings.iter().any(|ring| ring.wanted != Access::Closed);
    let looked_at = watched.then(|| world.clock.now() + wait);
    // However seldom Graph is compared, no hold runs out.
    let renewals = duty.rings.iter().filter_map(renewal);
    let now = world.clock.now();
    Ok(renewals.filter(|at| *at > now).chain(looked_at).min())
}

async fn carry_out<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    duty: &Duty,
) -> Result<(), TaskError> {
    let mut rings: Vec<(RingDuty, RingObjects)> = Vec::with_capacity(duty.rings.len());
    let mut in_order: Vec<&RingDuty> =
        duty.rings.iter().filter(|ring| ring.wanted != Access::Closed).collect();
    in_order.sort_by_key(|ring| (urgency(ring), ring.ring));
    for ring in in_order {
        let renew = renewal(ring).is_some_and(|at| at <= world.clock.now());
        let ring = RingDuty { renew, ..ring.clone() };
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
            metrics::counter!("concentric_devices_told_total")
                .increment(u64::try_from(devices.len()).unwrap_or(0));
        }
        world.journal.wave_delivered(tenant, duty.rollout, *wave, world.clock.now()).await?;
    }
    Ok(())
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
