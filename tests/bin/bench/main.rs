//! What the whole service costs: a server in a process of its own, a simulated tenant in this one,
//! PostgreSQL beside them. `cargo xtask bench` starts it; prints a markdown table.
//!
//! Every number is checked against what it must have done, so that a broken run ends as an error
//! and not as a table. `CONCENTRIC_TEST_LOG` shows what the server says.

mod api;
mod ear;
mod export;
mod fleet;
mod idle;
mod load;
mod process;
mod rate;
mod reaction;
mod start;
mod table;

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::{Options, Store};
use uuid::Uuid;

use crate::api::Api;
use crate::ear::Ear;
use crate::fleet::{Fleet, Kept, Shape, rings};
use crate::load::Subject;
use crate::process::{Clock, Memory, Process};
use crate::reaction::Walk;
use crate::table::{Table, time};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const DATABASE: &str = "concentric_system_bench";
/// The fleet that shows whether cost follows the size of the fleet.
const SMALL: u32 = 10_000;
/// The fleet whose rollouts react, and then rest.
const QUICK: u32 = 2_000;

#[tokio::main]
async fn main() -> Outcome<()> {
    if std::env::args().nth(1).is_some_and(|mode| mode == rate::BARE) {
        let url = std::env::args().nth(2).ok_or("the bare server needs a database")?;
        return rate::serve_bare(&url).await;
    }
    let devices = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let server = std::env::var("DATABASE_URL")?;
    let (start, query) = server.split_once('?').unwrap_or((&server, ""));
    let (host, _) = start.rsplit_once('/').ok_or("DATABASE_URL names no database")?;
    let url = format!("{host}/{DATABASE}?{query}");
    let mut admin = connect(&server).await?;
    let gone = format!("drop database if exists {DATABASE} with (force)");
    sqlx::raw_sql(AssertSqlSafe(gone.clone())).execute(&mut admin).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("create database {DATABASE}"))).execute(&mut admin).await?;
    let data_dir = std::env::temp_dir().join(format!("concentric-bench-{}", Uuid::new_v4()));
    let before = load_average();
    let table = run(&url, &data_dir, devices).await;
    sqlx::raw_sql(AssertSqlSafe(gone)).execute(&mut admin).await?;
    std::fs::remove_dir_all(&data_dir)?;
    let after = load_average();
    println!("\n{devices} devices; load average {before} before, {after} after\n");
    println!("{}", table?.markdown());
    Ok(())
}

async fn run(url: &str, data_dir: &Path, devices: u32) -> Outcome<Table> {
    let start = simulator::Config::default().start;
    let clock = Clock { start, anchor: SystemTime::now() };
    let process = Process::start(url, data_dir, clock).await?;
    let api = Api::new(process.address, &process.token)?;
    // The key opens nothing here: credentials are the server's business.
    let options = Options { url: url.to_owned(), max_connections: 1, key: [0; 32] };
    let store = Store::connect(&options).await?;
    let mut table = Table::default();
    let measured = measure((url, clock), &process, &api, &store, devices, &mut table).await;
    drop(store);
    process.stop().await?;
    measured?;
    Ok(table)
}

