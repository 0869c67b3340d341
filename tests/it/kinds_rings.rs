//! Quality updates by Intune's update rings: who is offered one, and who waits.

use api_types::{Access, AttemptState, PhaseName as P, Rollout};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use server::Server;
use simulator::LedgerEntry;

use crate::kinds::{WISH, Way, accepted, connect, happened, pass, plays, start, until};
use crate::stack::{Api, Stack, Started, Wish};
use crate::tenant::objects;
use crate::truth;

/// A rollout of this month's security update by update rings.
async fn begun(wish: Wish) -> (Stack, Server, Api, Started) {
    let stack = Stack::offering_by_rings(wish).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let (status, body) = api
        .call("PUT", &format!("{at}/strategies"), Some(json!({ "quality": "intune" })))
        .await
        .expect("an answer");
    assert_eq!(status, 200, "{body}");
    let updates: api_types::List<api_types::Update> = api.get(&format!("{at}/updates")).await;
    let update = updates.items.iter().find(|one| one.is_expeditable).expect("one").clone();
    let started = start(&api, &at, &update, &json!({ "kind": "quality" })).await;
    (stack, server, api, started)
}

async fn end(stack: Stack, server: Server) {
    server.shutdown().await;
    stack.end().await;
}

fn configurations(objects: &Value, end: &str) -> Vec<Value> {
    let all = objects["deviceConfigurations"].as_array().expect("a list").iter();
    let named = |one: &&Value| one["displayName"].as_str().is_some_and(|name| name.ends_with(end));
    all.filter(named).cloned().collect()
}

fn is_paused(one: &Value) -> bool {
    one["qualityUpdatesPaused"] == true
}

const BY_RING: Way = Way {
    // As of every configuration: what was offered before goes on until the next check-in.
    delay: TimeDelta::zero(),
    work: &["offered", "resumed", "retry_started"],
    is_paused: |objects| configurations(objects, "/quality").iter().any(is_paused),
};

fn lines<'a>(
    ledger: &'a simulator::Ledger,
    started: &Started,
    event: &str,
) -> Vec<&'a LedgerEntry> {
    let entry = truth::ledger_entry(&started.update);
    let of = |line: &&LedgerEntry| line.event == event && line.catalog_entry == entry;
    ledger.entries.iter().filter(of).collect()
}

/// Nobody is offered the update before a wave took it out of *waiting*.
fn who_waits_takes_nothing(stack: &Stack, started: &Started, waiting: &str) {
    let ledger = stack.simulator.ledger();
    let offered = lines(&ledger, started, "offered");
    assert!(!offered.is_empty());
    for line in offered {
        let left = |one: &&LedgerEntry| {
            one.event == "group_member_removed"
                && one.device == line.device
                && one.group.as_deref() == Some(waiting)
        };
        let left = ledger.entries.iter().find(left);
        assert!(left.is_some_and(|left| left.at <= line.at), "{line:?} was to wait: {left:?}");
    }
}

async fn waiting_group(stack: &Stack) -> String {
    let objects = objects(&stack.simulator).await;
    let groups = objects["groups"].as_array().expect("groups");
    let named =
        |one: &&Value| one["displayName"].as_str().is_some_and(|name| name.ends_with("/waiting"));
    let found: Vec<_> = groups.iter().filter(named).collect();
    assert_eq!(found.len(), 1, "{groups:?}");
    found[0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_security_update_goes_out_by_update_rings() {
    let (stack, server, api, started) = begun(WISH).await;
    plays(&stack, &api, &started, &BY_RING).await;
    let left = objects(&stack.simulator).await;
    let [waiting] = &*configurations(&left, "/waiting") else { panic!("{left:#}") };
    assert!(is_paused(waiting), "who was never offered it still waits: {waiting}");
    assert_eq!(configurations(&left, "/quality").len(), 3, "one for each ring: {left:#}");
    assert_eq!(configurations(&left, "/quality-removal").len(), 3, "{left:#}");
    assert_eq!(left["policies"], json!([]), "the strategy was settled");
    who_waits_takes_nothing(&stack, &started, &waiting_group(&stack).await);
    end(stack, server).await;
}

/// Offers that are taken back put devices back to those that wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_by_update_rings_are_taken_back_and_given_again() {
    let (stack, server, api, started) = begun(Wish { speed: 4_000.0, ..WISH }).await;
    let count =
        |rollout: &Rollout, state| rollout.rings[0].states.get(&state).copied().unwrap_or(0);
    until(&api, &started, |rollout| (count(rollout, AttemptState::Offered) > 0).then_some(()))
        .await;
    let ring = format!("{}/rings/0", started.path);
    let pause = json!({ "reason": "printing fails", "take_back": true });
    let _: api_types::PauseChange = api.post(&format!("{ring}/pause"), &pause).await;
    let taken = until(&api, &started, |rollout| {
        let told = &rollout.rings[0].told;
        let is_told = told.accepted == Access::Held && told.pending_waves == 0;
        let open = count(rollout, AttemptState::Offered);
        (is_told && open == 0).then(|| count(rollout, AttemptState::Withdrawn))
    })
    .await;
    assert!(taken > 0);
    let group = waiting_group(&stack).await;
    let objects = objects(&stack.simulator).await;
    let groups = objects["groups"].as_array().expect("groups");
    let waiting = groups.iter().find(|one| one["id"] == group.as_str()).expect("the group");
    let rollout: Rollout = api.get(&started.path).await;
    let others: u32 = rollout.rings[1..].iter().map(|ring| ring.assigned).sum();
    assert!(waiting["members"].as_u64() >= Some(u64::from(others + taken)), "{waiting}");
    let _: api_types::PauseChange = api.post(&format!("{ring}/resume"), &json!({})).await;
    until(&api, &started, |rollout| {
        let is_open = rollout.rings[0].told.accepted == Access::Open;
        (is_open && count(rollout, AttemptState::Withdrawn) == 0).then_some(())
    })
    .await;
    happened(&stack, "offered", 1).await;
    who_waits_takes_nothing(&stack, &started, &group);
    truth::check_running(&stack, &started).await;
    end(stack, server).await;
}

/// Microsoft ends a pause after 35 days; ours hold for as long as they are meant to, and those that wait go
/// on waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_days_of_pause_offer_nothing_to_anybody() {
    let (stack, server, api, started) = begun(Wish { speed: 60_000.0, ..WISH }).await;
    happened(&stack, "offered", 1).await;
    let _: Rollout = api.post(&format!("{}/pause", started.path), &json!({})).await;
    let held: DateTime<Utc> = accepted(&api, &started, Access::Held).await;
    pass(&stack, TimeDelta::days(40)).await;
    let ledger = stack.simulator.ledger();
    let late = |line: &&LedgerEntry| {
        ["offered", "resumed", "retry_started"].contains(&line.event.as_str()) && line.at >= held
    };
    assert_eq!(ledger.entries.iter().filter(late).collect::<Vec<_>>(), Vec::<&LedgerEntry>::new());
    // It is the pause that kept them: without it they take it.
    let offered = stack.simulator.summary().events["offered"];
    let _: Rollout = api.post(&format!("{}/resume", started.path), &json!({})).await;
    happened(&stack, "offered", offered + 1).await;
    let rollout: Rollout = api.get(&started.path).await;
    assert_ne!(rollout.phase.name, P::Cancelled);
    end(stack, server).await;
}
