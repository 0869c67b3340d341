//! From the last report that a gate needs to the offers of the next ring.

use std::time::{Duration, Instant};

use api_types as api;
use domain::attempt::AttemptState;
use domain::ids::{EntraDeviceId, RolloutId, TenantId};
use serde_json::json;
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, Row as _};
use store::Store;
use store::ingest::Report;
use uuid::Uuid;

use crate::api::Api;
use crate::ear::Ear;
use crate::fleet::Fleet;
use crate::process::Clock;
use crate::table::{Latencies, Table};
use crate::{Outcome, connect, expect};

const ROLLOUTS: u32 = 50;
const NOTIFICATIONS: u32 = 200;
/// Of the gate of the first ring.
const JUDGED_PERCENT: usize = 80;
/// What was asked for before has been done by then.
const CALM: Duration = Duration::from_millis(50);

pub(crate) struct Walk<'a> {
    pub(crate) api: &'a Api,
    pub(crate) store: &'a Store,
    pub(crate) database: PgConnection,
    pub(crate) ear: Ear,
    pub(crate) fleet: &'a Fleet,
    pub(crate) set: Uuid,
    pub(crate) clock: Clock,
}

impl Walk<'_> {
    pub(crate) async fn latencies(&mut self, url: &str, table: &mut Table) -> Outcome<()> {
        let bare = notifications(url).await?;
        let mut latencies = Latencies::default();
        for number in 0..ROLLOUTS {
            latencies.add(self.once(number).await?);
        }
        let what = "last needed report to the next ring's offers";
        table.latency(what, &latencies, ("bare notify", &bare), Duration::from_millis(50));
        Ok(())
    }

    async fn once(&mut self, number: u32) -> Outcome<Duration> {
        self.ear.clear();
        let release = self.fleet.release(self.api, &format!("Reaction {number}")).await?;
        let rollout = self.fleet.start(self.api, release, self.set).await?.id;
        let of = (self.fleet.tenant, rollout);
        self.ear.first_wave(&mut self.database, of, 0).await?;
        let devices = offered(&mut self.database, rollout).await?;
        let needed = (devices.len() * JUDGED_PERCENT).div_ceil(100);
        let (before, last) = devices.split_at(needed.max(1) - 1);
        self.report(rollout, before).await?;
        let now = self.clock.now();
        self.store.observed(TenantId(self.fleet.tenant), now, now).await?;
        tokio::time::sleep(CALM).await;
        self.report(rollout, last).await?;
        let reported = Instant::now();
        let offered = self.ear.first_wave(&mut self.database, of, 1).await?;
        let cancel = format!("{}/cancel", self.fleet.rollout(rollout));
        let _: api::Rollout = self.api.post(&cancel, &json!({})).await?;
        tokio::time::sleep(CALM).await;
        Ok(offered.saturating_duration_since(reported))
    }

    async fn report(&self, rollout: Uuid, devices: &[Uuid]) -> Outcome<()> {
        let at = self.clock.now();
        let report = |device: &Uuid| Report {
            device: EntraDeviceId(*device),
            state: AttemptState::Confirmed,
            code: None,
            at,
        };
        let reports: Vec<Report> = devices.iter().map(report).collect();
        let (tenant, rollout) = (TenantId(self.fleet.tenant), RolloutId(rollout));
        let counts = self.store.report_ingest(tenant, rollout, &reports, at).await?;
        expect("attempts moved", counts.moved, devices.len() as u64)
    }
}

/// The devices of the first ring that may take the update.
async fn offered(database: &mut PgConnection, rollout: Uuid) -> Outcome<Vec<Uuid>> {
    let sql = "select d.entra_device_id from attempt a
        join device d on d.tenant_id = a.tenant_id and d.id = a.device_id
        where a.rollout_id = $1 and a.ring = 0 and a.state = $2";
    let rows = sqlx::query(sql)
        .bind(rollout)
        .bind(AttemptState::Offered.code())
        .fetch_all(&mut *database)
        .await?;
    let waiting = "select count(*) from attempt where rollout_id = $1 and ring = 0 and state = 0";
    let waiting: i64 = sqlx::query(waiting).bind(rollout).fetch_one(database).await?.get(0);
    expect("devices of the first ring not offered", waiting.unsigned_abs(), 0)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What PostgreSQL itself takes to pass a word from one connection to another.
async fn notifications(url: &str) -> Outcome<Latencies> {
    let mut from = connect(url).await?;
    let mut to = PgListener::connect(url).await?;
    to.listen("bench_bare").await?;
    let mut latencies = Latencies::default();
    for _ in 0..NOTIFICATIONS {
        let started = Instant::now();
        sqlx::query("select pg_notify('bench_bare', '')").execute(&mut from).await?;
        to.recv().await?;
        latencies.add(started.elapsed());
    }
    Ok(latencies)
}