async fn measure(
    at: (&str, Clock),
    process: &Process,
    api: &Api,
    store: &Store,
    devices: u32,
    table: &mut Table,
) -> Outcome<()> {
    let (url, clock) = at;
    let mut database = connect(url).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    memory(table, "server memory, idle", process.memory()?, 50.0);
    let (large, took) = Fleet::read(api, &mut database, ("large", 1), devices, clock).await?;
    step(&format!("sync: {took:?}"));
    table.note(&format!("sync of {devices} devices from Graph"), time(took));
    memory(table, "server memory after the sync", process.memory()?, 150.0);
    let ((), took) = timed(large.registered(&mut database)).await?;
    step(&format!("registration: {took:?} after the sync"));
    let ((), took) = timed(large.observed(api)).await?;
    step(&format!("first observation: {took:?}"));
    table.note(&format!("first read of the check-ins of {devices} devices"), time(took));
    memory(table, "server memory after reading every check-in", process.memory()?, 150.0);

    analyze(&mut database).await?;
    let (small, _) = Fleet::read(api, &mut database, ("small", 2), SMALL, clock).await?;
    small.observed(api).await?;
    let waves = api_types::Waves { least: 50, most: 2_000, percent: 5 };
    let shape = Shape { name: "Half", percent: 50, bake_hours: 24.0, waves };
    let (small_set, kept) = rings(api, &mut database, &small, &shape).await?;
    let mut ear = Ear::new(store);
    let rollout = place_and_start(api, &mut database, (&large, &kept), &mut ear, table).await?;
    let release = small.release(api, "Small").await?;
    let beside = small.start(api, release, small_set.id).await?.id;
    step("placed and started");
    analyze(&mut database).await?;
    memory(table, "server memory after place and start", process.memory()?, 150.0);

    let path = large.rollout(rollout);
    rate::reads(url, (process.address, api), (&path, rollout), table).await?;
    step("read by many");
    export::whole((process, api), &mut database, &large, table).await?;
    step("exported");
    start::starts(process.address, api.token(), table).await?;
    let large = Subject { fleet: &large, rollout };
    let small = Subject { fleet: &small, rollout: beside };
    load::latencies((url, clock, store), api, &large, &small, table).await?;
    for subject in [&large, &small] {
        let cancel = format!("{}/cancel", subject.fleet.rollout(subject.rollout));
        let _: api_types::Rollout = api.post(&cancel, &serde_json::json!({})).await?;
    }

    let (quick, _) = Fleet::read(api, &mut database, ("quick", 3), QUICK, clock).await?;
    quick.observed(api).await?;
    let waves = api_types::Waves { least: 500, most: 500, percent: 100 };
    let shape = Shape { name: "Quick", percent: 10, bake_hours: 0.0, waves };
    let (set, _) = rings(api, &mut database, &quick, &shape).await?;
    let fleet = &quick;
    analyze(&mut database).await?;
    let mut walk = Walk { api, store, database, ear, fleet, set: set.id, clock };
    walk.latencies(url, table).await?;
    step("reacted");
    idle::statements((url, clock), api, &quick, set.id, table).await?;
    memory(table, "server memory at the end", process.memory()?, 150.0);
    Ok(())
}

async fn place_and_start(
    api: &Api,
    database: &mut PgConnection,
    (fleet, kept): (&Fleet, &Kept),
    ear: &mut Ear,
    table: &mut Table,
) -> Outcome<Uuid> {
    let devices = fleet.devices;
    let set = fleet.ring_set(database, "Half", kept).await?;
    let (placed, took) = timed(fleet.place(api, &set)).await?;
    table.note(&format!("place {devices} devices, over HTTP"), time(took));
    let release = fleet.release(api, "Large").await?;
    let (rollout, took) = timed(fleet.start(api, release, placed.id)).await?;
    let answered = Instant::now();
    table.note(&format!("start a rollout over {devices} devices, over HTTP"), time(took));
    let offered = ear.first_wave(database, (fleet.tenant, rollout.id), 0).await?;
    let took = offered.saturating_duration_since(answered);
    table.limit("first offers after the answer", took, Duration::from_secs(1));
    Ok(rollout.id)
}

fn memory(table: &mut Table, what: &str, memory: Memory, most: f64) {
    let Memory { resident, most: peak } = memory;
    let ours = format!("{resident:.0} MB, {peak:.0} MB at most");
    step(&format!("{what}: {ours}"));
    // What was needed for a moment counts too.
    table.number(what, ours, peak, (most, "MB"));
}

/// What autovacuum does within a minute of a change of this size. Until then PostgreSQL plans for
/// an empty table, which only the first read of the check-ins is measured with.
async fn analyze(database: &mut PgConnection) -> Outcome<()> {
    sqlx::raw_sql("analyze").execute(database).await?;
    Ok(())
}

/// Over the last minute. Latencies of a busy machine say little.
fn load_average() -> String {
    let all = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    all.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// For who watches: a run takes minutes.
fn step(what: &str) {
    eprintln!("{what}");
}

pub(crate) async fn connect(url: &str) -> Outcome<PgConnection> {
    Ok(PgConnection::connect(url).await?)
}

pub(crate) async fn timed<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<(T, Duration)> {
    let started = Instant::now();
    let done = work.await?;
    Ok((done, started.elapsed()))
}

pub(crate) fn number(count: i64) -> Outcome<u64> {
    Ok(u64::try_from(count)?)
}

pub(crate) fn expect(what: &str, found: u64, wanted: u64) -> Outcome<()> {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{what}: {found} instead of {wanted}").into())
    }
}
