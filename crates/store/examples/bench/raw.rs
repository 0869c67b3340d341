//! The same rows by bare PostgreSQL, as its superuser, on tables with the same indexes.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::RolloutId;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::ingest::CheckIn;
use uuid::Uuid;

use crate::{Outcome, expect};

const BATCH: usize = 1_000;

pub(crate) struct Raw {
    connection: PgConnection,
}

impl Raw {
    pub(crate) async fn connect(url: &str) -> Outcome<Self> {
        Ok(Self { connection: PgConnection::connect(url).await? })
    }

    pub(crate) async fn run(&mut self, sql: &str) -> Outcome<Duration> {
        let started = Instant::now();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection).await?;
        Ok(started.elapsed())
    }

    /// COPY from a file of the server, in the order of the key.
    pub(crate) async fn import(&mut self) -> Outcome<Duration> {
        let file: String =
            sqlx::query_scalar("select current_setting('data_directory') || '/bench.copy'")
                .fetch_one(&mut self.connection)
                .await?;
        self.run(&format!("copy (select * from device order by id) to '{file}' (format binary)"))
            .await?;
        self.run("create table raw_device (like device including all) with (fillfactor = 90)")
            .await?;
        self.run("checkpoint").await?;
        let took = self.run(&format!("copy raw_device from '{file}' (format binary)")).await?;
        self.run(&format!("copy (select 1) to '{file}'")).await?;
        eprintln!("raw import: {took:?}");
        Ok(took)
    }

    /// COPY of the same columns of the same rows, as CSV, with nobody who looks at them.
    pub(crate) async fn copy_out(&mut self, tenant: domain::ids::TenantId) -> Outcome<Duration> {
        let statement = include_str!("copy_out.sql").replace("$tenant", &tenant.to_string());
        let started = Instant::now();
        let mut rows = self.connection.copy_out_raw(&statement).await?;
        while rows.try_next().await?.is_some() {}
        drop(rows);
        let took = started.elapsed();
        eprintln!("raw copy out: {took:?}");
        Ok(took)
    }

    pub(crate) async fn place(&mut self) -> Outcome<Duration> {
        self.run("create table raw_member (like ring_member including all)").await?;
        let took =
            self.run("insert into raw_member select * from ring_member order by device_id").await?;
        eprintln!("raw place: {took:?}");
        Ok(took)
    }

    pub(crate) async fn start(&mut self) -> Outcome<Duration> {
        self.run(
            "create table raw_attempt (like attempt) with (fillfactor = 90);
             alter table raw_attempt add primary key (device_id, rollout_id, tenant_id);
             create index on raw_attempt (ring, position, device_id)",
        )
        .await?;
        let took = self.run("insert into raw_attempt select * from attempt").await?;
        eprintln!("raw start: {took:?}");
        Ok(took)
    }

    /// Entra ids of the devices that were offered the update, in random order, as they come in.
    pub(crate) async fn offered(&mut self, rollout: RolloutId) -> Outcome<Vec<Uuid>> {
        let devices = sqlx::query_scalar(
            "select d.entra_device_id from attempt a join device d
                 on d.tenant_id = a.tenant_id and d.id = a.device_id
             where a.rollout_id = $1 and a.state = 1 order by d.entra_device_id",
        )
        .bind(rollout.0)
        .fetch_all(&mut self.connection)
        .await?;
        Ok(devices)
    }

    /// The attempts in `state`, written again.
    pub(crate) async fn upsert_attempts(
        &mut self,
        rollout: RolloutId,
        state: AttemptState,
    ) -> Outcome<Duration> {
        self.run("vacuum analyze raw_attempt").await?;
        let keys: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "select a.tenant_id, a.device_id from attempt a join device d
                 on d.tenant_id = a.tenant_id and d.id = a.device_id
             where a.rollout_id = $1 and a.state = $2 order by d.entra_device_id",
        )
        .bind(rollout.0)
        .bind(state.code())
        .fetch_all(&mut self.connection)
        .await?;
        let started = Instant::now();
        for batch in keys.chunks(BATCH) {
            let (tenants, devices): (Vec<Uuid>, Vec<Uuid>) = batch.iter().copied().unzip();
            sqlx::query(
                "insert into raw_attempt (tenant_id, rollout_id, device_id, ring, position, state,
                     state_at, code, aside)
                 select t, $3, d, 0, 0, 4, now(), null, false from unnest($1::uuid[], $2::uuid[]) as r(t, d)
                 on conflict (device_id, rollout_id, tenant_id) do update
                 set state = excluded.state, state_at = excluded.state_at, code = excluded.code",
            )
            .bind(tenants)
            .bind(devices)
            .bind(rollout.0)
            .execute(&mut self.connection)
            .await?;
        }
        let took = started.elapsed();
        eprintln!("raw reports: {took:?}");
        Ok(took)
    }

    pub(crate) async fn upsert_devices(&mut self, checkins: &[CheckIn]) -> Outcome<Duration> {
        self.run("vacuum analyze raw_device").await?;
        let tenant: Uuid = sqlx::query_scalar("select tenant_id from raw_device limit 1")
            .fetch_one(&mut self.connection)
            .await?;
        let mut sorted: Vec<&CheckIn> = checkins.iter().collect();
        sorted.sort_by_key(|checkin| checkin.intune);
        let started = Instant::now();
        for batch in sorted.chunks(BATCH) {
            let devices: Vec<Uuid> = batch.iter().map(|checkin| checkin.intune.0).collect();
            let times: Vec<DateTime<Utc>> = batch.iter().map(|checkin| checkin.at).collect();
            sqlx::query(
                "insert into raw_device (tenant_id, id, intune_id, name, manufacturer, model, serial,
                     serial_known, os_major, os_minor, os_build, os_revision, last_sync, system, owner,
                     agent, join_kind, enabled, architecture, edition, category)
                 select $3, r.d, r.d, '', '', '', '', false, 10, 0, 26100, 200, r.at, 0, 0, 0, 0, true,
                     0, '', ''
                 from unnest($1::uuid[], $2::timestamptz[]) as r(d, at)
                 on conflict (tenant_id, intune_id) do update
                 set os_major = excluded.os_major, os_minor = excluded.os_minor,
                     os_build = excluded.os_build, os_revision = excluded.os_revision,
                     last_sync = excluded.last_sync",
            )
            .bind(devices)
            .bind(times)
            .bind(tenant)
            .execute(&mut self.connection)
            .await?;
        }
        let took = started.elapsed();
        eprintln!("raw check-ins: {took:?}");
        Ok(took)
    }

    /// I13: counters equal a recount.
    pub(crate) async fn check_tally(&mut self, rollout: RolloutId) -> Outcome<()> {
        let wrong: i64 = sqlx::query_scalar(
            "select count(*) from (select ring, state, sum(devices) as devices from tally
                 where rollout_id = $1 group by 1, 2) t full join (
                 select ring, state, count(*) as devices from attempt where rollout_id = $1
                 group by 1, 2
             ) a using (ring, state)
             where coalesce(t.devices, -1) <> coalesce(a.devices, 0)",
        )
        .bind(rollout.0)
        .fetch_one(&mut self.connection)
        .await?;
        expect("counters that differ from a recount", wrong.unsigned_abs(), 0)
    }
}
