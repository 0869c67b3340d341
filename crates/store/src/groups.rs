//! Who is in which Entra group: devices directly, groups in groups, and the closure of both.
//!
//! Every change marks the devices it concerns as due, in its own transaction. Never asks what a group
//! is for.

use chrono::{DateTime, Utc};
use domain::ids::{DeviceId, DirectoryObjectId, TenantId};
use uuid::Uuid;

use crate::devices::due;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError};

mod apply;
mod watched;

pub(crate) use apply::inside;

/// What changed in one group, as a delta read tells it. What is added and removed at once is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    pub group: DirectoryObjectId,
    /// The group is gone, and with it its members and its place in other groups.
    pub deleted: bool,
    pub devices_added: Vec<DirectoryObjectId>,
    pub devices_removed: Vec<DirectoryObjectId>,
    pub groups_added: Vec<DirectoryObjectId>,
    pub groups_removed: Vec<DirectoryObjectId>,
}

impl GroupChange {
    /// No change of `group` yet.
    #[must_use]
    pub const fn of(group: DirectoryObjectId) -> Self {
        Self {
            group,
            deleted: false,
            devices_added: Vec::new(),
            devices_removed: Vec::new(),
            groups_added: Vec::new(),
            groups_removed: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// Memberships that came or went.
    pub changed: u64,
    /// Devices that were marked as due for it.
    pub marked: u64,
}

impl Store {
    /// Takes changes of groups in. Idempotent: what is known already changes and marks nothing, so a
    /// delta may be read twice. Cost: the changes, and the members of groups that were put into or
    /// taken out of other groups.
    pub async fn group_delta_apply(
        &self,
        tenant: TenantId,
        changes: &[GroupChange],
        now: DateTime<Utc>,
    ) -> Result<GroupCounts, StoreError> {
        retried(|| self.delta_apply(tenant, changes, now)).await
    }

    /// Makes exactly these the direct members of a group: devices (or whatever else is no group),
    /// and groups.
    pub async fn group_replace(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
        members: &[DirectoryObjectId],
        nested: &[DirectoryObjectId],
        now: DateTime<Utc>,
    ) -> Result<GroupCounts, StoreError> {
        let replace = || async {
            let mut tx = self.tenant_begin(tenant).await?;
            let (devices, groups) =
                apply::surplus(&mut tx, tenant, group, (members, nested)).await?;
            let change = GroupChange {
                devices_added: members.to_vec(),
                devices_removed: devices,
                groups_added: nested.to_vec(),
                groups_removed: groups,
                ..GroupChange::of(group)
            };
            let counts = apply::apply(&mut tx, tenant, &[change]).await?;
            finish(&mut tx, tenant, counts, now).await?;
            tx.commit().await?;
            Ok(counts)
        };
        retried(replace).await
    }

    /// The devices in a group, directly or through groups in it; cycles do no harm.
    pub async fn group_devices(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let devices = sqlx::query_scalar!(
            r#"with recursive inside(id) as (
                 select $2::uuid
                 union
                 select n.child_id from inside i
                 join group_nesting n on n.tenant_id = $1 and n.parent_id = i.id
             )
             select distinct d.id as "id!"
             from inside i
             join group_member m on m.tenant_id = $1 and m.group_id = i.id
             join device d on d.tenant_id = $1 and d.object_id = m.object_id
             order by 1"#,
            tenant.0,
            group.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(devices.into_iter().map(DeviceId).collect())
    }

    /// Keeps what people call these groups, for filters and pages.
    pub async fn group_names_keep(
        &self,
        tenant: TenantId,
        names: &[(DirectoryObjectId, String)],
    ) -> Result<(), StoreError> {
        let (ids, names): (Vec<Uuid>, Vec<String>) =
            names.iter().map(|(group, name)| (group.0, name.replace('\0', ""))).unzip();
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "insert into group_name as g (tenant_id, group_id, name)
             select distinct on (n.id) $1, n.id, n.name
             from unnest($2::uuid[], $3::text[]) as n(id, name) order by n.id
             on conflict (tenant_id, group_id) do update set name = excluded.name
             where g.name <> excluded.name",
            tenant.0,
            &ids,
            &names,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn delta_apply(
        &self,
        tenant: TenantId,
        changes: &[GroupChange],
        now: DateTime<Utc>,
    ) -> Result<GroupCounts, StoreError> {
        let mut tx = self.tenant_begin_few(tenant).await?;
        let counts = apply::apply(&mut tx, tenant, changes).await?;
        finish(&mut tx, tenant, counts, now).await?;
        tx.commit().await?;
        Ok(counts)
    }
}

async fn finish(
    tx: &mut Tx,
    tenant: TenantId,
    counts: GroupCounts,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if counts.marked > 0 {
        due::ask(tx, tenant, now).await?;
    }
    Ok(())
}

/// The groups that have an object among their members, directly or through other groups.
pub(crate) async fn groups_of(
    tx: &mut Tx,
    tenant: TenantId,
    object: Uuid,
) -> Result<Vec<DirectoryObjectId>, StoreError> {
    let groups = sqlx::query_scalar!(
        r#"with recursive around(id) as (
             select group_id from group_member where tenant_id = $1 and object_id = $2
             union
             select n.parent_id from around a
             join group_nesting n on n.tenant_id = $1 and n.child_id = a.id
         )
         select id as "id!" from around order by id"#,
        tenant.0,
        object,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(groups.into_iter().map(DirectoryObjectId).collect())
}
