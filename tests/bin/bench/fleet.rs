//! Tenants with their fleets, ring sets and rollouts.

use std::time::{Duration, Instant};

use api_types as api;
use serde_json::json;
use simulator::{Config, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Simulator};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::api::Api;
use crate::process::Clock;
use crate::{Outcome, expect, number};

const POLL: Duration = Duration::from_millis(100);
/// A million devices take minutes.
const PATIENCE: Duration = Duration::from_mins(15);

/// A tenant of the server, and the simulator behind it.
pub(crate) struct Fleet {
    // Stops when it is dropped.
    _simulator: Simulator,
    pub(crate) tenant: Uuid,
    pub(crate) path: String,
    pub(crate) devices: u32,
}

impl Fleet {
    /// Starts the simulator and has its fleet read; also says how long the read took.
    pub(crate) async fn read(
        api: &Api,
        database: &mut PgConnection,
        (name, number): (&str, u32),
        devices: u32,
        clock: Clock,
    ) -> Outcome<(Self, Duration)> {
        let entra_tenant = Uuid::from_u128(u128::from(number) | 0x5c0f_fee5 << 96);
        let config = Config {
            devices,
            seed: u64::from(number),
            start: clock.start,
            anchor: clock.anchor,
            tenant: entra_tenant,
            ..Config::default()
        };
        let simulator = Simulator::start(config).await?;
        let url = simulator.base_url();
        let body = json!({ "name": name, "connection": {
            "entra_tenant_id": entra_tenant, "client_id": DEFAULT_CLIENT_ID,
            "credential": { "kind": "secret", "secret": DEFAULT_CLIENT_SECRET },
            "graph_url": url, "login_url": url } });
        let started = Instant::now();
        let tenant: api::Tenant = api.post("/tenants", &body).await?;
        let path = format!("/tenants/{}", tenant.id);
        until("the sync", async || Ok(api.get::<api::Tenant>(&path).await?.synced_at.is_some()))
            .await?;
        let took = started.elapsed();
        let sql = "select count(*) from device where tenant_id = $1";
        let read = number_of(database, sql, tenant.id).await?;
        expect("devices read", read, u64::from(devices))?;
        Ok((Self { _simulator: simulator, tenant: tenant.id, path, devices }, took))
    }

    /// Waits until check-ins and reports of every device were read for the first time, so that
    /// this is not still going on beside what is measured next.
    pub(crate) async fn observed(&self, api: &Api) -> Outcome<()> {
        until("the first observation", async || {
            Ok(api.get::<api::Tenant>(&self.path).await?.observed_to.is_some())
        })
        .await
    }

    /// Waits until every device stands somewhere, in the order the service works in by itself.
    pub(crate) async fn registered(&self, database: &mut PgConnection) -> Outcome<()> {
        let sql = "select count(*) from device where tenant_id = $1 and standing is null";
        let mut none = false;
        let started = Instant::now();
        while !none && started.elapsed() < PATIENCE {
            tokio::time::sleep(POLL).await;
            none = number_of(database, sql, self.tenant).await? == 0;
        }
        expect("fleets registered", u64::from(none), 1)
    }

    /// A ring set made behind the server's back: made through the API, it would have the fleet
    /// read and placed by itself.
    pub(crate) async fn ring_set(
        &self,
        database: &mut PgConnection,
        name: &str,
        kept: &Kept,
    ) -> Outcome<String> {
        let id = Uuid::now_v7();
        let sql = "insert into ring_set (tenant_id, id, name, rings, rules, created_at)
            values ($1, $2, $3, $4, $5, now())";
        sqlx::query(sql)
            .bind(self.tenant)
            .bind(id)
            .bind(name)
            .bind(&kept.rings)
            .bind(&kept.rules)
            .execute(database)
            .await?;
        Ok(format!("{}/ring-sets/{id}", self.path))
    }

    pub(crate) async fn place(&self, api: &Api, set: &str) -> Outcome<api::RingSet> {
        let placed: api::RingSet = api.post(&format!("{set}/place"), &json!({})).await?;
        let members: u64 = placed.members.iter().copied().map(u64::from).sum();
        expect("devices placed", members, u64::from(self.devices))?;
        Ok(placed)
    }

