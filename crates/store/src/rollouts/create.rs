//! Making a rollout, whole or not at all.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::evidence::baseline::PastRelease;
use domain::gate::policy::{Policy, Segment, SegmentKind};
use domain::ids::{PlanId, ReleaseId, RingSetId, RolloutId, TenantId};
use domain::rollout::lint::refusals;
use domain::rollout::observations::Wish;
use domain::rollout::phase::Phase;
use domain::rollout::plan::Plan;
use domain::update::{Delivery, Strategy};
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use super::segments;
use super::{NewRollout, RolloutRow, fetch};
use crate::chain::{self, Entry};
use crate::convert::{STATES, delivery, json, wish_word};
use crate::scope::Tx;
use crate::{Store, StoreError, ring_sets, signals, strategies, work};

impl Store {
    /// Makes a rollout with plan revision 1, its attempts (in a partition of their own), rings,
    /// tallies and work (`Decide` due now, `Signal` too if there are any, `Sweep`, `Enforce` when asked), and the first event of
    /// its history, in one transaction. `Invalid` when release or ring set do not exist, the ring set
    /// has no members, the tenant's strategy cannot deliver the release, or the gate of a ring could never pass; `Conflict` when the release already has an unfinished rollout over
    /// this ring set. Cost: the members of the ring set.
    pub async fn rollout_create(
        &self,
        tenant: TenantId,
        new: &NewRollout,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let release = lock_release(&mut tx, tenant, new.release).await?;
        let ring_set = ring_sets::fetch(&mut tx, tenant, new.ring_set).await;
        let set = match ring_set {
            Ok(row) => row.set,
            Err(StoreError::NotFound { .. }) => {
                return Err(StoreError::Invalid("there is no such ring set".to_owned()));
            }
            Err(other) => return Err(other),
        };
        check_free(&mut tx, tenant, new).await?;
        let starts_at = new.starts_at.unwrap_or(release.released_at);
        let strategy = strategies::settled(&mut tx, tenant, release.delivery).await?;
        let segments = segments::common(&mut tx, tenant, new.ring_set).await?;
        let past = past_releases(&mut tx, tenant).await?;
        let policy = Policy::settle(new.choices, &past, segments);
        let names = |kind: SegmentKind| -> Vec<String> {
            policy.segments.iter().filter(|s| s.kind == kind).map(|s| s.name.clone()).collect()
        };
        let (models, builds) = (names(SegmentKind::Model), names(SegmentKind::Build));
        let categories = names(SegmentKind::Category);
        let plan = Plan::new(&set, starts_at, new.on_gate_failure, policy);
        check_quorums(&plan, actor)?;
        let (rollout, plan_id) = (RolloutId(Uuid::now_v7()), PlanId(Uuid::now_v7()));
        let settled = (&plan, strategy);
        insert(&mut tx, tenant, new, (rollout, plan_id), settled, actor, now).await?;
        let devices = sqlx::query_scalar!(
            r#"select attempts_create($1, $2, $3, $4, $5, $6, $7, $8) as "devices!""#,
            rollout.0,
            new.ring_set.0,
            release.update_id,
            now,
            now - new.inactive_after,
            &models,
            &builds,
            &categories,
        )
        .fetch_one(&mut *tx)
        .await?;
        if devices == 0 {
            return Err(StoreError::Invalid("the ring set has no members".to_owned()));
        }
        count_attempts(&mut tx, tenant, rollout, &plan).await?;
        work::prepare(&mut tx, tenant, &[WorkKind::Sweep, WorkKind::Enforce], rollout.0).await?;
        work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        if signals::any_for(&mut tx, tenant, new.ring_set).await? {
            work::ask(&mut tx, tenant, WorkKind::Signal, &[rollout.0], now).await?;
        }
        let row = fetch(&mut tx, tenant, rollout).await?;
        check_provable(&plan, &row)?;
        let body = json!({
            "release": new.release,
            "ring_set": new.ring_set,
            "plan": plan_id,
            "plan_revision": 1,
            "starts_at": starts_at,
            "devices": devices,
        });
        let entry = Entry { rollout: Some(rollout), at: now, actor, kind: "created", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// What the policy of a rollout made now would be settled from: how past releases ended, and the
    /// segments of the ring set. Cost: the members of the ring set.
    pub async fn rollout_basis(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
    ) -> Result<(Vec<PastRelease>, Vec<Segment>), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let past = past_releases(&mut tx, tenant).await?;
        let basis = (past, segments::common(&mut tx, tenant, ring_set).await?);
        tx.commit().await?;
        Ok(basis)
    }
}

/// How the last completed rollouts of the tenant ended. One that a person let go on against its gate
/// teaches too: that person found it good enough.
async fn past_releases(tx: &mut Tx, tenant: TenantId) -> Result<Vec<PastRelease>, StoreError> {
    let rows = sqlx::query!(
        r#"select coalesce(sum(t.devices) filter (where t.state = $2), 0) as "failures!",
             coalesce(sum(t.devices) filter (where t.state = $3), 0) as "successes!"
         from (
             select id from rollout where tenant_id = $1 and phase_name = 'completed'
             order by id desc limit $4
         ) r
         join tally t on t.tenant_id = $1 and t.rollout_id = r.id and not t.aside
         group by r.id"#,
        tenant.0,
        AttemptState::Failed.code(),
        AttemptState::Confirmed.code(),
        REMEMBERED,
    )
    .fetch_all(&mut **tx)
    .await?;
    let past = rows.into_iter().map(|row| PastRelease {
        failures: row.failures.unsigned_abs(),
        successes: row.successes.unsigned_abs(),
    });
    Ok(past.collect())
}

/// Releases that a limit is learnt from: more than a year of monthly ones.
const REMEMBERED: i64 = 18;

struct Release {
    update_id: Uuid,
    released_at: DateTime<Utc>,
    delivery: Delivery,
}

/// Under a lock, so that two rollouts of one release do not overlook each other.
async fn lock_release(
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
fn check_quorums(plan: &Plan, author: &str) -> Result<(), StoreError> {
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

/// A gate that could never pass would hold every release for ever.
fn check_provable(plan: &Plan, row: &RolloutRow) -> Result<(), StoreError> {
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

async fn check_free(tx: &mut Tx, tenant: TenantId, new: &NewRollout) -> Result<(), StoreError> {
    let unfinished = sqlx::query_scalar!(
        r#"select exists (
             select from rollout where tenant_id = $1 and release_id = $2 and ring_set_id = $3
                 and phase_name not in ('completed', 'rolled_back', 'cancelled')) as "yes!""#,
        tenant.0,
        new.release.0,
        new.ring_set.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if unfinished {
        let why = "the release already has an unfinished rollout over this ring set";
        return Err(StoreError::Conflict(why.to_owned()));
    }
    Ok(())
}

async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    new: &NewRollout,
    (rollout, plan_id): (RolloutId, PlanId),
    (plan, strategy): (&Plan, Strategy),
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (ReleaseId(release), RingSetId(ring_set)) = (new.release, new.ring_set);
    sqlx::query!(
        "with planned as (
             insert into plan (tenant_id, id, rollout_id, revision, body, created_by, created_at)
             values ($1, $2, $3, 1, $4, $5, $6)
         )
         insert into rollout (tenant_id, id, release_id, ring_set_id, plan_id, strategy, phase,
             phase_name, generation, wish, wish_at, wish_by, created_at)
         values ($1, $3, $7, $8, $2, $12, $9, $10, 0, $11, $6, $5, $6)",
        tenant.0,
        plan_id.0,
        rollout.0,
        json(plan)?,
        actor,
        now,
        release,
        ring_set,
        json(&Phase::Scheduled)?,
        Phase::Scheduled.name(),
        wish_word(Wish::Run),
        strategy.name(),
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
