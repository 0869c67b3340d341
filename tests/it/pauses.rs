//! Pauses of a tenant, a release and a ring under load: the acknowledgement is the line.

use std::time::Duration;

use api_types as api;
use api_types::AttemptState;
use serde_json::json;
use simulator::Scenario;
use sqlx::Row as _;

use crate::stack::{Api, Stack, Started, Wish};
use crate::truth;

/// The last entry of the tenant's history, and the offers and openings after `seq`.
async fn offers_after(stack: &Stack, seq: i64) -> i64 {
    let sql =
        "select count(*) from event where kind in ('wave_offered', 'ring_opened') and seq > $1";
    number(stack, sql, seq).await
}

async fn acknowledged(stack: &Stack) -> i64 {
    number(stack, "select coalesce(max(seq), $1) from event where kind = 'pause_set'", 0).await
}

async fn number(stack: &Stack, sql: &'static str, seq: i64) -> i64 {
    let mut database = stack.database.connect().await;
    sqlx::query(sql).bind(seq).fetch_one(&mut database).await.expect("a number").get(0)
}

async fn random_moment(most: u64) {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(0..most))).await;
}

/// I2 for standing pauses, against two servers that decide as fast as they can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_offered_after_a_tenant_or_a_release_is_paused() {
    let wish = Wish { devices: 600, speed: 8_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let (one, other) = (stack.serve().await, stack.serve().await);
    let api = Api::new(one.address(), one.first_token().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "pause").await;
    let rollout: api::Rollout = api.get(&started.path).await;
    let (tenant, _) = started.path.rsplit_once("/rollouts").expect("a path of a rollout");
    let release = format!("{tenant}/releases/{}", rollout.release_id);
    for round in 0..12 {
        random_moment(400).await;
        let target = if round % 2 == 0 { tenant } else { release.as_str() };
        let paused: api::PauseChange = api.post(&format!("{target}/pause"), &json!({})).await;
        assert!(paused.changed && paused.rollouts <= 1, "{paused:?}");
        let seq = acknowledged(&stack).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(offers_after(&stack, seq).await, 0, "round {round}");
        let lifted: api::PauseChange = api.post(&format!("{target}/resume"), &json!({})).await;
        assert!(lifted.changed);
    }
    truth::check_running(&stack, &started).await;
    one.shutdown().await;
    other.shutdown().await;
    stack.end().await;
}

/// A paused ring is held on Graph with its clocks told; its offers are taken back and given again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_of_a_paused_ring_are_taken_back_and_given_again() {
    let wish = Wish { devices: 300, speed: 4_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "pause").await;
    until(&api, &started, |rollout| state(rollout, AttemptState::Offered) > 0).await;
    let ring = format!("{}/rings/0", started.path);
    let pause = json!({ "reason": "printing fails", "take_back": true });
    let _: api::PauseChange = api.post(&format!("{ring}/pause"), &pause).await;
    let held = until(&api, &started, |rollout| {
        let told = &rollout.rings[0].told;
        told.accepted == api::Access::Held
            && told.pending_waves == 0
            && state(rollout, AttemptState::Offered) == 0
    });
    let held = held.await;
    let [pause] = held.pauses.as_slice() else { panic!("{held:#?}") };
    let accepted = pause.accepted_at.expect("accepted by Graph");
    assert!(accepted >= pause.decided_at);
    assert_eq!(pause.devices_told_by, Some(accepted + chrono::TimeDelta::hours(8)));
    let why: api::Explanation = api.get(&format!("{}/explain", started.path)).await;
    assert!(why.pauses[0].devices.is_some() && why.summary.contains("printing fails"), "{why:#?}");
    let _: api::PauseChange = api.post(&format!("{ring}/resume"), &json!({})).await;
    until(&api, &started, |rollout| {
        let told = &rollout.rings[0].told;
        told.accepted == api::Access::Open
            && state(rollout, AttemptState::Withdrawn) == 0
            && rollout.rings[0].waves > held.rings[0].waves
    })
    .await;
    truth::check_running(&stack, &started).await;
    server.shutdown().await;
    stack.end().await;
}

fn state(rollout: &api::Rollout, state: AttemptState) -> u32 {
    rollout.rings[0].states.get(&state).copied().unwrap_or_default()
}

/// Reads until it is as `wanted`; half a minute at most.
async fn until(
    api: &Api,
    started: &Started,
    wanted: impl Fn(&api::Rollout) -> bool,
) -> api::Rollout {
    let mut last = None;
    for _ in 0..1_800 {
        let rollout: api::Rollout = api.get(&started.path).await;
        if wanted(&rollout) {
            return rollout;
        }
        last = Some(rollout);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never gets there: {last:#?}");
}
