//! Whose rows a transaction may touch. Every statement of the store runs inside one of these; none may use
//! the pool directly, but for functions of the schema that see to it themselves (`rollout_read`,
//! `token_principal`).

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::Duration;

use domain::ids::TenantId;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction};
use tracing::instrument::Instrumented;
use tracing::{Instrument as _, Span};

use crate::{Store, StoreError, request};

/// A transaction. Dropped, it leaves nothing. A span lasts as long as it does.
#[derive(Debug)]
pub(crate) struct Tx(Transaction<'static, Postgres>, Span);

/// The span of a transaction that began at `at` in our code.
fn span(at: &Location<'_>) -> Span {
    tracing::debug_span!(
        "store",
        otel.kind = "client",
        db.system.name = "postgresql",
        code.file.path = at.file(),
        code.line.number = at.line(),
        committed = tracing::field::Empty,
    )
}

/// One statement that enters its tenant by itself, as the schema's functions for single reads do.
#[track_caller]
pub(crate) fn alone<F: Future>(statement: F) -> Instrumented<F> {
    statement.instrument(span(Location::caller()))
}

impl Tx {
    /// Keeps what was done. `Tried` when it belongs to a request that is only tried.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        if request::holds_back() {
            return Err(StoreError::Tried);
        }
        self.0.commit().instrument(self.1.clone()).await?;
        self.1.record("committed", true);
        Ok(())
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// How beginning a transaction ends.
type Begun = Result<Tx, StoreError>;

/// How often a transaction that lost against another one is run again.
const RETRIES: u32 = 3;

impl Store {
    /// A transaction that sees one tenant. Beginning and naming the tenant are one round trip.
    #[track_caller]
    pub(crate) fn tenant_begin(&self, tenant: TenantId) -> impl Future<Output = Begun> + Send {
        // A typed uuid holds nothing but hexadecimal digits and dashes.
        self.begin(Location::caller(), format!("begin; set local concentric.tenant = '{tenant}'"))
    }

    fn begin(&self, at: &Location<'_>, statement: String) -> impl Future<Output = Begun> + Send {
        let span = span(at);
        let pool = &self.inner.pool;
        let pool = pool.clone();
        async move {
            // Of its own, so that it comes to its end whatever becomes of the caller: a `begin` that is given up
            // half way leaves a connection in a transaction that sqlx does not know of, and whoever gets it next
            // is in there too.
            let task = async move { pool.begin_with(AssertSqlSafe(statement)).await };
            let begun = tokio::spawn(task.instrument(span.clone())).await;
            Ok(Tx(begun.map_err(StoreError::corrupt)??, span))
        }
    }

    /// As `tenant_begin`, for statements that find a batch of rows by their keys, or in the order
    /// of an index. A batch is small beside a fleet, but to the planner, which thinks of disks and
    /// knows nothing of a table just made, reading (and sorting) it whole often seems cheaper.
    #[track_caller]
    pub(crate) fn tenant_begin_by_key(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Begun> + Send {
        let begin = format!(
            "begin; set local concentric.tenant = '{tenant}'; set local enable_hashjoin = off; \
             set local enable_mergejoin = off; set local enable_seqscan = off; \
             set local enable_bitmapscan = off; set local enable_sort = off"
        );
        self.begin(Location::caller(), begin)
    }

    /// As `tenant_begin_by_key`, for statements that sort the few rows they find: kept from sorting,
    /// the planner would read a fleet in order instead.
    #[track_caller]
    pub(crate) fn tenant_begin_few(&self, tenant: TenantId) -> impl Future<Output = Begun> + Send {
        let begun = self.tenant_begin(tenant);
        async move {
            let mut tx = begun.await?;
            by_key_if_few(&mut tx, 0).await?;
            Ok(tx)
        }
    }

    /// As `tenant_begin`, and every statement sees the same moment.
    #[track_caller]
    pub(crate) fn tenant_begin_frozen(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Begun> + Send {
        let begin = format!(
            "begin isolation level repeatable read read only; \
             set local concentric.tenant = '{tenant}'"
        );
        self.begin(Location::caller(), begin)
    }

    /// A transaction over what belongs to no single tenant: tokens, tenants, due work.
    #[track_caller]
    pub(crate) fn service_begin(&self) -> impl Future<Output = Begun> + Send {
        self.begin(Location::caller(), "begin; set local role concentric_service".to_owned())
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
