//! Whole rollouts: real server, real database, simulated tenant.

use api_types::PhaseName as P;
use simulator::Scenario;

use crate::stack::{Api, Stack, Started, Wish};
use crate::{recounts, truth};

fn wish(scenario: Scenario) -> Wish {
    Wish { devices: 400, speed: 40_000.0, scenario }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_release_walks_through_all_rings() {
    let stack = Stack::new(wish(Scenario::Healthy)).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "pause").await;
    let rollout = api.until(&started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    let judged: u32 =
        rollout.rings.iter().map(|ring| ring.confirmed + ring.failed + ring.lost).sum();
    let eligible: u32 = rollout.rings.iter().map(|ring| ring.eligible).sum();
    assert!(judged * 10 >= eligible * 8, "{judged} of {eligible}");
    truth::check(&stack, &started).await;
    recounts::check(&stack, &api, &started).await;
    recounts::kept::check(&stack, &api, &started).await;
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_release_is_taken_back_when_the_plan_says_so() {
    // So many that the canary ring shows it whoever fails in it: of 45 devices six may be all.
    let stack = Stack::new(Wish { devices: 1_200, ..wish(Scenario::BadUpdate) }).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "roll_back").await;
    let rollout = api.until(&started, &[P::RolledBack, P::Completed]).await;
    assert_eq!(rollout.phase.name, P::RolledBack);
    // Stopped early: the largest ring was never offered anything.
    assert_eq!(rollout.rings[2].offered, 0, "{rollout:#?}");
    truth::check(&stack, &started).await;
    recounts::check(&stack, &api, &started).await;
    replays(&api, &started).await;
    server.shutdown().await;
    stack.end().await;
}

/// Its own policy decides the same again; one that takes nothing for bad would not have stopped it
/// before it was stopped.
async fn replays(api: &Api, started: &Started) {
    let path = format!("{}/replay", started.path);
    let same: api_types::Replay = api.post(&path, &api_types::ReplayPolicy::default()).await;
    assert_eq!((same.differing, same.beyond, same.complete), (0, 0, true), "{same:#?}");
    assert!(same.stopped.is_some() && same.stopped == same.would_stop, "{same:#?}");
    let loose = api_types::ReplayPolicy {
        healthy_failed_percent: Some(50.0),
        watch_at: Some(1e10),
        pause_at: Some(1e11),
        roll_back_at: Some(1e12),
        ..api_types::ReplayPolicy::default()
    };
    let loose: api_types::Replay = api.post(&path, &loose).await;
    let stop = |stop: &Option<api_types::ReplayStop>| stop.as_ref().map(|stop| stop.seq);
    assert!(loose.differing > 0, "{loose:#?}");
    assert!(loose.would_stop.is_none() || stop(&loose.would_stop) >= stop(&same.stopped));
}

/// Two servers on one database do what one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_are_as_good_as_one() {
    let stack = Stack::new(wish(Scenario::Healthy)).await;
    let (one, other) = (stack.serve().await, stack.serve().await);
    assert!(other.first_token().is_none(), "only one server makes the first token");
    let api = Api::new(one.address(), one.first_token().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "pause").await;
    let through_the_other = Api { base: format!("http://{}/api/v1", other.address()), ..api };
    let rollout = through_the_other.until(&started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    truth::check(&stack, &started).await;
    one.shutdown().await;
    other.shutdown().await;
    stack.end().await;
}
