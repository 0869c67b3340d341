//! Making an enrollment true on Graph step by step, taking it back, and watching it.
//!
//! A plan is worked out anew from what stands on Graph whenever this runs, so a server that dies
//! anywhere leaves nothing that the next run does not finish: what it made carries our tag and is
//! adopted, what it deleted is gone.

use std::collections::HashMap;

use domain::enrollment::desired::desired;
use domain::enrollment::drift::{Difference, drift};
use domain::enrollment::key::Key;
use domain::enrollment::object::{Observed, Payload, Recorded};
use domain::enrollment::plan::{Afterwards, Mode, Plan, plan};
use domain::ids::TenantId;
use domain::work::WorkKind;

use super::{Next, TaskError, World};
use crate::ports::tenancy::{Demand, EnrollmentDuty};
use crate::ports::{Fleet, FleetError, Journal};
use crate::settings::Clock;

pub(super) async fn enroll<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    let Some(duty) = world.journal.enrollment(tenant).await? else { return Ok(None) };
    let outcome = match &duty.demand {
        Some(demand) => meet(world, tenant, &duty, demand).await,
        None => watch(world, tenant, &duty).await,
    };
    match &outcome {
        Ok(()) => world.journal.note_enrollment(tenant, None).await?,
        Err(TaskError::Fleet(error)) => {
            world.journal.note_enrollment(tenant, Some(&error.to_string())).await?;
        }
        Err(TaskError::Journal(_)) => {}
    }
    outcome?;
    Ok(Some(world.later(world.settings.drift_every, world.settings.reconcile_every)))
}

async fn meet<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    duty: &EnrollmentDuty,
    demand: &Demand,
) -> Result<(), TaskError> {
    if duty.apply && *demand == Demand::Unenroll {
        clear(world, tenant).await?;
    }
    let observed = world.fleet.enrollment_objects(tenant, &duty.recorded).await?;
    let planned = work_out(tenant, duty, demand, &observed);
    world.journal.keep_plan(tenant, duty.generation, &planned, 0, world.clock.now()).await?;
    if !duty.apply {
        return Ok(());
    }
    let recorded = take(world, tenant, duty, &planned, Keep::Plan).await?;
    // What Graph shows may lag; what is still missing is planned again, by whoever runs next.
    let began = world.clock.now();
    let observed = world.fleet.enrollment_objects(tenant, &recorded).await?;
    // What others changed is left alone unless it was to be restored: that is still so.
    let differences = drift(&recorded, &observed);
    let left = work_out(tenant, &EnrollmentDuty { recorded, ..duty.clone() }, demand, &observed);
    if let Some(step) = left.steps.first() {
        let what = format!("Graph does not show it yet: {}", step.key);
        return Err(FleetError::Later { what, after: None }.into());
    }
    world.journal.keep_drift(tenant, &differences, began).await?;
    let now = world.clock.now();
    world.journal.demand_met(tenant, duty.generation, now).await?;
    // Members of groups that were just made, or made again.
    world.journal.ask(tenant, WorkKind::Members, tenant.0, now).await?;
    Ok(())
}

fn work_out(
    tenant: TenantId,
    duty: &EnrollmentDuty,
    demand: &Demand,
    observed: &[Observed],
) -> Plan {
    let wanted: Vec<(Key, Payload)> = match demand {
        Demand::Unenroll => Vec::new(),
        Demand::Enroll | Demand::Restore(_) => desired(tenant, &duty.set, &duty.settings, observed),
    };
    let mode = match demand {
        Demand::Enroll => Mode::Apply,
        Demand::Restore(keys) => Mode::Restore { keys: keys.clone() },
        Demand::Unenroll => Mode::Unenroll,
    };
    plan(&wanted, observed, &duty.recorded, mode)
}

/// Whether somebody follows the plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Plan,
    Nothing,
}

/// Takes every step; what is recorded afterwards.
async fn take<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    duty: &EnrollmentDuty,
    planned: &Plan,
    keep: Keep,
) -> Result<Vec<Recorded>, TaskError> {
    let mut recorded = duty.recorded.clone();
    for (step, done) in planned.steps.iter().zip(1_u32..) {
        let ids: HashMap<Key, String> =
            recorded.iter().map(|one| (one.key.clone(), one.id.clone())).collect();
        let id = world.fleet.take_step(tenant, step, &ids).await?;
        let now = world.clock.now();
        let before = recorded.iter().find(|one| one.key == step.key);
        match step.afterwards(&id, before) {
            Afterwards::Keep(object) => {
                world.journal.keep_object(tenant, &object, now).await?;
                recorded.retain(|one| one.key != object.key);
                recorded.push(object);
            }
            Afterwards::Forget { id } => {
                world.journal.forget_object(tenant, &id, now).await?;
                recorded.retain(|one| one.id != id);
            }
        }
        if keep == Keep::Nothing {
            continue;
        }
        let taken = usize::try_from(done).unwrap_or(usize::MAX);
        let left = Plan { steps: planned.steps[taken..].to_vec(), ..planned.clone() };
        world.journal.keep_plan(tenant, duty.generation, &left, done, now).await?;
    }
    Ok(recorded)
}

/// What rollouts made goes before what the enrollment made.
async fn clear<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<(), TaskError> {
    world.fleet.clear_rollouts(tenant).await?;
    let mut after = None;
    loop {
        let devices = world.journal.told_devices(tenant, after).await?;
        let Some(last) = devices.last() else { return Ok(()) };
        after = Some(*last);
        world.fleet.unenroll_devices(tenant, &devices).await?;
    }
}

async fn watch<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    duty: &EnrollmentDuty,
) -> Result<(), TaskError> {
    // What is dated later than a request to compare has seen it.
    let began = world.clock.now();
    let observed = world.fleet.enrollment_objects(tenant, &duty.recorded).await?;
    let differences: Vec<Difference> = drift(&duty.recorded, &observed);
    world.journal.keep_drift(tenant, &differences, began).await?;
    let restores = duty.settings.restore_drift && !differences.is_empty();
    // The ring set may have changed since: what it says now is made, whoever changed what else.
    let demand = if restores { Demand::Restore(None) } else { Demand::Enroll };
    let planned = work_out(tenant, duty, &demand, &observed);
    if planned.steps.is_empty() {
        return Ok(());
    }
    let (steps, objects) = (planned.steps.len(), differences.len());
    tracing::info!(%tenant, steps, objects, restores, "making what an enrollment wants");
    take(world, tenant, duty, &planned, Keep::Nothing).await?;
    if restores {
        world.journal.keep_drift(tenant, &[], world.clock.now()).await?;
    }
    world.journal.ask(tenant, WorkKind::Members, tenant.0, world.clock.now()).await?;
    Ok(())
}
