//! A whole Concentric for one test: a database of its own, a simulated tenant, one or more
//! servers, and a client of the API.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use api_types as api;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use server::{Clock, Config, Database, Server};
use simulator::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Scenario, Simulator};
use sqlx::{Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use crate::tenant;

/// A database that goes away with the test.
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    admin: String,
    name: String,
}

impl TestDatabase {
    pub(crate) async fn create() -> Self {
        let admin = std::env::var("DATABASE_URL").expect("`cargo xtask test` sets DATABASE_URL");
        let name = format!("system_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&admin).await.expect("the test server answers");
        let sql = format!("create database {name}");
        connection.execute(sqlx::AssertSqlSafe(sql)).await.expect("a new database");
        let url = with_database(&admin, &name);
        Self { url, admin, name }
    }

    /// As superuser, past row-level security: the tests' own view of the truth.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the database answers")
    }

    pub(crate) async fn drop(self) {
        let mut connection = PgConnection::connect(&self.admin).await.expect("an answer");
        let sql = format!("drop database {} with (force)", self.name);
        connection.execute(sqlx::AssertSqlSafe(sql)).await.expect("it goes");
    }
}

fn with_database(url: &str, name: &str) -> String {
    let (head, query) = url.split_once('?').map_or((url, None), |(head, q)| (head, Some(q)));
    let (server, _) = head.rsplit_once('/').expect("a database in the URL");
    match query {
        Some(query) => format!("{server}/{name}?{query}"),
        None => format!("{server}/{name}"),
    }
}

/// What a test wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) devices: u32,
    pub(crate) speed: f64,
    pub(crate) scenario: Scenario,
}

pub(crate) struct Stack {
    pub(crate) database: TestDatabase,
    pub(crate) simulator: Simulator,
    pub(crate) start: DateTime<Utc>,
    pub(crate) anchor: SystemTime,
    pub(crate) speed: f64,
    pub(crate) data_dir: PathBuf,
}

impl Stack {
    pub(crate) async fn new(wish: Wish) -> Self {
        Self::of(wish, tenant::config(wish.devices, wish.speed)).await
    }

    /// A tenant whose update rings offer what is newest.
    pub(crate) async fn offering_by_rings(wish: Wish) -> Self {
        let config = tenant::config(wish.devices, wish.speed);
        Self::of(wish, simulator::Config { rings_offer: true, ..config }).await
    }

    async fn of(wish: Wish, mut config: simulator::Config) -> Self {
        let database = TestDatabase::create().await;
        config.scenario = wish.scenario;
        let (start, anchor) = (config.start, config.anchor);
        let simulator = Simulator::start(config).await.expect("a simulator");
        let data_dir = std::env::temp_dir().join(format!("concentric-{}", Uuid::new_v4()));
        Self { database, simulator, start, anchor, speed: wish.speed, data_dir }
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock::accelerated(self.start, self.anchor, self.speed)
    }

    /// A server in this process.
    pub(crate) async fn serve(&self) -> Server {
        self.serve_allowing("").await
    }

    /// The same, and signals may be read from here.
    pub(crate) async fn serve_allowing(&self, allow: &str) -> Server {
        let allow = allow.parse().expect("an allow list");
        self.serve_as(|config| config.outbound.allow = allow).await
    }

    /// The same, by a server that waits half a second for what it calls.
    pub(crate) async fn serve_impatient(&self, allow: &str) -> Server {
        let allow = allow.parse().expect("an allow list");
        let change = |config: &mut Config| {
            config.outbound.allow = allow;
            config.outbound.timeout = Duration::from_millis(500);
        };
        self.serve_as(change).await
    }

    /// With a configuration that differs.
    pub(crate) async fn serve_as(&self, change: impl FnOnce(&mut Config)) -> Server {
        let mut config = Config::embedded(self.data_dir.clone()).accelerated(self.clock());
        config.database = Database::Url(self.database.url.clone());
        config.listen = ([127, 0, 0, 1], 0).into();
        // Tests ask more than people do.
        config.limits = server::Limits { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX };
        change(&mut config);
        Server::start(config).await.expect("a server")
    }

    pub(crate) async fn end(self) {
        self.simulator.shutdown().await;
        self.database.drop().await;
        let _ = std::fs::remove_dir_all(self.data_dir);
    }
}

/// The API, as a program uses it.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) base: String,
    pub(crate) token: String,
    pub(crate) http: reqwest::Client,
}

impl Api {
    pub(crate) fn new(address: std::net::SocketAddr, token: &str) -> Self {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .expect("an HTTP client");
        Self { base: format!("http://{address}/api/v1"), token: token.to_owned(), http }
    }

