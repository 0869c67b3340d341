//! Which signals are to be read, and what came of it.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, SignalId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::phase::Phase;
use domain::signal::{Context, Due, Duty, History, Reading, judge_one};
use domain::work::WorkKind;

use super::seen::rows;
use crate::convert::{json, phase, plan};
use crate::rollouts::NOT_FOUND;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, work};

/// Readings that are kept of each signal and rollout.
const KEPT: i64 = 100;

impl Store {
    /// The signals of a rollout that are to be read at `now`. None of one that is over, and none
    /// before it starts: then `next` is its start.
    pub async fn signals_due(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        now: DateTime<Utc>,
    ) -> Result<Duty, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let (context, starts_at) = scene(&mut tx, tenant, rollout).await?;
        let mut duty = Duty { context: None, due: Vec::new(), next: None };
        let Some((context, is_scheduled)) = context else { return Ok(duty) };
        for row in rows(&mut tx, tenant, rollout).await? {
            let (id, generation) = (SignalId(row.id), row.generation);
            let (signal, seen) = row.seen()?;
            let last = seen.history.last.as_ref();
            let at = last.map_or(seen.first_due, |last| last.at + signal.definition().interval);
            let at = if is_scheduled { at.max(starts_at) } else { at };
            if at <= now {
                duty.due.push(Due { id, generation, signal });
            } else {
                duty.next = Some(duty.next.map_or(at, |next| next.min(at)));
            }
        }
        tx.commit().await?;
        duty.context = Some(context);
        Ok(duty)
    }

    /// What a reading of a rollout's signals is about, whatever its phase.
    pub async fn signal_context(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Context, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = context(&mut tx, tenant, rollout).await?;
        tx.commit().await?;
        Ok(row.0)
    }

    /// The newest rollout that listens to a signal, open ones first.
    pub async fn signal_rollout(
        &self,
        tenant: TenantId,
        id: SignalId,
    ) -> Result<Option<RolloutId>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let found = sqlx::query_scalar!(
            "select r.id from signal s
             join rollout r on r.tenant_id = s.tenant_id
                 and (s.ring_set_id is null or s.ring_set_id = r.ring_set_id)
             where s.tenant_id = $1 and s.id = $2
             order by r.phase_name in ('completed', 'rolled_back', 'cancelled'), r.id desc limit 1",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(found.map(RolloutId))
    }

    /// Notes a reading of a signal as it was at `generation`; one of an older signal is dropped.
    /// Wakes the planner when the signal comes to something else now, or answers otherwise.
    pub async fn signal_record(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        (id, generation): (SignalId, i64),
        reading: &Reading,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        retried(|| self.record_signal(tenant, rollout, (id, generation), reading, now)).await
    }

    async fn record_signal(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        (id, generation): (SignalId, i64),
        reading: &Reading,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let current = sqlx::query_scalar!(
            "select generation from signal where tenant_id = $1 and id = $2 for share",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        if current != Some(generation) {
            return Ok(());
        }
        // Two servers that read at once follow one another.
        sqlx::query!(
            "insert into signal_seen (tenant_id, rollout_id, signal_id, history)
             values ($1, $2, $3, $4) on conflict do nothing",
            tenant.0,
            rollout.0,
            id.0,
            json(&History::default())?,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "select signal_id from signal_seen
             where tenant_id = $1 and rollout_id = $2 and signal_id = $3 for update",
            tenant.0,
            rollout.0,
            id.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        let all = rows(&mut tx, tenant, rollout).await?;
        let Some(row) = all.into_iter().find(|row| row.id == id.0) else { return Ok(()) };
        let (_, before) = row.seen()?;
        let mut after = before.clone();
        after.history = after.history.after(reading.clone(), &before.policy);
        if after == before {
            return Ok(());
        }
        write(&mut tx, (tenant, rollout, id), &after.history, reading).await?;
        let outcome = |history: &History| history.last.as_ref().map(|last| last.outcome);
        let (was, is) = (judge_one(&before, now), judge_one(&after, now));
        if outcome(&before.history) != outcome(&after.history) || was.verdict != is.verdict {
            work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

async fn write(
    tx: &mut Tx,
    (tenant, rollout, id): (TenantId, RolloutId, SignalId),
    history: &History,
    reading: &Reading,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update signal_seen set history = $4
         where tenant_id = $1 and rollout_id = $2 and signal_id = $3",
        tenant.0,
        rollout.0,
        id.0,
        json(history)?,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into signal_reading (tenant_id, rollout_id, signal_id, at, reading)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        tenant.0,
        rollout.0,
        id.0,
        reading.at,
        json(reading)?,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from signal_reading
         where tenant_id = $1 and rollout_id = $2 and signal_id = $3 and at <= (
             select at from signal_reading
             where tenant_id = $1 and rollout_id = $2 and signal_id = $3
             order by at desc offset $4 limit 1)",
        tenant.0,
        rollout.0,
        id.0,
        KEPT,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The context of a rollout that is read for, and whether it has yet to start; and its start.
async fn scene(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<(Option<(Context, bool)>, DateTime<Utc>), StoreError> {
    let (context, phase, starts_at) = context(tx, tenant, rollout).await?;
    let is_scheduled = match phase {
        Phase::Scheduled => Some(true),
        // A paused one too: that is how its signals are seen to have come back.
        Phase::Offering { .. } | Phase::Soaking { .. } | Phase::Paused { .. } => Some(false),
        Phase::RollingBack { .. } | Phase::RolledBack { .. } => None,
        Phase::Completed { .. } | Phase::Cancelled { .. } => None,
    };
    Ok((is_scheduled.map(|is_scheduled| (context, is_scheduled)), starts_at))
}

async fn context(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<(Context, Phase, DateTime<Utc>), StoreError> {
    let row = sqlx::query!(
        "select t.name as tenant, l.name as release, r.phase, p.body as plan
         from rollout r
         join tenant t on t.id = r.tenant_id
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
         where r.tenant_id = $1 and r.id = $2",
        tenant.0,
        rollout.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?;
    let (phase, plan) = (phase(row.phase)?, plan(row.plan)?);
    let ring = phase.ring().unwrap_or(RingIndex(0));
    let context = Context {
        tenant,
        tenant_name: row.tenant,
        rollout,
        release_name: row.release,
        phase: phase.name().to_owned(),
        ring,
        ring_name: plan.ring(ring).map(|ring| ring.name.clone()).unwrap_or_default(),
    };
    Ok((context, phase, plan.starts_at()))
}
