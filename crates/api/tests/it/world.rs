//! The router over a database of its own, on the server that `DATABASE_URL` names, and a fleet.

use std::sync::{Arc, Mutex};

use api::SignIn;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use domain::build::Build;
use domain::ids::{DirectoryObjectId, EntraDeviceId, IntuneDeviceId, RolloutId, TenantId};
use domain::registration::Traits;
use domain::registration::facts::{Agent, Architecture, Join, Owner, System};
use domain::ring::RingIndex;
use domain::rollout::phase::Event;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::catalog::{ImportedUpdate, UpdateBuild};
use store::devices::ImportedDevice;
use store::tokens::{Grant, NewToken, Role};
use store::{Options, Store};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

const NEW: Build = Build { major: 10, minor: 0, build: 26100, revision: 200 };
const OLD: Build = Build { major: 10, minor: 0, build: 26100, revision: 100 };

/// A moment, in hours after the start of the story.
pub(crate) fn hour(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

pub(crate) struct World {
    pub(crate) router: Router,
    state: api::State,
    pub(crate) store: Store,
    pub(crate) closing: CancellationToken,
    pub(crate) clock: Arc<Mutex<DateTime<Utc>>>,
    /// An admin of every tenant.
    pub(crate) admin: String,
    // Dropped last: the store has to let go of it first.
    database: Database,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Status, code, detail and errors of a problem, a line each.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["trace_id"], self.headers["x-request-id"].to_str().unwrap());
        let code = self.body["code"].as_str().unwrap();
        assert_eq!(self.body["type"], format!("/problems/{}", code.replace('_', "-")));
        let mut lines = format!("{} {code}: {}", self.status.as_u16(), text(&self.body["detail"]));
        for error in self.body["errors"].as_array().into_iter().flatten() {
            let (pointer, detail) = (text(&error["pointer"]), text(&error["detail"]));
            lines = format!("{lines}\n  {pointer}: {detail}");
        }
        lines
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::limited(crate::limits::NONE).await
    }

    /// With limits to how much one caller may ask.
    pub(crate) async fn limited(limits: api::Limits) -> Self {
        Self::of(limits, |sign_in| sign_in).await
    }

    /// Where people sign in in a way of their own.
    pub(crate) async fn signing_in(how: impl FnOnce(SignIn) -> SignIn) -> Self {
        Self::of(crate::limits::NONE, how).await
    }

    async fn of(limits: api::Limits, how: impl FnOnce(SignIn) -> SignIn) -> Self {
        let database = Database::new().await;
        Store::migrate(&database.url).await.expect("the migrations apply");
        let options = Options { url: database.url.clone(), max_connections: 6, key: [7; 32] };
        let store = Store::connect(&options).await.expect("the store connects");
        let clock = Arc::new(Mutex::new(hour(0)));
        let closing = CancellationToken::new();
        let read = clock.clone();
        let now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> =
            Arc::new(move || *read.lock().unwrap());
        let own = "http://127.0.0.1:8080".parse().unwrap();
        let sign_in = how(SignIn::new(None, own).by_clock(now.clone()));
        let state = api::State::from(api::StateParts {
            store: store.clone(),
            now,
            closing: closing.clone(),
            signals: Arc::new(crate::signals::Passing),
            limits,
            audit: api::Audit::default(),
            sign_in,
            answers: api::Answers::default(),
        });
        let router = api::router(state.clone());
        let admin = store.token_first(hour(0)).await.unwrap().expect("the first token");
        Self { router, state, store, closing, clock, admin, database }
    }

    /// The same, signing in in another way.
    pub(crate) fn with_sign_in(mut self, sign_in: SignIn) -> Self {
        self.state = api::State::from(api::StateParts { sign_in, ..(*self.state).clone() });
        self.router = api::router(self.state.clone());
        self
    }

    pub(crate) fn set_hour(&self, hours: i64) {
        *self.clock.lock().unwrap() = hour(hours);
    }

    pub(crate) async fn token(&self, role: Role, tenant: Option<TenantId>) -> String {
        let grant = Grant::of(role, tenant);
        let new = NewToken { name: format!("{role:?}"), grant, expires_at: None };
        self.store.token_create(&new, "first", hour(0)).await.unwrap().1
    }

    /// The token of somebody of this name who runs releases and approves those of others.
    pub(crate) async fn person(&self, name: &str) -> String {
        let new = NewToken {
            name: name.to_owned(),
            grant: Grant {
                roles: [Role::ReleaseManager, Role::Approver].into_iter().collect(),
                tenant: None,
                ring_sets: None,
            },
            expires_at: None,
        };
        self.store.token_create(&new, "first", hour(0)).await.unwrap().1
    }

    /// A file, as an administrator gets it.
    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.admin));
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        Answer { status, headers, body }
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let changes = [Method::PUT, Method::PATCH, Method::DELETE].contains(&method);
        let mut request = Request::builder().method(method).uri(path);
        // Whatever is there: what a change is held against is the subject of `conditional`.
        let has_none =
            ["/api/v1/tokens", "/api/v1/sessions"].iter().any(|one| path.starts_with(one));
        if changes && !has_none && !path.contains("/approvals/") {
            request = request.header("if-match", "*");
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = match body {
            None => request.body(Body::empty()),
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
        };
        self.send(request.unwrap()).await
    }

    /// Runs SQL past the store, as nobody should.
    pub(crate) async fn execute(&self, sql: &str) {
        execute(&self.database.url, sql.to_owned()).await.expect("it runs");
    }

    /// One column of texts, read past the store.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        self.texts_of(sql).await
    }

    /// The same of a statement that is put together.
    pub(crate) async fn texts_of(&self, sql: &str) -> Vec<String> {
        let mut raw = PgConnection::connect(&self.database.url).await.expect("a connection");
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_all(&mut raw).await.expect("it runs")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Some(&self.admin), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&self.admin), Some(&body)).await
    }

    /// A tenant, made through the API.
    pub(crate) async fn tenant(&self, name: &str) -> TenantId {
        let made = self.post("/api/v1/tenants", tenant_body(name)).await.expect(201);
        TenantId(id(&made))
    }

    /// A rollout over a fleet of 100, 20 of them in its first ring, which has not opened yet.
    pub(crate) async fn rollout(&self, tenant: TenantId) -> RolloutId {
        self.rollout_over(tenant, ring_set_body()).await
    }

    /// The same over rings of one's own; who belongs to them is set here.
    pub(crate) async fn rollout_over(&self, tenant: TenantId, mut set: Value) -> RolloutId {
        let fleet: Vec<_> = (0..100).map(|number| device(tenant, number)).collect();
        self.store.device_import(tenant, &fleet).await.expect("a fleet");
        self.store.catalog_import(tenant, &[update()]).await.expect("a catalogue");
        let base = format!("/api/v1/tenants/{tenant}");
        let updates = self.get(&format!("{base}/updates")).await.expect(200);
        let release = json!({ "update_id": updates["items"][0]["id"], "name": "November" });
        let release = self.post(&format!("{base}/releases"), release).await.expect(201);
        // By group: shares depend on ids, which are new each time.
        let pilots = DirectoryObjectId(Uuid::from_u128(99));
        let members: Vec<_> = fleet.iter().filter_map(|device| device.object).take(20).collect();
        self.store.group_replace(tenant, pilots, &members, &[], hour(0)).await.expect("a group");
        set["rings"][0]["groups"] = json!([pilots]);
        (set["rings"][0]["percent"], set["rings"][1]["percent"]) = (json!(0), json!(100));
        let set = self.post(&format!("{base}/ring-sets"), set).await.expect(201);
        let place = format!("{base}/ring-sets/{}/place", id(&set));
        self.call(Method::POST, &place, Some(&self.admin), None).await.expect(200);
        let body = json!({ "release_id": release["id"], "ring_set_id": set["id"] });
        RolloutId(id(&self.post(&format!("{base}/rollouts"), body).await.expect(201)))
    }

    /// What the planner would record.
    pub(crate) async fn record(&self, tenant: TenantId, rollout: RolloutId, event: Event) {
        let snapshot = self.store.rollout_snapshot(tenant, rollout).await.unwrap();
        let now = *self.clock.lock().unwrap();
        self.store.rollout_record(tenant, rollout, &snapshot, event, now).await.unwrap();
    }

    /// Opens the first ring and offers a wave of it.
    pub(crate) async fn start(&self, tenant: TenantId, rollout: RolloutId) {
        let ring = RingIndex::FIRST;
        self.record(tenant, rollout, Event::RingOpened { ring }).await;
        self.record(tenant, rollout, Event::WaveOffered { ring, wave: 0, devices: 4 }).await;
    }

    /// Takes the database away from under the store.
    pub(crate) async fn lose_the_database(&mut self) {
        let Database { server, name, .. } = &self.database;
        execute(server, format!("drop database {name} with (force)")).await.unwrap();
    }

    /// Everything that is stored, as one text, to look for what must not be there.
    pub(crate) async fn dump(&self) -> String {
        let mut raw = PgConnection::connect(&self.database.url).await.unwrap();
        let sql = "select string_agg(t::text, ' ') from tenant t";
        sqlx::query_scalar(sql).fetch_one(&mut raw).await.unwrap()
    }
}

