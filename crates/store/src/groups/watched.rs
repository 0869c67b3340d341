//! Which groups have to be read, and whom nobody knows among their members.

use domain::ids::{DirectoryObjectId, TenantId};
use uuid::Uuid;

use crate::{Store, StoreError};

/// Members nobody knows that are named at a time.
const UNKNOWN: i64 = 20_000;

impl Store {
    /// Every group that some ring set names, and all groups nested in them as far as that is known.
    pub async fn groups_watched(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<DirectoryObjectId>, StoreError> {
        let named: Vec<Uuid> =
            self.ring_set_groups(tenant).await?.into_iter().map(|group| group.0).collect();
        let mut tx = self.tenant_begin(tenant).await?;
        let groups = sqlx::query_scalar!(
            r#"with recursive inside(id) as (
                 select id from unnest($2::uuid[]) as n(id)
                 union
                 select n.child_id from inside i
                 join group_nesting n on n.tenant_id = $1 and n.parent_id = i.id
             )
             select id as "id!" from inside order by id"#,
            tenant.0,
            &named,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(groups.into_iter().map(DirectoryObjectId).collect())
    }

    /// Members of groups that no device is known for, at most 20,000. Some of them are no devices.
    pub async fn group_members_unknown(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<DirectoryObjectId>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let objects = sqlx::query_scalar!(
            r#"select distinct g.object_id as "id!" from group_member g
             where g.tenant_id = $1 and not exists (
                 select from device d where d.tenant_id = $1 and d.object_id = g.object_id)
             order by 1 limit $2"#,
            tenant.0,
            UNKNOWN,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(objects.into_iter().map(DirectoryObjectId).collect())
    }
}
