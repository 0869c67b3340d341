//! Each kind of update by each strategy: offered, paused, resumed, taken back and rolled back against
//! the simulated tenant, with what its devices really did.

use std::collections::HashMap;

use api_types::{Access, PhaseName as P, Rollout};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simulator::Scenario;
use uuid::Uuid;

use crate::stack::{Api, Stack, Started, Wish, patient_rings};
use crate::tenant::objects;
use crate::truth;

pub(crate) const WISH: Wish = Wish { devices: 120, speed: 20_000.0, scenario: Scenario::Healthy };

/// A tenant with devices in rings, and a rollout of `update` delivered like `delivery`.
pub(crate) async fn start(
    api: &Api,
    at: &str,
    update: &api_types::Update,
    delivery: &Value,
) -> Started {
    let set: api_types::RingSet = api.post(&format!("{at}/ring-sets"), &patient_rings()).await;
    let set_path = format!("{at}/ring-sets/{}", set.id);
    for _ in 0..1_600 {
        let set: api_types::RingSet = api.get(&set_path).await;
        if set.members.iter().sum::<u32>() > 100 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let release = json!({ "update_id": update.id, "name": "It", "delivery": delivery });
    let release: api_types::Release = api.post(&format!("{at}/releases"), &release).await;
    let body = json!({ "release_id": release.id, "ring_set_id": set.id,
        "on_gate_failure": "pause",
        "evidence": { "watch_at": 1e6, "pause_at": 1e7, "roll_back_at": 1e8 } });
    let rollout: api_types::Rollout = api.post(&format!("{at}/rollouts"), &body).await;
    let path = format!("{at}/rollouts/{}", rollout.id);
    Started { rollout: rollout.id, path, update: update.clone() }
}

/// A tenant whose catalogue and fleet were read.
pub(crate) async fn connect(stack: &Stack, api: &Api) -> String {
    let secret = simulator::DEFAULT_CLIENT_SECRET;
    let tenant = api.create_tenant(&stack.simulator, secret).await;
    let at = format!("/tenants/{}", tenant.id);
    for _ in 0..1_600 {
        let tenant: api_types::Tenant = api.get(&at).await;
        if tenant.synced_at.is_some() {
            return at;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the tenant is never read");
}

/// The Windows version of the simulator's catalogue.
pub(crate) async fn feature_update(api: &Api, at: &str) -> api_types::Update {
    let found: api_types::List<api_types::Update> =
        api.get(&format!("{at}/updates?kind=feature")).await;
    found.items.into_iter().next().expect("a feature update")
}

/// Waits until `done` says something of the rollout; five minutes at most.
pub(crate) async fn until<T>(
    api: &Api,
    started: &Started,
    done: impl Fn(&Rollout) -> Option<T>,
) -> T {
    let mut last = None;
    for _ in 0..3_000 {
        let rollout: Rollout = api.get(&started.path).await;
        if let Some(found) = done(&rollout) {
            return found;
        }
        last = Some(rollout);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it never comes to that: {last:#?}");
}

/// When Graph accepted `access` for the first ring.
pub(crate) async fn accepted(api: &Api, started: &Started, access: Access) -> DateTime<Utc> {
    until(api, started, |rollout| {
        let told = &rollout.rings[0].told;
        told.accepted_at.filter(|_| told.accepted == access)
    })
    .await
}

pub(crate) async fn happened(stack: &Stack, event: &str, least: u64) {
    for _ in 0..3_000 {
        if stack.simulator.summary().events.get(event).copied().unwrap_or(0) >= least {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no {least} times {event}: {:?}", stack.simulator.summary());
}

pub(crate) async fn pass(stack: &Stack, length: TimeDelta) {
    let end = stack.simulator.now() + length;
    while stack.simulator.now() < end {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// How a way shows its pause on Graph, how long devices go on without knowing, and what none of them
/// does from then on.
pub(crate) struct Way {
    pub(crate) delay: TimeDelta,
    pub(crate) work: &'static [&'static str],
    pub(crate) is_paused: fn(&Value) -> bool,
}

/// The whole life of a release: pause before most have taken it, resume, completion, rollback.
pub(crate) async fn plays(stack: &Stack, api: &Api, started: &Started, way: &Way) {
    happened(stack, "offered", 1).await;
    let _: Rollout = api.post(&format!("{}/pause", started.path), &json!({})).await;
    let held = accepted(api, started, Access::Held).await;
    assert!((way.is_paused)(&objects(&stack.simulator).await), "it is not paused on Graph");
    pass(stack, way.delay + TimeDelta::hours(14)).await;
    assert!((way.is_paused)(&objects(&stack.simulator).await), "it is not paused any more");
    let resumed = stack.simulator.now();
    let _: Rollout = api.post(&format!("{}/resume", started.path), &json!({})).await;
    accepted(api, started, Access::Open).await;
    assert!(!(way.is_paused)(&objects(&stack.simulator).await), "it is still paused on Graph");
    let rollout = api.until(started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    let entry = &truth::ledger_entry(&started.update);
    let ledger = stack.simulator.ledger();
    let at_work = ledger.entries.iter().filter(|line| {
        let of_it = &line.catalog_entry == entry && way.work.contains(&line.event.as_str());
        of_it && line.at >= held + way.delay && line.at < resumed
    });
    assert_eq!(at_work.collect::<Vec<_>>(), Vec::<&simulator::LedgerEntry>::new());
    // The gate is content with half of them.
    let confirmed = until(api, started, |rollout| {
        let confirmed: u32 = rollout.rings.iter().map(|ring| ring.confirmed).sum();
        let eligible: u32 = rollout.rings.iter().map(|ring| ring.eligible).sum();
        (confirmed > 20 && confirmed * 10 >= eligible * 7).then_some(confirmed)
    })
    .await;

    let _: Rollout = api.post(&format!("{}/rollback", started.path), &json!({})).await;
    let rollout = api.until(started, &[P::RolledBack]).await;
    let removed: u32 = rollout
        .rings
        .iter()
        .filter_map(|ring| ring.states.get(&api_types::AttemptState::Removed))
        .sum();
    assert!(removed * 10 >= confirmed * 7, "{removed} of {confirmed}: {rollout:#?}");
    truth::check(stack, started).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expedited_update_goes_out_by_deployments() {
    let stack = Stack::new(WISH).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let updates: api_types::List<api_types::Update> = api.get(&format!("{at}/updates")).await;
    let update = updates.items.iter().find(|one| one.is_expeditable).expect("one").clone();
    let delivery = json!({ "kind": "quality", "expedite": 0 });
    let started = start(&api, &at, &update, &delivery).await;
    plays(&stack, &api, &started, &BY_DEPLOYMENT).await;
    let left = objects(&stack.simulator).await;
    let archived = left["deployments"].as_array().expect("deployments");
    assert_eq!(archived.len(), 3, "one for each ring: {archived:?}");
    assert!(archived.iter().all(|one| one["requestedValue"] == "archived"), "{archived:?}");
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_windows_version_goes_out_by_deployments() {
    let stack = Stack::new(WISH).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let update = feature_update(&api, &at).await;
    let delivery = json!({ "kind": "feature", "uninstall_window_days": 30 });
    let started = start(&api, &at, &update, &delivery).await;
    plays(&stack, &api, &started, &BY_DEPLOYMENT).await;
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_windows_version_goes_out_by_profiles() {
    let stack = Stack::new(WISH).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let (status, body) = api
        .call("PUT", &format!("{at}/strategies"), Some(json!({ "feature": "intune" })))
        .await
        .expect("an answer");
    assert_eq!(status, 200, "{body}");
    let update = feature_update(&api, &at).await;
    let delivery = json!({ "kind": "feature", "uninstall_window_days": 30 });
    let started = start(&api, &at, &update, &delivery).await;
    plays(&stack, &api, &started, &BY_PROFILE).await;
    let left = objects(&stack.simulator).await;
    assert_eq!(left["deployments"], json!([]), "the strategy was settled");
    let profiles = left["windowsFeatureUpdateProfiles"].as_array().expect("profiles");
    assert_eq!(profiles.len(), 3, "one for each ring: {profiles:?}");
    assert!(profiles.iter().all(|one| one["assignments"] == 0), "{profiles:?}");
    server.shutdown().await;
    stack.end().await;
}

/// A device goes back only within the window that was set before its upgrade.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_stays_where_the_window_is_over() {
    let stack = Stack::new(WISH).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let update = feature_update(&api, &at).await;
    let delivery = json!({ "kind": "feature", "uninstall_window_days": 2 });
    let started = start(&api, &at, &update, &delivery).await;
    api.until(&started, &[P::Completed]).await;
    pass(&stack, TimeDelta::days(2)).await;
    let _: Rollout = api.post(&format!("{}/rollback", started.path), &json!({})).await;
    accepted(&api, &started, Access::Withdrawn).await;
    pass(&stack, TimeDelta::days(3)).await;
    let ledger = stack.simulator.ledger();
    let at = |event: &str| -> HashMap<Uuid, DateTime<Utc>> {
        let of = ledger.entries.iter().filter(|line| line.event == event);
        of.map(|line| (line.device, line.at)).collect()
    };
    let (upgraded, left) = (at("installed"), at("uninstall_started"));
    assert!(upgraded.len() > left.len() + 20, "{} of {}", left.len(), upgraded.len());
    for (device, at) in left {
        // Who upgraded late can still go back.
        assert!(at <= upgraded[&device] + TimeDelta::days(2), "{device} goes back at {at}");
    }
    server.shutdown().await;
    stack.end().await;
}

const BY_DEPLOYMENT: Way = Way {
    // Two minutes; and a device that was offered looks again before each step.
    delay: TimeDelta::minutes(3),
    work: &["offered", "download_started", "install_started", "resumed", "retry_started"],
    is_paused: |objects| {
        let all = objects["deployments"].as_array().expect("deployments");
        !all.is_empty() && all.iter().all(|one| one["requestedValue"] == "paused")
    },
};

const BY_PROFILE: Way = Way {
    // A device learns of the pause when it checks in, as of everything else: what it was offered
    // before goes on until then, and nothing new begins.
    delay: TimeDelta::zero(),
    work: &["offered", "resumed", "retry_started"],
    is_paused: |objects| {
        let mut all = objects["deviceConfigurations"].as_array().expect("a list").iter();
        all.any(|one| one["featureUpdatesPaused"] == true)
    },
};
