//! Rollouts as people see them: creating, listing, reading, and what people ask of them.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::evidence::Level;
use domain::gate::policy::{Choices, Segment};
use domain::ids::{PlanId, ReleaseId, RingSetId, RolloutId, TenantId};
use domain::pause::StandingPause;
use domain::ring::RingIndex;
use domain::rollback::Reversal;
use domain::rollout::access::Access;
use domain::rollout::decide::WaitingOn;
use domain::rollout::observations::{Intent, Wish};
use domain::rollout::phase::Phase;
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::tally::Tally;

use domain::work::WorkKind;
use serde_json::json;

use crate::chain::Entry;
use crate::convert::{delivery, phase, plan, ring_column, wish_word};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, work};

mod basis;
mod cohort;
mod create;
mod failures;
mod forecast;
mod in_flight;
pub(crate) mod planned;
mod read;
mod removals;
pub(crate) mod reported;
mod revise;
mod saved;
mod segments;
mod single;
mod supersede;

pub use cohort::SegmentWish;
pub(crate) use create::make;
pub use failures::FailureRow;
pub use forecast::{PlanProspect, Prospect};
pub use in_flight::{Hearing, InFlightRow};
pub(crate) use read::fetch;
pub use removals::{Outlook, ProspectRow};
pub use revise::{NewRevision, RevisionRow};
pub use saved::{Excluded, Membership, NewPlan, PlanBody, PlanStart, SavedPlanRow};
pub use single::Asked;

#[derive(Debug, Clone)]
pub struct NewRollout {
    pub release: ReleaseId,
    pub ring_set: RingSetId,
    /// Deferrals count from here; none: from the release date of the update.
    pub starts_at: Option<DateTime<Utc>>,
    pub on_gate_failure: OnGateFailure,
    /// Devices not heard of for so long are excluded as inactive.
    pub inactive_after: TimeDelta,
    /// What evidence is held against.
    pub choices: Choices,
}

/// One ring of a rollout, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingRow {
    pub ring: RingIndex,
    pub name: String,
    pub tally: Tally,
    /// Devices of held segments, which `tally` counts too.
    pub aside: u32,
    pub waves: u32,
    pub removal_waves: u32,
    /// What the ring is to be told, since when, and what Graph has accepted, since when.
    pub wanted: Access,
    pub wanted_at: Option<DateTime<Utc>>,
    pub accepted: Access,
    pub accepted_at: Option<DateTime<Utc>>,
    /// Waves decided and not yet delivered to Graph.
    pub pending_waves: u32,
    pub enforce_error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutRow {
    pub id: RolloutId,
    pub release: ReleaseId,
    pub release_name: String,
    pub ring_set: RingSetId,
    pub plan: PlanId,
    pub plan_revision: i32,
    pub phase: Phase,
    pub generation: i64,
    /// The newest entry of its history.
    pub version: i64,
    pub intent: Intent,
    /// Those of the plan's policy.
    pub segments: Arc<[Segment]>,
    /// Those that are held, by their position.
    pub held: Vec<u16>,
    /// Of the evidence against the release, as recorded last.
    pub level: Level,
    pub wish_by: String,
    pub wish_reason: Option<String>,
    pub observed_at: Option<DateTime<Utc>>,
    /// The rollout of a newer release that takes its place.
    pub superseded_by: Option<RolloutId>,
    pub waiting: Option<WaitingOn>,
    pub decided_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub rings: Vec<RingRow>,
    /// Pauses that stand beside the intent, oldest first.
    pub pauses: Vec<StandingPause>,
}

/// What a person asks of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub wish: Wish,
    /// Vouch for rings up to and including this one (promote); never lowers what was vouched for.
    pub promoted: Option<RingIndex>,
    /// With hold: offers that no device has acted on are taken back too.
    pub take_back: bool,
    pub actor: String,
    pub reason: Option<String>,
}

/// A request, with the wish that is there already if it names none.
#[derive(Clone, Copy)]
struct Ask<'a> {
    wish: Option<Wish>,
    promoted: Option<RingIndex>,
    take_back: bool,
    actor: &'a str,
    reason: Option<&'a str>,
}

