//! Microsoft Edge and Microsoft 365 Apps: offered, paused, resumed and rolled back by policies that name a
//! version, with the inventory as the only witness.

use std::collections::HashMap;
use std::time::Duration;

use api_types::{PhaseName as P, Rollout};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simulator::Scenario;
use uuid::Uuid;

use crate::kinds::{WISH, Way, connect, happened, pass, plays};
use crate::stack::{Api, Stack, Started, Wish, patient_rings, three_rings};
use crate::tenant::objects;
use crate::truth;

async fn declare(api: &Api, at: &str, kind: &str, version: &str) -> api_types::Update {
    let body = json!({ "kind": kind, "channel": "current", "version": version,
        "released_at": Utc::now() - TimeDelta::days(3_000) });
    api.post(&format!("{at}/updates"), &body).await
}

/// Places the fleet.
async fn place(api: &Api, at: &str, rings: &api_types::CreateRingSet) -> Uuid {
    let set: api_types::RingSet = api.post(&format!("{at}/ring-sets"), rings).await;
    let path = format!("{at}/ring-sets/{}", set.id);
    for _ in 0..1_600 {
        let set: api_types::RingSet = api.get(&path).await;
        if set.members.iter().sum::<u32>() > 100 {
            return set.id;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the fleet is never placed");
}

/// A rollout of `update`, as soon as the inventory was read. It stops for evidence only if `wary`.
async fn roll_out(
    api: &Api,
    at: &str,
    ring_set: Uuid,
    update: &api_types::Update,
    wary: bool,
) -> Started {
    let release = json!({ "update_id": update.id, "name": update.short_name });
    let release: api_types::Release = api.post(&format!("{at}/releases"), &release).await;
    let mut body = json!({ "release_id": release.id, "ring_set_id": ring_set,
        "on_gate_failure": "pause" });
    if !wary {
        body["evidence"] = json!({ "watch_at": 1e6, "pause_at": 1e7, "roll_back_at": 1e8 });
    }
    for _ in 0..1_600 {
        let (status, made) = api
            .call("POST", &format!("{at}/rollouts"), Some(body.clone()))
            .await
            .expect("an answer");
        if status == 201 {
            let made: Rollout = serde_json::from_value(made).expect("a rollout");
            let path = format!("{at}/rollouts/{}", made.id);
            return Started { rollout: made.id, path, update: update.clone() };
        }
        assert!(made.to_string().contains("inventory"), "{status} {made}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the inventory is never read");
}

fn excluded(rollout: &Rollout) -> u32 {
    let state = api_types::AttemptState::Excluded;
    rollout.rings.iter().filter_map(|ring| ring.states.get(&state).copied()).sum()
}

/// A device that was told to hold still installs nothing until it is told to go on.
fn none_goes_on_while_held(stack: &Stack, started: &Started) {
    let entry = truth::ledger_entry(&started.update);
    let mut held: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
    let mut holds = 0;
    for line in stack.simulator.ledger().entries.iter().filter(|line| line.catalog_entry == entry) {
        match line.event.as_str() {
            "held" => {
                holds += 1;
                held.insert(line.device, line.at);
            }
            "resumed" | "offered" => drop(held.remove(&line.device)),
            "install_started" => {
                assert_eq!(held.get(&line.device), None, "{line:?} was told to hold still");
            }
            _ => {}
        }
    }
    assert!(holds > 0, "the pause came after everything was over");
}

async fn no_conflicts(stack: &Stack) {
    let conflicts = stack.simulator.summary().events.get("policy_conflict").copied();
    assert_eq!(conflicts, None, "{}", objects(&stack.simulator).await["configurationPolicies"]);
}

const EDGE: Way = Way {
    // A device learns of the pause when it checks in; nothing new begins from then on.
    delay: TimeDelta::zero(),
    work: &["offered", "resumed"],
    is_paused: |objects| all_say(objects, "part_updatepolicy_0"),
};

const OFFICE: Way =
    Way { is_paused: |objects| all_say(objects, "l_enableautomaticupdates_0"), ..EDGE };

fn all_say(objects: &Value, what: &str) -> bool {
    let all = objects["configurationPolicies"].as_array().expect("a list");
    !all.is_empty() && all.iter().all(|one| one["settings"].to_string().contains(what))
}

async fn goes_out(kind: &str, versions: [&str; 2], way: &Way, without: u32) {
    let stack = Stack::new(WISH).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let set = place(&api, &at, &patient_rings()).await;
    declare(&api, &at, kind, versions[0]).await;
    let update = declare(&api, &at, kind, versions[1]).await;
    let started = roll_out(&api, &at, set, &update, false).await;
    let made: Rollout = api.get(&started.path).await;
    assert!(excluded(&made) >= without, "{made:#?}");
    plays(&stack, &api, &started, way).await;
    none_goes_on_while_held(&stack, &started);
    no_conflicts(&stack).await;
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_of_edge_goes_out_and_comes_back() {
    goes_out("edge", ["130.0.2849.80", "131.0.2903.86"], &EDGE, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_of_office_goes_out_and_comes_back() {
    let versions = ["16.0.18025.20160", "16.0.18129.20158"];
    goes_out("microsoft_365_apps", versions, &OFFICE, 1).await;
}

/// Until a device is offered the second version, the policy of the first keeps it; then that of the second
/// does alone. What is taken back goes back to the first, and stays there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_device_belongs_to_its_newest_rollout() {
    let stack = Stack::new(Wish { speed: 30_000.0, ..WISH }).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let set = place(&api, &at, &patient_rings()).await;
    declare(&api, &at, "edge", "130.0.2849.80").await;
    let first = declare(&api, &at, "edge", "131.0.2903.86").await;
    let first = roll_out(&api, &at, set, &first, false).await;
    let done = api.until(&first, &[P::Completed, P::Paused]).await;
    assert_eq!(done.phase.name, P::Completed, "{done:#?}");
    let second = declare(&api, &at, "edge", "132.0.2957.115").await;
    let second = roll_out(&api, &at, set, &second, false).await;
    let done = api.until(&second, &[P::Completed, P::Paused]).await;
    assert_eq!(done.phase.name, P::Completed, "{done:#?}");
    no_conflicts(&stack).await;
    let preview = format!("{}/rollback-preview", second.path);
    let said: api_types::RollbackPreview = api.get(&preview).await;
    assert!(said.text.contains("(131.0.2903.86)"), "{}", said.text);
    let each: Value = api.get(&format!("{preview}/devices?page_size=500")).await;
    let each = each["items"].as_array().expect("a list");
    let removable = each.iter().filter(|one| one["prospect"] == "removable").count();
    assert!(removable > 20 && removable == said.removable as usize, "{removable} of {said:?}");
    let _: Rollout = api.post(&format!("{}/rollback", second.path), &json!({})).await;
    api.until(&second, &[P::RolledBack]).await;
    pass(&stack, TimeDelta::days(2)).await;
    truth::check(&stack, &second).await;
    truth::check(&stack, &first).await;
    no_conflicts(&stack).await;
    let ledger = stack.simulator.ledger();
    let taken_back = |of: &Started| {
        let entry = truth::ledger_entry(&of.update);
        let mut all = ledger.entries.iter();
        all.any(|line| line.event == "uninstalled" && line.catalog_entry == entry)
    };
    assert!(taken_back(&second) && !taken_back(&first), "it goes back one version, not two");
    server.shutdown().await;
    stack.end().await;
}

/// Devices that take the version fall silent once they have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_silences_devices_is_stopped() {
    let wish = Wish { scenario: Scenario::Silent, devices: 400, ..WISH };
    let stack = Stack::new(wish).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let set = place(&api, &at, &three_rings()).await;
    declare(&api, &at, "edge", "130.0.2849.80").await;
    let update = declare(&api, &at, "edge", "131.0.2903.86").await;
    let started = roll_out(&api, &at, set, &update, true).await;
    happened(&stack, "went_dark", 2).await;
    let rollout = api.until(&started, &[P::Paused, P::Completed]).await;
    assert_eq!(rollout.phase.name, P::Paused, "{rollout:#?}");
    truth::check_running(&stack, &started).await;
    server.shutdown().await;
    stack.end().await;
}
