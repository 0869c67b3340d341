//! Drivers against the simulated tenant: read once somebody wants them managed, offered to the devices that
//! need them and to no others, paused, resumed, declined; and never taken back.

use std::collections::HashSet;

use api_types::{Access, AttemptState, List, PhaseName as P, Rollout, Update};
use chrono::TimeDelta;
use serde_json::{Value, json};
use simulator::Scenario;
use uuid::Uuid;

use crate::kinds::{accepted, connect, pass};
use crate::organisation::eventually;
use crate::stack::{Api, Stack, Started, Wish, patient_rings};
use crate::tenant::objects;
use crate::truth;

const WISH: Wish = Wish { devices: 400, speed: 20_000.0, scenario: Scenario::Healthy };

/// A tenant with devices in rings, whose drivers are managed and were read.
async fn managed(stack: &Stack, api: &Api, wish: Wish) -> (String, Uuid, Vec<Update>) {
    let at = connect(stack, api).await;
    let set: api_types::RingSet = api.post(&format!("{at}/ring-sets"), &patient_rings()).await;
    let drivers: List<Update> = api.get(&format!("{at}/updates?kind=driver")).await;
    assert!(drivers.items.is_empty(), "nobody wanted drivers to be managed");
    choose(api, &at, json!({ "driver": "deployment_service" })).await;
    for _ in 0..3_000 {
        let drivers: List<Update> = api.get(&format!("{at}/updates?kind=driver")).await;
        let needing = |update: &Update| update.driver.as_ref().map_or(0, |driver| driver.devices);
        // Devices scan one by one, hours after they were enrolled.
        let needing: u32 = drivers.items.iter().map(needing).sum();
        if drivers.items.len() == 3 && needing > wish.devices * 6 / 10 {
            return (at, set.id, drivers.items);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the drivers are never read: {:?}", objects(&stack.simulator).await);
}

async fn choose(api: &Api, at: &str, strategies: Value) {
    let answer = api.call("PUT", &format!("{at}/strategies"), Some(strategies)).await;
    let (status, body) = answer.expect("an answer");
    assert_eq!(status, 200, "{body}");
}

fn of<'a>(drivers: &'a [Update], maker: &str) -> &'a Update {
    let made_by = |one: &&Update| one.driver.as_ref().is_some_and(|it| it.manufacturer == maker);
    drivers.iter().find(made_by).expect("a driver of that maker")
}

async fn start(api: &Api, at: &str, set: Uuid, update: &Update) -> Started {
    let release = json!({ "update_id": update.id, "name": "It" });
    let release: api_types::Release = api.post(&format!("{at}/releases"), &release).await;
    let body = json!({ "release_id": release.id, "ring_set_id": set, "on_gate_failure": "pause",
        "evidence": { "watch_at": 1e6, "pause_at": 1e7, "roll_back_at": 1e8 } });
    let rollout: Rollout = api.post(&format!("{at}/rollouts"), &body).await;
    let path = format!("{at}/rollouts/{}", rollout.id);
    Started { rollout: rollout.id, path, update: update.clone() }
}

/// Approvals that are not revoked, of the policies that have any.
async fn standing(stack: &Stack) -> Vec<u64> {
    let objects = objects(&stack.simulator).await;
    let policies = objects["updatePolicies"].as_array().expect("policies").iter();
    policies.map(|one| one["standing"].as_u64().expect("a count")).collect()
}