    /// Status and body; an error is no answer at all.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), reqwest::Error> {
        // Whatever is there: what a change is held against is the subject of the API's own tests.
        let replaces =
            matches!(method, "PUT" | "PATCH" | "DELETE") && !path.contains("/approvals/");
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if replaces && !path.starts_with("/tokens") {
            request = request.header("if-match", "*");
        }
        request = request.bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let (status, body) = self.call("GET", path, None).await.expect("an answer");
        assert_eq!(status, 200, "GET {path}: {body}");
        serde_json::from_value(body).expect("the documented body")
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> T {
        let body = serde_json::to_value(body).expect("JSON");
        let (status, body) = self.call("POST", path, Some(body)).await.expect("an answer");
        assert!((200..300).contains(&status), "POST {path}: {status} {body}");
        serde_json::from_value(body).expect("the documented body")
    }

    pub(crate) async fn create_tenant(&self, simulator: &Simulator, secret: &str) -> api::Tenant {
        let body = json!({ "name": "contoso", "connection": {
            "entra_tenant_id": DEFAULT_TENANT, "client_id": DEFAULT_CLIENT_ID,
            "credential": { "kind": "secret", "secret": secret },
            "graph_url": simulator.base_url(), "login_url": simulator.base_url() } });
        self.post("/tenants", &body).await
    }

    /// A tenant with its fleet read, three quick rings, and a rollout of the newest update.
    pub(crate) async fn start_rollout(&self, simulator: &Simulator, on_failure: &str) -> Started {
        let tenant = self.create_tenant(simulator, DEFAULT_CLIENT_SECRET).await;
        let at = format!("/tenants/{}", tenant.id);
        let set: api::RingSet = self.post(&format!("{at}/ring-sets"), &three_rings()).await;
        let set_path = format!("{at}/ring-sets/{}", set.id);
        for _ in 0..1_600 {
            let set: api::RingSet = self.get(&set_path).await;
            if set.members.iter().sum::<u32>() > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.roll_out(&at, set.id, on_failure).await
    }

    /// A rollout of the newest update over a ring set that is there.
    pub(crate) async fn roll_out(&self, at: &str, ring_set: Uuid, on_failure: &str) -> Started {
        let updates: api::List<api::Update> = self.get(&format!("{at}/updates")).await;
        let update = updates.items.first().expect("an update").clone();
        let release = json!({ "update_id": update.id, "name": "This month" });
        let release: api::Release = self.post(&format!("{at}/releases"), &release).await;
        // Among thirty devices there is evidence to stop, hardly ever as much as a rollback takes.
        let body = json!({ "release_id": release.id, "ring_set_id": ring_set,
            "on_gate_failure": on_failure, "evidence": { "roll_back_at": 100.0 } });
        let rollout: api::Rollout = self.post(&format!("{at}/rollouts"), &body).await;
        let path = format!("{at}/rollouts/{}", rollout.id);
        Started { rollout: rollout.id, path, update }
    }
}

/// A rollout that was started, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) rollout: Uuid,
    pub(crate) path: String,
    pub(crate) update: api::Update,
}

/// Short bakes and deferrals, so that a whole walk takes days and not weeks.
pub(crate) fn three_rings() -> api::CreateRingSet {
    let ring = |name: &str, percent, deferral_days| api::Ring {
        name: name.to_owned(),
        percent,
        groups: Vec::new(),
        deferral_days,
        deadline_days: 2,
        grace_days: 1,
        // Small rings: a failure or two of a healthy update, or a device gone dark, is no rarity
        // among thirty.
        gate: api::Gate {
            bake_hours: 6.0,
            max_failed_percent: 10.0,
            max_lost_percent: 10.0,
            ..api::Gate::default()
        },
        waves: api::Waves::default(),
        approvals: None,
        calendar: None,
    };
    let rings = vec![ring("Canary", 10, 0), ring("Early", 30, 1), ring("Broad", 60, 2)];
    api::CreateRingSet {
        // The same devices in the same rings every time: who fails in the first ring is part of a test, and
        // among few devices chance alone may hold a release.
        id: Some(Uuid::from_u128(14_104)),
        name: "Three".to_owned(),
        rings,
        rules: api::PlacementRules::default(),
    }
}

/// The same for a few devices, where one failure is a large share of a ring.
pub(crate) fn patient_rings() -> api::CreateRingSet {
    let mut set = three_rings();
    for ring in &mut set.rings {
        ring.gate.max_failed_percent = 60.0;
        ring.gate.max_lost_percent = 60.0;
        ring.gate.min_judged_percent = 50.0;
    }
    set
}

impl Api {
    /// Waits until the rollout is in one of `phases`; five minutes at most, for machines that do something else besides.
    pub(crate) async fn until(&self, started: &Started, phases: &[api::PhaseName]) -> api::Rollout {
        let mut last = None;
        for _ in 0..3_000 {
            // A server may be down for a moment in tests that kill it.
            if let Ok((200, body)) = self.call("GET", &started.path, None).await {
                let rollout: api::Rollout = serde_json::from_value(body).expect("a rollout");
                if phases.contains(&rollout.phase.name) {
                    return rollout;
                }
                last = Some(rollout);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it never gets to {phases:?}: {last:#?}");
    }
}
