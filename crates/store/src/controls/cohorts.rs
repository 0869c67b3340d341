//! Holds on cohorts: devices that are held for what they have in common, those to come too.
//!
//! A filter says who belongs to one. It is asked of every device once when the hold is made, and again of
//! a device whenever something about it changed (with its placement). What a hold does to rollouts is
//! what a hold on a single device does.

use chrono::{DateTime, Utc};
use domain::filter::Filter;
use domain::ids::TenantId;
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use super::{ControlKind, effects};
use crate::chain::{self, Entry};
use crate::devices::scan;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, work};

/// Devices that a filter is asked of at a time.
const CHUNK: i64 = 5_000;

/// A hold to be made.
#[derive(Debug, Clone)]
pub struct NewCohortHold<'a> {
    pub filter: &'a Filter,
    pub reason: &'a str,
    /// Who decides, and answers for it.
    pub owner: &'a str,
    /// None: until somebody ends it.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A hold that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortHoldRow {
    pub id: Uuid,
    pub filter: String,
    pub reason: String,
    pub owner: String,
    pub since: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// Devices that belong to it now.
    pub devices: i64,
    /// False: its filter is still being asked of the fleet.
    pub complete: bool,
}

impl Store {
    /// Holds every device that the filter is true of, now and as long as it stands. Returns once the
    /// whole fleet was asked. `Invalid` for an end that has passed. Cost: the fleet, once, in chunks
    /// of 5,000 each with its own transaction; what is cut off goes on with the next registration.
    pub async fn cohort_hold_create(
        &self,
        tenant: TenantId,
        new: &NewCohortHold<'_>,
        now: DateTime<Utc>,
    ) -> Result<CohortHoldRow, StoreError> {
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(StoreError::Invalid("the hold would have expired already".to_owned()));
        }
        let id = retried(|| self.make(tenant, new, now)).await?;
        self.cohort_hold_finish(tenant, now).await?;
        let all = self.cohort_hold_list(tenant).await?;
        let made = all.into_iter().find(|hold| hold.id == id);
        made.ok_or(StoreError::NotFound { what: "hold" })
    }

    /// Every hold that stands, oldest first; at most 500.
    pub async fn cohort_hold_list(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<CohortHoldRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            CohortHoldRow,
            r#"select id, filter, reason, owner, since, expires_at, scanned_to is null as "complete!",
                 (select count(*) from cohort_member m
                     where m.tenant_id = $1 and m.hold_id = h.id) as "devices!"
             from cohort_hold h where tenant_id = $1 order by id limit 500"#,
            tenant.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Ends a hold: what nothing else holds is offered again. `NotFound` when it has ended already.
    pub async fn cohort_hold_end(
        &self,
        tenant: TenantId,
        hold: Uuid,
        said: (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        retried(|| self.end(tenant, hold, said, now)).await
    }

    /// Asks the filters of holds that were cut off of the rest of the fleet.
    pub async fn cohort_hold_finish(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        while retried(|| self.chunk(tenant, now)).await? {}
        Ok(())
    }

    async fn make(
        &self,
        tenant: TenantId,
        new: &NewCohortHold<'_>,
        now: DateTime<Utc>,
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "insert into cohort_hold (tenant_id, id, filter, reason, owner, since, expires_at,
                 scanned_to)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            tenant.0,
            id,
            new.filter.text(),
            new.reason,
            new.owner,
            now,
            new.expires_at,
            Uuid::nil(),
        )
        .execute(&mut *tx)
        .await?;
        work::ask(&mut tx, tenant, WorkKind::Register, &[tenant.0], now).await?;
        let body = json!({
            "hold": id,
            "filter": new.filter.text(),
            "reason": new.reason,
            "expires_at": new.expires_at,
        });
        let (actor, kind) = (new.owner, "cohort_held");
        let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn end(
        &self,
        tenant: TenantId,
        hold: Uuid,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let devices = lift(&mut tx, tenant, &[hold]).await?;
        let gone = sqlx::query!(
            "delete from cohort_hold where tenant_id = $1 and id = $2",
            tenant.0,
            hold
        )
        .execute(&mut *tx)
        .await?;
        if gone.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "hold" });
        }
        let attempts = effects::give_back(&mut tx, tenant, &devices, now).await?;
        effects::wake(&mut tx, tenant, attempts, now).await?;
        let body = json!({ "hold": hold, "reason": reason, "devices": devices.len() });
        let kind = "cohort_released";
        let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The next devices for the oldest hold that is not complete; false: there is none.
    async fn chunk(&self, tenant: TenantId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let open = sqlx::query!(
            r#"select id, filter, scanned_to as "scanned_to!" from cohort_hold
             where tenant_id = $1 and scanned_to is not null order by id limit 1 for update"#,
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(open) = open else { return Ok(false) };
        let filter = read(&open.filter)?;
        let rows = scan::after(&mut tx, tenant, open.scanned_to, CHUNK).await?;
        let mut found = Vec::new();
        for row in &rows {
            if row.is_of(&filter, now).map_err(StoreError::corrupt)? {
                found.push(row.device.id.0);
            }
        }
        join(&mut tx, tenant, open.id, &found).await?;
        let attempts = effects::take_out(&mut tx, tenant, &found, ControlKind::Hold, now).await?;
        sqlx::query!(
            "update cohort_hold set scanned_to = $3 where tenant_id = $1 and id = $2",
            tenant.0,
            open.id,
            rows.last().map(|row| row.device.id.0),
        )
        .execute(&mut *tx)
        .await?;
        effects::wake(&mut tx, tenant, attempts, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Asks every hold anew about devices of which something changed. Cost: these devices, times the holds
/// that stand.
pub(crate) async fn look_again(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let holds = sqlx::query!(
        "select id, filter from cohort_hold where tenant_id = $1 order by id",
        tenant.0
    )
    .fetch_all(&mut **tx)
    .await?;
    if holds.is_empty() {
        return Ok(());
    }
    let rows = scan::of(tx, tenant, devices).await?;
    let (mut came, mut went) = (Vec::new(), Vec::new());
    for hold in holds {
        let filter = read(&hold.filter)?;
        let before = sqlx::query_scalar!(
            "select device_id from cohort_member
             where tenant_id = $1 and hold_id = $2 and device_id = any($3) order by device_id",
            tenant.0,
            hold.id,
            devices,
        )
        .fetch_all(&mut **tx)
        .await?;
        let (mut in_now, mut out_now) = (Vec::new(), Vec::new());
        for row in &rows {
            let device = row.device.id.0;
            let was = before.binary_search(&device).is_ok();
            match (was, row.is_of(&filter, now).map_err(StoreError::corrupt)?) {
                (false, true) => in_now.push(device),
                (true, false) => out_now.push(device),
                (true, true) | (false, false) => {}
            }
        }
        join(tx, tenant, hold.id, &in_now).await?;
        sqlx::query!(
            "delete from cohort_member
             where tenant_id = $1 and hold_id = $2 and device_id = any($3)",
            tenant.0,
            hold.id,
            &out_now,
        )
        .execute(&mut **tx)
        .await?;
        came.extend(in_now);
        went.extend(out_now);
    }
    let mut attempts = Vec::new();
    if !came.is_empty() {
        attempts.extend(effects::take_out(tx, tenant, &came, ControlKind::Hold, now).await?);
    }
    if !went.is_empty() {
        attempts.extend(effects::give_back(tx, tenant, &went, now).await?);
    }
    effects::wake(tx, tenant, attempts, now).await
}

/// Ends the holds that have run out; how many, and whom they held.
pub(super) async fn expire(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<(usize, Vec<Uuid>), StoreError> {
    let over = sqlx::query_scalar!(
        "select id from cohort_hold where tenant_id = $1 and expires_at <= $2 order by id for update",
        tenant.0,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    if over.is_empty() {
        return Ok((0, Vec::new()));
    }
    let devices = lift(tx, tenant, &over).await?;
    sqlx::query!("delete from cohort_hold where tenant_id = $1 and id = any($2)", tenant.0, &over)
        .execute(&mut **tx)
        .await?;
    Ok((over.len(), devices))
}

/// Takes everybody out of these holds; whom.
async fn lift(tx: &mut Tx, tenant: TenantId, holds: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let mut devices = sqlx::query_scalar!(
        "delete from cohort_member where tenant_id = $1 and hold_id = any($2) returning device_id",
        tenant.0,
        holds,
    )
    .fetch_all(&mut **tx)
    .await?;
    devices.sort_unstable();
    devices.dedup();
    Ok(devices)
}

async fn join(
    tx: &mut Tx,
    tenant: TenantId,
    hold: Uuid,
    devices: &[Uuid],
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into cohort_member (tenant_id, hold_id, device_id)
         select $1, $2, id from unnest($3::uuid[]) as n(id) order by id on conflict do nothing",
        tenant.0,
        hold,
        devices,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A filter that was checked before it was written.
fn read(text: &str) -> Result<Filter, StoreError> {
    Filter::parse(text).map_err(StoreError::corrupt)
}
