//! Starting a saved plan, exactly as saved.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::TenantId;
use domain::ring::{Ring, RingSet};
use domain::rollout::plan::Plan;
use serde_json::json;
use uuid::Uuid;

use super::members;
use super::read::fetch;
use crate::rollouts::RolloutRow;
use crate::rollouts::create::{Planned, lock_release, make_planned, ring_set_of};
use crate::rollouts::segments;
use crate::scope::retried;
use crate::{Store, StoreError, releases};

/// How a plan is started.
#[derive(Debug, Clone, Copy)]
pub struct PlanStart<'a> {
    pub plan: Uuid,
    /// What was looked at.
    pub hash: &'a str,
    /// Whether to go on though rings have other members by now.
    pub accept_changes: bool,
}

impl Store {
    /// Makes the rollout of a saved plan, exactly as saved, and its release if there is none yet.
    /// `Conflict` when the plan has another hash or was started already, when the ring set has other rings
    /// by now, and when rings have other members
    /// and that is not accepted.
    pub async fn plan_start(
        &self,
        tenant: TenantId,
        start: PlanStart<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        retried(|| self.start(tenant, start, actor, now)).await
    }

    async fn start(
        &self,
        tenant: TenantId,
        start: PlanStart<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let saved = fetch(&mut tx, tenant, start.plan, true).await?;
        if !saved.hash.eq_ignore_ascii_case(start.hash) {
            let why =
                format!("the plan has the hash {}, not the one given; look again", saved.hash);
            return Err(StoreError::Conflict(why));
        }
        if let Some((rollout, by, _)) = &saved.started {
            let why = format!("{by} started this plan already: rollout {rollout}");
            return Err(StoreError::Conflict(why));
        }
        let body = &saved.body;
        check_rings(&ring_set_of(&mut tx, tenant, body.ring_set).await?, &body.plan)?;
        let rings = body.plan.rings().len();
        let members = members::of(&mut tx, tenant, body.ring_set, rings).await?;
        let changes = members::changes(&body.plan, &body.members, &members);
        if !changes.is_empty() && !start.accept_changes {
            let changes = changes.join("; ");
            return Err(StoreError::Conflict(format!(
                "rings have other members than when the plan was saved: {changes}. Accept the \
                 changes to start it nevertheless, or save it anew"
            )));
        }
        let wanted = releases::NewRelease {
            update: body.update,
            name: &body.release,
            delivery: Some(body.delivery),
        };
        let (release, new) = releases::found_or_made(&mut tx, tenant, wanted, actor, now).await?;
        let of = lock_release(&mut tx, tenant, release.id).await?;
        let found = segments::found(&mut tx, tenant, body.ring_set).await?;
        let planned = Planned {
            release: release.id,
            ring_set: body.ring_set,
            plan: &body.plan,
            found: &found,
            author: &saved.created_by,
            inactive_after: TimeDelta::days(body.inactive_after_days),
        };
        let mut made = make_planned(&mut tx, tenant, &of, planned, actor, now).await?;
        sqlx::query!(
            "update saved_plan set rollout_id = $3, started_by = $4, started_at = $5
             where tenant_id = $1 and id = $2",
            tenant.0,
            start.plan,
            made.row.id.0,
            actor,
            now,
        )
        .execute(&mut *tx)
        .await?;
        made.body["saved_plan"] = json!(start.plan);
        made.body["hash"] = json!(saved.hash);
        made.body["membership_changes"] = json!(changes);
        if let Some(body) = new {
            releases::append(&mut tx, tenant, &body, actor, now).await?;
        }
        made.append(&mut tx, tenant, actor, now).await?;
        tx.commit().await?;
        Ok(made.row)
    }
}

/// Members are told apart by the place of their ring.
fn check_rings(set: &RingSet, plan: &Plan) -> Result<(), StoreError> {
    let names = |rings: &[Ring]| rings.iter().map(|ring| ring.name.clone()).collect::<Vec<_>>();
    if names(set.rings()) == names(plan.rings()) {
        return Ok(());
    }
    let why = "the ring set has other rings than when the plan was saved; save it anew";
    Err(StoreError::Conflict(why.to_owned()))
}
