//! What the store costs beside what PostgreSQL itself costs for the same rows, in one run on one
//! server. `cargo xtask bench` starts it; prints a markdown table.
//!
//! Every raw number is the cheapest statement that moves the same rows: no client, no rules, no
//! row-level security.

mod delta;
mod fleet;
mod load;
mod raw;
mod reports;
mod table;

use std::error::Error;
use std::time::{Duration, Instant};

use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::registration::Standing;
use domain::ring::RingIndex;
use domain::rollout::phase::Event;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::registration::Scope;
use store::{Options, Store, StoreError};

use fleet::{hour, small_or_large};
use raw::Raw;
use table::{Latencies, Table};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const DATABASE: &str = "concentric_bench";
const FIRST: RingIndex = RingIndex(0);
/// The fleet that shows whether cost follows the size of the fleet.
const SMALL: u32 = 10_000;
const FEW: u32 = 1_000;

#[tokio::main]
async fn main() -> Outcome<()> {
    let devices = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let server = std::env::var("DATABASE_URL")?;
    let (start, query) = server.split_once('?').unwrap_or((&server, ""));
    let (host, _) = start.rsplit_once('/').ok_or("DATABASE_URL names no database")?;
    let url = format!("{host}/{DATABASE}?{query}");
    let mut admin = PgConnection::connect(&server).await?;
    let fresh = format!("drop database if exists {DATABASE} with (force)");
    sqlx::raw_sql(AssertSqlSafe(fresh.clone())).execute(&mut admin).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("create database {DATABASE}"))).execute(&mut admin).await?;
    Store::migrate(&url).await?;
    let options = Options { url: url.clone(), max_connections: 8, key: [0; 32] };
    let store = Store::connect(&options).await?;
    let mut raw = Raw::connect(&url).await?;
    let table = Box::pin(run(&store, &mut raw, devices)).await;
    drop((store, raw));
    sqlx::raw_sql(AssertSqlSafe(fresh)).execute(&mut admin).await?;
    println!("\n{}", table?.markdown());
    Ok(())
}

async fn run(store: &Store, raw: &mut Raw, devices: u32) -> Outcome<Table> {
    let mut table = Table::new(devices);
    let tenant = fleet::tenant(store, 1).await?;

    let imported = fleet::devices(1, devices);
    let ours = timed("import", async {
        let counts = store.device_import(tenant, &imported).await?;
        expect("devices imported", counts.added, u64::from(devices))
    })
    .await?;
    drop(imported);
    raw.run("analyze").await?;
    table.ratio("import the fleet", ours, raw.import().await?, 1.5);

    let registered = timed("register", async {
        let counts = store.registration_run(tenant, Scope::Due, hour(0)).await?;
        expect("devices registered", counts.of(Standing::Ready), u64::from(devices))
    })
    .await?;
    table.limit("register it", registered, Duration::from_secs(u64::from(devices / 20_000).max(1)));
    raw.run("analyze").await?;

    let (update, set) = fleet::catalogue_and_rings(store, tenant).await?;
    let ours = timed("place", async {
        let placed = store.ring_set_place(tenant, set, hour(0)).await?;
        expect("devices placed", placed, u64::from(devices))
    })
    .await?;
    raw.run("analyze").await?;
    table.ratio("place it into rings", ours, raw.place().await?, 1.5);

    let started = Instant::now();
    let rollout = fleet::rollout(store, tenant, update, set).await?;
    let ours = started.elapsed();
    eprintln!("start: {ours:?}");
    record(store, tenant, rollout, Event::RingOpened { ring: FIRST }).await?;
    offer(store, tenant, rollout, 500.min(devices / 4)).await?;
    let first_offers = started.elapsed().saturating_sub(ours);
    raw.run("analyze").await?;
    table.ratio("start a rollout over it", ours, raw.start().await?, 1.5);
    table.limit("first offers after the start", first_offers, Duration::from_secs(1));

    waves(store, tenant, rollout, devices, &mut table).await?;
    report(store, raw, tenant, rollout, &mut table).await?;
    check_ins(store, raw, tenant, rollout, devices, &mut table).await?;

    reports::look(store, raw, tenant, devices, &mut table).await?;

    let other = fleet::tenant(store, 2).await?;
    store.device_import(other, &fleet::devices(2, SMALL)).await?;
    let (update, set) = fleet::catalogue_and_rings(store, other).await?;
    store.registration_run(other, Scope::Due, hour(0)).await?;
    store.ring_set_place(other, set, hour(0)).await?;
    let few = fleet::tenant(store, 3).await?;
    store.device_import(few, &fleet::devices(3, FEW)).await?;
    fleet::catalogue_and_rings(store, few).await?;
    raw.run("analyze").await?;
    let subject = |tenant, number, devices| delta::Subject { tenant, number, devices };
    delta::compare(store, [subject(few, 3, FEW), subject(tenant, 1, devices)], &mut table).await?;
    let small = fleet::rollout(store, other, update, set).await?;
    raw.run("vacuum analyze").await?;
    let fleets = load::Fleets { large: (tenant, rollout), small: (other, small) };
    Box::pin(load::latencies(store, &fleets, devices, &mut table)).await?;
    Ok(table)
}

