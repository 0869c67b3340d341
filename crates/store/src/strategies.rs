//! By which of Microsoft's ways each kind of update is delivered to a tenant.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::offering::{offering, usual};
use domain::update::{Delivery, Strategy, UpdateKind};
use domain::work::WorkKind;
use serde_json::{Map, Value, json};

use crate::chain::Entry;
use crate::convert::{strategy, update_kind};
use crate::scope::Tx;
use crate::{Store, StoreError, chain, work};

/// The strategy of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    pub kind: UpdateKind,
    pub strategy: Strategy,
    /// By a person; else as usual for the kind.
    pub chosen: bool,
}

impl Store {
    /// The strategy of every kind.
    pub async fn strategies(&self, tenant: TenantId) -> Result<Vec<Chosen>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let chosen = read(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(chosen)
    }

    /// Makes these the tenant's choices, and no others. Rollouts that are there keep theirs. Whether
    /// a pair is possible is for the caller to know.
    pub async fn strategies_choose(
        &self,
        tenant: TenantId,
        choices: &[(UpdateKind, Strategy)],
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<Chosen>, StoreError> {
        let (kinds, strategies): (Vec<&str>, Vec<&str>) =
            choices.iter().map(|(kind, strategy)| (kind.name(), strategy.name())).unzip();
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!("delete from tenant_strategy where tenant_id = $1", tenant.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "insert into tenant_strategy (tenant_id, kind, strategy)
             select $1, c.kind, c.strategy from unnest($2::text[], $3::text[]) as c(kind, strategy)",
            tenant.0,
            &kinds as &[&str],
            &strategies as &[&str],
        )
        .execute(&mut *tx)
        .await?;
        let body: Map<String, Value> =
            choices.iter().map(|(kind, of)| (kind.name().to_owned(), json!(of))).collect();
        let body = json!({ "strategies": body });
        let entry = Entry { rollout: None, at: now, actor, kind: "strategies_chosen", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        work::ask(&mut tx, tenant, WorkKind::Drivers, &[tenant.0], now).await?;
        let chosen = read(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(chosen)
    }
}

async fn read(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Chosen>, StoreError> {
    let rows =
        sqlx::query!("select kind, strategy from tenant_strategy where tenant_id = $1", tenant.0)
            .fetch_all(&mut **tx)
            .await?;
    let mut all = UpdateKind::ALL.map(|kind| Chosen { kind, strategy: usual(kind), chosen: false });
    for row in rows {
        let kind = update_kind(&row.kind)?;
        for one in all.iter_mut().filter(|one| one.kind == kind) {
            *one = Chosen { kind, strategy: strategy(&row.strategy)?, chosen: true };
        }
    }
    Ok(all.to_vec())
}

/// The strategy of a rollout that delivers like this; `Invalid` with the reason where it cannot.
pub(crate) async fn settled(
    tx: &mut Tx,
    tenant: TenantId,
    delivery: Delivery,
) -> Result<Strategy, StoreError> {
    let kind = delivery.kind();
    let all = read(tx, tenant).await?;
    let found = all.into_iter().find(|one| one.kind == kind);
    let strategy = found.map_or(usual(kind), |one| one.strategy);
    match offering(delivery, strategy) {
        Ok(_) => Ok(strategy),
        Err(impossible) => Err(StoreError::Invalid(impossible.to_string())),
    }
}

/// Update rings of a rollout must be the only ones of its devices. Those of an enrollment are for the
/// same devices, and two that say differently are a conflict, in which a pause does not hold.
pub(crate) async fn check_alone(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    lock_rings(tx, tenant).await?;
    let enrolled = sqlx::query_scalar!(
        r#"select exists (select from enrollment where tenant_id = $1 and state <> 'none')
             as "enrolled!""#,
        tenant.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if enrolled {
        return Err(StoreError::Invalid(
            "quality updates cannot be delivered by intune in an enrolled tenant: the enrollment's update \
             rings are assigned to the same devices, and a pause would not hold; deliver them by \
             deployment_service, or unenroll"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Whoever comes second, of an enrollment and a rollout, sees the first.
pub(crate) async fn lock_rings(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('rings/' || $1, 0))",
        tenant.to_string()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
