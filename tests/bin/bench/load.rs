//! How long people wait while one connection takes in check-ins: first as many as the largest fleet
//! sends and many times more, then without a pause.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api_types as api;
use chrono::TimeDelta;
use domain::build::Build;
use domain::ids::{IntuneDeviceId, TenantId};
use serde_json::json;
use sqlx::{PgConnection, Row as _};
use store::Store;
use store::ingest::CheckIn;
use uuid::Uuid;

use crate::api::Api;
use crate::fleet::{Fleet, last_request, waves_after};
use crate::process::Clock;
use crate::table::{Latencies, Table};
use crate::{Outcome, connect, expect, timed};

const READS: u32 = 1_000;
const PAUSES: u32 = 200;
const BATCH: usize = 1_000;
/// Check-ins a second of the paced load. A million devices that check in every eight hours send 35.
const PACE: usize = 2_000;
/// Between two batches of the paced load.
const BEAT: Duration = Duration::from_millis(100);
/// Of a batch, so many come from devices that were offered the update lately: a fleet checks in
/// at random, and without them a large one would hardly move.
const OFFERED: usize = 300;
/// How long a pause is watched for offers.
const WATCH: Duration = Duration::from_millis(20);

/// A fleet and the rollout over it.
pub(crate) struct Subject<'a> {
    pub(crate) fleet: &'a Fleet,
    pub(crate) rollout: Uuid,
}

pub(crate) async fn latencies(
    (url, clock, store): (&str, Clock, &Store),
    api: &Api,
    large: &Subject<'_>,
    small: &Subject<'_>,
    table: &mut Table,
) -> Outcome<()> {
    let mut load = Load::new(connect(url).await?, large, clock).await?;
    let mut people = People { api, database: connect(url).await?, large, small };
    for load_kind in [Kind::Paced, Kind::Endless] {
        let (ended, taken) = (AtomicBool::new(false), AtomicU64::new(0));
        let started = Instant::now();
        let looking = async {
            // The load is under way before anybody looks.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let seen = people.look(load_kind, table).await;
            ended.store(true, Ordering::Relaxed);
            seen
        };
        let (seen, loaded) = tokio::join!(looking, load.run(store, load_kind, &ended, &taken));
        // A load that failed ended early, and what was seen then was seen without it.
        loaded?;
        seen?;
        let each_second = each_second(taken.load(Ordering::Relaxed), started.elapsed());
        eprintln!("{} load: {each_second} check-ins/s", load_kind.name());
        table.note(&format!("the {} load", load_kind.name()), format!("{each_second} check-ins/s"));
    }
    Ok(())
}

fn each_second(count: u64, lasted: Duration) -> u128 {
    u128::from(count) * 1_000 / lasted.as_millis().max(1)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// [`PACE`].
    Paced,
    /// One batch after the other: the two cores are never idle.
    Endless,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Paced => "paced",
            Self::Endless => "endless",
        }
    }

    fn batch(self) -> usize {
        match self {
            Self::Paced => PACE * usize::try_from(BEAT.as_millis()).unwrap_or(100) / 1_000,
            Self::Endless => BATCH,
        }
    }
}

struct Load {
    database: PgConnection,
    clock: Clock,
    tenant: Uuid,
    rollout: Uuid,
    devices: Vec<(Uuid, Build)>,
    /// What the update brings to each version of Windows.
    targets: HashMap<(u32, u32, u32), Build>,
    offered: Vec<(Uuid, Build)>,
}

impl Load {
    async fn new(mut database: PgConnection, of: &Subject<'_>, clock: Clock) -> Outcome<Self> {
        let devices = "select intune_id, os_major, os_minor, os_build, os_revision from device
            where tenant_id = $1 and os_revision is not null";
        let devices = builds(&mut database, devices, of.fleet.tenant).await?;
        let targets = "select b.update_id, b.os_major, b.os_minor, b.os_build, b.os_revision
            from update_build b join release l using (tenant_id, update_id)
            join rollout r on r.release_id = l.id where r.id = $1";
        let targets = builds(&mut database, targets, of.rollout).await?;
        let targets = targets.into_iter().map(|(_, build)| (version(build), build)).collect();
        let (tenant, rollout) = (of.fleet.tenant, of.rollout);
        Ok(Self { database, clock, tenant, rollout, devices, targets, offered: Vec::new() })
    }

    async fn run(
        &mut self,
        store: &Store,
        kind: Kind,
        ended: &AtomicBool,
        taken: &AtomicU64,
    ) -> Outcome<()> {
        let mut round = 0_u32;
        let mut beat = tokio::time::interval(BEAT);
        while !ended.load(Ordering::Relaxed) {
            if round.is_multiple_of(10) {
                self.look_who_was_offered().await?;
            }
            round += 1;
            if kind == Kind::Paced {
                beat.tick().await;
            }
            let batch = self.batch(kind.batch());
            let (tenant, now) = (TenantId(self.tenant), self.clock.now());
            let counts = store.checkin_ingest(tenant, &batch, TimeDelta::zero(), now).await?;
            expect("unknown devices", counts.unknown, 0)?;
            taken.fetch_add(counts.read, Ordering::Relaxed);
        }
        Ok(())
    }

    fn batch(&self, size: usize) -> Vec<CheckIn> {
        let at = self.clock.now();
        let random = |from: &[(Uuid, Build)]| from[fastrand::usize(..from.len())];
        let check_in = |(device, build): (Uuid, Build), updated: bool| {
            let target = self.targets.get(&version(build)).filter(|_| updated);
            let build = target.copied().unwrap_or(build);
            CheckIn { intune: IntuneDeviceId(device), build: Some(build), at }
        };
        let offered = if self.offered.is_empty() { 0 } else { size * OFFERED / BATCH };
        let lately = (0..offered).map(|_| check_in(random(&self.offered), true));
        let others = (offered..size).map(|_| check_in(random(&self.devices), fastrand::bool()));
        lately.chain(others).collect()
    }

