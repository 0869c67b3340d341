//! The history of readiness assessments. A year of it is kept, as Microsoft did (facts/autopatch.md
//! 1.3); the latest one is kept for ever.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::TenantId;
use domain::readiness::compare::regressions;
use domain::readiness::{Assessment, Level};
use domain::work::WorkKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain::{self, Entry};
use crate::convert;
use crate::page::Page;
use crate::{Store, StoreError, work};

const KEPT: TimeDelta = TimeDelta::days(365);

/// An assessment in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssessmentRow {
    pub id: Uuid,
    pub assessment: Assessment,
}

impl Store {
    /// Keeps one run of the checks, and forgets those of more than a year before. What got worse since
    /// the run before has its entry in the chain.
    pub async fn assessment_record(
        &self,
        tenant: TenantId,
        assessment: &Assessment,
    ) -> Result<AssessmentRow, StoreError> {
        let id = Uuid::now_v7();
        let before = self.assessment_latest(tenant).await?;
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "with forgotten as (delete from assessment where tenant_id = $1 and at < $6)
             insert into assessment (tenant_id, id, at, level, findings) values ($1, $2, $3, $4, $5)",
            tenant.0,
            id,
            assessment.at,
            level_word(assessment.level),
            convert::json(&assessment.findings)?,
            assessment.at - KEPT,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update tenant set assess_network = false where id = $1 and assess_network",
            tenant.0
        )
        .execute(&mut *tx)
        .await?;
        let worse = before.map(|before| regressions(&before.assessment, assessment));
        let worse: Vec<&str> = worse.iter().flatten().map(|change| change.check.word()).collect();
        if !worse.is_empty() {
            let body = json!({ "assessment": id, "level": assessment.level, "checks": worse });
            let (actor, kind) = (chain::SERVICE, "readiness_regressed");
            let entry = Entry { rollout: None, at: assessment.at, actor, kind, body: &body };
            chain::append(&mut tx, tenant, entry).await?;
        }
        tx.commit().await?;
        Ok(AssessmentRow { id, assessment: assessment.clone() })
    }

    /// Asks for an assessment, with an entry in the chain. `network`: also try the addresses.
    pub async fn assessment_request(
        &self,
        tenant: TenantId,
        network: bool,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update tenant set assess_network = assess_network or $2 where id = $1",
            tenant.0,
            network,
        )
        .execute(&mut *tx)
        .await?;
        work::ask(&mut tx, tenant, WorkKind::Assess, &[tenant.0], now).await?;
        let body = json!({ "network": network });
        let entry =
            Entry { rollout: None, at: now, actor, kind: "assessment_requested", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether the next assessment tries the addresses too.
    pub async fn assessment_network(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let network =
            sqlx::query_scalar!("select assess_network from tenant where id = $1", tenant.0)
                .fetch_optional(&mut *tx)
                .await?;
        tx.commit().await?;
        network.ok_or(StoreError::NotFound { what: "tenant" })
    }

    /// Latest first; `page.after` is the last of the page before.
    pub async fn assessment_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<AssessmentRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, at, level, findings from assessment
             where tenant_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(AssessmentRow::try_from).collect()
    }

    /// None: the tenant was never assessed.
    pub async fn assessment_latest(
        &self,
        tenant: TenantId,
    ) -> Result<Option<AssessmentRow>, StoreError> {
        let latest = self.assessment_list(tenant, Page { after: None, limit: 1 }).await?;
        Ok(latest.into_iter().next())
    }

    /// `NotFound` when there is none of this id.
    pub async fn assessment_fetch(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<AssessmentRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query_as!(
            Columns,
            "select id, at, level, findings from assessment where tenant_id = $1 and id = $2",
            tenant.0,
            id,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.ok_or(StoreError::NotFound { what: "assessment" })?.try_into()
    }
}

struct Columns {
    id: Uuid,
    at: DateTime<Utc>,
    level: String,
    findings: Value,
}

impl TryFrom<Columns> for AssessmentRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let level = [Level::Ready, Level::Advisory, Level::NotReady, Level::Error]
            .into_iter()
            .find(|level| level_word(*level) == row.level)
            .ok_or_else(|| StoreError::corrupt(format_args!("level {:?}", row.level)))?;
        let findings = serde_json::from_value(row.findings).map_err(StoreError::corrupt)?;
        Ok(Self { id: row.id, assessment: Assessment { at: row.at, level, findings } })
    }
}

const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Ready => "ready",
        Level::Advisory => "advisory",
        Level::NotReady => "not_ready",
        Level::Error => "error",
    }
}
