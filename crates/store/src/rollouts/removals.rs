//! What a rollback can do, and did, for the devices of a rollout: counted by groups and told one by one.
//! What it means is `domain::rollback`'s business.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{DeviceId, ReleaseId, RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollback::{Known, Prospect, Reversal, prospect};
use uuid::Uuid;

use super::NOT_FOUND;
use crate::convert::{count, delivery, ring};
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError};

/// The outlook of a rollback, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    pub reversal: Reversal,
    /// Of programs: the version that devices go back to, by the newest of the rollouts.
    pub back_to: Option<String>,
    /// Each at most once, in order.
    pub devices: Vec<(Prospect, u32)>,
}

/// The outlook of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProspectRow {
    pub device: DeviceId,
    /// None: it is not known any more.
    pub name: Option<String>,
    pub ring: RingIndex,
    pub state: AttemptState,
    pub prospect: Prospect,
}

/// The columns that decide.
struct Facts {
    state: i16,
    offered_at: Option<DateTime<Utc>>,
    is_there: bool,
    is_newer: bool,
    has_build: bool,
}

impl TryFrom<Facts> for Known {
    type Error = StoreError;

    fn try_from(row: Facts) -> Result<Self, StoreError> {
        let state = AttemptState::from_code(row.state);
        Ok(Self {
            state: state.ok_or_else(|| StoreError::corrupt("a state of an attempt"))?,
            offered_at: row.offered_at,
            is_there: row.is_there,
            is_newer: row.is_newer,
            has_build: row.has_build,
        })
    }
}

impl Store {
    /// What a rollback of the rollout could do, or did. Cost: its devices, once.
    pub async fn rollout_outlook(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        now: DateTime<Utc>,
    ) -> Result<Outlook, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let release = sqlx::query_scalar!(
            "select release_id from rollout where tenant_id = $1 and id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let outlook = outlook(&mut tx, tenant, ReleaseId(release), &[rollout.0], now).await?;
        tx.commit().await?;
        Ok(outlook)
    }

    /// The same over every rollout of a release. Cost: their devices, once.
    pub async fn release_outlook(
        &self,
        tenant: TenantId,
        release: ReleaseId,
        now: DateTime<Utc>,
    ) -> Result<Outlook, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rollouts = sqlx::query_scalar!(
            "select id from rollout where tenant_id = $1 and release_id = $2 order by id",
            tenant.0,
            release.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let outlook = outlook(&mut tx, tenant, release, &rollouts, now).await?;
        tx.commit().await?;
        Ok(outlook)
    }

    /// Each device of the rollout, in the order of their ids. Cost: the page.
    pub async fn rollout_prospects(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Vec<ProspectRow>, StoreError> {
        let mut tx = self.tenant_begin_few(tenant).await?;
        let release = sqlx::query!(
            "select r.release_id, l.update_id from rollout r
             join release l on l.tenant_id = $1 and l.id = r.release_id
             where r.tenant_id = $1 and r.id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let (reversal, _) = reversal(&mut tx, tenant, ReleaseId(release.release_id)).await?;
        let rows = sqlx::query!(
            r#"select a.device_id, d.name as "name?", a.ring, a.state, w.decided_at as "offered_at?",
                 d.object_id is not null as "is_there!",
                 coalesce(d.os_revision > b.os_revision, p.version > u.app_version, false) as "is_newer!",
                 coalesce(d.os_revision >= b.os_revision, p.version >= u.app_version, false) as "has_build!"
             from attempt a
             join catalog_update u on u.tenant_id = $1 and u.id = $3
             left join device_app p on p.tenant_id = $1 and p.device_id = a.device_id and p.kind = u.kind
             left join device d on d.tenant_id = $1 and d.id = a.device_id
             left join wave w on w.tenant_id = $1 and w.rollout_id = a.rollout_id and w.kind = 'offer'
                 and w.ring = a.ring and w.number = a.wave
             left join (
                 select os_major, os_minor, os_build, max(os_revision) as os_revision from update_build
                 where tenant_id = $1 and update_id = $3 group by 1, 2, 3
             ) b on (b.os_major, b.os_minor, b.os_build) = (d.os_major, d.os_minor, d.os_build)
             where a.tenant_id = $1 and a.rollout_id = $2 and ($4::uuid is null or a.device_id > $4)
             order by a.device_id limit $5"#,
            tenant.0,
            rollout.0,
            release.update_id,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let known = Known::try_from(Facts {
                    state: row.state,
                    offered_at: row.offered_at,
                    is_there: row.is_there,
                    is_newer: row.is_newer,
                    has_build: row.has_build,
                })?;
                Ok(ProspectRow {
                    device: DeviceId(row.device_id),
                    name: row.name,
                    ring: ring(row.ring)?,
                    state: known.state,
                    prospect: prospect(reversal, &known, now),
                })
            })
            .collect()
    }
}

/// How a release is taken back, and its update.
async fn reversal(
    tx: &mut Tx,
    tenant: TenantId,
    release: ReleaseId,
) -> Result<(Reversal, Uuid), StoreError> {
    let row = sqlx::query!(
        "select delivery, update_id from release where tenant_id = $1 and id = $2",
        tenant.0,
        release.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::NotFound { what: "release" })?;
    Ok((Reversal::of(&delivery(row.delivery)?), row.update_id))
}

/// Devices that are alike in all that decides are counted by the database; what they come to is
/// asked of the domain once for each sort.
async fn outlook(
    tx: &mut Tx,
    tenant: TenantId,
    release: ReleaseId,
    rollouts: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Outlook, StoreError> {
    let (reversal, update) = reversal(tx, tenant, release).await?;
    let rows = sqlx::query!(
        r#"select a.state, w.decided_at as "offered_at?", d.object_id is not null as "is_there!",
             coalesce(d.os_revision > b.os_revision, p.version > u.app_version, false) as "is_newer!",
             coalesce(d.os_revision >= b.os_revision, p.version >= u.app_version, false) as "has_build!",
             count(*)::int as "devices!"
         from attempt a
         join catalog_update u on u.tenant_id = $1 and u.id = $3
         left join device_app p on p.tenant_id = $1 and p.device_id = a.device_id and p.kind = u.kind
         left join device d on d.tenant_id = $1 and d.id = a.device_id
         left join wave w on w.tenant_id = $1 and w.rollout_id = a.rollout_id and w.kind = 'offer'
             and w.ring = a.ring and w.number = a.wave
         left join (
             select os_major, os_minor, os_build, max(os_revision) as os_revision from update_build
             where tenant_id = $1 and update_id = $3 group by 1, 2, 3
         ) b on (b.os_major, b.os_minor, b.os_build) = (d.os_major, d.os_minor, d.os_build)
         where a.tenant_id = $1 and a.rollout_id = any($2)
         group by 1, 2, 3, 4, 5"#,
        tenant.0,
        rollouts,
        update,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut devices: Vec<(Prospect, u32)> = Vec::new();
    for row in rows {
        let known = Known::try_from(Facts {
            state: row.state,
            offered_at: row.offered_at,
            is_there: row.is_there,
            is_newer: row.is_newer,
            has_build: row.has_build,
        })?;
        devices.push((prospect(reversal, &known, now), count(row.devices)?));
    }
    devices.sort_unstable();
    devices.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.saturating_add(next.1);
        }
        same
    });
    let back_to = sqlx::query_scalar!(
        "select back_to from rollout where tenant_id = $1 and id = any($2) order by id desc limit 1",
        tenant.0,
        rollouts,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(Outlook { reversal, back_to: back_to.flatten(), devices })
}