fn server_api(server: &server::Server) -> Api {
    Api::new(server.address(), server.first_token().expect("a first token"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_driver_goes_out_to_the_devices_that_need_it() {
    let stack = Stack::new(WISH).await;
    let server = stack.serve().await;
    let api = server_api(&server);
    let (at, set, drivers) = managed(&stack, &api, WISH).await;
    let update = of(&drivers, "Contoso");
    let driver = update.driver.as_ref().expect("a driver");
    assert_eq!((driver.class.as_str(), update.version.as_deref()), ("Firmware", Some("1.18.2.0")));
    assert_eq!(driver.recommended, driver.devices);
    let started = start(&api, &at, set, update).await;
    let rollout: Rollout = api.get(&started.path).await;
    let eligible: u32 = rollout.rings.iter().map(|ring| ring.eligible).sum();
    let members: u32 = rollout.rings.iter().flat_map(|ring| ring.states.values()).sum();
    assert!(eligible > 80 && eligible < members / 2, "{eligible} of {members}");

    happened_to(&stack, update, "offered").await;
    let _: Rollout = api.post(&format!("{}/pause", started.path), &json!({})).await;
    let held = accepted(&api, &started, Access::Held).await;
    assert_eq!(standing(&stack).await, [0], "the approval stands");
    pass(&stack, TimeDelta::hours(18)).await;
    let resumed = stack.simulator.now();
    let _: Rollout = api.post(&format!("{}/resume", started.path), &json!({})).await;
    accepted(&api, &started, Access::Open).await;
    assert_eq!(standing(&stack).await, [1], "nothing is approved again");
    let rollout = api.until(&started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    assert_eq!(standing(&stack).await, [1, 1, 1], "one policy and approval for each ring");

    let ledger = stack.simulator.ledger();
    let lines = ledger.entries.iter().filter(|line| line.catalog_entry == update.catalog_entry_id);
    let work = ["offered", "install_started", "resumed"];
    // Two minutes until devices hear of it.
    let since = held + TimeDelta::minutes(3);
    let at_work = lines.clone().filter(|line| {
        work.contains(&line.event.as_str()) && line.at >= since && line.at < resumed
    });
    assert_eq!(at_work.collect::<Vec<_>>(), Vec::<&simulator::LedgerEntry>::new());
    let installed: HashSet<Uuid> =
        lines.filter(|line| line.event == "installed").map(|line| line.device).collect();
    let confirmed: u32 = rollout.rings.iter().map(|ring| ring.confirmed).sum();
    assert!(confirmed * 10 >= eligible * 7, "{confirmed} of {eligible}");
    assert!(installed.len() >= confirmed as usize, "{} of {confirmed}", installed.len());
    truth::check(&stack, &started).await;

    let refused = api.call("POST", &format!("{}/rollback", started.path), Some(json!({}))).await;
    let (status, body) = refused.expect("an answer");
    assert_eq!(status, 409, "{body}");
    let why = body["detail"].as_str().expect("a detail");
    assert!(why.contains("no way to take a driver off"), "{why}");
    let explained: api_types::Explanation = api.get(&format!("{}/explain", started.path)).await;
    let rollback = explained.actions.iter().find(|one| one.action == "rollback").expect("it");
    assert!(!rollback.allowed && rollback.text.contains("cancel the rollout"), "{rollback:?}");
    server.shutdown().await;
    stack.end().await;
}

/// A driver that devices of one model go back from fails, and stops before all of them have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_driver_that_devices_go_back_from_is_paused() {
    // Enough of them in the first ring that a third of it is no accident.
    let wish = Wish { scenario: Scenario::BadModel, devices: 1_200, ..WISH };
    let stack = Stack::new(wish).await;
    let server = stack.serve().await;
    let api = server_api(&server);
    let (at, set, drivers) = managed(&stack, &api, wish).await;
    let update = of(&drivers, "Fabrikam");
    let started = strict(&api, &at, set, update).await;
    let rollout = api.until(&started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Paused, "{rollout:#?}");
    let failed: u32 =
        rollout.rings.iter().filter_map(|ring| ring.states.get(&AttemptState::Failed)).sum();
    assert!(failed > 0, "{rollout:#?}");
    accepted(&api, &started, Access::Held).await;
    assert!(standing(&stack).await.iter().all(|one| *one == 0), "an approval stands");
    server.shutdown().await;
    stack.end().await;
}

/// With the evidence that is usual, so that it pauses.
async fn strict(api: &Api, at: &str, set: Uuid, update: &Update) -> Started {
    let release = json!({ "update_id": update.id, "name": "Bad" });
    let release: api_types::Release = api.post(&format!("{at}/releases"), &release).await;
    let body = json!({ "release_id": release.id, "ring_set_id": set, "on_gate_failure": "pause" });
    let rollout: Rollout = api.post(&format!("{at}/rollouts"), &body).await;
    let path = format!("{at}/rollouts/{}", rollout.id);
    Started { rollout: rollout.id, path, update: update.clone() }
}

/// What is declined is released by nobody; what no vendor recommends, by no rule. Who no longer wants
/// drivers to be managed has his devices given back, once no rollout of a driver needs them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_declined_stays_here() {
    let stack = Stack::new(WISH).await;
    let server = stack.serve().await;
    let api = server_api(&server);
    let (at, set, drivers) = managed(&stack, &api, WISH).await;
    let (declined, optional) = (of(&drivers, "Contoso"), of(&drivers, "Northwind"));
    let path = format!("{at}/updates/{}", declined.id);
    let reason = json!({ "reason": "Breaks docks" });
    let found: Update = api.post(&format!("{path}/decline"), &reason).await;
    assert_eq!(found.declined.and_then(|it| it.reason).as_deref(), Some("Breaks docks"));
    let release = json!({ "update_id": declined.id, "name": "No" });
    let answer = api.call("POST", &format!("{at}/releases"), Some(release.clone())).await;
    let (status, body) = answer.expect("an answer");
    assert_eq!(status, 409, "{body}");
    assert!(body["detail"].as_str().expect("why").contains("Breaks docks"), "{body}");
    let rule = json!({ "name": "Drivers", "ring_set_id": set, "kind": "driver" });
    let _: Value = api.post(&format!("{at}/rules"), &rule).await;
    let rollouts = |rollouts: List<Rollout>| -> Vec<String> {
        rollouts.items.into_iter().map(|one| one.release_name).collect()
    };
    let mut names = Vec::new();
    for _ in 0..1_600 {
        names = rollouts(api.get(&format!("{at}/rollouts")).await);
        if !names.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].starts_with("Fabrikam"), "{names:?}");
    assert!(optional.driver.as_ref().is_some_and(|it| it.recommended == 0));
    let found: Update = api.post(&format!("{path}/approve"), &json!({})).await;
    assert!(found.declined.is_none());
    for _ in 0..1_600 {
        names = rollouts(api.get(&format!("{at}/rollouts")).await);
        if names.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(names.iter().any(|name| name.starts_with("Contoso")), "{names:?}");
    let enrolled = || async {
        let url = format!("{}/_simulator/state", stack.simulator.base_url());
        let state: Value = reqwest::get(url).await.expect("it").json().await.expect("JSON");
        // Nothing else was ever rolled out here.
        let [drivers, nobody] =
            ["driver", "feature"].map(|category| state["enrolments"][category].clone());
        drivers != nobody
    };
    assert!(enrolled().await);
    choose(&api, &at, json!({})).await;
    let open: List<Rollout> = api.get(&format!("{at}/rollouts")).await;
    for rollout in open.items {
        assert!(enrolled().await, "a rollout that is under way keeps its devices");
        let path = format!("{at}/rollouts/{}/cancel", rollout.id);
        let _: Rollout = api.post(&path, &json!({ "reason": "No drivers here" })).await;
    }
    eventually("devices are given back", async || (!enrolled().await).then_some(())).await;
    server.shutdown().await;
    stack.end().await;
}

async fn happened_to(stack: &Stack, update: &Update, event: &str) {
    for _ in 0..3_000 {
        let summary = stack.simulator.summary();
        let of = summary.catalog_entries.get(&update.catalog_entry_id);
        if of.and_then(|events| events.get(event)).is_some_and(|count| *count > 0) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no {event}: {:?}", stack.simulator.summary());
}
