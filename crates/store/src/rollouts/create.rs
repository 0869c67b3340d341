//! Making a rollout, whole or not at all.

use chrono::{DateTime, TimeDelta, Utc};
use domain::duty::Waiting;
use domain::gate::policy::{Choices, Policy};
use domain::ids::{PlanId, ReleaseId, RingSetId, RolloutId, TenantId};
use domain::ring::RingSet;
use domain::rollback::Reversal;
use domain::rollout::lint::refusals;
use domain::rollout::observations::Wish;
use domain::rollout::phase::Phase;
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::update::{Delivery, Strategy};
use domain::work::WorkKind;
use serde_json::{Value, json};
use uuid::Uuid;

use super::basis::past_releases;
use super::{NewRollout, RolloutRow, fetch, reported, segments, supersede};
use crate::chain::{self, Entry};
use crate::convert::{STATES, delivery, json, wish_word};
use crate::scope::Tx;
use crate::{Store, StoreError, apps, ring_sets, signals, strategies, work};

impl Store {
    /// Makes a rollout with plan revision 1, its attempts (in a partition of their own), rings,
    /// tallies and work (`Decide` due now, `Signal` too if there are any, `Sweep`, `Enforce` when asked), and the first event of
    /// its history, in one transaction. `Invalid` when release or ring set do not exist, the ring set
    /// has no members, the tenant's strategy cannot deliver the release, or the gate of a ring could never pass; `Conflict` when the release already has an unfinished rollout over
    /// this ring set, or a newer one has. Unfinished rollouts of older releases over the ring set are
    /// superseded. Cost: the members of the ring set.
    pub async fn rollout_create(
        &self,
        tenant: TenantId,
        new: &NewRollout,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let made = make(&mut tx, tenant, new, actor, now).await?;
        made.append(&mut tx, tenant, actor, now).await?;
        tx.commit().await?;
        Ok(made.row)
    }
}

/// A rollout to be made by this very plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned<'a> {
    pub(super) release: ReleaseId,
    pub(super) ring_set: RingSetId,
    pub(super) plan: &'a Plan,
    /// What the devices of the ring set have in common now.
    pub(super) found: &'a segments::Found,
    /// Of the plan, who may differ from whoever starts it.
    pub(super) author: &'a str,
    pub(super) inactive_after: TimeDelta,
}

/// A rollout that is written down, and what is still to be appended to the chain of it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) row: RolloutRow,
    pub(super) body: Value,
    superseded: Vec<RolloutId>,
}

impl Made {
    /// Appends what happened. Call it last: the head of the chain is locked until the transaction ends.
    pub(crate) async fn append(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rollout = Some(self.row.id);
        let entry = Entry { rollout, at: now, actor, kind: "created", body: &self.body };
        chain::append(tx, tenant, entry).await?;
        for one in &self.superseded {
            let body = json!({ "by": self.row.id, "release": self.row.release });
            let rollout = Some(*one);
            let entry = Entry { rollout, at: now, actor, kind: "overtaken", body: &body };
            chain::append(tx, tenant, entry).await?;
        }
        Ok(())
    }
}

