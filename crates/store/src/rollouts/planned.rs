//! What plans say of the rings and segments of their rollouts. A plan never changes, so that what is read of it
//! once is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::gate::policy::Segment;
use domain::ids::TenantId;
use sqlx::types::Json;
use uuid::Uuid;

use crate::StoreError;
use crate::scope::Tx;

#[derive(Debug)]
pub(crate) struct Planned {
    pub(super) revision: i32,
    /// The names of the rings, in their order.
    pub(super) rings: Vec<String>,
    pub(super) segments: Arc<[Segment]>,
}

pub(super) fn no_plan() -> StoreError {
    StoreError::corrupt("a rollout without its plan")
}

/// Cost: the plans that are asked for.
pub(super) async fn planned(
    tx: &mut Tx,
    tenant: TenantId,
    plans: &[Uuid],
) -> Result<HashMap<Uuid, Arc<Planned>>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, revision, body -> 'policy' -> 'segments' as "segments!: Json<Vec<Segment>>",
             jsonb_path_query_array(body, '$.rings[*].name') as "rings!: Json<Vec<String>>"
         from plan where tenant_id = $1 and id = any($2)"#,
        tenant.0,
        plans,
    )
    .fetch_all(&mut **tx)
    .await?;
    let plan = |revision, rings, segments: Vec<Segment>| {
        Arc::new(Planned { revision, rings, segments: segments.into() })
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.id, plan(row.revision, row.rings.0, row.segments.0)))
        .collect())
}

/// Plans of rollouts that were asked for. Ids are never used again, so nothing here goes stale.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<HashMap<Uuid, Arc<Planned>>>);

/// More are not kept, but for those of one list: then it begins anew.
const KEPT: usize = 1_000;

impl Plans {
    pub(super) fn get(&self, plan: Uuid) -> Option<Arc<Planned>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&plan).cloned()
    }

    /// One for each id, in that order. Cost: those that were not asked for yet.
    pub(super) async fn of(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        plans: impl IntoIterator<Item = Uuid>,
    ) -> Result<Vec<Arc<Planned>>, StoreError> {
        let plans: Vec<_> = plans.into_iter().map(|id| (id, self.get(id))).collect();
        let missing: Vec<Uuid> =
            plans.iter().filter(|(_, kept)| kept.is_none()).map(|(id, _)| *id).collect();
        let read =
            if missing.is_empty() { HashMap::new() } else { planned(tx, tenant, &missing).await? };
        self.keep(&read);
        let one = |(id, kept): (Uuid, Option<Arc<Planned>>)| {
            kept.or_else(|| read.get(&id).cloned()).ok_or_else(no_plan)
        };
        plans.into_iter().map(one).collect()
    }

    fn keep(&self, read: &HashMap<Uuid, Arc<Planned>>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() + read.len() > KEPT {
            all.clear();
        }
        all.extend(read.iter().map(|(id, plan)| (*id, Arc::clone(plan))));
    }
}
