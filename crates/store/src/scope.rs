//! Whose rows a transaction may touch. Every statement of the store runs inside one of these; none
//! may use the pool directly.

use std::future::Future;
use std::time::Duration;

use domain::ids::TenantId;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction};

use crate::{Store, StoreError};

pub(crate) type Tx = Transaction<'static, Postgres>;

/// How often a transaction that lost against another one is run again.
const RETRIES: u32 = 3;

impl Store {
    /// A transaction that sees one tenant. Beginning and naming the tenant are one round trip.
    pub(crate) async fn tenant_begin(&self, tenant: TenantId) -> Result<Tx, StoreError> {
        // A typed uuid holds nothing but hexadecimal digits and dashes.
        let begin = format!("begin; set local concentric.tenant = '{tenant}'");
        Ok(self.inner.pool.begin_with(AssertSqlSafe(begin)).await?)
    }

    /// As `tenant_begin`, for statements that find a batch of rows by their keys, or in the order
    /// of an index. A batch is small beside a fleet, but to the planner, which thinks of disks and
    /// knows nothing of a table just made, reading (and sorting) it whole often seems cheaper.
    pub(crate) async fn tenant_begin_by_key(&self, tenant: TenantId) -> Result<Tx, StoreError> {
        let begin = format!(
            "begin; set local concentric.tenant = '{tenant}'; set local enable_hashjoin = off; \
             set local enable_mergejoin = off; set local enable_seqscan = off; \
             set local enable_bitmapscan = off; set local enable_sort = off"
        );
        Ok(self.inner.pool.begin_with(AssertSqlSafe(begin)).await?)
    }

    /// As `tenant_begin_by_key`, for statements that sort the few rows they find: kept from sorting,
    /// the planner would read a fleet in order instead.
    pub(crate) async fn tenant_begin_few(&self, tenant: TenantId) -> Result<Tx, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        by_key_if_few(&mut tx, 0).await?;
        Ok(tx)
    }

    /// As `tenant_begin`, and every statement sees the same moment.
    pub(crate) async fn tenant_begin_frozen(&self, tenant: TenantId) -> Result<Tx, StoreError> {
        let begin = format!(
            "begin isolation level repeatable read read only; \
             set local concentric.tenant = '{tenant}'"
        );
        Ok(self.inner.pool.begin_with(AssertSqlSafe(begin)).await?)
    }

    /// A transaction over what belongs to no single tenant: tokens, tenants, due work.
    pub(crate) async fn service_begin(&self) -> Result<Tx, StoreError> {
        Ok(self.inner.pool.begin_with("begin; set local role concentric_service").await?)
    }
}

/// Chunks below this are small beside any fleet that is worth a thought.
const FEW: usize = 2_000;

/// Goes on as in `tenant_begin_by_key`, if there are only few `rows` to be found.
pub(crate) async fn by_key_if_few(tx: &mut Tx, rows: usize) -> Result<(), StoreError> {
    if rows < FEW {
        let settings = "set local enable_hashjoin = off; set local enable_mergejoin = off; \
                        set local enable_seqscan = off; set local enable_bitmapscan = off";
        sqlx::raw_sql(settings).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Goes on, in a transaction of the service, as the application for one tenant.
pub(crate) async fn tenant_enter(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    let enter = format!("set local role concentric_app; set local concentric.tenant = '{tenant}'");
    sqlx::raw_sql(AssertSqlSafe(enter)).execute(&mut **tx).await?;
    Ok(())
}

/// Whether the account behind `connection` may take both roles.
pub(crate) async fn roles_check(connection: &mut PgConnection) -> Result<(), StoreError> {
    let (user, app, service): (String, bool, bool) = sqlx::query_as(
        "select session_user::text, pg_has_role(session_user, 'concentric_app', 'member'), \
         pg_has_role(session_user, 'concentric_service', 'member')",
    )
    .fetch_one(connection)
    .await?;
    if app && service {
        return Ok(());
    }
    Err(StoreError::Schema(format!(
        "the database's user may not take the roles of concentric: as an administrator, run: \
         grant concentric_app, concentric_service to \"{user}\""
    )))
}

/// Runs `attempt` again when it lost against another transaction (deadlock, serialization).
pub(crate) async fn retried<T, F, A>(mut attempt: A) -> Result<T, StoreError>
where
    A: FnMut() -> F,
    F: Future<Output = Result<T, StoreError>>,
{
    let mut left = RETRIES;
    loop {
        match attempt().await {
            Err(error) if error.is_contention() && left > 0 => {
                left -= 1;
                tracing::debug!(%error, left, "transaction is run again");
                // Not in step with whom it lost against.
                tokio::time::sleep(Duration::from_millis(fastrand::u64(1..20))).await;
            }
            outcome => return outcome,
        }
    }
}
