//! A Graph that answers anything: what the client is told passes through here and is bent on the way. The
//! client answers with an error or with something it could read, in bounded time, and never panics.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use domain::ids::{DirectoryObjectId, EntraDeviceId};
use fastrand::Rng;
use msgraph::{Client, Connection, Credential, GraphError, Limits, SecretString};
use serde_json::{Map, Value, json};
use simulator::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Simulator};
use uuid::Uuid;

use crate::tenant::{config, limits};

/// Bent answers in a run of the tests; `CONCENTRIC_GRAPH_LIES=N` asks for more.
const ROUNDS: u64 = 400;
/// A round that takes longer does not end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between the client and the simulator.
#[derive(Clone)]
struct Liar {
    upstream: String,
    http: reqwest::Client,
    rng: Arc<Mutex<Rng>>,
}

async fn pass(
    State(liar): State<Liar>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Vec<u8>) {
    let url = format!("{}{uri}", liar.upstream);
    let mut request = liar.http.request(method, url).body(body);
    for name in ["host", "authorization", "content-type", "prefer", "consistencylevel"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("the simulator answers");
    let (status, body) = (answer.status(), answer.bytes().await.expect("a body").to_vec());
    let is_token = uri.path().ends_with("/token");
    let mut rng = liar.rng.lock().expect("one at a time");
    // Most tokens are good, or nothing else would be asked for.
    if is_token && rng.u8(..20) > 0 { (status, body) } else { (status, bent(&mut rng, body)) }
}

fn bent(rng: &mut Rng, mut body: Vec<u8>) -> Vec<u8> {
    match rng.u8(..8) {
        0 => {
            body.truncate(rng.usize(..=body.len()));
            body
        }
        1 => {
            for _ in 0..rng.usize(1..8) {
                if let Some(at) = (!body.is_empty()).then(|| rng.usize(..body.len())) {
                    body[at] = rng.u8(..);
                }
            }
            body
        }
        _ => match serde_json::from_slice::<Value>(&body) {
            Ok(mut value) => {
                for _ in 0..rng.usize(1..6) {
                    bend(rng, &mut value);
                }
                value.to_string().into_bytes()
            }
            Err(_) => body,
        },
    }
}

/// Goes down at random and changes what is there.
fn bend(rng: &mut Rng, value: &mut Value) {
    let goes_down = rng.u8(..8) > 0;
    match value {
        Value::Object(map) if goes_down && !map.is_empty() => {
            let at = rng.usize(..map.len());
            let name = map.keys().nth(at).cloned().unwrap_or_default();
            if rng.u8(..10) == 0 {
                map.remove(&name);
            } else if let Some(inner) = map.get_mut(&name) {
                bend(rng, inner);
            }
        }
        Value::Array(items) if goes_down && !items.is_empty() => {
            let at = rng.usize(..items.len());
            bend(rng, &mut items[at]);
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::String(_)
        | Value::Number(_)
        | Value::Bool(_)
        | Value::Null => *value = anything(rng),
    }
}

fn anything(rng: &mut Rng) -> Value {
    match rng.u8(..17) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(1e308),
        5 => json!(""),
        6 => json!("\u{0}\u{202e}\u{fffd}"),
        7 => json!("x".repeat(70_000)),
        8 => json!([]),
        9 => Value::Object(Map::new()),
        10 => json!("-262144-12-31T23:59:60Z"),
        11 => json!("9999-12-31T23:59:59.9999999Z"),
        12 => json!(Uuid::from_u128(rng.u128(..))),
        13 => json!("10.0.4294967296.-1"),
        14 => json!("http://127.0.0.1:9/elsewhere"),
        15 => json!("unknownFutureValue"),
        _ => json!([[{ "value": [null] }]]),
    }
}

fn client(address: SocketAddr) -> Client {
    let url = || format!("http://{address}/").parse().expect("a URL");
    let connection = Connection {
        entra_tenant: DEFAULT_TENANT.into(),
        client_id: DEFAULT_CLIENT_ID,
        credential: Credential::Secret(SecretString::from(DEFAULT_CLIENT_SECRET)),
        graph_url: url(),
        login_url: url(),
    };
    // One answer decides: patience is another test's business.
    Client::new(connection, Limits { attempts: 2, ..limits() }).expect("a client")
}

/// One thing that the service reads of Graph.
async fn read(client: &Client, what: u8) -> Result<(), GraphError> {
    let device = EntraDeviceId(Uuid::from_u128(1));
    let object = DirectoryObjectId(Uuid::from_u128(2));
    match what {
        0 => client.verify().await,
        1 => client.quality_updates().await.map(drop),
        2 => client.feature_updates().await.map(drop),
        3 => client.managed_devices(None)?.all().await.map(drop),
        4 => client.directory_devices()?.all().await.map(drop),
        5 => client.organization().await.map(drop),
        6 => client.subscribed_skus().await.map(drop),
        7 => {
            for product in client.products().await? {
                client.known_issues(&product).await?;
            }
            Ok(())
        }
        8 => client.users_named(&["a", "b"]).await.map(drop),
        9 => client.groups_named("concentric").await.map(drop),
        10 => client.intune_settings().await.map(drop),
        11 => client.security_defaults().await.map(drop),
        12 => client.conditional_access_policies().await.map(drop),
        13 => client.service_principal(DEFAULT_CLIENT_ID).await.map(drop),
        14 => client.update_rings().await.map(drop),
        15 => client.quality_policies_named("concentric").await.map(drop),
        16 => client.asset(device).await.map(drop),
        17 => client.group_delta(&[object], None).await.map(drop),
        18 => {
            let mut pages = client.device_delta(None)?;
            while pages.next().await?.is_some() {}
            Ok(())
        }
        19 => client.group_members(object).await.map(drop),
        20 => client.directory_devices_of(&[object]).await.map(drop),
        21 => client.quality_update_status("policy").await.map(drop),
        22 => client.feature_update_status("profile").await.map(drop),
        _ => client.create_audience().await.map(drop),
    }
}

const READS: u8 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_graph_answers_the_client_goes_on() {
    let rounds = std::env::var("CONCENTRIC_GRAPH_LIES").ok().and_then(|text| text.parse().ok());
    let simulator = Simulator::start(config(40, 1.0)).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let rng = Arc::new(Mutex::new(Rng::new()));
    let liar = Liar {
        upstream: simulator.base_url().trim_end_matches('/').to_owned(),
        http: reqwest::Client::new(),
        rng: Arc::clone(&rng),
    };
    let app = Router::new().fallback(pass).with_state(liar);
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    let (mut read_well, mut refused) = (0, 0);
    for seed in 0..rounds.unwrap_or(ROUNDS) {
        // The same lies in every run, each round by itself.
        *rng.lock().unwrap() = Rng::with_seed(seed);
        let what = u8::try_from(seed % u64::from(READS)).unwrap();
        let client = client(address);
        let found = tokio::time::timeout(PATIENCE, read(&client, what)).await;
        match found.unwrap_or_else(|_| panic!("seed {seed}: no end of read {what}")) {
            Ok(()) => read_well += 1,
            Err(error) => {
                refused += 1;
                let text = error.to_string();
                assert!(text.len() < 2_000, "seed {seed}: {} bytes of error", text.len());
                assert!(!text.contains(DEFAULT_CLIENT_SECRET), "seed {seed}");
            }
        }
    }
    // Both happen, or nothing was tried.
    assert!(read_well > 50 && refused > 50, "{read_well} read, {refused} refused");
    serving.abort();
    simulator.shutdown().await;
}