pub(crate) fn id(body: &Value) -> Uuid {
    text(&body["id"]).parse().unwrap()
}

pub(crate) fn tenant_body(name: &str) -> Value {
    json!({
        "name": name,
        "connection": {
            "entra_tenant_id": Uuid::now_v7(),
            "client_id": Uuid::from_u128(7),
            "credential": { "kind": "secret", "secret": "correct horse" },
        },
    })
}

pub(crate) fn ring_set_body() -> Value {
    let ring = |name: &str, percent: u8| {
        json!({
            "name": name, "percent": percent, "deferral_days": 0, "deadline_days": 2,
            "grace_days": 1, "waves": { "least": 4, "most": 20, "percent": 10 },
        })
    };
    json!({ "name": "Standard", "rings": [ring("First", 20), ring("Broad", 80)] })
}

pub(crate) fn device(tenant: TenantId, number: u128) -> ImportedDevice {
    // Entra ids are unique in the world, not in a tenant.
    let own = |kind: u128| Uuid::from_u128(tenant.0.as_u128() ^ (kind << 40 | number));
    ImportedDevice {
        intune: IntuneDeviceId(own(1)),
        entra_device: Some(EntraDeviceId(own(2))),
        object: Some(DirectoryObjectId(own(3))),
        name: format!("PC-{number:04}"),
        manufacturer: "Contoso".to_owned(),
        model: "Model 1".to_owned(),
        serial: format!("S{number}"),
        build: Some(OLD),
        last_sync: Some(hour(0)),
        traits: Traits {
            system: System::Windows,
            owner: Owner::Company,
            agent: Agent::Intune,
            join: Join::Entra,
            enabled: true,
            architecture: Architecture::X64,
            edition: "Enterprise".to_owned(),
            edition_number: Some(4),
            ..Traits::default()
        },
    }
}

