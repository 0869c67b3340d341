//! The key that seals credentials is replaced: killed half-way, done again, and while a server runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use domain::ids::{SignalId, TenantId};
use serde_json::json;
use server::{Database, KeySource, rotate};
use simulator::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Scenario};
use sqlx::{Connection as _, Executor as _};
use store::Store;
use store::tenants::Credential;
use tokio::process::Command;
use uuid::Uuid;

use crate::organisation::eventually;
use crate::stack::{Api, Stack, Wish};

const SIGNAL_SECRET: &str = "the secret of a signal";

/// What is sealed in one world.
struct Sealed {
    url: String,
    file: PathBuf,
    tenant: TenantId,
    signal: SignalId,
}

impl Sealed {
    fn keys(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.file).expect("the key file");
        text.lines().map(str::to_owned).collect()
    }

    /// What opens with one key alone: the credential of the tenant, and that of the signal.
    async fn opens(&self, key: &str) -> [bool; 2] {
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&key[at..at + 2], 16).expect("hexadecimal digits");
        }
        let options = store::Options { url: self.url.clone(), max_connections: 2, key: bytes };
        let store = Store::connect(&options).await.expect("the store connects");
        let connection = store.tenant_connection(self.tenant).await;
        let of_tenant = connection.is_ok_and(|connection| {
            connection.credential == Credential::Secret(DEFAULT_CLIENT_SECRET.to_owned())
        });
        let of_signal = store.signal_secret(self.tenant, self.signal).await;
        [of_tenant, of_signal.is_ok_and(|secret| secret.as_deref() == Some(SIGNAL_SECRET))]
    }
}

async fn sealed(stack: &Stack, api: &Api) -> Sealed {
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let body = json!({ "name": "Errors", "owner": "net-ops", "interval_minutes": 60,
        "max_age_minutes": 120, "failure_limit": 1, "consecutive_error_limit": 3,
        "secret": SIGNAL_SECRET,
        "source": { "kind": "webhook", "url": "https://gate.example/" } });
    let signal: api_types::Signal =
        api.post(&format!("/tenants/{}/signals", tenant.id), &body).await;
    Sealed {
        url: stack.database.url.clone(),
        file: stack.data_dir.join("secret.key"),
        tenant: TenantId(tenant.id),
        signal: SignalId(signal.id),
    }
}

