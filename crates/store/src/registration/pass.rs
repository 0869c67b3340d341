//! One chunk of devices that are due: read under locks, judged, written where it changed.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::registration::{Registration, register};
use uuid::Uuid;

use super::RegistrationCounts;
use super::facts::{self, CHUNK, Looked};
use crate::convert::{sort_column, standing_column};
use crate::ring_sets::claims::Claims;
use crate::scope::{Tx, by_key_if_few};
use crate::{Store, StoreError};

impl Store {
    /// The devices due after `after`, and the last of them; none when there is none.
    pub(super) async fn registration_chunk(
        &self,
        tenant: TenantId,
        after: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(RegistrationCounts, Option<Uuid>), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let marked = sqlx::query_scalar!(
            "select device_id from registration_due where tenant_id = $1 and step = 0
                 and device_id > $3
             order by device_id limit $2",
            tenant.0,
            CHUNK,
            after,
        )
        .fetch_all(&mut *tx)
        .await?;
        let Some(last) = marked.last().copied() else {
            return Ok((RegistrationCounts::default(), None));
        };
        by_key_if_few(&mut tx, marked.len()).await?;
        // Devices before marks, as imports and check-ins lock them; and groups and controls are read
        // after the marks are taken, so that a change that commits later leaves a new mark.
        let mut devices = facts::lock(&mut tx, tenant, &marked).await?;
        take_marks(&mut tx, tenant, &marked).await?;
        let claims = Claims::load(&mut tx, tenant).await?;
        facts::beyond(&mut tx, tenant, &claims, &mut devices, now).await?;
        let mut counts =
            RegistrationCounts { looked_at: marked.len() as u64, ..RegistrationCounts::default() };
        let mut changes = Changes::default();
        for device in &devices {
            let stands = register(&device.facts, now);
            counts.standings[stands.standing as usize] += 1;
            if device.before != Some(stands) {
                changes.push(device, stands);
            }
        }
        counts.changed = write(&mut tx, tenant, &changes, now).await?;
        tx.commit().await?;
        Ok((counts, Some(last)))
    }
}

/// Marks of devices that are gone go too.
async fn take_marks(tx: &mut Tx, tenant: TenantId, marked: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query!(
        "update registration_due set step = 1
         where tenant_id = $1 and device_id = any($2) and step = 0",
        tenant.0,
        marked,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changed registrations as columns.
#[derive(Default)]
struct Changes {
    devices: Vec<Uuid>,
    standings: Vec<i16>,
    reasons: Vec<i32>,
    sorts: Vec<i16>,
    quality_only: Vec<bool>,
}

impl Changes {
    fn push(&mut self, device: &Looked, stands: Registration) {
        self.devices.push(device.id);
        self.standings.push(standing_column(stands.standing));
        self.reasons.push(stands.reasons.0);
        self.sorts.push(sort_column(stands.sort));
        self.quality_only.push(stands.quality_only);
    }
}

async fn write(
    tx: &mut Tx,
    tenant: TenantId,
    changes: &Changes,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    if changes.devices.is_empty() {
        return Ok(0);
    }
    let written = sqlx::query!(
        "update device d
         set standing = n.standing, reasons = n.reasons, sort = n.sort, quality_only = n.quality_only,
             standing_at = case when d.standing = n.standing then d.standing_at else $7 end
         from unnest($2::uuid[], $3::int2[], $4::int[], $5::int2[], $6::bool[])
             as n(id, standing, reasons, sort, quality_only)
         where d.tenant_id = $1 and d.id = n.id",
        tenant.0,
        &changes.devices,
        &changes.standings,
        &changes.reasons,
        &changes.sorts,
        &changes.quality_only,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected())
}