    /// A release of the newest update under this name.
    pub(crate) async fn release(&self, api: &Api, name: &str) -> Outcome<Uuid> {
        let updates: api::List<api::Update> = api.get(&format!("{}/updates", self.path)).await?;
        let update = updates.items.first().ok_or("no update in the catalogue")?.id;
        let body = json!({ "update_id": update, "name": name });
        let release: api::Release = api.post(&format!("{}/releases", self.path), &body).await?;
        Ok(release.id)
    }

    pub(crate) async fn start(&self, api: &Api, release: Uuid, set: Uuid) -> Outcome<api::Rollout> {
        let body = json!({ "release_id": release, "ring_set_id": set });
        let rollout: api::Rollout = api.post(&format!("{}/rollouts", self.path), &body).await?;
        let members: u64 = rollout.rings.iter().map(members).sum();
        expect("devices in the rollout", members, u64::from(self.devices))?;
        Ok(rollout)
    }

    pub(crate) fn rollout(&self, rollout: Uuid) -> String {
        format!("{}/rollouts/{rollout}", self.path)
    }
}

fn members(ring: &api::RolloutRing) -> u64 {
    ring.states.values().copied().map(u64::from).sum()
}

/// What a ring set is, as the server keeps it.
pub(crate) struct Kept {
    rings: serde_json::Value,
    rules: serde_json::Value,
}

/// A ring set, made and placed, and as the server keeps it.
pub(crate) async fn rings(
    api: &Api,
    database: &mut PgConnection,
    fleet: &Fleet,
    shape: &Shape,
) -> Outcome<(api::RingSet, Kept)> {
    let body = shape.body();
    let set: api::RingSet = api.post(&format!("{}/ring-sets", fleet.path), &body).await?;
    let path = format!("{}/ring-sets/{}", fleet.path, set.id);
    until("the placement", async || Ok(api.get::<api::RingSet>(&path).await?.placed_at.is_some()))
        .await?;
    let row = sqlx::query("select rings, rules from ring_set where id = $1")
        .bind(set.id)
        .fetch_one(database)
        .await?;
    Ok((set, Kept { rings: row.get(0), rules: row.get(1) }))
}

/// Two rings.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// Of the first ring.
    pub(crate) percent: u8,
    pub(crate) bake_hours: f64,
    /// Of the first ring.
    pub(crate) waves: api::Waves,
}

impl Shape {
    fn body(&self) -> api::CreateRingSet {
        let ring = |name: &str, percent, waves| api::Ring {
            name: name.to_owned(),
            percent,
            groups: Vec::new(),
            deferral_days: 0,
            deadline_days: 2,
            grace_days: 1,
            gate: api::Gate { bake_hours: self.bake_hours, ..api::Gate::default() },
            waves,
            approvals: None,
            calendar: None,
        };
        let first = ring("First", self.percent, self.waves);
        let rest = ring("Rest", 100 - self.percent, api::Waves::default());
        api::CreateRingSet {
            id: None,
            name: self.name.to_owned(),
            rings: vec![first, rest],
            rules: api::PlacementRules::default(),
        }
    }
}

pub(crate) async fn until(what: &str, done: impl AsyncFn() -> Outcome<bool>) -> Outcome<()> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if done().await? {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    Err(format!("{what} does not come to an end").into())
}

async fn number_of(database: &mut PgConnection, sql: &'static str, id: Uuid) -> Outcome<u64> {
    number(sqlx::query(sql).bind(id).fetch_one(database).await?.get(0))
}

/// Where in the chain the last thing stands that a person asked of the rollout.
pub(crate) async fn last_request(database: &mut PgConnection, rollout: Uuid) -> Outcome<i64> {
    let sql = "select max(seq) from event where rollout_id = $1 and kind = 'requested'";
    Ok(sqlx::query(sql).bind(rollout).fetch_one(database).await?.get(0))
}

/// How many waves of offers were decided after `seq`.
pub(crate) async fn waves_after(
    database: &mut PgConnection,
    rollout: Uuid,
    seq: i64,
) -> Outcome<u64> {
    let sql = "select count(*) from event
        where rollout_id = $1 and seq > $2 and kind = 'wave_offered'";
    number(sqlx::query(sql).bind(rollout).bind(seq).fetch_one(database).await?.get(0))
}
