//! Other rollouts that bring, or brought, devices an update of the same kind.

use domain::update::supersede::{Content, Relation, relation};
use uuid::Uuid;

use super::Scene;
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

/// Which rollouts bring something newer than `scene`'s, and which something older.
#[derive(Debug, Default)]
pub(super) struct Sides {
    /// Only those that still offer.
    pub(super) newer: Rivals,
    /// Those with open offers.
    pub(super) older: Rivals,
}

/// Cost: the rollouts of one kind that still offer, or have devices in flight; mostly none.
pub(super) async fn sides(tx: &mut Tx, scene: &Scene<'_>) -> Result<Sides, StoreError> {
    let others = sqlx::query!(
        r#"select r.id, l.update_id, r.phase_name <> 'completed' as "offers!",
             t.update_id as this_update
         from rollout m
         join release t on t.tenant_id = $1 and t.id = m.release_id
         join catalog_update c on c.tenant_id = $1 and c.id = t.update_id
         join rollout r on r.tenant_id = $1 and r.id <> m.id
             and r.phase_name in ('scheduled', 'offering', 'soaking', 'paused', 'completed')
         join release l on l.tenant_id = $1 and l.id = r.release_id and l.update_id <> t.update_id
         join catalog_update u on u.tenant_id = $1 and u.id = l.update_id and u.kind = c.kind
         where m.tenant_id = $1 and m.id = $2
             and (r.phase_name <> 'completed' or exists (
                 select from tally k where k.tenant_id = $1 and k.rollout_id = r.id
                     and k.state in (1, 2) and k.devices > 0))"#,
        scene.tenant.0,
        scene.rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let Some(first) = others.first() else { return Ok(Sides::default()) };
    let this = first.this_update;
    let ids: Vec<Uuid> = others.iter().map(|one| one.update_id).chain([this]).collect();
    let rows = catalog::some(tx, scene.tenant, &ids).await?;
    let content = |id: Uuid| rows.iter().find(|row| row.id.0 == id).map(|r| Content::of(&r.update));
    let mut sides = Sides::default();
    let Some(this) = content(this) else { return Ok(sides) };
    for other in others {
        let Some(content) = content(other.update_id) else { continue };
        if other.offers {
            sides.newer.add(other.id, relation(&content, &this));
        }
        sides.older.add(other.id, relation(&this, &content));
    }
    Ok(sides)
}
