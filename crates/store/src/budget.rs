//! The budget of a tenant: most devices between offer and outcome, over all of its rollouts (I18).
//!
//! There is no counter of its own: every report would have to wait for the others at it. The tallies
//! say how many are in flight, and only what adds to them by a decision (a wave, a retry) locks the
//! row of the budget before it counts. That is exact: while the row is locked nobody else adds, and
//! what reports have not committed yet can only make the count too high, for reports end flights. (A
//! device that was given up and comes back in the middle of its install does add to them, whatever is
//! decided: no *offer* lifts the count above the limit.) Devices of cancelled rollouts count no more:
//! what becomes of them is not read.
//!
//! A rollout that waits for room is woken by whoever decided last: whatever ends flights asks for a
//! decision, and each decision looks, once it is committed, whether there is room for the
//! rollout that has waited longest and can use it. That one looks again after its wave. So one report
//! wakes at most one other rollout, and no wake is lost: either the look sees who waits, or who waits
//! sees what was freed.
//!
//! Cost of a count: rings of the open rollouts, and of completed ones.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::TenantId;
use domain::rollout::budget::Budget;
use domain::work::WorkKind;
use serde_json::json;

use crate::chain::Entry;
use crate::convert::{column, count};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, work};

/// What `Tally::in_flight` counts.
const IN_FLIGHT: [i16; 3] =
    [AttemptState::Offered.code(), AttemptState::Installing.code(), AttemptState::Installed.code()];

/// The budget of a tenant, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRow {
    /// None: no limit.
    pub limit: Option<u32>,
    pub in_flight: u32,
    /// Rollouts that wait for room.
    pub waiting: u32,
}

impl Store {
    /// The budget of a tenant, and how much of it is taken. `NotFound` without the tenant.
    pub async fn budget_fetch(&self, tenant: TenantId) -> Result<BudgetRow, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let row = sqlx::query!(
            r#"select b.devices as "devices?", (
                 select count(*)::int from rollout r
                 where r.tenant_id = $1 and r.phase_name in ('offering', 'soaking')
                     and r.waiting ->> 'for' = 'budget') as "waiting!"
             from tenant t left join budget b on b.tenant_id = $1 where t.id = $1"#,
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::NotFound { what: "tenant" })?;
        let in_flight = in_flight(&mut tx, tenant).await?;
        tx.commit().await?;
        let limit = row.devices.map(count).transpose()?;
        Ok(BudgetRow { limit, in_flight, waiting: count(row.waiting)? })
    }

    /// Sets or lifts the budget, with its entry in the chain, and wakes who waits for it. Where more
    /// devices are in flight already, nothing is taken back; nothing is offered until there is room.
    pub async fn budget_set(
        &self,
        tenant: TenantId,
        limit: Option<u32>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<BudgetRow, StoreError> {
        retried(|| self.limit(tenant, limit, actor, now)).await?;
        self.budget_offer_room(tenant, now).await?;
        self.budget_fetch(tenant).await
    }

    async fn limit(
        &self,
        tenant: TenantId,
        limit: Option<u32>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        if let Some(limit) = limit {
            sqlx::query!(
                "insert into budget (tenant_id, devices) values ($1, $2)
                     on conflict (tenant_id) do update set devices = excluded.devices",
                tenant.0,
                column(limit),
            )
            .execute(&mut *tx)
            .await?;
        } else {
            sqlx::query!("delete from budget where tenant_id = $1", tenant.0)
                .execute(&mut *tx)
                .await?;
            // Nobody has anything to wait for any more.
            let waiting = sqlx::query_scalar!(
                "select id from rollout where tenant_id = $1
                         and phase_name in ('offering', 'soaking') and waiting ->> 'for' = 'budget'
                     order by id",
                tenant.0,
            )
            .fetch_all(&mut *tx)
            .await?;
            if !waiting.is_empty() {
                work::ask(&mut tx, tenant, WorkKind::Decide, &waiting, now).await?;
            }
        }
        let body = json!({ "devices": limit });
        let entry = Entry { rollout: None, at: now, actor, kind: "budget_set", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Wakes the rollout that has waited for room longest and finds enough of it now, if any does.
    /// Without a budget, one read of one row.
    pub(crate) async fn budget_offer_room(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let limit =
            sqlx::query_scalar!("select devices from budget where tenant_id = $1", tenant.0)
                .fetch_optional(&mut *tx)
                .await?;
        let Some(limit) = limit else { return Ok(()) };
        let free = taken(&mut tx, tenant, limit).await?.free();
        let next = sqlx::query_scalar!(
            "select id from rollout
             where tenant_id = $1 and phase_name in ('offering', 'soaking')
                 and waiting ->> 'for' = 'budget' and (waiting ->> 'needs')::bigint <= $2
             order by decided_at, id limit 1",
            tenant.0,
            i64::from(free),
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(next) = next {
            work::ask(&mut tx, tenant, WorkKind::Decide, &[next], now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The budget under a lock that lasts until the transaction ends: nobody else adds to what is in flight
/// meanwhile. None: no limit. Locked after the rollout, before attempts.
pub(crate) async fn lock(tx: &mut Tx, tenant: TenantId) -> Result<Option<Budget>, StoreError> {
    let limit = sqlx::query_scalar!(
        "select devices from budget where tenant_id = $1 for no key update",
        tenant.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    match limit {
        // A statement of its own: it sees what was committed while the lock was waited for.
        Some(limit) => taken(tx, tenant, limit).await.map(Some),
        None => Ok(None),
    }
}

pub(crate) async fn taken(tx: &mut Tx, tenant: TenantId, limit: i32) -> Result<Budget, StoreError> {
    Ok(Budget { limit: count(limit)?, in_flight: in_flight(tx, tenant).await? })
}

async fn in_flight(tx: &mut Tx, tenant: TenantId) -> Result<u32, StoreError> {
    let devices = sqlx::query_scalar!(
        r#"select coalesce(sum(t.devices), 0)::int as "devices!"
         from rollout r join tally t on t.tenant_id = $1 and t.rollout_id = r.id
         where r.tenant_id = $1 and r.phase_name not in ('rolled_back', 'cancelled')
             and t.state = any($2)"#,
        tenant.0,
        IN_FLIGHT.as_slice(),
    )
    .fetch_one(&mut **tx)
    .await?;
    count(devices)
}

#[cfg(test)]
mod tests {
    use domain::attempt::AttemptState;
    use domain::tally::Tally;

    use super::IN_FLIGHT;

    #[test]
    fn what_is_counted_is_what_the_tally_calls_in_flight() {
        for state in AttemptState::ALL {
            let counted = Tally::of([(state, 1)]).in_flight() == 1;
            assert_eq!(IN_FLIGHT.contains(&state.code()), counted, "{}", state.name());
        }
    }
}