async fn waves(
    store: &Store,
    tenant: TenantId,
    rollout: RolloutId,
    devices: u32,
    table: &mut Table,
) -> Outcome<()> {
    let mut latencies = Latencies::default();
    let size = small_or_large(devices, 50, 500);
    for _ in 0..100 {
        let started = Instant::now();
        offer(store, tenant, rollout, size).await?;
        latencies.add(started.elapsed());
    }
    table.latency(&format!("record a wave of {size}"), &latencies, Duration::from_millis(50));
    // Everyone else at once, so that there is something to report on.
    let snapshot = store.rollout_snapshot(tenant, rollout).await?;
    offer(store, tenant, rollout, snapshot.observations.ring(FIRST).tally.waiting()).await
}

async fn report(
    store: &Store,
    raw: &mut Raw,
    tenant: TenantId,
    rollout: RolloutId,
    table: &mut Table,
) -> Outcome<()> {
    let snapshot = store.rollout_snapshot(tenant, rollout).await?;
    let offered = u64::from(snapshot.observations.ring(FIRST).tally.offered());
    let reports = fleet::reports(&raw.offered(rollout).await?, AttemptState::Installing);
    expect("reports made", reports.len() as u64, offered)?;
    let ours = timed("reports", async {
        let counts = store.report_ingest(tenant, rollout, &reports, hour(3)).await?;
        expect("attempts moved", counts.moved, offered)
    })
    .await?;
    // None lost, none counted twice.
    let tally = store.rollout_snapshot(tenant, rollout).await?.observations.ring(FIRST).tally;
    let counted = u64::from(tally.in_state(AttemptState::Installing));
    expect("devices counted as installing", counted, offered)?;
    let again =
        store.report_ingest(tenant, rollout, &reports[..reports.len() / 10], hour(3)).await?;
    expect("repeated reports that moved something", again.moved, 0)?;
    raw.check_tally(rollout).await?;
    table.rate(
        &format!("ingest {offered} reports"),
        offered,
        ours,
        raw.upsert_attempts(rollout, AttemptState::Installing).await?,
    );
    Ok(())
}

async fn check_ins(
    store: &Store,
    raw: &mut Raw,
    tenant: TenantId,
    rollout: RolloutId,
    devices: u32,
    table: &mut Table,
) -> Outcome<()> {
    let installing = u64::from(
        store.rollout_snapshot(tenant, rollout).await?.observations.ring(FIRST).tally.in_flight(),
    );
    let checkins = fleet::check_ins(1, devices.min(200_000));
    let ours = timed("check-ins", async {
        let confirm = chrono::TimeDelta::hours(4);
        let counts = store.checkin_ingest(tenant, &checkins, confirm, hour(4)).await?;
        expect("unknown devices", counts.unknown, 0)?;
        let most = counts.moved <= installing && counts.moved > 0;
        expect("more moved than were installing", u64::from(!most), 0)
    })
    .await?;
    raw.check_tally(rollout).await?;
    let what = format!("ingest {} check-ins", checkins.len());
    // A check-in writes its device, and its attempt where that moves.
    let both = raw.upsert_devices(&checkins).await?
        + raw.upsert_attempts(rollout, AttemptState::Installed).await?;
    table.rate(&what, checkins.len() as u64, ours, both);
    Ok(())
}

pub(crate) async fn record(
    store: &Store,
    tenant: TenantId,
    rollout: RolloutId,
    event: Event,
) -> Result<(), StoreError> {
    let snapshot = store.rollout_snapshot(tenant, rollout).await?;
    store.rollout_record(tenant, rollout, &snapshot, event, hour(2)).await.map(|_| ())
}

async fn offer(store: &Store, tenant: TenantId, rollout: RolloutId, devices: u32) -> Outcome<()> {
    let snapshot = store.rollout_snapshot(tenant, rollout).await?;
    let wave = snapshot.observations.ring(FIRST).waves;
    let event = Event::WaveOffered { ring: FIRST, wave, devices };
    store.rollout_record(tenant, rollout, &snapshot, event, hour(2)).await?;
    Ok(())
}

async fn timed(what: &str, work: impl Future<Output = Outcome<()>>) -> Outcome<Duration> {
    let started = Instant::now();
    work.await?;
    let took = started.elapsed();
    eprintln!("{what}: {took:?}");
    Ok(took)
}

fn expect(what: &str, found: u64, wanted: u64) -> Outcome<()> {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{what}: {found} instead of {wanted}").into())
    }
}
