//! What the planner has to know of freezes, holidays and earlier waves, and waking it when that changes.

use chrono::{DateTime, Utc};
use domain::calendar::{Crossing, Freeze, Holidays, Known, MOST_WAVES_AN_HOUR, Offered, Scope};
use domain::ids::{FreezeId, RingSetId, RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::plan::Plan;
use domain::work::WorkKind;
use serde_json::Value;
use uuid::Uuid;

use crate::convert::{count, ring, ring_column};
use crate::scope::Tx;
use crate::{StoreError, work};

/// Freezes that touch a rollout and are not over at its last decision, what it may cross, and the holidays
/// that its plan names. Cost: those rows.
pub(crate) async fn known(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    plan: &Plan,
    has_freezes: bool,
) -> Result<Known, StoreError> {
    let mut known = Known::default();
    if has_freezes {
        (known.freezes, known.crossings) = freezes_of(tx, tenant, rollout).await?;
    }
    let calendars = plan.rings().iter().filter_map(|ring| ring.calendar.as_ref());
    let mut names: Vec<String> = calendars.filter_map(|of| of.holidays.clone()).collect();
    names.sort();
    names.dedup();
    if !names.is_empty() {
        known.holidays = holidays_named(tx, tenant, &names).await?;
    }
    Ok(known)
}

/// The same for a ring set that nothing is rolled out over: all its freezes, and nothing crosses them.
pub(crate) async fn known_of_set(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
    names: &[String],
    now: DateTime<Utc>,
) -> Result<Known, StoreError> {
    let rows = sqlx::query_as!(
        FreezeColumns,
        "select id, scope, ring_set_id, ring, from_at, until_at, owner, reason from rollout_freeze
         where tenant_id = $1 and ended_at is null and (ring_set_id is null or ring_set_id = $2)
             and (until_at is null or until_at > $3) order by id",
        tenant.0,
        ring_set.0,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(Known {
        freezes: rows.into_iter().map(Freeze::try_from).collect::<Result<_, _>>()?,
        crossings: Vec::new(),
        holidays: holidays_named(tx, tenant, names).await?,
    })
}

async fn freezes_of(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<(Vec<Freeze>, Vec<Crossing>), StoreError> {
    let rows = sqlx::query_as!(
        FreezeColumns,
        "select f.id, f.scope, f.ring_set_id, f.ring, f.from_at, f.until_at, f.owner, f.reason
         from rollout_freeze f join rollout r on r.tenant_id = $1 and r.id = $2
         where f.tenant_id = $1 and f.ended_at is null
             and (f.ring_set_id is null or f.ring_set_id = r.ring_set_id)
             and (f.until_at is null or f.until_at > coalesce(r.decided_at, r.created_at))
         order by f.id",
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    if rows.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let crossings = sqlx::query!(
        "select freeze_id, given_by, reason, at from freeze_crossing
         where tenant_id = $1 and rollout_id = $2 and freeze_id = any($3) order by freeze_id",
        tenant.0,
        rollout.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let crossings = crossings.into_iter().map(|row| Crossing {
        freeze: FreezeId(row.freeze_id),
        by: row.given_by,
        reason: row.reason,
        at: row.at,
    });
    let freezes = rows.into_iter().map(Freeze::try_from).collect::<Result<_, _>>()?;
    Ok((freezes, crossings.collect()))
}

async fn holidays_named(
    tx: &mut Tx,
    tenant: TenantId,
    names: &[String],
) -> Result<Vec<Holidays>, StoreError> {
    let rows = sqlx::query!(
        "select name, days from holiday_calendar
         where tenant_id = $1 and name = any($2) order by name",
        tenant.0,
        names,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = |name, days: Value| {
        let days = serde_json::from_value(days).map_err(StoreError::corrupt)?;
        Ok(Holidays { name, days })
    };
    rows.into_iter().map(|row| read(row.name, row.days)).collect()
}

/// The latest waves of every ring that has a rate, oldest first. Cost: at most 128 rows for each.
pub(crate) async fn waves_offered(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    plan: &Plan,
) -> Result<Vec<(RingIndex, Vec<Offered>)>, StoreError> {
    let has_rate = |index: &RingIndex| {
        let calendar = plan.ring(*index).and_then(|ring| ring.calendar.as_ref());
        calendar.is_some_and(|calendar| calendar.max_per_hour.is_some())
    };
    let rings: Vec<RingIndex> = plan.indices().filter(has_rate).collect();
    if rings.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<i16> = rings.iter().map(|ring| ring_column(*ring)).collect();
    let rows = sqlx::query!(
        r#"select w.ring, w.decided_at, w.devices
         from unnest($3::int2[]) as n(ring)
         cross join lateral (
             select w.ring, w.number, w.decided_at, w.devices from wave w
             where w.tenant_id = $1 and w.rollout_id = $2 and w.kind = 'offer' and w.ring = n.ring
             order by w.number desc limit $4
         ) w order by w.ring, w.number"#,
        tenant.0,
        rollout.0,
        &columns,
        i64::try_from(MOST_WAVES_AN_HOUR).map_err(StoreError::corrupt)?,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut of_rings: Vec<(RingIndex, Vec<Offered>)> =
        rings.into_iter().map(|ring| (ring, Vec::new())).collect();
    for row in rows {
        let of = ring(row.ring)?;
        let wave = Offered { at: row.decided_at, devices: count(row.devices)? };
        if let Some((_, waves)) = of_rings.iter_mut().find(|(ring, _)| *ring == of) {
            waves.push(wave);
        }
    }
    Ok(of_rings)
}

/// Whose decisions are to be made anew.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Touched<'a> {
    All,
    RingSet(RingSetId),
    /// Those whose plan names a holiday calendar.
    Holidays(&'a str),
}

/// Makes decisions of unfinished rollouts that were taken before void, and wakes the planner. Cost: the
/// unfinished rollouts.
pub(crate) async fn wake(
    tx: &mut Tx,
    tenant: TenantId,
    touched: Touched<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (ring_set, holidays) = match touched {
        Touched::All => (None, None),
        Touched::RingSet(ring_set) => (Some(ring_set.0), None),
        Touched::Holidays(name) => (None, Some(name)),
    };
    let woken = sqlx::query_scalar!(
        "update rollout r set generation = r.generation + 1
         from (
             select r.id from rollout r
             join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
             where r.tenant_id = $1
                 and r.phase_name not in ('completed', 'rolled_back', 'cancelled')
                 and ($2::uuid is null or r.ring_set_id = $2)
                 and ($3::text is null or exists (
                     select from jsonb_array_elements(p.body->'rings') as g(ring)
                     where g.ring->'calendar'->>'holidays' = $3))
             order by r.id for no key update of r
         ) t
         where r.tenant_id = $1 and r.id = t.id
         returning r.id",
        tenant.0,
        ring_set,
        holidays,
    )
    .fetch_all(&mut **tx)
    .await?;
    if !woken.is_empty() {
        work::ask(tx, tenant, WorkKind::Decide, &woken, now).await?;
    }
    Ok(())
}

pub(crate) struct FreezeColumns {
    pub(crate) id: Uuid,
    pub(crate) scope: String,
    pub(crate) ring_set_id: Option<Uuid>,
    pub(crate) ring: Option<String>,
    pub(crate) from_at: DateTime<Utc>,
    pub(crate) until_at: Option<DateTime<Utc>>,
    pub(crate) owner: String,
    pub(crate) reason: String,
}

impl TryFrom<FreezeColumns> for Freeze {
    type Error = StoreError;

    fn try_from(row: FreezeColumns) -> Result<Self, StoreError> {
        let ring_set = row.ring_set_id.map(RingSetId);
        let scope = match (row.scope.as_str(), ring_set, row.ring) {
            ("tenant", None, None) => Scope::Tenant,
            ("ring_set", Some(ring_set), None) => Scope::RingSet { ring_set },
            ("ring", Some(ring_set), Some(ring)) => Scope::Ring { ring_set, ring },
            (scope, ..) => return Err(StoreError::corrupt(format_args!("freeze of {scope:?}"))),
        };
        Ok(Self {
            id: FreezeId(row.id),
            scope,
            from: row.from_at,
            until: row.until_at,
            owner: row.owner,
            reason: row.reason,
        })
    }
}
