//! Devices that left the tenant. Guarded: a read that came back half empty removes no fleet.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{DirectoryObjectId, IntuneDeviceId, TenantId};
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use super::import;
use crate::chain::Entry;
use crate::convert::column;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, work};

/// So many may always leave at once.
const FEW: usize = 100;
/// More than this share of a fleet, in percent, does not leave unless somebody says so.
const MOST_PERCENT: u64 = 20;
/// Ids that an entry in the chain names.
const NAMED: usize = 100;

/// Who left, as Intune or the directory told it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    pub intune: Vec<IntuneDeviceId>,
    pub objects: Vec<DirectoryObjectId>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    pub devices: u64,
    /// Attempts of open rollouts that end with it.
    pub attempts: u64,
}

impl Store {
    /// Removes devices that left: the row, its memberships, controls and standing. Attempts stay as
    /// history; those of open rollouts that are at no end become excluded, with the code `left`.
    /// Unknown ids are no error: they left already. `Conflict`, and nothing is removed, when more
    /// than 100 devices that are more than a fifth of the fleet would go and nobody confirmed so many
    /// ([`Store::removal_confirm`]); how many is kept with the tenant.
    pub async fn device_remove(
        &self,
        tenant: TenantId,
        left: &Left,
        now: DateTime<Utc>,
    ) -> Result<Removed, StoreError> {
        let removed = retried(|| self.remove(tenant, left, now)).await;
        if let Err(StoreError::Conflict(_)) = removed {
            self.note_missing(tenant, left.intune.len() + left.objects.len()).await?;
        }
        removed
    }

