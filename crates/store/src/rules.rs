//! Rules that approve updates by themselves.

mod run;

use chrono::{DateTime, Utc};
use domain::ids::{RuleId, TenantId, UpdateId};
use domain::update::rule::{Candidate, Rule, Standing, evaluate};
use domain::work::WorkKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::catalog::UpdateRow;
use crate::chain::Entry;
use crate::convert::json as column;
use crate::error::taken;
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError, catalog, chain, work};
pub use run::RulesRun;

/// The most rules of one tenant: all of them are held against the catalogue after each sync.
const MOST: i64 = 50;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "rule" };

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    pub id: RuleId,
    pub rule: Rule,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// Why it could not approve what it should have.
    pub error: Option<String>,
}

impl Store {
    /// Makes a rule, and has it looked at at once. `Conflict` when the name is taken or there are too
    /// many, `Invalid` when there is no such ring set or its kind has not what it asks for.
    pub async fn rule_create(
        &self,
        tenant: TenantId,
        rule: &Rule,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RuleRow, StoreError> {
        rule.check().map_err(|error| StoreError::Invalid(error.to_string()))?;
        let id = RuleId(Uuid::now_v7());
        let mut tx = self.tenant_begin(tenant).await?;
        check_ring_set(&mut tx, tenant, rule).await?;
        let there = sqlx::query_scalar!(
            r#"select count(*) as "count!" from approval_rule where tenant_id = $1"#,
            tenant.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        if there >= MOST {
            return Err(StoreError::Conflict(format!("a tenant may have {MOST} rules at most")));
        }
        sqlx::query!(
            "insert into approval_rule (tenant_id, id, name, ring_set_id, definition, created_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            tenant.0,
            id.0,
            rule.name,
            rule.ring_set.0,
            column(rule)?,
            actor,
            now,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, |_| format!("there is a rule named {:?} already", rule.name)))?;
        work::ask(&mut tx, tenant, WorkKind::Approve, &[tenant.0], now).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        let body = json!({ "rule": id, "definition": rule });
        let entry = Entry { rollout: None, at: now, actor, kind: "rule_created", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Makes a rule say something else; what it approved goes on. It is looked at at once, as a new one is.
    /// `Conflict` when the name is taken, `Invalid` as of a new one.
    pub async fn rule_replace(
        &self,
        tenant: TenantId,
        id: RuleId,
        rule: &Rule,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RuleRow, StoreError> {
        rule.check().map_err(|error| StoreError::Invalid(error.to_string()))?;
        let mut tx = self.tenant_begin(tenant).await?;
        // Whoever approves by it holds this lock, and looks again at what it says.
        let before = locked(&mut tx, tenant, id).await?.ok_or(NOT_FOUND)?;
        check_ring_set(&mut tx, tenant, rule).await?;
        sqlx::query!(
            "update approval_rule set name = $3, ring_set_id = $4, definition = $5, error = null
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            rule.name,
            rule.ring_set.0,
            column(rule)?,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| {
            taken(error, |_| format!("there is a rule named {:?} already", rule.name))
        })?;
        work::ask(&mut tx, tenant, WorkKind::Approve, &[tenant.0], now).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        let body = json!({ "rule": id, "definition": rule, "from": before });
        let entry = Entry { rollout: None, at: now, actor, kind: "rule_changed", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a rule away; what it approved goes on.
    pub async fn rule_delete(
        &self,
        tenant: TenantId,
        id: RuleId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        sqlx::query!("delete from approval_rule where tenant_id = $1 and id = $2", tenant.0, id.0)
            .execute(&mut *tx)
            .await?;
        let body = json!({ "rule": id, "definition": row.rule });
        let entry = Entry { rollout: None, at: now, actor, kind: "rule_deleted", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn rule_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<RuleRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, definition, created_by, created_at, error from approval_rule
             where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(RuleRow::try_from).collect()
    }

    pub async fn rule_fetch(&self, tenant: TenantId, id: RuleId) -> Result<RuleRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// How every update of its kind stands with a rule at `now`, newest first; `id` when it is there
    /// already. Changes nothing.
    pub async fn rule_preview(
        &self,
        tenant: TenantId,
        rule: &Rule,
        id: Option<RuleId>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(UpdateRow, Standing)>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        check_ring_set(&mut tx, tenant, rule).await?;
        let (rows, candidates) = candidates(&mut tx, tenant, rule, id).await?;
        tx.commit().await?;
        let standings = evaluate(rule, &candidates, now).into_iter().map(|(_, standing)| standing);
        Ok(rows.into_iter().zip(standings).collect())
    }
}

async fn check_ring_set(tx: &mut Tx, tenant: TenantId, rule: &Rule) -> Result<(), StoreError> {
    let there = sqlx::query_scalar!(
        r#"select exists (select from ring_set where tenant_id = $1 and id = $2) as "yes!""#,
        tenant.0,
        rule.ring_set.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if there { Ok(()) } else { Err(StoreError::Invalid("there is no such ring set".to_owned())) }
}

/// The updates of the rule's kind, newest first, as the catalogue has them and as a rule looks at them.
async fn candidates(
    tx: &mut Tx,
    tenant: TenantId,
    rule: &Rule,
    id: Option<RuleId>,
) -> Result<(Vec<UpdateRow>, Vec<Candidate>), StoreError> {
    let rows = catalog::all_of(tx, tenant, Some(rule.kind)).await?;
    let done = sqlx::query_scalar!(
        r#"select a.update_id as "update_id!" from rule_approval a
           where a.tenant_id = $1 and a.rule_id = $2
           union
           select l.update_id from rollout r
           join release l on l.tenant_id = $1 and l.id = r.release_id
           where r.tenant_id = $1 and r.ring_set_id = $3"#,
        tenant.0,
        id.map(|id| id.0),
        rule.ring_set.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let recommended = sqlx::query_scalar!(
        "select id from catalog_update u where tenant_id = $1 and kind = 'driver' and exists (
             select from driver_match m
             where m.tenant_id = $1 and m.update_id = u.id and m.recommended)",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let candidate = |row: &UpdateRow| Candidate {
        id: row.id,
        update: row.update.clone(),
        is_done: done.contains(&row.id.0),
        is_declined: row.declined.is_some(),
        is_recommended: recommended.contains(&row.id.0),
    };
    let candidates = rows.iter().map(candidate).collect();
    Ok((rows, candidates))
}

/// What the rule says, with nobody changing it before the transaction ends; none: it is gone.
async fn locked(tx: &mut Tx, tenant: TenantId, id: RuleId) -> Result<Option<Rule>, StoreError> {
    let definition = sqlx::query_scalar!(
        "select definition from approval_rule where tenant_id = $1 and id = $2 for no key update",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    definition.map(serde_json::from_value).transpose().map_err(StoreError::corrupt)
}

/// Whether the rule approved the update before.
async fn approved(
    tx: &mut Tx,
    tenant: TenantId,
    rule: RuleId,
    update: UpdateId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from rule_approval
           where tenant_id = $1 and rule_id = $2 and update_id = $3) as "yes!""#,
        tenant.0,
        rule.0,
        update.0,
    )
    .fetch_one(&mut **tx)
    .await?)
}

struct Columns {
    id: Uuid,
    definition: Value,
    created_by: String,
    created_at: DateTime<Utc>,
    error: Option<String>,
}

impl TryFrom<Columns> for RuleRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: RuleId(row.id),
            rule: serde_json::from_value(row.definition).map_err(StoreError::corrupt)?,
            created_by: row.created_by,
            created_at: row.created_at,
            error: row.error,
        })
    }
}

async fn fetch(tx: &mut Tx, tenant: TenantId, id: RuleId) -> Result<RuleRow, StoreError> {
    sqlx::query_as!(
        Columns,
        "select id, definition, created_by, created_at, error from approval_rule
         where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?
    .try_into()
}
