//! A database with a tenant, a fleet, rings and a rollout, by short names.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::gate::Gate;
use domain::ids::{
    DirectoryObjectId, EntraDeviceId, EntraTenantId, IntuneDeviceId, ReleaseId, RingSetId,
    RolloutId, TenantId, UpdateId,
};
use domain::registration::Traits;
use domain::registration::facts::{Agent, Architecture, Join, Owner, System};
use domain::ring::{Cadence, Membership, Ring, RingIndex, RingSet, WaveLimit};
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::rollout::plan::OnGateFailure;
use domain::tally::Tally;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use store::catalog::{ImportedUpdate, UpdateBuild};
use store::devices::ImportedDevice;
use store::page::Page;
use store::registration::Scope;
use store::rollouts::{NewRollout, Request};
use store::tenants::{Credential, GraphConnection, NewTenant};
use store::{Options, Store, StoreError};
use uuid::Uuid;

pub(crate) const OLD: Build = Build { major: 10, minor: 0, build: 26100, revision: 100 };
pub(crate) const NEW: Build = Build { major: 10, minor: 0, build: 26100, revision: 200 };
pub(crate) const ALL: Page = Page { after: None, limit: 500 };
pub(crate) const FIRST: RingIndex = RingIndex(0);

pub(crate) fn hour(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

/// A database that lives as long as this does.
pub(crate) struct Database {
    pub(crate) url: String,
    server: String,
    name: String,
}

impl Database {
    pub(crate) async fn bare() -> Self {
        let server = std::env::var("DATABASE_URL").expect("DATABASE_URL; run cargo xtask test");
        let name = format!("concentric_test_{}", Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(&server).await.expect("the server answers");
        sqlx::raw_sql(AssertSqlSafe(format!("create database {name}")))
            .execute(&mut admin)
            .await
            .expect("a new database");
        let (start, query) =
            server.split_once('?').map_or((server.as_str(), None), |(a, b)| (a, Some(b)));
        let (host, _) = start.rsplit_once('/').expect("a URL with a database");
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("{host}/{name}{query}");
        Self { url, server, name }
    }

    pub(crate) async fn new() -> Self {
        let database = Self::bare().await;
        Store::migrate(&database.url).await.expect("the migrations apply");
        database
    }

    pub(crate) fn options(&self) -> Options {
        Options { url: self.url.clone(), max_connections: 6, key: [7; 32] }
    }

    pub(crate) async fn store(&self) -> Store {
        Store::connect(&self.options()).await.expect("the store connects")
    }

    /// A connection of the superuser, to look behind the store's back.
    pub(crate) async fn raw(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the database answers")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&server).await?;
                let drop = format!("drop database if exists {name} with (force)");
                sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut admin).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("{}: {error}", self.name);
        }
    }
}

pub(crate) async fn execute(connection: &mut PgConnection, sql: &str) -> Result<u64, sqlx::Error> {
    Ok(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?.rows_affected())
}

pub(crate) async fn number(connection: &mut PgConnection, sql: &str) -> i64 {
    let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await;
    row.expect("a number").get(0)
}

pub(crate) fn connection(number: u128) -> GraphConnection {
    GraphConnection {
        entra_tenant: EntraTenantId(Uuid::from_u128(number)),
        client_id: Uuid::from_u128(7),
        graph_url: "https://graph.example".to_owned(),
        login_url: "https://login.example".to_owned(),
        credential: Credential::Secret("correct horse".to_owned()),
        credential_expires: None,
    }
}

pub(crate) async fn tenant(store: &Store, number: u128) -> TenantId {
    let new = NewTenant { name: format!("Tenant {number}"), connection: connection(number) };
    store.tenant_create(&new, "ana", hour(0)).await.expect("a tenant").id
}

pub(crate) fn device(number: u128) -> ImportedDevice {
    ImportedDevice {
        intune: IntuneDeviceId(Uuid::from_u128(0x1_0000_0000 + number)),
        entra_device: Some(EntraDeviceId(Uuid::from_u128(0x2_0000_0000 + number))),
        object: Some(DirectoryObjectId(Uuid::from_u128(0x3_0000_0000 + number))),
        name: format!("PC-{number:06}"),
        manufacturer: "Contoso".to_owned(),
        model: format!("Model {}", number % 5),
        serial: format!("S{number}"),
        build: Some(OLD),
        last_sync: Some(hour(0)),
        traits: traits(),
    }
}