fn rotating(url: &str, file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_system-test-server"));
    command.args(["rotate", url]).arg(file).stdout(Stdio::null()).stderr(Stdio::null());
    command.kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_is_killed_goes_on_where_it_was() {
    let stack = Stack::new(Wish { devices: 20, speed: 1.0, scenario: Scenario::Healthy }).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let sealed = sealed(&stack, &api).await;
    server.shutdown().await;
    let before = sealed.keys();
    assert_eq!(before.len(), 1);
    assert_eq!(sealed.opens(&before[0]).await, [true, true]);

    // Somebody who writes keeps it waiting in the midst of its transaction, where it is killed.
    let mut writer = stack.database.connect().await;
    let mut writing = writer.begin().await.expect("a transaction");
    writing.execute("lock table signal in row exclusive mode").await.expect("a lock");
    let mut child = rotating(&sealed.url, &sealed.file).spawn().expect("it starts");
    let mut raw = stack.database.connect().await;
    eventually("it waits for who writes", async || {
        let sql =
            "select count(*) from pg_locks where not granted and relation = 'signal'::regclass";
        let queued: i64 = sqlx::query_scalar(sql).fetch_one(&mut raw).await.expect("a count");
        (queued > 0).then_some(())
    })
    .await;
    child.kill().await.expect("it can be killed");
    writing.rollback().await.expect("the lock goes");
    let between = sealed.keys();
    assert_eq!((between.len(), &between[1]), (2, &before[0]), "both keys are there");
    assert_eq!(sealed.opens(&before[0]).await, [true, true], "and nothing changed yet");
    assert_eq!(sealed.opens(&between[0]).await, [false, false]);
    // A server starts in between, and reads what is there.
    let server = stack.serve().await;
    let api = Api::new(server.address(), &api.token);
    synced(&api, &sealed).await;
    server.shutdown().await;

    let status = rotating(&sealed.url, &sealed.file).status().await.expect("it runs");
    assert!(status.success(), "{status}");
    let after = sealed.keys();
    assert_eq!(after, between[..1], "with the key that was made the first time, and no other");
    assert_eq!(sealed.opens(&after[0]).await, [true, true]);
    assert_eq!(sealed.opens(&before[0]).await, [false, false]);
    let actors = "select actor from event where kind = 'credentials_resealed'";
    let actors: Vec<String> = sqlx::query_scalar(actors).fetch_all(&mut raw).await.expect("rows");
    assert_eq!(actors, ["concentric"], "it stands in the history once");
    stack.end().await;
}

/// Reads the tenant from Graph, for which the credential is opened.
async fn synced(api: &Api, sealed: &Sealed) {
    let path = format!("/tenants/{}", sealed.tenant);
    let tenant: api_types::Tenant = api.get(&path).await;
    let last = tenant.synced_at;
    let (status, body) = api.call("POST", &format!("{path}/sync"), None).await.expect("an answer");
    assert_eq!(status, 202, "{body}");
    eventually("the tenant is read again", async || {
        let tenant: api_types::Tenant = api.get(&path).await;
        (tenant.synced_at > last).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_go_on_while_the_key_is_replaced() {
    let stack = Stack::new(Wish { devices: 20, speed: 1.0, scenario: Scenario::Healthy }).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let sealed = sealed(&stack, &api).await;
    synced(&api, &sealed).await;
    let old = sealed.keys();
    let source = KeySource::File(sealed.file.clone());
    let database = Database::Url(sealed.url.clone());
    let rotated = rotate(&source, &database).await.expect("it works");
    assert_eq!((rotated.all, rotated.resealed, rotated.resumed, rotated.left), (2, 2, false, 0));
    let new = sealed.keys();
    assert_eq!((new.len(), new == old), (1, false));
    // The server opens what is under a key that it had not known, and seals under it.
    synced(&api, &sealed).await;
    let connection = json!({ "entra_tenant_id": DEFAULT_TENANT, "client_id": DEFAULT_CLIENT_ID,
        "credential": { "kind": "secret", "secret": DEFAULT_CLIENT_SECRET },
        "graph_url": stack.simulator.base_url(), "login_url": stack.simulator.base_url() });
    let path = format!("/tenants/{}/connection", sealed.tenant);
    let (status, body) = api.call("PUT", &path, Some(connection)).await.expect("an answer");
    assert_eq!(status, 200, "{body}");
    assert_eq!(sealed.opens(&new[0]).await, [true, true]);
    // Nothing to do, but another key each time.
    let again = rotate(&source, &database).await.expect("it works");
    assert_eq!((again.all, again.resealed), (2, 2));
    assert_ne!(sealed.keys(), new);
    server.shutdown().await;
    stack.end().await;
}

/// From another source the new key is put first by whoever runs it; nothing is written there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_command_gives_the_new_key_first() {
    let stack = Stack::new(Wish { devices: 20, speed: 1.0, scenario: Scenario::Healthy }).await;
    let keys = std::env::temp_dir().join(format!("concentric-keys-{}", Uuid::new_v4()));
    std::fs::write(&keys, "07".repeat(32)).expect("it is written");
    let source = KeySource::Command(format!("cat {}", keys.display()));
    let server = stack.serve_as(|config| config.keys = source.clone()).await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let sealed = sealed(&stack, &api).await;
    assert!(!sealed.file.exists(), "there is no second key");
    let database = Database::Url(sealed.url.clone());
    let nothing = rotate(&source, &database).await.expect("it works");
    assert_eq!((nothing.all, nothing.resealed, nothing.left), (2, 0, 0));
    std::fs::write(&keys, format!("{}\n{}\n", "08".repeat(32), "07".repeat(32))).expect("written");
    let rotated = rotate(&source, &database).await.expect("it works");
    assert_eq!((rotated.all, rotated.resealed, rotated.left), (2, 2, 1));
    std::fs::write(&keys, "08".repeat(32)).expect("it is written");
    synced(&api, &sealed).await;
    assert_eq!(sealed.opens(&"08".repeat(32)).await, [true, true]);
    server.shutdown().await;
    std::fs::remove_file(keys).expect("it goes");
    stack.end().await;
}
