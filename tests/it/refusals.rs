//! What goes wrong is a clear answer or a visible state, and leaves nothing half done.

use std::time::Duration;

use api_types as api;
use serde_json::{Value, json};
use simulator::{DEFAULT_CLIENT_SECRET, Scenario};

use crate::stack::{Api, Stack, Wish, three_rings};
use crate::tenant::set_faults;

const SMALL: Wish = Wish { devices: 60, speed: 20_000.0, scenario: Scenario::Healthy };

/// Waits until the tenant's connection is in `state`; its error.
async fn connection(api: &Api, tenant: &str, state: api::ConnectionState) -> Option<String> {
    let mut last = None;
    for _ in 0..800 {
        let tenant: api::Tenant = api.get(tenant).await;
        if tenant.connection.state == state {
            return tenant.connection.error;
        }
        last = Some(tenant.connection);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never becomes {state:?}: {last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_fail_are_shown_with_the_tenant_and_can_be_mended() {
    let stack = Stack::new(SMALL).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, "not the secret").await;
    let path = format!("/tenants/{}", tenant.id);
    let error = connection(&api, &path, api::ConnectionState::Refused).await;
    let error = error.expect("what the login said");
    assert!(error.contains("AADSTS7000215"), "{error}");
    assert!(!error.contains("not the secret"), "{error}");
    let devices: api::List<api::Device> = api.get(&format!("{path}/devices")).await;
    assert!(devices.items.is_empty(), "nothing was read");

    let right = json!({ "entra_tenant_id": tenant.entra_tenant_id,
        "client_id": tenant.client_id, "graph_url": tenant.graph_url,
        "login_url": tenant.login_url,
        "credential": { "kind": "secret", "secret": DEFAULT_CLIENT_SECRET } });
    let (status, body) =
        api.call("PUT", &format!("{path}/connection"), Some(right)).await.expect("an answer");
    assert_eq!(status, 200, "{body}");
    assert!(!body.to_string().contains(DEFAULT_CLIENT_SECRET));
    assert_eq!(connection(&api, &path, api::ConnectionState::Connected).await, None);
    server.shutdown().await;
    stack.end().await;
}

/// 403 says what is forbidden; 429, 5xx and cut answers are outlived.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_graph_refuses_is_shown_and_what_it_delays_is_outlived() {
    let stack = Stack::new(SMALL).await;
    let forbidden = json!({ "forbidden": ["/deviceManagement/managedDevices"] });
    set_faults(&stack.simulator, &forbidden).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let path = format!("/tenants/{}", tenant.id);
    let error = connection(&api, &path, api::ConnectionState::Refused).await;
    let error = error.expect("what Graph said");
    assert!(error.contains("managedDevices") && error.contains("forbidden"), "{error}");

    for faults in [
        json!({ "throttle_every": 4 }),
        json!({ "error_5xx_every": 4 }),
        json!({ "truncate_every": 4 }),
        json!({ "drop_after_effect_every": 4 }),
        json!({ "unauthorized_every": 4 }),
    ] {
        set_faults(&stack.simulator, &faults).await;
        let before: api::Tenant = api.get(&path).await;
        let (status, _) = api.call("POST", &format!("{path}/sync"), None).await.expect("an answer");
        assert_eq!(status, 202);
        let mut synced = false;
        for _ in 0..1_200 {
            let now: api::Tenant = api.get(&path).await;
            if now.synced_at > before.synced_at {
                synced = true;
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(synced, "{faults}");
    }
    let devices: api::List<api::Device> = api.get(&format!("{path}/devices")).await;
    assert_eq!(devices.items.len(), 60);
    server.shutdown().await;
    stack.end().await;
}

/// A group that Graph will not let us make holds a rollout, with its reason on the ring, and
/// nothing is counted as told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_says_why_graph_does_not_follow() {
    let stack = Stack::new(SMALL).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    set_faults(&stack.simulator, &json!({ "forbidden": ["/groups"] })).await;
    let started = api.start_rollout(&stack.simulator, "pause").await;
    let mut first = None;
    for _ in 0..800 {
        let rollout: api::Rollout = api.get(&started.path).await;
        let told = &rollout.rings[0].told;
        if told.error.is_some() && told.pending_waves > 0 {
            first = Some(rollout.rings[0].clone());
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ring = first.expect("a reason on the ring");
    assert!(
        ring.told.error.as_deref().is_some_and(|error| error.contains("forbidden")),
        "{ring:?}"
    );
    assert_eq!(ring.told.accepted, api::Access::Closed);

    set_faults(&stack.simulator, &json!({})).await;
    for _ in 0..1_600 {
        let rollout: api::Rollout = api.get(&started.path).await;
        if rollout.rings[0].told.error.is_none() && rollout.rings[0].told.pending_waves == 0 {
            assert_eq!(rollout.rings[0].told.accepted, api::Access::Open);
            server.shutdown().await;
            stack.end().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not recover");
}

/// One request that is wrong, and where the answer must point.
struct Wrong {
    path: &'static str,
    body: Value,
    pointer: &'static str,
}

fn ring_set(change: impl FnOnce(&mut Value)) -> Value {
    let mut set = serde_json::to_value(three_rings()).expect("JSON");
    change(&mut set);
    set
}

fn wrong_requests() -> Vec<Wrong> {
    let wrong = |path, body, pointer| Wrong { path, body, pointer };
    vec![
        wrong("/ring-sets", ring_set(|set| set["colour"] = json!("red")), "/colour"),
        wrong("/ring-sets", ring_set(|set| set["rings"][1]["percent"] = json!(10)), "/rings"),
        wrong("/ring-sets", ring_set(|set| set["rings"] = json!([])), "/rings"),
        wrong(
            "/ring-sets",
            ring_set(|set| set["rings"][2]["name"] = json!("Early")),
            "/rings/2/name",
        ),
        wrong(
            "/ring-sets",
            ring_set(|set| set["rings"][0]["deferral_days"] = json!(31)),
            "/rings/0/deferral_days",
        ),
        wrong(
            "/ring-sets",
            ring_set(|set| set["rings"][0]["percent"] = json!("ten")),
            "/rings/0/percent",
        ),
        wrong(
            "/rollouts",
            json!({ "release_id": uuid::Uuid::nil(), "ring_set_id": uuid::Uuid::nil(),
                "on_gate_failure": "explode" }),
            "/on_gate_failure",
        ),
        wrong("/releases", json!({ "update_id": "abc", "name": "x" }), "/update_id"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_names_the_field_and_changes_nothing() {
    let stack = Stack::new(SMALL).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    for Wrong { path, body, pointer } in wrong_requests() {
        let (status, answer) =
            api.call("POST", &format!("{at}{path}"), Some(body.clone())).await.expect("an answer");
        assert!(matches!(status, 400 | 422), "{path} {body}: {status} {answer}");
        let problem: api::Problem = serde_json::from_value(answer).expect("a problem");
        assert!(!problem.detail.is_empty());
        let pointers: Vec<&str> =
            problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert!(
            pointers.iter().any(|found| found.starts_with(pointer)),
            "{path}: {pointers:?} and not {pointer}: {problem:?}"
        );
    }
    let sets: api::List<api::RingSet> = api.get(&format!("{at}/ring-sets")).await;
    assert!(sets.items.is_empty());
    let rollouts: api::List<api::Rollout> = api.get(&format!("{at}/rollouts")).await;
    assert!(rollouts.items.is_empty());
    let (status, _) = Api { token: "con_wrong".to_owned(), ..api.clone() }
        .call("GET", &at, None)
        .await
        .expect("an answer");
    assert_eq!(status, 401);
    server.shutdown().await;
    stack.end().await;
}
