//! A simulated tenant and a Graph client for it.

use std::time::{Duration, SystemTime};

use msgraph::{Client, Connection, Credential, Limits, SecretString};
use serde_json::Value;
use simulator::{Config, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Simulator};

/// Where the simulator records its traffic, if the run wants to compare it with Microsoft's
/// description.
pub(crate) fn recordings() -> Option<std::path::PathBuf> {
    std::env::var_os("SIMULATOR_RECORD").map(Into::into)
}

pub(crate) fn config(devices: u32, speed: f64) -> Config {
    let record = recordings();
    Config { devices, speed, record, anchor: SystemTime::now(), ..Config::default() }
}

/// Patience cut to what a simulator needs.
pub(crate) fn limits() -> Limits {
    let millis = Duration::from_millis;
    Limits {
        attempts: 6,
        base_backoff: millis(5),
        max_wait: millis(50),
        settle: [10, 40, 150].map(millis),
        export_poll: millis(3),
        timeout: Duration::from_secs(10),
        ..Limits::default()
    }
}

pub(crate) fn client(simulator: &Simulator) -> Client {
    let url = || simulator.base_url().parse().expect("a URL");
    let connection = Connection {
        entra_tenant: DEFAULT_TENANT.into(),
        client_id: DEFAULT_CLIENT_ID,
        credential: Credential::Secret(SecretString::from(DEFAULT_CLIENT_SECRET)),
        graph_url: url(),
        login_url: url(),
    };
    Client::new(connection, limits()).expect("a client")
}

/// All live objects of the tenant, by the simulator's own account.
pub(crate) async fn objects(simulator: &Simulator) -> Value {
    let url = format!("{}/_simulator/objects", simulator.base_url());
    reqwest::get(url).await.expect("an answer").json().await.expect("JSON")
}

pub(crate) async fn set_faults(simulator: &Simulator, faults: &Value) {
    let url = format!("{}/_simulator/faults", simulator.base_url());
    let answer = reqwest::Client::new().post(url).json(faults).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
}

/// The names in one list of [`objects`].
pub(crate) fn names(objects: &Value, list: &str, property: &str) -> Vec<String> {
    let items = objects[list].as_array().expect("a list");
    items.iter().map(|item| item[property].as_str().unwrap_or_default().to_owned()).collect()
}
