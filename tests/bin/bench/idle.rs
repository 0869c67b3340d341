//! What running rollouts cost while nothing happens.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::api::Api;
use crate::fleet::{Fleet, until};
use crate::process::Clock;
use crate::table::Table;
use crate::{Outcome, connect, expect, number};

const ROLLOUTS: u32 = 100;
const WINDOW: Duration = Duration::from_secs(30);
const MOST: (f64, &str) = (5.0, "statements/s");
/// The server's `observe_every` and `reconcile_every`, which are the same, in seconds.
const ROUND: f64 = 900.0;

pub(crate) async fn statements(
    (url, clock): (&str, Clock),
    api: &Api,
    fleet: &Fleet,
    set: Uuid,
    table: &mut Table,
) -> Outcome<()> {
    for number in 0..ROLLOUTS {
        let release = fleet.release(api, &format!("Idle {number}")).await?;
        fleet.start(api, release, set).await?;
    }
    calm(url, clock).await?;
    let mut database = connect(url).await?;
    let running = "select count(*) from rollout where phase_name = 'offering' and tenant_id = $1";
    let running = sqlx::query(running).bind(fleet.tenant).fetch_one(&mut database).await?.get(0);
    expect("running rollouts", number(running)?, u64::from(ROLLOUTS))?;
    let mut counter = Counter::new(database).await?;

    counter.reset().await?;
    tokio::time::sleep(WINDOW).await;
    let (made, what) = counter.read().await?;
    let each_second = per_second(made, WINDOW.as_secs_f64());
    let ours = format!("{each_second:.2} {what}/s ({made} in {WINDOW:?})");
    table.number("100 running rollouts, nothing happening", ours, each_second, MOST);

    counter.reset().await?;
    everything_due(url, clock, fleet.tenant).await?;
    let asked = calm(url, clock).await?;
    // Without those that this program asked itself.
    let made = counter.read().await?.0.saturating_sub(asked + 1);
    let each_second = per_second(made, ROUND);
    let ours = format!("{each_second:.2} {what}/s ({made} in {ROUND} s)");
    table.number(
        "the same, all decided and compared with Graph every 15 min",
        ours,
        each_second,
        MOST,
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// Waits until no work is due or being done; returns how often it asked.
async fn calm(url: &str, clock: Clock) -> Outcome<u64> {
    let sql = "select count(*) from work where due_at <= $1 or lease_until > clock_timestamp()";
    let database = tokio::sync::Mutex::new((connect(url).await?, 0_u64));
    until("the work", async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut guard = database.lock().await;
        let (connection, asked) = &mut *guard;
        *asked += 1;
        let now: DateTime<Utc> = clock.now();
        let due: i64 = sqlx::query(sql).bind(now).fetch_one(connection).await?.get(0);
        Ok(due == 0)
    })
    .await?;
    Ok(database.into_inner().1)
}

/// As if the fleet had just been read, and the time had come to compare every rollout with Graph.
/// The read itself is left out: its statements are few, and exports of reports take minutes.
async fn everything_due(url: &str, clock: Clock, tenant: Uuid) -> Outcome<()> {
    let sql = "with due as (update work set due_at = $2
            where tenant_id = $1 and kind in ('decide', 'enforce') and subject in (
                select id from rollout where tenant_id = $1 and phase_name = 'offering'))
        select pg_notify('concentric_work', kind) from (values ('decide'), ('enforce')) as k(kind)";
    sqlx::query(sql).bind(tenant).bind(clock.now()).execute(&mut connect(url).await?).await?;
    Ok(())
}

/// Counts statements, or transactions where PostgreSQL was not told to count statements.
struct Counter {
    database: PgConnection,
    statements: bool,
    transactions: u64,
}

impl Counter {
    async fn new(mut database: PgConnection) -> Outcome<Self> {
        let create = "create extension if not exists pg_stat_statements";
        // Present and not loaded: reading it fails.
        let statements = sqlx::raw_sql(create).execute(&mut database).await.is_ok()
            && sqlx::raw_sql("select 1 from pg_stat_statements limit 1")
                .execute(&mut database)
                .await
                .is_ok();
        Ok(Self { database, statements, transactions: 0 })
    }

    async fn reset(&mut self) -> Outcome<()> {
        if self.statements {
            sqlx::raw_sql("select pg_stat_statements_reset()").execute(&mut self.database).await?;
        } else {
            self.transactions = self.committed().await?;
        }
        Ok(())
    }

    /// How many since the reset, and of what.
    async fn read(&mut self) -> Outcome<(u64, &'static str)> {
        if !self.statements {
            let committed = self.committed().await?;
            return Ok((committed.saturating_sub(self.transactions), "transactions"));
        }
        let sql = "select query, calls from pg_stat_statements
            where query not like '%pg_stat_statements%'
                and dbid = (select oid from pg_database where datname = current_database())
            order by calls desc";
        let rows = sqlx::query(sql).fetch_all(&mut self.database).await?;
        let mut made = 0;
        for (place, row) in rows.iter().enumerate() {
            let calls: i64 = row.get("calls");
            made += calls.unsigned_abs();
            if place < 12 {
                let query: String = row.get("query");
                let query: String = query.split_whitespace().collect::<Vec<_>>().join(" ");
                eprintln!("{calls:8} {}", query.chars().take(110).collect::<String>());
            }
        }
        Ok((made, "statements"))
    }

    async fn committed(&mut self) -> Outcome<u64> {
        let sql = "select xact_commit from pg_stat_database where datname = current_database()";
        number(sqlx::query(sql).fetch_one(&mut self.database).await?.get(0))
    }
}