/// What nothing is wrong with.
pub(crate) fn traits() -> Traits {
    Traits {
        system: System::Windows,
        owner: Owner::Company,
        agent: Agent::Intune,
        workloads: None,
        join: Join::Entra,
        enabled: true,
        architecture: Architecture::X64,
        edition: "Enterprise".to_owned(),
        edition_number: Some(4),
        category: String::new(),
    }
}

pub(crate) fn group(number: u128) -> DirectoryObjectId {
    DirectoryObjectId(Uuid::from_u128(0x9_0000_0000 + number))
}

pub(crate) fn fleet(devices: u128) -> Vec<ImportedDevice> {
    (0..devices).map(device).collect()
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

pub(crate) fn ring(name: &str, percent: u8, groups: Vec<DirectoryObjectId>) -> Ring {
    Ring {
        name: name.to_owned(),
        membership: Membership { percent, groups },
        cadence: Cadence { deferral_days: 0, deadline_days: 2, grace_days: 1 },
        gate: Gate::DEFAULT,
        waves: WaveLimit { least: 10, most: 50, percent: 10 },
        approvals: None,
        calendar: None,
    }
}

pub(crate) fn rings() -> RingSet {
    let rings = vec![ring("First", 30, vec![]), ring("Broad", 70, vec![])];
    RingSet::new("Rings".to_owned(), rings).expect("a good set")
}

/// A tenant whose fleet stands before a rollout that has opened its first ring.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) update: UpdateId,
    pub(crate) release: ReleaseId,
    pub(crate) ring_set: RingSetId,
    pub(crate) rollout: RolloutId,
}

impl World {
    /// Which ring a device falls into differs from run to run (the ring set's id seeds placement).
    /// With 200 devices fewer than 20 in the first ring happens once in 10^12 runs: a test that
    /// offers a wave takes that many.
    pub(crate) async fn of(devices: u128) -> Self {
        Self::of_devices(&fleet(devices)).await
    }

    pub(crate) async fn of_devices(devices: &[ImportedDevice]) -> Self {
        let database = Database::new().await;
        let store = database.store().await;
        let tenant = tenant(&store, 1).await;
        store.device_import(tenant, devices).await.expect("a fleet");
        let (update, release, ring_set, rollout) = rollout(&store, tenant).await;
        let world = Self { database, store, tenant, update, release, ring_set, rollout };
        world.record(Event::RingOpened { ring: FIRST }, hour(1)).await.expect("the ring opens");
        world
    }

    pub(crate) async fn record(&self, event: Event, at: DateTime<Utc>) -> Result<i64, StoreError> {
        let snapshot = self.store.rollout_snapshot(self.tenant, self.rollout).await?;
        self.store.rollout_record(self.tenant, self.rollout, &snapshot, event, at).await
    }

    /// Offers the next wave of the first ring.
    pub(crate) async fn offer(&self, devices: u32, at: DateTime<Utc>) -> Result<i64, StoreError> {
        let snapshot = self.store.rollout_snapshot(self.tenant, self.rollout).await?;
        let wave = snapshot.observations.ring(FIRST).waves;
        let event = Event::WaveOffered { ring: FIRST, wave, devices };
        self.store.rollout_record(self.tenant, self.rollout, &snapshot, event, at).await
    }

    pub(crate) async fn request(&self, wish: Wish, at: DateTime<Utc>) -> Result<(), StoreError> {
        let request = Request {
            wish,
            promoted: None,
            take_back: false,
            actor: "ana".to_owned(),
            reason: None,
        };
        self.store.rollout_request(self.tenant, self.rollout, &request, at).await.map(|_| ())
    }

    pub(crate) async fn tally(&self, ring: RingIndex) -> Tally {
        let row = self.store.rollout_fetch(self.tenant, self.rollout).await.expect("the rollout");
        row.rings[ring.slot()].tally
    }

