//! What alerts are found by.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::alert::{Facts, RolloutFacts};
use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::readiness::{CheckId, Finding, Level};
use domain::rollout::phase::{PausedBy, Phase};
use uuid::Uuid;

use crate::convert::{level, phase};
use crate::fleet;
use crate::scope::Tx;
use crate::{StoreError, convert};

/// Cost: rows of the tenant, its rollouts and its counters.
pub(super) async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Facts, StoreError> {
    let row = sqlx::query!(
        "select connection_state, connection_error, connection_at, synced_at, credential_expires_at
         from tenant where id = $1",
        tenant.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::NotFound { what: "tenant" })?;
    let said = row.connection_error.unwrap_or_default();
    let mut facts = Facts { credential_expires: row.credential_expires_at, ..Facts::default() };
    match row.connection_state.as_str() {
        "refused" => facts.refused = Some(said),
        "unreachable" => facts.unreachable_since = row.connection_at.or(Some(now)),
        _ => {}
    }
    (facts.licences, facts.permissions) = findings(tx, tenant).await?;
    facts.drift = convert::count(drift(tx, tenant).await?)?;
    // Of a tenant that was never read there is nothing to be late with.
    if row.synced_at.is_some() {
        let sources = fleet::sources(tx, tenant).await?;
        let late = sources.iter().filter(|source| source.is_stale(now) && source.read_at.is_some());
        facts.stale = late.map(|source| (source.kind.word(), source.read_at)).collect();
        facts.health = Some(fleet::health(tx, tenant, now).await?);
    }
    facts.rollouts = rollouts(tx, tenant).await?;
    facts.crossings = crossings(tx, tenant, now).await?;
    (facts.letters_given_up, facts.post_failing_since) = post(tx, tenant, now).await?;
    Ok(facts)
}

/// What the newest assessment found of licences, and of what Concentric may do.
async fn findings(
    tx: &mut Tx,
    tenant: TenantId,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let stored = sqlx::query_scalar!(
        "select findings from assessment where tenant_id = $1 order by id desc limit 1",
        tenant.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(stored) = stored else { return Ok((None, None)) };
    let findings: Vec<Finding> = serde_json::from_value(stored).map_err(StoreError::corrupt)?;
    let found = |check| {
        let is_it = |one: &&Finding| one.check == check && one.level == Level::NotReady;
        findings.iter().find(is_it).map(|one| one.summary.clone())
    };
    let allowed = found(CheckId::Principal).or_else(|| found(CheckId::Permissions));
    Ok((found(CheckId::Licences), allowed))
}

async fn drift(tx: &mut Tx, tenant: TenantId) -> Result<i32, StoreError> {
    let objects = sqlx::query_scalar!(
        r#"select jsonb_array_length(drift) as "objects!" from enrollment
         where tenant_id = $1 and state = 'enrolled' and not is_open and jsonb_typeof(drift) = 'array'"#,
        tenant.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(objects.unwrap_or(0))
}

async fn rollouts(tx: &mut Tx, tenant: TenantId) -> Result<Vec<RolloutFacts>, StoreError> {
    let rows = sqlx::query!(
        "select r.id, l.name, r.level, r.phase from rollout r
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         where r.tenant_id = $1 and r.phase_name not in ('completed', 'rolled_back', 'cancelled')
         order by r.id",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut failures = failures(tx, tenant, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let (failures, judged) = failures.remove(&row.id).unwrap_or_default();
            Ok(RolloutFacts {
                failures,
                judged,
                id: RolloutId(row.id),
                name: row.name,
                is_watched: level(&row.level)? != domain::evidence::Level::Calm,
                is_paused_by_service: match phase(row.phase)? {
                    Phase::Paused { by: PausedBy::Service(_) | PausedBy::Both(_), .. } => true,
                    Phase::Paused { by: PausedBy::Person, .. } | Phase::Scheduled => false,
                    Phase::Offering { .. } | Phase::Soaking { .. } | Phase::Completed { .. } => {
                        false
                    }
                    Phase::RollingBack { .. } | Phase::RolledBack { .. } => false,
                    Phase::Cancelled { .. } => false,
                },
            })
        })
        .collect()
}

type Failures = HashMap<Uuid, (Vec<(Option<String>, u32)>, u32)>;

/// Devices that failed by code, and all whose outcome is known, from the counters.
async fn failures(
    tx: &mut Tx,
    tenant: TenantId,
    rollouts: &[Uuid],
) -> Result<Failures, StoreError> {
    let known = [AttemptState::Confirmed, AttemptState::Failed, AttemptState::Lost];
    let judged = sqlx::query!(
        r#"select rollout_id, sum(devices)::int as "devices!" from tally
         where tenant_id = $1 and rollout_id = any($2) and state = any($3) group by 1"#,
        tenant.0,
        rollouts,
        &known.map(AttemptState::code),
    )
    .fetch_all(&mut **tx)
    .await?;
    let failed = sqlx::query!(
        r#"select rollout_id, code, sum(devices)::int as "devices!" from failure_tally
         where tenant_id = $1 and rollout_id = any($2) and state = $3 and devices > 0
         group by 1, 2 order by 1, 2"#,
        tenant.0,
        rollouts,
        AttemptState::Failed.code(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut all = Failures::new();
    for row in judged {
        all.entry(row.rollout_id).or_default().1 = convert::count(row.devices)?;
    }
    for row in failed {
        let code = Some(row.code).filter(|code| !code.is_empty());
        let of_rollout = &mut all.entry(row.rollout_id).or_default().0;
        of_rollout.push((code, convert::count(row.devices)?));
    }
    Ok(all)
}

/// Freezes that stand now, and what may cross them.
async fn crossings(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Vec<(String, String, String)>, StoreError> {
    let rows = sqlx::query!(
        "select c.freeze_id, l.name, c.given_by from freeze_crossing c
         join rollout_freeze f on f.tenant_id = c.tenant_id and f.id = c.freeze_id
         join rollout r on r.tenant_id = c.tenant_id and r.id = c.rollout_id
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         where c.tenant_id = $1 and f.ended_at is null and f.from_at <= $2
             and (f.until_at is null or f.until_at > $2)
             and r.phase_name not in ('completed', 'rolled_back', 'cancelled')
         order by c.freeze_id, c.rollout_id",
        tenant.0,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.freeze_id.to_string(), row.name, row.given_by)).collect())
}

/// Letters given up lately, and since when a way that still has letters has taken none.
async fn post(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<(u32, Option<DateTime<Utc>>), StoreError> {
    let row = sqlx::query!(
        r#"select (select count(*)::int from letter
             where tenant_id = $1 and state = 'given_up' and ended_at > $2) as "given_up!",
             (select min(r.failing_since) from letter_route r
             where r.tenant_id = $1 and exists (select from letter l where l.tenant_id = $1
                 and l.route = r.route and l.state = 'pending')) as failing_since"#,
        tenant.0,
        now - domain::outbox::REPORTED_FOR,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((convert::count(row.given_up)?, row.failing_since))
}
