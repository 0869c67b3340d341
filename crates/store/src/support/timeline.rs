//! What the history says of the thing that a request is filed from.

use domain::ids::{RolloutId, TenantId};
use domain::support::{Subject, SubjectKind};

use crate::events::EventRow;
use crate::{Store, StoreError};

/// Entries of a timeline, and how many of the newest of a tenant are looked through for what is in no rollout.
const MOST: i64 = 200;
const LOOKED_THROUGH: i64 = 20_000;

impl Store {
    /// The newest entries about a thing, newest first: those of its rollouts, and those that name it. Cost: for a
    /// rollout its newest entries; for all else the newest 20,000 of the tenant.
    pub async fn support_timeline(
        &self,
        tenant: TenantId,
        about: Subject,
    ) -> Result<Vec<EventRow>, StoreError> {
        let looked_through = match about.kind {
            SubjectKind::Tenant => MOST,
            SubjectKind::Device
            | SubjectKind::Rollout
            | SubjectKind::Release
            | SubjectKind::RingSet
            | SubjectKind::Alert => LOOKED_THROUGH,
        };
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"with own as (
                 select id from rollout
                 where tenant_id = $1 and $2 and (id = $3 or release_id = $3 or ring_set_id = $3)
             )
             select seq as "seq!", rollout_id, at as "at!", actor as "actor!", kind as "kind!", body as "body!" from (
                 (select e.seq, e.rollout_id, e.at, e.actor, e.kind, e.body from event e
                  where e.tenant_id = $1 and e.rollout_id in (select id from own) order by seq desc limit $4)
                 union
                 (select * from (
                     select seq, rollout_id, at, actor, kind, body from event
                     where tenant_id = $1 order by seq desc limit $5) n
                  where not $2 or (n.body like '%' || $3::uuid::text || '%')
                  order by seq desc limit $4)) all_of_it
             order by seq desc limit $4"#,
            tenant.0,
            about.kind != SubjectKind::Tenant,
            about.id,
            MOST,
            looked_through,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let events = rows.into_iter().map(|row| EventRow {
            seq: row.seq,
            rollout: row.rollout_id.map(RolloutId),
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            body: row.body,
        });
        Ok(events.collect())
    }
}