    /// Entra ids in the order of offers, with the state of each, of the first ring.
    pub(crate) async fn attempts(&self) -> Vec<(EntraDeviceId, AttemptState, Option<i32>)> {
        let rows = sqlx::query(
            "select d.entra_device_id, a.state, a.wave from attempt a
             join device d on d.id = a.device_id
             where a.rollout_id = $1 and a.ring = 0 order by a.position, a.device_id",
        )
        .bind(self.rollout.0)
        .fetch_all(&mut self.database.raw().await)
        .await
        .expect("attempts");
        rows.iter()
            .map(|row| {
                let state = AttemptState::from_code(row.get(1)).expect("a state");
                (EntraDeviceId(row.get(0)), state, row.get(2))
            })
            .collect()
    }

    /// I13: counters equal a recount.
    pub(crate) async fn check_tally(&self) {
        let wrong = number(
            &mut self.database.raw().await,
            "select count(*) from tally t full join (
                 select rollout_id, ring, aside, state, count(*) as devices,
                     sum(case when state = 8 then extract(epoch from state_at)::bigint else 0 end) as seconds
                 from attempt group by 1, 2, 3, 4
             ) a using (rollout_id, ring, aside, state)
             where coalesce(t.devices, -1) <> coalesce(a.devices, 0)
                 or coalesce(t.seconds, -1) <> coalesce(a.seconds, 0)",
        )
        .await;
        assert_eq!(wrong, 0, "counters differ from a recount");
        let wrong = number(
            &mut self.database.raw().await,
            "select count(*) from segment_tally t full join (
                 select rollout_id, ring, segment,
                     count(*) filter (where state not in (0, 2, 3, 12)) as offered,
                     count(*) filter (where state = 7) as failed,
                     count(*) filter (where state = 6) as lost
                 from attempt cross join lateral unnest(segments) as segment
                 where not aside group by 1, 2, 3
             ) a using (rollout_id, ring, segment)
             where coalesce(t.offered, -1) <> coalesce(a.offered, 0)
                 or coalesce(t.failed, -1) <> coalesce(a.failed, 0)
                 or coalesce(t.lost, -1) <> coalesce(a.lost, 0)",
        )
        .await;
        assert_eq!(wrong, 0, "segments differ from a recount");
        let wrong = number(
            &mut self.database.raw().await,
            "select count(*) from failure_tally t full join (
                 select rollout_id, ring, state, coalesce(code, '') as code, count(*) as devices
                 from attempt where state in (6, 7) group by 1, 2, 3, 4
             ) a using (rollout_id, ring, state, code)
             where coalesce(t.devices, -1) <> coalesce(a.devices, 0)",
        )
        .await;
        assert_eq!(wrong, 0, "failures differ from a recount");
    }
}

/// Registers what is due, and places it.
pub(crate) async fn settle(store: &Store, tenant: TenantId, at: DateTime<Utc>) {
    store.registration_run(tenant, Scope::Due, at).await.expect("registration");
    store.ring_set_place_due(tenant, at).await.expect("placement");
}

pub(crate) async fn rollout(
    store: &Store,
    tenant: TenantId,
) -> (UpdateId, ReleaseId, RingSetId, RolloutId) {
    store.catalog_import(tenant, &[update()]).await.expect("a catalogue");
    let update = store.update_list(tenant, ALL).await.expect("updates")[0].id;
    let release = store
        .release_create(
            tenant,
            store::releases::NewRelease { update, name: "November", delivery: None },
            "ana",
            hour(0),
        )
        .await;
    let release = release.expect("a release").id;
    let set = store.ring_set_create(tenant, &rings(), "ana", hour(0)).await.expect("a ring set");
    store.registration_run(tenant, Scope::Due, hour(0)).await.expect("registration");
    store.ring_set_place(tenant, set.id, hour(0)).await.expect("placement");
    let new = new_rollout(release, set.id);
    let row = store.rollout_create(tenant, &new, "ana", hour(0)).await.expect("a rollout");
    (update, release, set.id, row.id)
}

pub(crate) fn new_rollout(release: ReleaseId, ring_set: RingSetId) -> NewRollout {
    NewRollout {
        release,
        ring_set,
        starts_at: None,
        choices: domain::gate::policy::Choices::default(),
        on_gate_failure: OnGateFailure::Pause,
        inactive_after: TimeDelta::days(28),
    }
}
