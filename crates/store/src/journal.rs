//! What the planner reads and what it writes: one snapshot, one event at a time, compare-and-set.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::calendar::Known;
use domain::evidence::control::{Interval, Side};
use domain::ids::{PlanId, RolloutId, TenantId};
use domain::notification::awaits_approval;
use domain::ring::RingIndex;
use domain::rollout::access::access;
use domain::rollout::decide::WaitingOn;
use domain::rollout::observations::{Intent, Observations, RingObservation, SegmentCount};
use domain::rollout::phase::{Event, Phase};
use domain::work::WorkKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::approvals::approvals_given;
use crate::chain::Entry;
use crate::convert::{
    STATES, access_word, count, json, level, phase, plan, positions, ring, tally, wish,
};
use crate::pauses;
use crate::rollouts::{NOT_FOUND, reported};
use crate::scope::{Tx, retried};
use crate::signals::signals_seen;
use crate::{Store, StoreError, budget, calendar, chain, notifications, work};
pub use domain::rollout::snapshot::Snapshot;

mod effects;
use effects::Scene;
pub(crate) use effects::kept_from;

impl Store {
    /// One consistent read (one statement, or repeatable read).
    pub async fn rollout_snapshot(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Snapshot, StoreError> {
        // The counters, what people said and what signals say are of one moment.
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let row = sqlx::query_as!(
            Columns,
            r#"select r.plan_id, p.body as plan, p.created_by, r.phase, r.generation, r.wish, r.wish_at, r.take_back, r.promoted,
                 r.segments_held, r.segments_released, r.held, r.level, r.watched_at, r.observed_at, r.superseded_by,
                 (select t.observed_to from tenant t where t.id = $1) as heard_at,
                 exists (select from signal s where s.tenant_id = $1) as "has_signals!",
                 exists (select from rollout_freeze f where f.tenant_id = $1 and f.ended_at is null) as "has_freezes!",
                 exists (select from pause s where s.tenant_id = $1) as "has_pauses!",
                 (select b.devices from budget b where b.tenant_id = $1) as budget,
                 array(select g.waves from rollout_ring g
                     where g.tenant_id = $1 and g.rollout_id = $2 order by g.ring) as "waves!",
                 array(select g.removal_waves from rollout_ring g
                     where g.tenant_id = $1 and g.rollout_id = $2 order by g.ring)
                     as "removal_waves!",
                 array(select t.devices from tally t
                     where t.tenant_id = $1 and t.rollout_id = $2
                     order by t.ring, t.aside, t.state) as "tally!",
                 array(select t.seconds from tally t
                     where t.tenant_id = $1 and t.rollout_id = $2 and t.state = $3 and not t.aside
                     order by t.ring) as "confirmed_seconds!",
                 array(select n.number from segment_tally t
                     cross join lateral unnest(array[t.offered, t.failed, t.lost])
                         with ordinality as n(number, place)
                     where t.tenant_id = $1 and t.rollout_id = $2
                     order by t.ring, t.segment, n.place) as "segments!",
                 array(select n.number from control_interval i
                     cross join lateral unnest(array[i.updated, i.updated_dark, i.control,
                         i.control_dark]) with ordinality as n(number, place)
                     where i.tenant_id = $1 and i.rollout_id = $2
                         and (r.promoted_at is null or i.until > r.promoted_at)
                     order by i.until, n.place) as "intervals!"
             from rollout r join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
             where r.tenant_id = $1 and r.id = $2"#,
            tenant.0,
            rollout.0,
            AttemptState::Confirmed.code(),
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let (has_signals, has_freezes) = (row.has_signals, row.has_freezes);
        let (has_pauses, budget) = (row.has_pauses, row.budget);
        let mut snapshot = Snapshot::try_from(row)?;
        let asks = snapshot.plan.rings().iter().any(|ring| ring.approvals.is_some());
        if asks {
            snapshot.observations.approvals = approvals_given(&mut tx, tenant, rollout).await?;
        }
        if has_signals {
            snapshot.observations.signals = signals_seen(&mut tx, tenant, rollout).await?;
        }
        if snapshot.plan.policy().reported.is_some() {
            for (ring, offers) in reported::offers(&mut tx, tenant, rollout).await? {
                if let Some(ring) = snapshot.observations.rings.get_mut(ring.slot()) {
                    ring.offer_times.push(offers);
                }
            }
        }
        let waves = calendar::waves_offered(&mut tx, tenant, rollout, &snapshot.plan).await?;
        for (ring, offered) in waves {
            if let Some(observed) = snapshot.observations.rings.get_mut(ring.slot()) {
                observed.offered = offered;
            }
        }
        let known = calendar::known(&mut tx, tenant, rollout, &snapshot.plan, has_freezes).await?;
        snapshot.observations.calendar = known;
        if has_pauses {
            snapshot.observations.pauses = pauses::standing(&mut tx, tenant, rollout).await?;
        }
        if let Some(limit) = budget {
            snapshot.observations.budget = Some(budget::taken(&mut tx, tenant, limit).await?);
        }
        tx.commit().await?;
        Ok(snapshot)
    }

    /// Records `event`, which was decided on `snapshot` at `now`, in one transaction: locks the
    /// rollout; `Stale` unless its generation is the snapshot's; moves the phase by `Phase::apply`;
    /// raises the generation; carries the event's effect on attempts out (below); sets
    /// `wanted_access` of every ring by `domain::rollout::access::access` of the new phase, where it
    /// changed; appends the event with its evidence (phase, plan id, observations, time) to the
    /// chain; wakes `Enforce` and notifies. Returns the new generation.
    ///
    /// Effects: `WaveOffered` moves the next `devices` assigned members of the ring (in order of
    /// position, from the ring's cursor) to offered and writes a wave; `RollbackStarted` moves
    /// offered and unresolved attempts to withdrawn and asks for a `Sweep`; `RemovalWave` moves the next removable
    /// attempts (`Tally::removable`: installed, lost, confirmed) to removing and writes a wave;
    /// `Superseded` leaves who is not offered, or has not begun, to the newer rollout;
    /// `SegmentHeld` sets the attempts of a segment aside, takes open offers of theirs back and
    /// writes waves of withdrawals; `SegmentReleased` gives them back; `OffersTakenBack` withdraws the open
    /// offers of a ring and writes a wave of it, `OffersReturned` gives them back; the others move none. A wave that finds fewer devices than `devices`,
    /// or less room in the budget, is `Stale`,
    /// and so is one before which devices had to be left out for good (`journal/effects/guard.rs`), which is
    /// recorded.
    /// A wave plans the next `Sweep` for when its observation window closes.
    pub async fn rollout_record(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        snapshot: &Snapshot,
        event: Event,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        retried(|| self.record(tenant, rollout, snapshot, event, now)).await
    }

    /// Notes what the rollout waits for, for people to read; writes nothing when that is what it
    /// says already. Who waits for the budget keeps its place. Then wakes the rollout that has waited longest for
    /// it, if there is room.
    pub async fn rollout_waits(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        waiting: &WaitingOn,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let changed = sqlx::query!(
            "update rollout set waiting = $3, decided_at = case
                 when waiting ->> 'for' = 'budget' and $3::jsonb ->> 'for' = 'budget' then decided_at
                 else $4 end
             where tenant_id = $1 and id = $2 and waiting is distinct from $3",
            tenant.0,
            rollout.0,
            json(waiting)?,
            now,
        )
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() > 0 && awaits_approval(waiting).is_some() {
            notifications::wake(&mut tx, tenant, now).await?;
        }
        tx.commit().await?;
        // What brought this decision about may have ended flights.
        self.budget_offer_room(tenant, now).await
    }

    async fn record(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        snapshot: &Snapshot,
        event: Event,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let mut tx = self.tenant_begin_by_key(tenant).await?;
        let pauses = &snapshot.observations.pauses;
        if snapshot.phase == Phase::Scheduled
            && !pauses::unchanged(&mut tx, tenant, rollout, pauses).await?
        {
            return Err(StoreError::Stale);
        }
        let stored = sqlx::query!(
            "select phase, generation from rollout where tenant_id = $1 and id = $2 for update",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        if stored.generation != snapshot.generation {
            return Err(StoreError::Stale);
        }
        let next = phase(stored.phase)?.apply(event, now).map_err(StoreError::corrupt)?;
        let generation = stored.generation + 1;
        let scene = Scene { tenant, rollout, generation, plan: &snapshot.plan, pauses, now };
        if effects::left_out(&mut tx, &scene, event).await? {
            tx.commit().await?;
            return Err(StoreError::Stale);
        }
        effects::carry_out(&mut tx, &scene, event).await?;
        advance(&mut tx, &scene, next).await?;
        work::ask(&mut tx, tenant, WorkKind::Enforce, &[rollout.0], now).await?;
        let body = json!({
            "event": event,
            "evidence": {
                "phase": snapshot.phase,
                "plan": snapshot.plan_id,
                "observations": snapshot.observations,
                "now": now,
            },
            "generation": generation,
        });
        let kind = body["event"]["kind"].as_str().unwrap_or_default();
        let entry =
            Entry { rollout: Some(rollout), at: now, actor: chain::SERVICE, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(generation)
    }
}

/// Moves the rollout into `next`, and tells the rings what that means for them.
async fn advance(tx: &mut Tx, scene: &Scene<'_>, next: Phase) -> Result<(), StoreError> {
    let (rings, wanted): (Vec<i16>, Vec<&str>) = (0..)
        .zip(scene.plan.rings())
        .map(|(ring, _)| {
            (i16::from(ring), access_word(access(next, scene.pauses, RingIndex(ring))))
        })
        .unzip();
    sqlx::query!(
        "with moved as (
             update rollout set phase = $3, phase_name = $4, generation = $5, decided_at = $6,
                 waiting = null
             where tenant_id = $1 and id = $2
         )
         update rollout_ring g
         set wanted_access = n.access, wanted_generation = $5, wanted_at = $6
         from unnest($7::int2[], $8::text[]) as n(ring, access)
         where g.tenant_id = $1 and g.rollout_id = $2 and g.ring = n.ring
             and g.wanted_access <> n.access",
        scene.tenant.0,
        scene.rollout.0,
        json(&next)?,
        next.name(),
        scene.generation,
        scene.now,
        &rings,
        &wanted as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[expect(clippy::struct_excessive_bools, reason = "what the query answers, column by column")]
struct Columns {
    plan_id: Uuid,
    plan: Value,
    created_by: String,
    phase: Value,
    generation: i64,
    wish: String,
    wish_at: DateTime<Utc>,
    take_back: bool,
    promoted: Option<i16>,
    observed_at: Option<DateTime<Utc>>,
    segments_held: Vec<i16>,
    segments_released: Vec<i16>,
    held: Vec<i16>,
    level: String,
    watched_at: Option<DateTime<Utc>>,
    superseded_by: Option<Uuid>,
    heard_at: Option<DateTime<Utc>>,
    has_signals: bool,
    has_freezes: bool,
    has_pauses: bool,
    budget: Option<i32>,
    waves: Vec<i32>,
    removal_waves: Vec<i32>,
    tally: Vec<i32>,
    confirmed_seconds: Vec<i64>,
    segments: Vec<i32>,
    intervals: Vec<i32>,
}

impl TryFrom<Columns> for Snapshot {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let plan = plan(row.plan)?;
        let planned = plan.policy().segments.len();
        let segments: Vec<SegmentCount> =
            row.segments.chunks(3).map(segment_count).collect::<Result<_, _>>()?;
        let tallies = row.tally.chunks(STATES * 2).zip(row.waves).zip(row.removal_waves);
        let rings = tallies.zip(row.confirmed_seconds).enumerate();
        let rings =
            rings.map(|(index, (((counters, waves), removal_waves), confirmed_seconds))| {
                let (counted, aside) = counters.split_at(counters.len().min(STATES));
                Ok(RingObservation {
                    tally: tally(counted)?,
                    aside: tally(aside)?,
                    waves: count(waves)?,
                    removal_waves: count(removal_waves)?,
                    confirmed_seconds,
                    offer_times: Vec::new(),
                    offered: Vec::new(),
                    segments: segments
                        .iter()
                        .skip(index * planned)
                        .take(planned)
                        .copied()
                        .collect(),
                })
            });
        let rings = rings.collect::<Result<_, StoreError>>()?;
        Ok(Self {
            plan_id: PlanId(row.plan_id),
            plan,
            phase: phase(row.phase)?,
            generation: row.generation,
            observations: Observations {
                intent: Intent {
                    wish: wish(&row.wish)?,
                    given_at: row.wish_at,
                    promoted: row.promoted.map(ring).transpose()?,
                    held: positions(&row.segments_held)?,
                    released: positions(&row.segments_released)?,
                    take_back: row.take_back,
                },
                rings,
                observed_at: row.observed_at,
                heard_at: row.heard_at,
                held: positions(&row.held)?,
                intervals: row.intervals.chunks(4).map(interval).collect::<Result<_, _>>()?,
                level: level(&row.level)?,
                watched_at: row.watched_at,
                plan_id: PlanId(row.plan_id),
                author: row.created_by,
                signals: Vec::new(),
                approvals: Vec::new(),
                calendar: Known::default(),
                pauses: Vec::new(),
                superseded_by: row.superseded_by.map(RolloutId),
                budget: None,
            },
        })
    }
}

fn segment_count(numbers: &[i32]) -> Result<SegmentCount, StoreError> {
    match numbers {
        [offered, failed, lost] => Ok(SegmentCount {
            offered: count(*offered)?,
            failed: count(*failed)?,
            lost: count(*lost)?,
        }),
        other => Err(StoreError::corrupt(format_args!("{} numbers of a segment", other.len()))),
    }
}

fn interval(numbers: &[i32]) -> Result<Interval, StoreError> {
    let side = |exposure: i32, incidents: i32| -> Result<Side, StoreError> {
        Ok(Side { exposure: count(exposure)?.into(), incidents: count(incidents)?.into() })
    };
    match numbers {
        [updated, updated_dark, control, control_dark] => Ok(Interval {
            updated: side(*updated, *updated_dark)?,
            control: side(*control, *control_dark)?,
        }),
        other => Err(StoreError::corrupt(format_args!("{} numbers of an interval", other.len()))),
    }
}
