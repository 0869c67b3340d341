//! Carrying rules out: a release and a rollout for each update that is due, once.

use chrono::{DateTime, TimeDelta, Utc};
use domain::gate::policy::Choices;
use domain::ids::{RuleId, TenantId};
use domain::update::rule::{Standing, evaluate};

use super::{RuleRow, approved, candidates, locked};
use crate::catalog::UpdateRow;
use crate::page::Page;
use crate::releases::{self, NewRelease};
use crate::rollouts::{self, NewRollout};
use crate::{Store, StoreError};

/// Devices not heard of for so long are left out, as of rollouts that people make.
const INACTIVE_AFTER: TimeDelta = TimeDelta::days(28);
/// Characters of a release's name.
const LONGEST_NAME: usize = 100;

/// What a look at all rules came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RulesRun {
    pub approved: u32,
    /// When time alone makes an update due.
    pub next: Option<DateTime<Utc>>,
}

impl Store {
    /// Approves what rules say at `now`: each update in one transaction with its release, its rollout
    /// and the note that the rule has had it, so that a rule approves an update once whatever crashes,
    /// and however many servers look. What is refused (a name that is taken, a ring set without
    /// members) is noted with the rule and tried again at the next look.
    pub async fn rules_run(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<RulesRun, StoreError> {
        let mut run = RulesRun::default();
        for row in self.rule_list(tenant, Page { after: None, limit: 500 }).await? {
            let mut tx = self.tenant_begin(tenant).await?;
            let (rows, seen) = candidates(&mut tx, tenant, &row.rule, Some(row.id)).await?;
            tx.commit().await?;
            let mut refused = None;
            for (update, (_, standing)) in rows.iter().zip(evaluate(&row.rule, &seen, now)) {
                match standing {
                    Standing::Due => match self.rule_approve(tenant, &row, update, now).await {
                        Ok(made) => run.approved += u32::from(made),
                        Err(StoreError::Invalid(why) | StoreError::Conflict(why)) => {
                            refused = Some(format!("{}: {why}", update.update.short_name));
                        }
                        Err(other) => return Err(other),
                    },
                    Standing::Later { at } => {
                        run.next = Some(run.next.map_or(at, |next: DateTime<Utc>| next.min(at)));
                    }
                    Standing::Done | Standing::Covered { .. } | Standing::Other(_) => {}
                }
            }
            self.rule_note(tenant, row.id, refused.as_deref()).await?;
        }
        Ok(run)
    }

    /// Whether it was for this call to approve.
    async fn rule_approve(
        &self,
        tenant: TenantId,
        row: &RuleRow,
        update: &UpdateRow,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let actor = format!("rule:{}", row.rule.name);
        let mut tx = self.tenant_begin(tenant).await?;
        // Changed since it was looked at: its change has it looked at again.
        let still = locked(&mut tx, tenant, row.id).await?.is_some_and(|rule| rule == row.rule);
        if !still || approved(&mut tx, tenant, row.id, update.id).await? {
            return Ok(false);
        }
        let name = format!("{}, rule {}", update.update.short_name, row.rule.name);
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let delivery = row.rule.delivery(&update.update);
        let release = NewRelease { update: update.id, name: &name, delivery };
        let (release, body) = releases::made(&mut tx, tenant, release, &actor, now).await?;
        let new = NewRollout {
            release: release.id,
            ring_set: row.rule.ring_set,
            starts_at: Some(row.rule.due_at(&update.update)),
            on_gate_failure: row.rule.on_gate_failure,
            inactive_after: INACTIVE_AFTER,
            choices: Choices::default(),
        };
        let made = rollouts::make(&mut tx, tenant, &new, &actor, now).await?;
        sqlx::query!(
            "insert into rule_approval (tenant_id, rule_id, update_id, rollout_id, at)
             values ($1, $2, $3, $4, $5)",
            tenant.0,
            row.id.0,
            update.id.0,
            made.row.id.0,
            now,
        )
        .execute(&mut *tx)
        .await?;
        releases::append(&mut tx, tenant, &body, &actor, now).await?;
        made.append(&mut tx, tenant, &actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes why a rule could not do what it should; none clears it. Writes nothing when nothing changed.
    async fn rule_note(
        &self,
        tenant: TenantId,
        rule: RuleId,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update approval_rule set error = $3
             where tenant_id = $1 and id = $2 and error is distinct from $3",
            tenant.0,
            rule.0,
            error,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
