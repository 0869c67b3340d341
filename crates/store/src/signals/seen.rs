//! What a gate, and a person, see of the signals of a rollout.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, SignalId, TenantId};
use domain::signal::{History, Reading, Seen, Signal};
use serde_json::Value;
use uuid::Uuid;

use super::signal;
use crate::rollouts::NOT_FOUND;
use crate::scope::Tx;
use crate::{Store, StoreError};

impl Store {
    /// What one rollout sees of its signals, in order of their names.
    pub async fn rollout_signals(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Vec<Seen>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let there = sqlx::query_scalar!(
            "select id from rollout where tenant_id = $1 and id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        there.ok_or(NOT_FOUND)?;
        let seen = signals_seen(&mut tx, tenant, rollout).await?;
        tx.commit().await?;
        Ok(seen)
    }

    /// The newest readings of a signal for a rollout, newest first; 100 at most are kept.
    pub async fn signal_readings(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        id: SignalId,
    ) -> Result<Vec<Reading>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_scalar!(
            "select reading from signal_reading
             where tenant_id = $1 and rollout_id = $2 and signal_id = $3 order by at desc",
            tenant.0,
            rollout.0,
            id.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let reading = |stored| serde_json::from_value(stored).map_err(StoreError::corrupt);
        rows.into_iter().map(reading).collect()
    }
}

/// What the gates of a rollout see of its signals, in order of their names. One statement; its cost
/// is the signals of the tenant.
pub(crate) async fn signals_seen(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<Seen>, StoreError> {
    let rows = rows(tx, tenant, rollout).await?;
    rows.into_iter().map(|row| Ok(row.seen()?.1)).collect()
}

pub(super) struct Columns {
    pub(super) id: Uuid,
    pub(super) definition: Value,
    pub(super) generation: i64,
    /// When the rollout started, or the signal was changed: what is later.
    since: DateTime<Utc>,
    history: Option<Value>,
}

impl Columns {
    pub(super) fn seen(self) -> Result<(Signal, Seen), StoreError> {
        let signal = signal(self.definition)?;
        let history: Option<History> =
            self.history.map(serde_json::from_value).transpose().map_err(StoreError::corrupt)?;
        let definition = signal.definition();
        let seen = Seen {
            name: definition.name.clone(),
            owner: definition.owner.clone(),
            runbook: definition.runbook.clone(),
            policy: signal.policy(),
            first_due: self.since + definition.initial_delay,
            history: history.unwrap_or_default(),
        };
        Ok((signal, seen))
    }
}

pub(super) async fn rows(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<Columns>, StoreError> {
    Ok(sqlx::query_as!(
        Columns,
        r#"select s.id, s.definition, s.generation,
             greatest(r.created_at, s.changed_at, (p.body ->> 'starts_at')::timestamptz) as "since!",
             h.history as "history?"
         from rollout r
         join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
         join signal s on s.tenant_id = r.tenant_id
             and (s.ring_set_id is null or s.ring_set_id = r.ring_set_id)
         left join signal_seen h on h.tenant_id = s.tenant_id and h.rollout_id = r.id
             and h.signal_id = s.id
         where r.tenant_id = $1 and r.id = $2
         order by s.name"#,
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?)
}
