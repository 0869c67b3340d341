//! What the policy of a rollout is settled from.

use domain::attempt::AttemptState;
use domain::evidence::baseline::PastRelease;
use domain::gate::policy::Segment;
use domain::ids::{RingSetId, TenantId};

use super::segments;
use crate::scope::Tx;
use crate::{Store, StoreError};

impl Store {
    /// What the policy of a rollout made now would be settled from: how past releases ended, and the
    /// segments of the ring set. Cost: the members of the ring set.
    pub async fn rollout_basis(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
    ) -> Result<(Vec<PastRelease>, Vec<Segment>), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let past = past_releases(&mut tx, tenant).await?;
        let basis = (past, segments::found(&mut tx, tenant, ring_set).await?.segments());
        tx.commit().await?;
        Ok(basis)
    }
}

/// How the last completed rollouts of the tenant ended. One that a person let go on against its gate
/// teaches too: that person found it good enough.
pub(super) async fn past_releases(
    tx: &mut Tx,
    tenant: TenantId,
) -> Result<Vec<PastRelease>, StoreError> {
    let rows = sqlx::query!(
        r#"select coalesce(sum(t.devices) filter (where t.state = $2), 0) as "failures!",
             coalesce(sum(t.devices) filter (where t.state = $3), 0) as "successes!"
         from (
             select id from rollout where tenant_id = $1 and phase_name = 'completed'
             order by id desc limit $4
         ) r
         join tally t on t.tenant_id = $1 and t.rollout_id = r.id and not t.aside
         group by r.id"#,
        tenant.0,
        AttemptState::Failed.code(),
        AttemptState::Confirmed.code(),
        REMEMBERED,
    )
    .fetch_all(&mut **tx)
    .await?;
    let past = rows.into_iter().map(|row| PastRelease {
        failures: row.failures.unsigned_abs(),
        successes: row.successes.unsigned_abs(),
    });
    Ok(past.collect())
}

/// Releases that a limit is learnt from: more than a year of monthly ones.
const REMEMBERED: i64 = 18;
