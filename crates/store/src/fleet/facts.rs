//! What health is computed from: counters, never devices.

use chrono::{DateTime, TimeDelta, Utc};
use domain::build::Build;
use domain::health::{AppCount, Bucket, Facts, Health, assess};
use domain::ids::{RingSetId, TenantId};
use domain::registration::Reason;

use super::scene::{self, Scene};
use super::sources::{self, SourceRow};
use crate::convert::{count, ring, standing};
use crate::scope::Tx;
use crate::{Store, StoreError};

/// A version of the monthly enterprise channel is supported for two months (facts/autopatch.md 5.4).
const APP_SUPPORTED: TimeDelta = TimeDelta::days(61);

/// How a tenant's fleet stands, and how fresh that is.
#[derive(Debug, Clone)]
pub struct HealthRow {
    pub health: Health,
    pub sources: Vec<SourceRow>,
    /// Open alerts that nobody muted, by severity.
    pub alerts: Vec<(String, u32)>,
}

impl Store {
    /// What [`Store::fleet_health`] is computed from.
    pub async fn fleet_facts(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<Facts, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let scene = scene::load(&mut tx, tenant, now).await?;
        let facts = facts(&mut tx, tenant, scene).await?;
        tx.commit().await?;
        Ok(facts)
    }

    /// Cost: ring sets, updates and counters, whatever the size of the fleet.
    pub async fn fleet_health(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<HealthRow, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let health = read(&mut tx, tenant, now).await?;
        let sources = sources::read(&mut tx, tenant).await?;
        let alerts = sqlx::query!(
            r#"select severity, count(*)::int as "alerts!" from alert
             where tenant_id = $1 and resolved_at is null
                 and (muted_until is null or muted_until <= $2)
             group by 1 order by 1"#,
            tenant.0,
            now,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let alerts = alerts.into_iter().map(|row| Ok((row.severity, count(row.alerts)?)));
        Ok(HealthRow { health, sources, alerts: alerts.collect::<Result<_, StoreError>>()? })
    }
}

pub(crate) async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Health, StoreError> {
    let scene = scene::load(tx, tenant, now).await?;
    Ok(assess(&facts(tx, tenant, scene).await?, now))
}

/// The counters of a tenant.
pub(super) async fn buckets(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Bucket>, StoreError> {
    let rows = sqlx::query!(
        "select ring_set_id, ring, standing, reason, long_term, os_major, os_minor, os_build, os_revision,
             devices
         from fleet_tally where tenant_id = $1 and devices <> 0",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let buckets = rows.into_iter().map(|row| {
        let place = (!row.ring_set_id.is_nil())
            .then(|| Ok::<_, StoreError>((RingSetId(row.ring_set_id), ring(row.ring)?)));
        let numbers = [row.os_major, row.os_minor, row.os_build, row.os_revision];
        let build = match numbers.map(u32::try_from) {
            [Ok(major), Ok(minor), Ok(build), Ok(revision)] => {
                Some(Build { major, minor, build, revision })
            }
            _ => None,
        };
        Ok(Bucket {
            place: place.transpose()?,
            standing: (row.standing >= 0).then(|| standing(row.standing)).transpose()?,
            reason: Reason::ALL.iter().copied().find(|reason| reason.code() == row.reason),
            build,
            long_term: row.long_term,
            devices: count(row.devices)?,
        })
    });
    buckets.collect()
}

async fn facts(tx: &mut Tx, tenant: TenantId, scene: Scene) -> Result<Facts, StoreError> {
    let buckets = buckets(tx, tenant).await?;
    let apps = sqlx::query!(
        "select version, devices from app_tally
         where tenant_id = $1 and kind = 'microsoft_365_apps' and devices > 0",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let apps = apps.into_iter().map(|row| {
        Ok::<_, StoreError>(AppCount { version: row.version, devices: count(row.devices)? })
    });
    let apps = apps.collect::<Result<_, _>>()?;
    // The newest one is supported however old it is.
    let oldest_app = sqlx::query_scalar!(
        "select coalesce(
             min(app_version) filter (where released_at > $2), max(app_version)) as oldest
         from catalog_update
         where tenant_id = $1 and kind = 'microsoft_365_apps' and released_at <= $3",
        tenant.0,
        scene.now - APP_SUPPORTED,
        scene.now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Facts { sets: scene.sets, buckets, published: scene.published, apps, oldest_app })
}
