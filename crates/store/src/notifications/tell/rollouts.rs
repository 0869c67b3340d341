//! What rollouts did, or wait for people to do.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use domain::notification::{
    Bulletin, Occasion, RolloutNews, RolloutStep, awaits_approval, digest_before,
};
use domain::rollout::decide::WaitingOn;
use domain::rollout::phase::Event;
use serde::Deserialize as _;
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::scope::Tx;

/// The bulletin of an entry about a rollout; none: it is not worth one, or the rollout is gone.
pub(super) async fn moved(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: Uuid,
    seq: i64,
    body: &Value,
) -> Result<Option<(Occasion, Bulletin)>, StoreError> {
    // A kind that a later version wrote is told by a later version.
    let Some(Ok(event)) = body.get("event").map(Event::deserialize) else { return Ok(None) };
    let news = news(tx, tenant, rollout, RolloutStep::Moved(event), Some(seq)).await?;
    Ok(news.and_then(|news| news.bulletin()))
}

/// Bulletins of rollouts that wait for nothing but approvals. Cost: open rollouts.
pub(super) async fn approvals(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
    made: &mut Vec<(Occasion, Bulletin)>,
) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"select id, waiting as "waiting!" from rollout
         where tenant_id = $1 and phase_name in ('offering', 'soaking')
             and waiting ->> 'for' in ('gate', 'offers')
         order by id"#,
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let day = digest_before(now).date_naive();
    for row in rows {
        let waiting: WaitingOn =
            serde_json::from_value(row.waiting).map_err(StoreError::corrupt)?;
        let Some(ring) = awaits_approval(&waiting) else { continue };
        let step = RolloutStep::AwaitsApproval { ring, day };
        let news = news(tx, tenant, row.id, step, None).await?;
        made.extend(news.and_then(|news| news.bulletin()));
    }
    Ok(())
}

async fn news(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: Uuid,
    step: RolloutStep,
    entry: Option<i64>,
) -> Result<Option<RolloutNews>, StoreError> {
    let row = sqlx::query!(
        r#"select l.name as release, s.name as "ring_set?", r.wish, r.wish_by, r.wish_reason,
             array(select ring ->> 'name' from jsonb_array_elements(p.body -> 'rings') ring) as "rings!"
         from rollout r
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
         left join ring_set s on s.tenant_id = r.tenant_id and s.id = r.ring_set_id
         where r.tenant_id = $1 and r.id = $2"#,
        tenant.0,
        rollout,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let devices = sqlx::query!(
        r#"select coalesce(sum(devices), 0)::bigint as "all!",
             coalesce(sum(devices) filter (where state = 8), 0)::bigint as "confirmed!",
             coalesce(sum(devices) filter (where state in (6, 7)), 0)::bigint as "failed!"
         from tally where tenant_id = $1 and rollout_id = $2 and not aside and state <> 12"#,
        tenant.0,
        rollout,
    )
    .fetch_one(&mut **tx)
    .await?;
    let asked = (row.wish != "run" || matches!(step, RolloutStep::Moved(Event::Resumed)))
        .then_some((row.wish_by, row.wish_reason));
    Ok(Some(RolloutNews {
        rollout: RolloutId(rollout),
        release: row.release,
        ring_set: row.ring_set,
        rings: row.rings,
        step,
        entry,
        asked,
        devices: (
            devices.all.unsigned_abs(),
            devices.confirmed.unsigned_abs(),
            devices.failed.unsigned_abs(),
        ),
    }))
}