pub(crate) fn update() -> ImportedUpdate {
    let build = UpdateBuild {
        build: NEW,
        product: "Windows 11".to_owned(),
        version: "24H2".to_owned(),
        kb: Some("KB1".to_owned()),
        is_hotpatch: false,
    };
    ImportedUpdate {
        kind: domain::update::UpdateKind::Quality,
        version: None,
        channel: None,
        catalog_entry_id: "entry".to_owned(),
        title: "2026-11 Security".to_owned(),
        short_name: "2026.11 B".to_owned(),
        classification: "security".to_owned(),
        cadence: "monthly".to_owned(),
        kb: None,
        released_at: hour(0),
        deployable_until: None,
        is_expeditable: true,
        details: domain::update::details::Details::default(),
        builds: vec![build],
    }
}

/// Lives as long as this does.
struct Database {
    url: String,
    server: String,
    name: String,
}

impl Database {
    async fn new() -> Self {
        let server = std::env::var("DATABASE_URL").expect("DATABASE_URL; run cargo xtask test");
        let name = format!("concentric_api_{}", Uuid::now_v7().simple());
        execute(&server, format!("create database {name}")).await.expect("a new database");
        let (start, query) = server.split_once('?').unwrap_or((&server, ""));
        let (host, _) = start.rsplit_once('/').expect("a URL with a database");
        Self { url: format!("{host}/{name}?{query}"), server, name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let sql = format!("drop database if exists {name} with (force)");
            runtime.expect("a runtime").block_on(execute(&server, sql))
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("{}: {error}", self.name);
        }
    }
}

async fn execute(url: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut admin = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
    admin.close().await
}
