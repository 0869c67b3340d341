//! What the Entra groups of rings have yet to be told: who came, who left, who moved.
//!
//! A member knows the ring whose group has it; a device that left a set while a group has it waits in
//! `ring_leaver`. Telling is idempotent: what is told twice changes nothing.

use domain::ids::{DeviceId, DirectoryObjectId, RingSetId, TenantId};
use domain::ring::RingIndex;
use uuid::Uuid;

use crate::convert::{ring, ring_column};
use crate::{Store, StoreError};

/// One device to be put into the group of a ring, or taken out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupTold {
    pub ring: RingIndex,
    pub device: DeviceId,
    pub object: DirectoryObjectId,
}

/// In order of ring. Take out first: a device that moves is in both lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RingGroupChanges {
    pub add: Vec<GroupTold>,
    pub remove: Vec<GroupTold>,
}

impl Store {
    /// What is to be told next, of at most `limit` devices that came or moved and as many that left.
    /// Cost: what is returned.
    pub async fn ring_group_changes(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        limit: u16,
    ) -> Result<RingGroupChanges, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let rows = sqlx::query!(
            r#"select m.device_id, m.ring, m.told, d.object_id as "object!"
             from ring_member m
             join device d on d.tenant_id = $1 and d.id = m.device_id and d.object_id is not null
             where m.tenant_id = $1 and m.ring_set_id = $2 and m.told is distinct from m.ring
             order by m.device_id limit $3"#,
            tenant.0,
            ring_set.0,
            i64::from(limit),
        )
        .fetch_all(&mut *tx)
        .await?;
        let left = sqlx::query!(
            "select device_id, object_id, told from ring_leaver
             where tenant_id = $1 and ring_set_id = $2 order by device_id limit $3",
            tenant.0,
            ring_set.0,
            i64::from(limit),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut changes = RingGroupChanges::default();
        let told = |index: i16, device: Uuid, object: Uuid| {
            Ok::<_, StoreError>(GroupTold {
                ring: ring(index)?,
                device: DeviceId(device),
                object: DirectoryObjectId(object),
            })
        };
        for row in rows {
            changes.add.push(told(row.ring, row.device_id, row.object)?);
            if let Some(before) = row.told {
                changes.remove.push(told(before, row.device_id, row.object)?);
            }
        }
        for row in left {
            changes.remove.push(told(row.told, row.device_id, row.object_id)?);
        }
        changes.add.sort_unstable();
        changes.remove.sort_unstable();
        Ok(changes)
    }

    /// Notes what the groups were told. A device that was put into a group and has left the set since
    /// is to be taken out again.
    pub async fn ring_group_told(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        told: &RingGroupChanges,
    ) -> Result<(), StoreError> {
        let columns = |list: &[GroupTold]| -> (Vec<Uuid>, Vec<i16>, Vec<Uuid>) {
            let devices = list.iter().map(|one| one.device.0).collect();
            let rings = list.iter().map(|one| ring_column(one.ring)).collect();
            (devices, rings, list.iter().map(|one| one.object.0).collect())
        };
        let mut tx = self.tenant_begin_few(tenant).await?;
        // Keeps placement away, which moves members and leavers.
        sqlx::query!(
            "select id from ring_set where tenant_id = $1 and id = $2 for no key update",
            tenant.0,
            ring_set.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let (devices, rings, _) = columns(&told.remove);
        sqlx::query!(
            "with out as (
                 delete from ring_leaver l using unnest($3::uuid[], $4::int2[]) as n(id, ring)
                 where l.tenant_id = $1 and l.ring_set_id = $2 and l.device_id = n.id
                     and l.told = n.ring
             )
             update ring_member m set told = null
             from unnest($3::uuid[], $4::int2[]) as n(id, ring)
             where m.tenant_id = $1 and m.ring_set_id = $2 and m.device_id = n.id and m.told = n.ring",
            tenant.0,
            ring_set.0,
            &devices,
            &rings,
        )
        .execute(&mut *tx)
        .await?;
        let (devices, rings, objects) = columns(&told.add);
        sqlx::query!(
            "with put as (
                 update ring_member m set told = n.ring
                 from unnest($3::uuid[], $4::int2[]) as n(id, ring)
                 where m.tenant_id = $1 and m.ring_set_id = $2 and m.device_id = n.id
                 returning m.device_id
             )
             insert into ring_leaver (tenant_id, ring_set_id, device_id, object_id, told)
             select $1, $2, n.id, n.object_id, n.ring
             from unnest($3::uuid[], $4::int2[], $5::uuid[]) as n(id, ring, object_id)
             where not exists (select from put p where p.device_id = n.id)
             order by n.id
             on conflict (tenant_id, ring_set_id, device_id) do update
             set told = excluded.told, object_id = excluded.object_id",
            tenant.0,
            ring_set.0,
            &devices,
            &rings,
            &objects,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets what the groups of a set have, because they are gone, or about to be made anew.
    pub async fn ring_group_forget(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "with out as (delete from ring_leaver where tenant_id = $1 and ring_set_id = $2)
             update ring_member set told = null
             where tenant_id = $1 and ring_set_id = $2 and told is not null",
            tenant.0,
            ring_set.0,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Store {
    /// Forgets what the group of one ring has, because it was just made, and is empty.
    pub async fn ring_group_emptied(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        ring: RingIndex,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "with out as (
                 delete from ring_leaver where tenant_id = $1 and ring_set_id = $2 and told = $3)
             update ring_member set told = null
             where tenant_id = $1 and ring_set_id = $2 and told = $3",
            tenant.0,
            ring_set.0,
            ring_column(ring),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// How many devices' groups are not yet what they should be. Cost: as many as they are.
    pub async fn ring_group_pending(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
    ) -> Result<u32, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let pending = sqlx::query_scalar!(
            r#"select (select count(*) from ring_member
                     where tenant_id = $1 and ring_set_id = $2 and told is distinct from ring)
                 + (select count(*) from ring_leaver where tenant_id = $1 and ring_set_id = $2)
                 as "count!""#,
            tenant.0,
            ring_set.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(u32::try_from(pending).unwrap_or(u32::MAX))
    }
}
