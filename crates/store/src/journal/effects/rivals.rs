//! Other rollouts that bring, or brought, devices an update of the same kind.

use domain::ids::{RolloutId, TenantId};
use domain::update::supersede::{Content, Relation, relation};
use uuid::Uuid;

use crate::scope::Tx;
use crate::{StoreError, catalog};

/// Rollouts, each with a Windows version for which it is one; without: for all. Columns for `unnest`.
#[derive(Debug, Default)]
pub(super) struct Rivals {
    pub(super) rollouts: Vec<Uuid>,
    pub(super) majors: Vec<Option<i32>>,
    pub(super) minors: Vec<Option<i32>>,
    pub(super) builds: Vec<Option<i32>>,
}

impl Rivals {
    fn add(&mut self, rollout: Uuid, relation: Relation) {
        let mut row = |line: Option<(u32, u32, u32)>| {
            let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
            self.rollouts.push(rollout);
            self.majors.push(line.map(|(major, ..)| number(major)));
            self.minors.push(line.map(|(_, minor, _)| number(minor)));
            self.builds.push(line.map(|(.., build)| number(build)));
        };
        match relation {
            Relation::Replaces => row(None),
            Relation::Partly(lines) => lines.into_iter().for_each(|line| row(Some(line))),
            Relation::Not => {}
        }
    }
}

/// Which rollouts bring something newer than one, and which something older.
#[derive(Debug, Default)]
pub(super) struct Sides {
    /// Those that still offer, or did so beside this one: what their devices were offered last. Whoever makes
    /// a rollout of something older after that means it for them too.
    pub(super) newer: Rivals,
    /// Those with open offers.
    pub(super) older: Rivals,
}

/// Cost: the rollouts of one kind that still offer, have devices in flight, or were completed since this one was
/// made; mostly none.
pub(super) async fn sides(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Sides, StoreError> {
    let others = sqlx::query!(
        r#"select r.id, l.update_id, t.update_id as this_update,
             s.serves as "serves!"
         from rollout m
         join release t on t.tenant_id = $1 and t.id = m.release_id
         join catalog_update c on c.tenant_id = $1 and c.id = t.update_id
         join rollout r on r.tenant_id = $1 and r.id <> m.id
             and r.phase_name in ('scheduled', 'offering', 'soaking', 'paused', 'completed')
         join release l on l.tenant_id = $1 and l.id = r.release_id and l.update_id <> t.update_id
         join catalog_update u on u.tenant_id = $1 and u.id = l.update_id and u.kind = c.kind
         cross join lateral (
             select r.phase_name <> 'completed' or (r.phase ->> 'since')::timestamptz > m.created_at as serves
         ) s
         where m.tenant_id = $1 and m.id = $2
             and (s.serves or exists (
                 select from tally k where k.tenant_id = $1 and k.rollout_id = r.id
                     and k.state in (1, 2) and k.devices > 0))"#,
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let Some(first) = others.first() else { return Ok(Sides::default()) };
    let this = first.this_update;
    let ids: Vec<Uuid> = others.iter().map(|one| one.update_id).chain([this]).collect();
    let rows = catalog::some(tx, tenant, &ids).await?;
    let content = |id: Uuid| rows.iter().find(|row| row.id.0 == id).map(|r| Content::of(&r.update));
    let mut sides = Sides::default();
    let Some(this) = content(this) else { return Ok(sides) };
    for other in others {
        let Some(content) = content(other.update_id) else { continue };
        if other.serves {
            sides.newer.add(other.id, relation(&content, &this));
        }
        sides.older.add(other.id, relation(&this, &content));
    }
    Ok(sides)
}
