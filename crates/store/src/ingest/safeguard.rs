//! Devices that Microsoft holds back from a Windows version. They were offered it and cannot take it, so they
//! are in no count and no evidence until the hold is gone.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::inventory::Safeguarded;
use domain::ring::RingIndex;
use domain::work::WorkKind;
use uuid::Uuid;

use crate::convert::{count, ring_column};
use crate::{Store, StoreError, work};

/// Of a hold that no report names.
const UNKNOWN: &str = "unknown";

/// A hold of Microsoft, and the devices of one rollout that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeguardCount {
    /// None: no report names it.
    pub hold: Option<String>,
    pub devices: u32,
}

impl Store {
    /// Sets the devices of a ring aside that are held: those that were offered the update and have not
    /// begun, given up or not. Whoever is held no longer goes on, as if it were offered at `now`, unless
    /// a segment of its is held. Wakes the planner if anything changed. Cost: the devices that are held,
    /// and those of the ring.
    pub async fn safeguards_read(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        held: &[Safeguarded],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let devices: Vec<Uuid> = held.iter().map(|one| one.device.0).collect();
        let holds: Vec<&str> =
            held.iter().map(|one| one.hold.as_deref().unwrap_or(UNKNOWN)).collect();
        let mut tx = self.tenant_begin(tenant).await?;
        let changed = sqlx::query_scalar!(
            r#"with named as materialized (
                 select d.id, min(n.hold) as hold
                 from unnest($4::uuid[], $5::text[]) as n(device, hold)
                 join device d on d.tenant_id = $1 and d.entra_device_id = n.device
                 group by d.id
             ), taken as (
                 update attempt a set aside = true, safeguard = n.hold, state = $6
                 from named n
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.ring = $3 and a.device_id = n.id
                     and a.state in ($6, $7) and a.safeguard is distinct from n.hold
                 returning 1
             ), freed as (
                 update attempt a
                 set safeguard = null, aside = coalesce(a.segments && r.held, false),
                     state_at = case when a.state = $6 then $8 else a.state_at end
                 from rollout r
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.ring = $3
                     and a.safeguard is not null and r.tenant_id = $1 and r.id = $2
                     and not exists (select from named n where n.id = a.device_id)
                 returning 1
             )
             select (select count(*) from taken) + (select count(*) from freed) as "changed!""#,
            tenant.0,
            rollout.0,
            ring_column(ring),
            &devices,
            &holds as &[&str],
            AttemptState::Offered.code(),
            AttemptState::Unresolved.code(),
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        if changed > 0 {
            work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The holds of Microsoft that devices of a rollout are under, the largest first. Cost: the devices of
    /// the rollout, if any is set aside.
    pub async fn rollout_safeguards(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Vec<SafeguardCount>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"select a.safeguard as "hold!", count(*)::int as "devices!" from attempt a
             where a.tenant_id = $1 and a.rollout_id = $2 and a.safeguard is not null
                 and exists (select from tally t where t.tenant_id = $1 and t.rollout_id = $2
                     and t.aside and t.devices > 0)
             group by 1 order by 2 desc, 1"#,
            tenant.0,
            rollout.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let hold = Some(row.hold).filter(|hold| hold != UNKNOWN);
                Ok(SafeguardCount { hold, devices: count(row.devices)? })
            })
            .collect()
    }
}