    /// Believes the next complete read if it misses at most so many devices. `Conflict` when other
    /// than `devices` are missing by now.
    pub async fn removal_confirm(
        &self,
        tenant: TenantId,
        devices: u32,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let missing = sqlx::query_scalar!(
            "select missing_devices from tenant where id = $1 for no key update",
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        if missing != Some(column(devices)) {
            return Err(StoreError::Conflict(match missing {
                None => "no devices are missing".to_owned(),
                Some(missing) => format!("{missing} devices are missing, not {devices}"),
            }));
        }
        sqlx::query!(
            "update tenant set removal_confirmed = missing_devices where id = $1",
            tenant.0
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "devices": devices });
        let entry = Entry { rollout: None, at: now, actor, kind: "removal_confirmed", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        work::ask(&mut tx, tenant, WorkKind::Sync, &[tenant.0], now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A complete read missed so many devices, none of which was removed for it.
    async fn note_missing(&self, tenant: TenantId, devices: usize) -> Result<(), StoreError> {
        let devices = i32::try_from(devices).unwrap_or(i32::MAX);
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update tenant set missing_devices = $2, removal_confirmed = null where id = $1",
            tenant.0,
            devices
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// A complete read missed nobody: what an earlier one missed came back.
    pub async fn devices_complete(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        settle(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn remove(
        &self,
        tenant: TenantId,
        left: &Left,
        now: DateTime<Utc>,
    ) -> Result<Removed, StoreError> {
        let intune: Vec<Uuid> = left.intune.iter().map(|id| id.0).collect();
        let objects: Vec<Uuid> = left.objects.iter().map(|id| id.0).collect();
        let mut tx = self.tenant_begin_few(tenant).await?;
        import::lock(&mut tx, tenant).await?;
        let devices = sqlx::query_scalar!(
            r#"select d.id as "id!" from unnest($2::uuid[]) as n(id)
             join device d on d.tenant_id = $1 and d.intune_id = n.id
             union
             select d.id from unnest($3::uuid[]) as n(id)
             join device d on d.tenant_id = $1 and d.object_id = n.id order by 1"#,
            tenant.0,
            &intune,
            &objects,
        )
        .fetch_all(&mut *tx)
        .await?;
        if devices.is_empty() {
            return Ok(Removed::default());
        }
        if devices.len() > FEW {
            check_share(&mut tx, tenant, devices.len() as u64).await?;
        }
        settle(&mut tx, tenant).await?;
        let attempts = forget(&mut tx, tenant, &devices, Some(now)).await?;
        let named = &devices[..devices.len().min(NAMED)];
        let body = json!({ "devices": devices.len(), "ids": named });
        let entry = Entry {
            rollout: None,
            at: now,
            actor: chain::SERVICE,
            kind: "devices_removed",
            body: &body,
        };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(Removed { devices: devices.len() as u64, attempts })
    }
}

/// Nobody is missing any more; a confirmation has been used up.
async fn settle(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!(
        "update tenant set missing_devices = null, removal_confirmed = null
         where id = $1 and (missing_devices is not null or removal_confirmed is not null)",
        tenant.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn check_share(tx: &mut Tx, tenant: TenantId, leaving: u64) -> Result<(), StoreError> {
    let row = sqlx::query!(
        r#"select removal_confirmed as confirmed,
             (select count(*) from device where tenant_id = $1) as "fleet!"
         from tenant where id = $1"#,
        tenant.0
    )
    .fetch_one(&mut **tx)
    .await?;
    let (fleet, confirmed) = (row.fleet, row.confirmed.map_or(0, i32::unsigned_abs));
    if leaving * 100 <= fleet.unsigned_abs() * MOST_PERCENT || leaving <= confirmed.into() {
        return Ok(());
    }
    Err(StoreError::Conflict(format!(
        "{leaving} of {fleet} devices would be removed, which looks like a read that failed half way"
    )))
}

/// What a device that left can still be in the middle of.
const UNDER_WAY: [i16; 6] = [
    AttemptState::Assigned.code(),
    AttemptState::Offered.code(),
    AttemptState::Unresolved.code(),
    AttemptState::Installing.code(),
    AttemptState::Installed.code(),
    AttemptState::Removing.code(),
];

/// Takes rows away with all that hangs on them, in the order of locks that placement and check-ins
/// keep: devices, ring sets, marks, rollouts, attempts. Ends attempts of open rollouts when `now` is
/// given. Returns how many it ended.
pub(super) async fn forget(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
    now: Option<DateTime<Utc>>,
) -> Result<u64, StoreError> {
    sqlx::query!(
        "select d.id from unnest($2::uuid[]) as n(id)
         join device d on d.tenant_id = $1 and d.id = n.id order by d.id for update of d",
        tenant.0,
        devices,
    )
    .fetch_all(&mut **tx)
    .await?;
    // Keeps placement away, which would give them a ring again.
    sqlx::query!(
        "select id from ring_set where tenant_id = $1 order by id for no key update",
        tenant.0
    )
    .fetch_all(&mut **tx)
    .await?;
    mark_peers(tx, tenant, devices).await?;
    let ended = match now {
        Some(now) => end_attempts(tx, tenant, devices, now).await?,
        None => 0,
    };
    leave_rings(tx, tenant, devices, None).await?;
    for statement in [
        "delete from registration_due where tenant_id = $1 and device_id = any($2)",
        "delete from device_control where tenant_id = $1 and device_id = any($2)",
        "delete from cohort_member where tenant_id = $1 and device_id = any($2)",
        "delete from driver_match where tenant_id = $1 and device_id = any($2)",
        "delete from device_action where tenant_id = $1 and device_id = any($2)",
        "delete from device_app where tenant_id = $1 and device_id = any($2)",
        "delete from device where tenant_id = $1 and id = any($2)",
    ] {
        sqlx::query(statement).bind(tenant.0).bind(devices).execute(&mut **tx).await?;
    }
    Ok(ended)
}

/// Devices with the serial number of one that left may have it for themselves now.
async fn mark_peers(tx: &mut Tx, tenant: TenantId, devices: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into registration_due (tenant_id, device_id)
         select $1, id from (
             select p.id from (
                 select distinct d.serial from unnest($2::uuid[]) as n(id)
                 join device d on d.tenant_id = $1 and d.id = n.id and d.serial_known
             ) gone join device p on p.tenant_id = $1 and p.serial = gone.serial and p.serial_known
         ) concerned order by id
         on conflict (tenant_id, device_id) do update set step = 0",
        tenant.0,
        devices,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn end_attempts(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let open = sqlx::query_scalar!(
        "select id from rollout
         where tenant_id = $1 and phase_name not in ('rolled_back', 'cancelled')
         order by id for no key update",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let moved = sqlx::query_scalar!(
        "update attempt a set state = $4, code = 'left', state_at = $5
         from unnest($2::uuid[]) as r(id) cross join unnest($3::uuid[]) as n(id)
         where a.tenant_id = $1 and a.rollout_id = r.id and a.device_id = n.id and a.state = any($6)
         returning a.rollout_id",
        tenant.0,
        &open,
        devices,
        AttemptState::Excluded.code(),
        now,
        UNDER_WAY.as_slice(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let ended = moved.len() as u64;
    let mut woken = moved;
    woken.sort_unstable();
    woken.dedup();
    if !woken.is_empty() {
        work::ask(tx, tenant, WorkKind::Decide, &woken, now).await?;
    }
    Ok(ended)
}

/// Takes devices out of one ring set, or of all; keeps of each which Entra group still has it.
pub(crate) async fn leave_rings(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
    ring_set: Option<Uuid>,
) -> Result<u64, StoreError> {
    let left = sqlx::query_scalar!(
        r#"with gone as (
             delete from ring_member m using ring_set s, unnest($2::uuid[]) as n(id)
             where s.tenant_id = $1 and ($3::uuid is null or s.id = $3)
                 and m.tenant_id = $1 and m.ring_set_id = s.id and m.device_id = n.id
             returning m.ring_set_id, m.device_id, m.told
         ), kept as (
             insert into ring_leaver (tenant_id, ring_set_id, device_id, object_id, told)
             select $1, g.ring_set_id, g.device_id, d.object_id, g.told
             from gone g join device d on d.tenant_id = $1 and d.id = g.device_id
             where g.told is not null and d.object_id is not null
             on conflict (tenant_id, ring_set_id, device_id) do update
             set told = excluded.told, object_id = excluded.object_id
         )
         select count(*) as "left!" from gone"#,
        tenant.0,
        devices,
        ring_set,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(left.unsigned_abs())
}
