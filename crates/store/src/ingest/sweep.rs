//! Giving up on devices that were not heard of for the whole observation window, or come to no
//! end.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::work::WorkKind;

use crate::convert::plan;
use crate::rollouts::NOT_FOUND;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, work};

impl Store {
    /// Gives up on devices of a rollout that were not heard of (`device.last_sync`) for their ring's
    /// observation window: offered = unresolved (window after the offer), installing or installed =
    /// lost, removing = stranded. Devices that are heard of and still come to no end for twice as
    /// long are given up too, so that neither a gate nor a rollback waits for them for ever:
    /// installing = failed (`timed_out`), removing = stranded.
    /// Once a week it also compares updated devices with the others.
    /// Reads no attempt when the tally says there is none to give up.
    /// Returns how many moved; wakes the planner if any.
    pub async fn rollout_sweep(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        retried(|| self.sweep(tenant, rollout, now)).await
    }

    async fn sweep(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let becomes: Vec<Option<i16>> =
            AttemptState::ALL.map(|state| given_up(state).map(AttemptState::code)).to_vec();
        let open = waited_for();
        let row = sqlx::query!(
            r#"select p.body, array(
                 select distinct t.ring from tally t
                 where t.tenant_id = $1 and t.rollout_id = $2 and t.state = any($3)
                     and t.devices > 0 order by 1) as "rings!"
             from rollout r join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
             where r.tenant_id = $1 and r.id = $2"#,
            tenant.0,
            rollout.0,
            &open,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let plan = plan(row.body)?;
        let mut moved = 0;
        for (index, ring) in (0_i16..).zip(plan.rings()) {
            if !row.rings.contains(&index) {
                continue;
            }
            let swept = sqlx::query!(
                "update attempt a
                 set state = case when a.state = $9 and d.last_sync > $7 then $10
                         else ($5::int2[])[a.state + 1] end,
                     code = case when a.state = $9 and d.last_sync > $7 then 'timed_out'
                         else a.code end,
                     state_at = $6
                 from device d
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.ring = $3
                     and a.state = any($4) and a.safeguard is null and d.tenant_id = $1 and d.id = a.device_id
                     and (case when a.state = $8 then a.state_at
                             else greatest(a.state_at, d.last_sync) end <= $7
                         or a.state in ($9, $11) and a.state_at <= $12)",
                tenant.0,
                rollout.0,
                index,
                &open,
                &becomes as &[Option<i16>],
                now,
                now - ring.gate.observation_window,
                AttemptState::Offered.code(),
                AttemptState::Installing.code(),
                AttemptState::Failed.code(),
                AttemptState::Removing.code(),
                now - ring.gate.observation_window * 2,
            )
            .execute(&mut *tx)
            .await?;
            moved += swept.rows_affected();
        }
        let compared = compare(&mut tx, tenant, rollout, now).await?;
        if moved > 0 || compared {
            work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        }
        tx.commit().await?;
        Ok(moved)
    }
}

/// Devices on each side of a comparison: enough to see one in a hundred, whatever the fleet.
const COMPARED: i64 = 2_000;

/// Once a week while the rollout is under way: how many of the devices that had been updated before the
/// week were silent all week, and how many of those that are still to be offered the update (quality.md A3,
/// T2). On both sides only devices that were heard of in the week before that, so that one that stays
/// silent counts once. Weeks, because an update itself makes devices check in, and on a weekend those
/// would be the ones that are switched off next. Returns whether it did.
/// Cost: the devices compared, and those of the same rings that stand before them.
async fn compare(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let week = TimeDelta::days(7);
    let written = sqlx::query!(
        "with due as (
             select from rollout r where r.tenant_id = $1 and r.id = $2
                 and r.phase_name in ('offering', 'soaking', 'paused')
                 and not exists (select from control_interval i
                     where i.tenant_id = $1 and i.rollout_id = $2 and i.until > $3)
         ), updated as (
             select d.last_sync from due
             cross join lateral (
                 select a.device_id from attempt a
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.state = any($5)
                     and a.state_at <= $3 and not a.aside
                 order by a.ring, a.position, a.device_id limit $8
             ) a
             join device d on d.tenant_id = $1 and d.id = a.device_id and d.last_sync >= $4
         ), control as (
             select d.last_sync from due
             cross join lateral (
                 select a.device_id from attempt a
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.state = $6 and not a.aside
                 order by a.ring desc, a.position desc, a.device_id desc limit $8
             ) a
             join device d on d.tenant_id = $1 and d.id = a.device_id and d.last_sync >= $4
         )
         insert into control_interval (tenant_id, rollout_id, until, updated, updated_dark, control,
             control_dark)
         select $1, $2, $7, u.devices, u.dark, c.devices, c.dark
         from (select count(*) as devices, count(*) filter (where last_sync < $3) as dark
             from updated) u
         cross join (select count(*) as devices, count(*) filter (where last_sync < $3) as dark
             from control) c
         where u.devices > 0 and c.devices > 0
         on conflict do nothing",
        tenant.0,
        rollout.0,
        now - week,
        now - week * 2,
        &[AttemptState::Installed.code(), AttemptState::Confirmed.code()],
        AttemptState::Assigned.code(),
        now,
        COMPARED,
    )
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// The states of devices that are still waited for.
pub(crate) fn waited_for() -> Vec<i16> {
    AttemptState::ALL
        .into_iter()
        .filter(|state| given_up(*state).is_some())
        .map(AttemptState::code)
        .collect()
}

/// What becomes of a device in `state` that is not heard of any more; none when it is not waited
/// for.
fn given_up(state: AttemptState) -> Option<AttemptState> {
    match state {
        AttemptState::Offered => Some(AttemptState::Unresolved),
        AttemptState::Installing | AttemptState::Installed => Some(AttemptState::Lost),
        AttemptState::Removing => Some(AttemptState::Stranded),
        AttemptState::Assigned | AttemptState::Unresolved | AttemptState::Withdrawn => None,
        AttemptState::Lost | AttemptState::Confirmed | AttemptState::Failed => None,
        AttemptState::Removed | AttemptState::Stranded | AttemptState::Excluded => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::attempt::AttemptState;

    use super::given_up;

    #[test]
    fn giving_up_is_a_move_that_a_report_could_make() {
        for state in AttemptState::ALL {
            if let Some(next) = given_up(state) {
                assert_eq!(state.after_report(next), next, "{}", state.name());
            }
        }
        let failed = AttemptState::Installing.after_report(AttemptState::Failed);
        assert_eq!(failed, AttemptState::Failed);
    }
}