impl Store {
    /// The ring set a rollout walks through.
    pub async fn rollout_ring_set(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<RingSetId, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let set = sqlx::query_scalar!(
            "select ring_set_id from rollout where tenant_id = $1 and id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        set.map(RingSetId).ok_or(NOT_FOUND)
    }

    /// The plan a rollout follows.
    pub async fn rollout_plan(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Plan, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let body = sqlx::query_scalar!(
            "select p.body from rollout r
             join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
             where r.tenant_id = $1 and r.id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        tx.commit().await?;
        plan(body)
    }

    /// Records what a person asks, with its entry in the chain, raises the generation and wakes
    /// the planner. After this returns, no decision taken before it can be recorded (I2). Asking
    /// for what already is the wish is fine, and is recorded. `Conflict` when the rollout has
    /// ended (rolled back; cancelled or completed, unless withdraw), naming the phase.
    pub async fn rollout_request(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        let ask = Ask {
            wish: Some(request.wish),
            promoted: request.promoted,
            take_back: request.take_back,
            actor: &request.actor,
            reason: request.reason.as_deref(),
        };
        retried(|| self.ask(tenant, rollout, ask, now)).await
    }

    /// As `rollout_request`, vouching for rings up to and including `ring`. What is wished stays
    /// what it is at that moment: a pause that somebody gives at the same time stands.
    pub async fn rollout_promote(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        actor: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        let ask =
            Ask { wish: None, promoted: Some(ring), take_back: false, actor, reason: Some(reason) };
        retried(|| self.ask(tenant, rollout, ask, now)).await
    }

    async fn ask(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ask: Ask<'_>,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let stored = sqlx::query_scalar!(
            "select phase from rollout where tenant_id = $1 and id = $2 for update",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let wish = match ask.wish {
            Some(wish) => wish,
            // Under the lock, so that nobody changes it between here and the update.
            None => fetch(&mut tx, tenant, rollout).await?.intent.wish,
        };
        check_open(phase(stored)?, wish)?;
        if wish == Wish::Withdraw && reversal_of(&mut tx, tenant, rollout).await? == Reversal::Never
        {
            return Err(StoreError::Conflict(NO_WAY_BACK.to_owned()));
        }
        sqlx::query!(
            "update rollout set generation = generation + 1, wish = $3, wish_at = $4, wish_by = $5,
                 wish_reason = $6, promoted = greatest(promoted, $7),
                 take_back = $3 = 'hold' and ($8 or take_back),
                 promoted_at = case when $7::int2 is null then promoted_at else $4 end
             where tenant_id = $1 and id = $2",
            tenant.0,
            rollout.0,
            wish_word(wish),
            now,
            ask.actor,
            ask.reason,
            ask.promoted.map(ring_column),
            ask.take_back,
        )
        .execute(&mut *tx)
        .await?;
        work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        let row = fetch(&mut tx, tenant, rollout).await?;
        let body = json!({
            "wish": wish,
            "promoted": ask.promoted,
            "take_back": ask.take_back,
            "reason": ask.reason,
        });
        let entry = Entry {
            rollout: Some(rollout),
            at: now,
            actor: ask.actor,
            kind: "requested",
            body: &body,
        };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(row)
    }
}

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "rollout" };

/// Why a rollout is not rolled back.
const NO_WAY_BACK: &str = "Microsoft offers no way to take a driver off a device; cancel the rollout, or pause the \
    release, and no further device is offered it";

async fn reversal_of(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Reversal, StoreError> {
    let delivered = sqlx::query_scalar!(
        "select l.delivery from rollout r join release l on l.tenant_id = $1 and l.id = r.release_id
         where r.tenant_id = $1 and r.id = $2",
        tenant.0,
        rollout.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?;
    Ok(Reversal::of(&delivery(delivered)?))
}

impl Store {
    /// Why a rollout cannot be rolled back, whatever its phase; none: it can be.
    pub async fn rollout_no_way_back(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Option<&'static str>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let reversal = reversal_of(&mut tx, tenant, rollout).await?;
        tx.commit().await?;
        Ok((reversal == Reversal::Never).then_some(NO_WAY_BACK))
    }
}

/// Locks a rollout before it is read together with its plan: in one statement, a plan that somebody else
/// replaced while the lock was waited for would be looked for in vain.
pub(crate) async fn lock(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<(), StoreError> {
    let locked = sqlx::query_scalar!(
        "select id from rollout where tenant_id = $1 and id = $2 for update",
        tenant.0,
        rollout.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    locked.map(|_| ()).ok_or(NOT_FOUND)
}

/// What has ended takes no wish, except that devices can still be asked to give the update back.
fn check_open(phase: Phase, wish: Wish) -> Result<(), StoreError> {
    let open = match phase {
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => true,
        Phase::Paused { .. } | Phase::RollingBack { .. } => true,
        Phase::Completed { .. } => wish == Wish::Withdraw,
        Phase::Cancelled { ring, .. } => wish == Wish::Withdraw && ring.is_some(),
        Phase::RolledBack { .. } => false,
    };
    if open {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("the rollout is {}", phase.name().replace('_', " "))))
}