/// All of `rollout_create` but its entries in the chain.
pub(crate) async fn make(
    tx: &mut Tx,
    tenant: TenantId,
    new: &NewRollout,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Made, StoreError> {
    let release = lock_release(tx, tenant, new.release).await?;
    let set = ring_set_of(tx, tenant, new.ring_set).await?;
    let starts_at = new.starts_at.unwrap_or(release.released_at);
    let found = segments::found(tx, tenant, new.ring_set).await?;
    let policy = policy(tx, tenant, new.choices, &found).await?;
    let planned = Planned {
        release: new.release,
        ring_set: new.ring_set,
        plan: &Plan::new(&set, starts_at, new.on_gate_failure, policy),
        found: &found,
        author: actor,
        inactive_after: new.inactive_after,
    };
    make_planned(tx, tenant, &release, planned, actor, now).await
}

/// What was chosen, settled with what the tenant's past releases were like.
pub(super) async fn policy(
    tx: &mut Tx,
    tenant: TenantId,
    choices: Choices,
    found: &segments::Found,
) -> Result<Policy, StoreError> {
    let past = past_releases(tx, tenant).await?;
    let usual = reported::of_tenant(tx, tenant).await?;
    Ok(Policy::settle(choices, &past, found.segments()).with_reported(usual))
}

/// Makes the rollout in `tx`, but for its entries in the chain.
pub(super) async fn make_planned(
    tx: &mut Tx,
    tenant: TenantId,
    release: &Release,
    planned: Planned<'_>,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Made, StoreError> {
    check_free(tx, tenant, (planned.release, planned.ring_set)).await?;
    let plan = planned.plan;
    check_quorums(plan, planned.author)?;
    let (rollout, plan_id) = (RolloutId(Uuid::now_v7()), PlanId(Uuid::now_v7()));
    let strategy = strategies::settled(tx, tenant, release.delivery).await?;
    check_reversal(plan, release.delivery)?;
    let back_to = apps::back_to(tx, tenant, release.update_id, release.delivery).await?;
    let told = Told { strategy, back_to };
    insert(tx, tenant, planned, (rollout, plan_id), &told, actor, now).await?;
    let devices = sqlx::query_scalar!(
        r#"select attempts_create($1, $2, $3, $4, $5, $6) as "devices!""#,
        rollout.0,
        planned.ring_set.0,
        release.update_id,
        now,
        now - planned.inactive_after,
        json(&planned.found.marks(&plan.policy().segments))?,
    )
    .fetch_one(&mut **tx)
    .await?;
    if devices == 0 {
        return Err(StoreError::Invalid("the ring set has no members".to_owned()));
    }
    count_attempts(tx, tenant, rollout, plan).await?;
    work::prepare(tx, tenant, &[WorkKind::Sweep, WorkKind::Enforce], rollout.0).await?;
    if Waiting::keeps(release.delivery, strategy, Phase::Scheduled).is_some() {
        strategies::check_alone(tx, tenant).await?;
        work::ask(tx, tenant, WorkKind::Enforce, &[rollout.0], now).await?;
    }
    work::ask(tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
    if signals::any_for(tx, tenant, planned.ring_set).await? {
        work::ask(tx, tenant, WorkKind::Signal, &[rollout.0], now).await?;
    }
    let of = (planned.release, planned.ring_set);
    let superseded = supersede::take_over(tx, tenant, of, rollout, now).await?;
    let row = fetch(tx, tenant, rollout).await?;
    check_provable(plan, &row)?;
    let body = json!({
        "release": planned.release,
        "ring_set": planned.ring_set,
        "plan": plan_id,
        "plan_revision": 1,
        "starts_at": plan.starts_at(),
        "devices": devices,
    });
    Ok(Made { row, body, superseded })
}

pub(super) async fn ring_set_of(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
) -> Result<RingSet, StoreError> {
    match ring_sets::fetch(tx, tenant, ring_set).await {
        Ok(row) => Ok(row.set),
        Err(StoreError::NotFound { .. }) => {
            Err(StoreError::Invalid("there is no such ring set".to_owned()))
        }
        Err(other) => Err(other),
    }
}

#[derive(Debug)]
pub(super) struct Release {
    pub(super) update_id: Uuid,
    pub(super) released_at: DateTime<Utc>,
    delivery: Delivery,
}

/// Under a lock, so that two rollouts of one release do not overlook each other.
pub(super) async fn lock_release(
    tx: &mut Tx,
    tenant: TenantId,
    release: ReleaseId,
) -> Result<Release, StoreError> {
    let row = sqlx::query!(
        "select r.update_id, r.delivery, u.released_at from release r
         join catalog_update u on u.tenant_id = r.tenant_id and u.id = r.update_id
         where r.tenant_id = $1 and r.id = $2 for no key update of r",
        tenant.0,
        release.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or_else(|| StoreError::Invalid("there is no such release".to_owned()))?;
    let delivery = delivery(row.delivery)?;
    Ok(Release { update_id: row.update_id, released_at: row.released_at, delivery })
}

/// A ring that nobody but the author may approve would wait for ever.
pub(super) fn check_quorums(plan: &Plan, author: &str) -> Result<(), StoreError> {
    for (index, ring) in plan.rings().iter().enumerate() {
        let Some(quorum) = &ring.approvals else { continue };
        if !quorum.can_be_met(author) {
            let (name, needed) = (&ring.name, quorum.needed());
            return Err(StoreError::Invalid(format!(
                "ring {index} ({name}) needs {needed} approvals, and too few people besides \
                 {author}, who would be the author, may give one"
            )));
        }
    }
    Ok(())
}

/// A rollback that nothing can carry out must not be waited for.
fn check_reversal(plan: &Plan, delivery: Delivery) -> Result<(), StoreError> {
    let rolls_back = plan.on_gate_failure() == OnGateFailure::RollBack;
    if rolls_back && Reversal::of(&delivery) == Reversal::Never {
        let why =
            "on_gate_failure must be pause: Microsoft offers no way to take a driver off a device";
        return Err(StoreError::Invalid(why.to_owned()));
    }
    Ok(())
}

/// A gate that could never pass would hold every release for ever.
pub(super) fn check_provable(plan: &Plan, row: &RolloutRow) -> Result<(), StoreError> {
    let eligible: Vec<u32> = row.rings.iter().map(|ring| ring.tally.eligible()).collect();
    let refusals = refusals(plan, &eligible);
    if refusals.is_empty() {
        return Ok(());
    }
    let why = refusals.iter().map(|(ring, note)| {
        let name = plan.ring(*ring).map(|ring| ring.name.as_str()).unwrap_or_default();
        format!("the gate of ring {} ({name}) can never pass: {note}", ring.0)
    });
    Err(StoreError::Invalid(why.collect::<Vec<_>>().join("; ")))
}

async fn check_free(
    tx: &mut Tx,
    tenant: TenantId,
    (release, ring_set): (ReleaseId, RingSetId),
) -> Result<(), StoreError> {
    let unfinished = sqlx::query_scalar!(
        r#"select exists (
             select from rollout where tenant_id = $1 and release_id = $2 and ring_set_id = $3
                 and phase_name not in ('completed', 'rolled_back', 'cancelled')) as "yes!""#,
        tenant.0,
        release.0,
        ring_set.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if unfinished {
        let why = "the release already has an unfinished rollout over this ring set";
        return Err(StoreError::Conflict(why.to_owned()));
    }
    Ok(())
}

/// How devices are told, settled with the rollout.
struct Told {
    strategy: Strategy,
    /// Of programs: the version that they go back to.
    back_to: Option<String>,
}

async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    planned: Planned<'_>,
    (rollout, plan_id): (RolloutId, PlanId),
    told: &Told,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (ReleaseId(release), RingSetId(ring_set)) = (planned.release, planned.ring_set);
    sqlx::query!(
        "with planned as (
             insert into plan (tenant_id, id, rollout_id, revision, body, created_by, created_at)
             values ($1, $2, $3, 1, $4, $13, $6)
         )
         insert into rollout (tenant_id, id, release_id, ring_set_id, plan_id, strategy, back_to, phase,
             phase_name, generation, wish, wish_at, wish_by, created_at)
         values ($1, $3, $7, $8, $2, $12, $14, $9, $10, 0, $11, $6, $5, $6)",
        tenant.0,
        plan_id.0,
        rollout.0,
        json(planned.plan)?,
        actor,
        now,
        release,
        ring_set,
        json(&Phase::Scheduled)?,
        Phase::Scheduled.name(),
        wish_word(Wish::Run),
        told.strategy.name(),
        planned.author,
        told.back_to,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A counter for every ring and state, and for every ring and segment, and a row for every ring.
async fn count_attempts(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    plan: &Plan,
) -> Result<(), StoreError> {
    let rings = i16::try_from(plan.rings().len()).map_err(StoreError::corrupt)?;
    let segments = i16::try_from(plan.policy().segments.len()).map_err(StoreError::corrupt)?;
    let states = i16::try_from(STATES).map_err(StoreError::corrupt)?;
    sqlx::query!(
        "insert into tally (tenant_id, rollout_id, ring, aside, state, devices)
         select $1, $2, ring, aside, state, case when aside then 0 else coalesce(c.devices, 0) end
         from generate_series(0, $3::int2 - 1) as ring
         cross join generate_series(0, $4::int2 - 1) as state
         cross join (values (false), (true)) as a(aside)
         left join (
             select a.ring, a.state, count(*)::int as devices from attempt a
             where a.tenant_id = $1 and a.rollout_id = $2 group by a.ring, a.state
         ) c using (ring, state)",
        tenant.0,
        rollout.0,
        rings,
        states,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into segment_tally (tenant_id, rollout_id, ring, segment)
         select $1, $2, ring, segment
         from generate_series(0, $3::int2 - 1) as ring
         cross join generate_series(0, $4::int2 - 1) as segment",
        tenant.0,
        rollout.0,
        rings,
        segments,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into rollout_ring (tenant_id, rollout_id, ring, members)
         select $1, $2, ring, sum(devices) from tally
         where tenant_id = $1 and rollout_id = $2 group by ring",
        tenant.0,
        rollout.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
