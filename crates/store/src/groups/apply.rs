//! Writing what changed in groups, and marking the devices that it concerns.

use domain::ids::{DirectoryObjectId, TenantId};
use uuid::Uuid;

use super::{GroupChange, GroupCounts};
use crate::StoreError;
use crate::devices::due;
use crate::scope::Tx;

/// Pairs of a group and what is in it, as columns.
#[derive(Default)]
struct Pairs {
    groups: Vec<Uuid>,
    members: Vec<Uuid>,
}

impl Pairs {
    fn of(changes: &[GroupChange], part: impl Fn(&GroupChange) -> &Vec<DirectoryObjectId>) -> Self {
        let mut pairs = Self::default();
        for change in changes {
            for member in part(change) {
                pairs.groups.push(change.group.0);
                pairs.members.push(member.0);
            }
        }
        pairs
    }
}

/// Deletions first, then additions, so that what is told as both is there in the end.
pub(super) async fn apply(
    tx: &mut Tx,
    tenant: TenantId,
    changes: &[GroupChange],
) -> Result<GroupCounts, StoreError> {
    let deleted: Vec<Uuid> =
        changes.iter().filter(|one| one.deleted).map(|one| one.group.0).collect();
    let removed = Pairs::of(changes, |one| &one.devices_removed);
    let kept: Vec<GroupChange> = changes.iter().filter(|one| !one.deleted).cloned().collect();
    let added = Pairs::of(&kept, |one| &one.devices_added);
    let mut objects = members_remove(tx, tenant, &removed, &deleted).await?;
    objects.extend(members_add(tx, tenant, &added).await?);

    let unnested = Pairs::of(changes, |one| &one.groups_removed);
    let nested = Pairs::of(&kept, |one| &one.groups_added);
    let mut children = nesting_remove(tx, tenant, &unnested, &deleted).await?;
    children.extend(nesting_add(tx, tenant, &nested).await?);

    let came_or_went = (objects.len() + children.len()) as u64;
    if !children.is_empty() {
        objects.extend(inside(tx, tenant, &children).await?);
    }
    let marked = due::mark_objects(tx, tenant, &objects).await?;
    Ok(GroupCounts { changed: came_or_went, marked })
}

async fn members_remove(
    tx: &mut Tx,
    tenant: TenantId,
    removed: &Pairs,
    deleted: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    let mut objects = Vec::new();
    if !removed.groups.is_empty() {
        objects = sqlx::query_scalar!(
            "delete from group_member g using unnest($2::uuid[], $3::uuid[]) as r(group_id, object_id)
             where g.tenant_id = $1 and g.group_id = r.group_id and g.object_id = r.object_id
             returning g.object_id",
            tenant.0,
            &removed.groups,
            &removed.members,
        )
        .fetch_all(&mut **tx)
        .await?;
    }
    if !deleted.is_empty() {
        let of_deleted = sqlx::query_scalar!(
            "delete from group_member where tenant_id = $1 and group_id = any($2) returning object_id",
            tenant.0,
            deleted,
        )
        .fetch_all(&mut **tx)
        .await?;
        objects.extend(of_deleted);
    }
    Ok(objects)
}

async fn members_add(
    tx: &mut Tx,
    tenant: TenantId,
    added: &Pairs,
) -> Result<Vec<Uuid>, StoreError> {
    if added.groups.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar!(
        "insert into group_member (tenant_id, group_id, object_id)
         select $1, a.group_id, a.object_id
         from unnest($2::uuid[], $3::uuid[]) as a(group_id, object_id)
         order by a.object_id, a.group_id on conflict do nothing
         returning object_id",
        tenant.0,
        &added.groups,
        &added.members,
    )
    .fetch_all(&mut **tx)
    .await?)
}

async fn nesting_remove(
    tx: &mut Tx,
    tenant: TenantId,
    removed: &Pairs,
    deleted: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    if removed.groups.is_empty() && deleted.is_empty() {
        return Ok(Vec::new());
    }
    // Of a deleted group both what it had inside and what it was inside of.
    Ok(sqlx::query_scalar!(
        r#"with unnested as (
             delete from group_nesting g
             using unnest($2::uuid[], $3::uuid[]) as r(parent_id, child_id)
             where g.tenant_id = $1 and g.parent_id = r.parent_id and g.child_id = r.child_id
             returning g.child_id
         ), emptied as (
             delete from group_nesting where tenant_id = $1
                 and (parent_id = any($4) or child_id = any($4))
                 and (parent_id, child_id) not in (select * from unnest($2::uuid[], $3::uuid[]))
             returning child_id
         )
         select child_id as "child!" from unnested union all select child_id from emptied"#,
        tenant.0,
        &removed.groups,
        &removed.members,
        deleted,
    )
    .fetch_all(&mut **tx)
    .await?)
}

async fn nesting_add(
    tx: &mut Tx,
    tenant: TenantId,
    added: &Pairs,
) -> Result<Vec<Uuid>, StoreError> {
    if added.groups.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar!(
        "insert into group_nesting (tenant_id, parent_id, child_id)
         select $1, a.parent_id, a.child_id
         from unnest($2::uuid[], $3::uuid[]) as a(parent_id, child_id)
         order by a.parent_id, a.child_id on conflict do nothing
         returning child_id",
        tenant.0,
        &added.groups,
        &added.members,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// What is in these groups, directly or through groups in them.
pub(crate) async fn inside(
    tx: &mut Tx,
    tenant: TenantId,
    groups: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "with recursive inside(id) as (
             select unnest($2::uuid[])
             union
             select n.child_id from inside i
             join group_nesting n on n.tenant_id = $1 and n.parent_id = i.id
         )
         select distinct m.object_id
         from inside i join group_member m on m.tenant_id = $1 and m.group_id = i.id",
        tenant.0,
        groups,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Direct members of `group` that are known and not among `wanted`: devices, and groups.
pub(super) async fn surplus(
    tx: &mut Tx,
    tenant: TenantId,
    group: DirectoryObjectId,
    (members, nested): (&[DirectoryObjectId], &[DirectoryObjectId]),
) -> Result<(Vec<DirectoryObjectId>, Vec<DirectoryObjectId>), StoreError> {
    let members: Vec<Uuid> = members.iter().map(|member| member.0).collect();
    let nested: Vec<Uuid> = nested.iter().map(|child| child.0).collect();
    let devices = sqlx::query_scalar!(
        "select g.object_id from group_member g where g.tenant_id = $1 and g.group_id = $2
             and not exists (select from unnest($3::uuid[]) as m(id) where m.id = g.object_id)",
        tenant.0,
        group.0,
        &members,
    )
    .fetch_all(&mut **tx)
    .await?;
    let groups = sqlx::query_scalar!(
        "select g.child_id from group_nesting g where g.tenant_id = $1 and g.parent_id = $2
             and not exists (select from unnest($3::uuid[]) as m(id) where m.id = g.child_id)",
        tenant.0,
        group.0,
        &nested,
    )
    .fetch_all(&mut **tx)
    .await?;
    let objects = |ids: Vec<Uuid>| ids.into_iter().map(DirectoryObjectId).collect();
    Ok((objects(devices), objects(groups)))
}
