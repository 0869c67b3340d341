//! What Microsoft says is wrong with the products of the catalogue.

use domain::ids::{RolloutId, TenantId, UpdateId};
use domain::update::known_issue::KnownIssue;
use serde_json::Value;
use uuid::Uuid;

use crate::convert::json;
use crate::scope::Tx;
use crate::{Store, StoreError};

impl Store {
    /// Puts these in the place of all that were known: what Microsoft no longer shows is forgotten.
    pub async fn known_issues_import(
        &self,
        tenant: TenantId,
        issues: &[KnownIssue],
    ) -> Result<(), StoreError> {
        let products: Vec<&str> = issues.iter().map(|issue| issue.product.as_str()).collect();
        let ids: Vec<&str> = issues.iter().map(|issue| issue.id.as_str()).collect();
        let bodies: Vec<Value> = issues.iter().map(json).collect::<Result<_, StoreError>>()?;
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "delete from known_issue k where k.tenant_id = $1 and not exists (
                 select from unnest($2::text[], $3::text[]) as n(product, id)
                 where n.product = k.product and n.id = k.id)",
            tenant.0,
            &products as &[&str],
            &ids as &[&str],
        )
        .execute(&mut *tx)
        .await?;
        // Of an issue read twice one counts; sorted, as all that locks several rows.
        sqlx::query!(
            "insert into known_issue as k (tenant_id, product, id, body)
             select distinct on (n.product, n.id) $1::uuid, n.product, n.id, n.body
             from unnest($2::text[], $3::text[], $4::jsonb[]) as n(product, id, body)
             order by n.product, n.id
             on conflict (tenant_id, product, id) do update set body = excluded.body
             where k.body is distinct from excluded.body",
            tenant.0,
            &products as &[&str],
            &ids as &[&str],
            &bodies,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The issues that come with an update, newest first.
    pub async fn update_known_issues(
        &self,
        tenant: TenantId,
        update: UpdateId,
    ) -> Result<Vec<KnownIssue>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let issues = of_update(&mut tx, tenant, update.0).await?;
        tx.commit().await?;
        Ok(issues)
    }

    /// The issues that come with the update of a rollout, newest first.
    pub async fn rollout_known_issues(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Vec<KnownIssue>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let issues = of_rollout(&mut tx, tenant, rollout).await?;
        tx.commit().await?;
        Ok(issues)
    }
}

async fn of_rollout(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<KnownIssue>, StoreError> {
    let update = sqlx::query_scalar!(
        "select l.update_id from rollout r
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         where r.tenant_id = $1 and r.id = $2",
        tenant.0,
        rollout.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(crate::rollouts::NOT_FOUND)?;
    of_update(tx, tenant, update).await
}

/// Issues of the products that the update is made for, without those that came with a later update, and
/// those that this one or an earlier one ended.
async fn of_update(
    tx: &mut Tx,
    tenant: TenantId,
    update: Uuid,
) -> Result<Vec<KnownIssue>, StoreError> {
    let rows = sqlx::query_scalar!(
        "select k.body from known_issue k
         join catalog_update u on u.tenant_id = $1 and u.id = $2
         where k.tenant_id = $1 and exists (
                 select from update_build b where b.tenant_id = $1 and b.update_id = $2
                     and k.product = b.product || ', version ' || b.version)
             and not exists (
                 select from update_build o
                 join catalog_update c on c.tenant_id = $1 and c.id = o.update_id
                 where o.tenant_id = $1 and (
                     o.kb = k.body ->> 'originating_kb' and c.released_at > u.released_at
                     or o.kb = k.body ->> 'resolving_kb' and c.released_at <= u.released_at))
         order by k.body ->> 'started_at' desc nulls last, k.product, k.id",
        tenant.0,
        update,
    )
    .fetch_all(&mut **tx)
    .await?;
    let issue = |body| serde_json::from_value(body).map_err(StoreError::corrupt);
    rows.into_iter().map(issue).collect()
}
