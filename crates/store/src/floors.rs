//! Version floors: the lowest revision of a Windows version that may be offered.

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::ids::TenantId;
use serde_json::json;

use crate::chain::Entry;
use crate::convert::{build, column};
use crate::{Store, StoreError, chain};

impl Store {
    /// One build for each Windows version that has a floor, lowest first.
    pub async fn version_floors(&self, tenant: TenantId) -> Result<Vec<Build>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select os_major, os_minor, os_build, os_revision from version_floor
             where tenant_id = $1 order by os_major, os_minor, os_build",
            tenant.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let floors = rows.into_iter().map(|row| {
            let numbers = (row.os_major, row.os_minor, row.os_build, row.os_revision);
            let (major, minor, number, revision) = numbers;
            let floor = build((Some(major), Some(minor), Some(number), Some(revision)))?;
            floor.ok_or_else(|| StoreError::corrupt("a floor without a build"))
        });
        floors.collect()
    }

    /// Puts these in the place of all floors; of two for one Windows version the higher one counts.
    /// Rollouts that are under way keep to them from their next wave on.
    pub async fn version_floors_replace(
        &self,
        tenant: TenantId,
        floors: &[Build],
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let numbers = |number: fn(&Build) -> u32| -> Vec<i32> {
            floors.iter().map(|floor| column(number(floor))).collect()
        };
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!("delete from version_floor where tenant_id = $1", tenant.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "insert into version_floor (tenant_id, os_major, os_minor, os_build, os_revision)
             select $1, f.major, f.minor, f.build, max(f.revision)
             from unnest($2::int[], $3::int[], $4::int[], $5::int[]) as f(major, minor, build, revision)
             group by f.major, f.minor, f.build order by f.major, f.minor, f.build",
            tenant.0,
            &numbers(|build| build.major),
            &numbers(|build| build.minor),
            &numbers(|build| build.build),
            &numbers(|build| build.revision),
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "builds": floors });
        let entry =
            Entry { rollout: None, at: now, actor, kind: "version_floors_set", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
