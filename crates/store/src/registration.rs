//! How devices stand. The rules are `domain::registration::rules`; this feeds them what was read,
//! writes what they say where it changed, and counts.
//!
//! Devices that are due go through two steps: they are registered here, then placed in the rings
//! (`ring_set_place_due`). A mark that is set meanwhile starts over with the first.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::registration::rules::INACTIVE_AFTER;
use domain::registration::{Reason, Reasons, Standing};
use serde_json::json;
use uuid::Uuid;

use crate::chain::{self, Entry};
use crate::convert::{STANDINGS, standing};
use crate::devices::due::{self, INACTIVE};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, controls};

mod explain;
mod facts;
mod pass;

pub use explain::{Claim, DeviceExplanation, Placement};

/// Which devices a pass looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that are marked. Cost: as many as they are.
    Due,
    /// The whole fleet.
    All,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RegistrationCounts {
    pub looked_at: u64,
    /// Whose standing, reasons, sort or service differ from before.
    pub changed: u64,
    /// Of those looked at, in the order of [`Standing`].
    pub standings: [u64; 5],
}

impl RegistrationCounts {
    /// Devices that were looked at and stand so.
    #[must_use]
    pub fn of(&self, standing: Standing) -> u64 {
        self.standings[standing as usize]
    }
}

/// How a fleet stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationSummary {
    pub devices: u64,
    /// Nobody has looked at them yet.
    pub unseen: u64,
    /// Marked, and so about to be looked at (again).
    pub due: u64,
    /// Every standing.
    pub standings: Vec<(Standing, u64)>,
    /// Every reason that some device has; a device counts for each of its reasons.
    pub reasons: Vec<(Reason, u64)>,
}

impl Store {
    /// Judges devices and writes what changed. Chunks of 20,000 in the order of their ids, each its
    /// own transaction: what was judged before an error stays judged. Afterwards they are due to be
    /// placed.
    pub async fn registration_run(
        &self,
        tenant: TenantId,
        scope: Scope,
        now: DateTime<Utc>,
    ) -> Result<RegistrationCounts, StoreError> {
        if scope == Scope::All {
            self.registration_due_all(tenant).await?;
        }
        let mut counts = RegistrationCounts::default();
        let mut after = Uuid::nil();
        loop {
            let (chunk, last) = retried(|| self.registration_chunk(tenant, after, now)).await?;
            counts.looked_at += chunk.looked_at;
            counts.changed += chunk.changed;
            for (sum, more) in counts.standings.iter_mut().zip(chunk.standings) {
                *sum += more;
            }
            match last {
                Some(last) => after = last,
                // Marks that came meanwhile may stand before what was read last.
                None if !after.is_nil() => after = Uuid::nil(),
                None => return Ok(counts),
            }
        }
    }

    /// Marks what changes by the mere passing of time: devices that were not heard of for 28 days,
    /// and those of controls that have run out, which are lifted. Asks for a pass if there are any.
    /// Returns how many it marked. Cost: the fleet, once.
    pub async fn registration_sweep(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let sweep = || async {
            let mut tx = self.tenant_begin(tenant).await?;
            let silent = silent_mark(&mut tx, tenant, now).await?;
            let expired = controls::expire(&mut tx, tenant, now).await?;
            if silent + expired > 0 {
                due::ask(&mut tx, tenant, now).await?;
            }
            if expired > 0 {
                controls::tell_expired(&mut tx, tenant, expired, now).await?;
            }
            tx.commit().await?;
            Ok(silent + expired)
        };
        retried(sweep).await
    }

    /// Cost: the fleet, once.
    pub async fn registration_summary(
        &self,
        tenant: TenantId,
    ) -> Result<RegistrationSummary, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        // There are few combinations of reasons, however many devices.
        let rows = sqlx::query!(
            r#"select standing, reasons, count(*) as "devices!" from device
             where tenant_id = $1 group by standing, reasons"#,
            tenant.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let due = sqlx::query_scalar!(
            r#"select count(*) as "due!" from registration_due where tenant_id = $1 and step = 0"#,
            tenant.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut standings = STANDINGS.map(|standing| (standing, 0));
        let mut reasons: Vec<(Reason, u64)> = Reason::ALL.iter().map(|one| (*one, 0)).collect();
        let (mut devices, mut unseen) = (0, 0);
        for row in rows {
            let count = row.devices.unsigned_abs();
            devices += count;
            let Some(code) = row.standing else {
                unseen += count;
                continue;
            };
            let stands = standing(code)?;
            for (_, sum) in standings.iter_mut().filter(|(one, _)| *one == stands) {
                *sum += count;
            }
            let these = Reasons(row.reasons);
            for (_, sum) in reasons.iter_mut().filter(|(reason, _)| these.has(*reason)) {
                *sum += count;
            }
        }
        reasons.retain(|(_, count)| *count > 0);
        let due = due.unsigned_abs();
        Ok(RegistrationSummary { devices, unseen, due, standings: standings.to_vec(), reasons })
    }

    /// Marks every device, and asks for a pass. Returns before it begins.
    pub async fn registration_request(
        &self,
        tenant: TenantId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        mark_all(&mut tx, tenant).await?;
        due::ask(&mut tx, tenant, now).await?;
        let kind = "registration_requested";
        let entry = Entry { rollout: None, at: now, actor, kind, body: &json!({}) };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn registration_due_all(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        mark_all(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Marks every device, so that it is looked at again.
async fn mark_all(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into registration_due (tenant_id, device_id)
             select tenant_id, id from device where tenant_id = $1 order by id
             on conflict (tenant_id, device_id) do update set step = 0",
        tenant.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Devices that Intune was not heard of by for so long, and that are not known for it yet.
async fn silent_mark(tx: &mut Tx, tenant: TenantId, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let marked = sqlx::query!(
        "insert into registration_due (tenant_id, device_id)
         select tenant_id, id from device
         where tenant_id = $1 and intune_id is not null and standing is not null
             and reasons & $2 = 0 and (last_sync is null or last_sync < $3)
         order by id
         on conflict (tenant_id, device_id) do update set step = 0",
        tenant.0,
        INACTIVE,
        now - INACTIVE_AFTER,
    )
    .execute(&mut **tx)
    .await?;
    Ok(marked.rows_affected())
}
