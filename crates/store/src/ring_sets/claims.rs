//! Which ring sets name the groups that devices are in, through groups in groups.
//!
//! The closure is computed from the groups that sets name down, once for a pass; a chunk of devices
//! then looks up only its own memberships.

use std::collections::HashMap;

use domain::ids::{RingSetId, TenantId};
use domain::ring::{RingIndex, RingSet};
use uuid::Uuid;

use super::{RingSetRow, all};
use crate::StoreError;
use crate::registration::Claim;
use crate::scope::Tx;

/// Ring sets with the closure of the groups they name.
pub(crate) struct Claims {
    pub(crate) sets: Vec<RingSetRow>,
    /// What the groups named stand for.
    roots: Vec<Claim>,
    /// Groups inside of those named, each with the index of its root.
    of_root: Vec<i32>,
    groups: Vec<Uuid>,
}

impl Claims {
    /// Of all ring sets of the tenant.
    pub(crate) async fn load(tx: &mut Tx, tenant: TenantId) -> Result<Self, StoreError> {
        let sets = all(tx, tenant).await?;
        Self::of(tx, tenant, sets).await
    }

    /// As `load`, with `changed` in place of the stored ring set `id`, or besides all others.
    pub(crate) async fn load_with(
        tx: &mut Tx,
        tenant: TenantId,
        changed: RingSetRow,
    ) -> Result<Self, StoreError> {
        let mut sets = all(tx, tenant).await?;
        sets.retain(|row| row.id != changed.id);
        sets.push(changed);
        Self::of(tx, tenant, sets).await
    }

    async fn of(tx: &mut Tx, tenant: TenantId, sets: Vec<RingSetRow>) -> Result<Self, StoreError> {
        let (mut roots, mut named) = (Vec::new(), Vec::new());
        for row in &sets {
            for (ring, group) in groups_named(&row.set) {
                roots.push(Claim { ring_set: row.id, ring });
                named.push(group);
            }
        }
        let (mut of_root, mut groups) = (Vec::new(), Vec::new());
        if !named.is_empty() {
            let rows = sqlx::query!(
                r#"with recursive inside(root, id) as (
                     select n.root::int - 1, n.id from unnest($2::uuid[]) with ordinality as n(id, root)
                     union
                     select i.root, g.child_id from inside i
                     join group_nesting g on g.tenant_id = $1 and g.parent_id = i.id
                 )
                 select root as "root!", id as "id!" from inside"#,
                tenant.0,
                &named,
            )
            .fetch_all(&mut **tx)
            .await?;
            for row in rows {
                of_root.push(row.root);
                groups.push(row.id);
            }
        }
        Ok(Self { sets, roots, of_root, groups })
    }

    /// The claims on each of these objects that has any.
    pub(crate) async fn of_objects(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        objects: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Claim>>, StoreError> {
        let mut claims: HashMap<Uuid, Vec<Claim>> = HashMap::new();
        if self.groups.is_empty() || objects.is_empty() {
            return Ok(claims);
        }
        let rows = sqlx::query!(
            r#"select m.object_id as "object!", n.root as "root!"
             from unnest($2::uuid[]) as o(id)
             join group_member m on m.tenant_id = $1 and m.object_id = o.id
             join unnest($3::uuid[], $4::int[]) as n(id, root) on n.id = m.group_id"#,
            tenant.0,
            objects,
            &self.groups,
            &self.of_root,
        )
        .fetch_all(&mut **tx)
        .await?;
        for row in rows {
            let root = usize::try_from(row.root).ok().and_then(|root| self.roots.get(root));
            let claim = *root.ok_or_else(|| StoreError::corrupt("root of a group"))?;
            claims.entry(row.object).or_default().push(claim);
        }
        Ok(claims)
    }

    /// Whether this set shares out the members of groups only.
    pub(crate) fn has_sources(&self, ring_set: RingSetId) -> bool {
        self.sets.iter().any(|row| row.id == ring_set && !row.set.rules().sources.is_empty())
    }
}

/// Every group that a set names, with the ring that does; none: a source of the whole set.
pub(crate) fn groups_named(set: &RingSet) -> impl Iterator<Item = (Option<RingIndex>, Uuid)> {
    let of_rings = set.indexed().flat_map(|(index, ring)| {
        ring.membership.groups.iter().map(move |group| (Some(index), group.0))
    });
    of_rings.chain(set.rules().sources.iter().map(|group| (None, group.0)))
}