    async fn look_who_was_offered(&mut self) -> Outcome<()> {
        let sql = "select d.intune_id, d.os_major, d.os_minor, d.os_build, d.os_revision
            from rollout_ring g
            join attempt a on a.rollout_id = $1 and a.ring = g.ring
                and a.position <= g.offered_position
            join device d on d.tenant_id = g.tenant_id and d.id = a.device_id
            where g.rollout_id = $1 and g.ring = 0 and d.os_revision is not null
            order by a.position desc limit 2000";
        self.offered = builds(&mut self.database, sql, self.rollout).await?;
        Ok(())
    }
}

fn version(build: Build) -> (u32, u32, u32) {
    (build.major, build.minor, build.build)
}

async fn builds(
    database: &mut PgConnection,
    sql: &'static str,
    of: Uuid,
) -> Outcome<Vec<(Uuid, Build)>> {
    let rows = sqlx::query(sql).bind(of).fetch_all(database).await?;
    let number =
        |row: &sqlx::postgres::PgRow, column: usize| u32::try_from(row.get::<i32, _>(column));
    rows.iter()
        .map(|row| {
            let [major, minor, build, revision] =
                [number(row, 1)?, number(row, 2)?, number(row, 3)?, number(row, 4)?];
            Ok((row.get(0), Build { major, minor, build, revision }))
        })
        .collect()
}

struct People<'a> {
    api: &'a Api,
    database: PgConnection,
    large: &'a Subject<'a>,
    small: &'a Subject<'a>,
}

impl People<'_> {
    async fn look(&mut self, load: Kind, table: &mut Table) -> Outcome<()> {
        self.reads(load, table).await?;
        match load {
            Kind::Paced => Ok(()),
            Kind::Endless => self.pauses(table).await,
        }
    }

    async fn reads(&mut self, load: Kind, table: &mut Table) -> Outcome<()> {
        let [mut large, mut small, mut raw] = [(); 3].map(|()| Latencies::default());
        for _ in 0..READS {
            for (subject, latencies) in [(self.large, &mut large), (self.small, &mut small)] {
                let path = subject.fleet.rollout(subject.rollout);
                let (read, took) = timed(self.api.get::<api::Rollout>(&path)).await?;
                expect("rings of a rollout", read.rings.len() as u64, 2)?;
                latencies.add(took);
            }
            let row = sqlx::query("select * from rollout where tenant_id = $1 and id = $2")
                .bind(self.large.fleet.tenant)
                .bind(self.large.rollout);
            let row = async { Ok(row.fetch_one(&mut self.database).await?) };
            raw.add(timed(row).await?.1);
        }
        let (beside, most) = (("select of one row", &raw), Duration::from_millis(5));
        let sizes = [(&large, self.large), (&small, self.small)];
        for (latencies, subject) in sizes {
            let (load, devices) = (load.name(), subject.fleet.devices);
            let what = format!("rollout read over HTTP, {load} load, {devices} devices");
            table.latency(&what, latencies, beside, most);
        }
        Ok(())
    }

    async fn pauses(&mut self, table: &mut Table) -> Outcome<()> {
        sqlx::raw_sql(
            "create table bench_row (id int primary key, n int not null);
             insert into bench_row values (1, 0)",
        )
        .execute(&mut self.database)
        .await?;
        let [mut pauses, mut raw] = [(); 2].map(|()| Latencies::default());
        let (rollout, path) = (self.large.rollout, self.large.fleet.rollout(self.large.rollout));
        let (pause, resume) = (format!("{path}/pause"), format!("{path}/resume"));
        let first = last_seq(&mut self.database, rollout).await?;
        let mut after = 0;
        for _ in 0..PAUSES {
            let update = sqlx::query("update bench_row set n = n + 1 where id = 1");
            let update = async { Ok(update.execute(&mut self.database).await?) };
            raw.add(timed(update).await?.1);
            let reason = json!({ "reason": "the bench" });
            let (answer, took) = timed(self.api.post::<api::Rollout>(&pause, &reason)).await?;
            expect("rollouts not held", u64::from(answer.intent.wish != api::Wish::Hold), 0)?;
            pauses.add(took);
            let acknowledged = last_request(&mut self.database, rollout).await?;
            tokio::time::sleep(WATCH).await;
            after += waves_after(&mut self.database, rollout, acknowledged).await?;
            let _: api::Rollout = self.api.post(&resume, &json!({})).await?;
            // Some pauses come before the next wave is decided, some while it is, some after it.
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..30))).await;
        }
        let most = Duration::from_millis(100);
        table.latency("pause acknowledged under load", &pauses, ("durable update", &raw), most);
        let between = waves_after(&mut self.database, rollout, first).await?;
        // If nothing would have been offered anyway, nothing was shown.
        expect("waves between pauses", u64::from(between == 0), 0)?;
        let what = format!("waves after an acknowledged pause ({between} between pauses)");
        table.none(&what, after);
        Ok(())
    }
}

async fn last_seq(database: &mut PgConnection, rollout: Uuid) -> Outcome<i64> {
    let sql = "select max(seq) from event where rollout_id = $1";
    Ok(sqlx::query(sql).bind(rollout).fetch_one(database).await?.get(0))
}
