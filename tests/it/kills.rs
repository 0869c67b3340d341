//! Servers that are killed at random moments, again and again. What was acknowledged stays so, and
//! the rollout ends as it would have.
//!
//! `CONCENTRIC_KILLS` sets how often (12 by default: enough to fail when something is wrong, few
//! enough for every run).

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use api_types as api;
use api_types::PhaseName as P;
use serde_json::json;
use simulator::Scenario;
use sqlx::Row as _;

use crate::process::Process;
use crate::stack::{Api, Stack, Started, Wish};
use crate::truth;

fn kills() -> u32 {
    std::env::var("CONCENTRIC_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}

/// One port for all the servers of a test, so that its clients need not follow.
pub(crate) fn free_port() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address")
}

async fn random_moment(most: u64) {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(0..most))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_survives_its_servers() {
    // Slow enough that the rollout outlasts the kills.
    let speed = if kills() > 50 { 4_000.0 } else { 25_000.0 };
    let wish = Wish { devices: 300, speed, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let listen = free_port();
    let mut server = Process::start(&stack, listen).await;
    let api = Api::new(server.address, server.token.as_deref().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "pause").await;
    let mut killed_while_running = 0;
    for _ in 0..kills() {
        random_moment(900).await;
        if !finished(&stack, &started).await {
            killed_while_running += 1;
        }
        server.kill().await;
        server = Process::start(&stack, listen).await;
    }
    let rollout = api.until(&started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    truth::check(&stack, &started).await;
    println!("{killed_while_running} of {} kills hit a running rollout", kills());
    assert!(killed_while_running * 2 >= kills(), "{killed_while_running} of {}", kills());
    server.kill().await;
    stack.end().await;
}

async fn finished(stack: &Stack, started: &Started) -> bool {
    let mut database = stack.database.connect().await;
    let phase: String = sqlx::query("select phase_name from rollout where id = $1")
        .bind(started.rollout)
        .fetch_one(&mut database)
        .await
        .expect("the rollout")
        .get(0);
    phase == "completed"
}

/// I2: no offer is decided after a pause was acknowledged, whenever the server dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds_whatever_dies() {
    let wish = Wish { devices: 600, speed: 4_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let listen = free_port();
    let mut server = Process::start(&stack, listen).await;
    let api = Api::new(server.address, server.token.as_deref().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "pause").await;
    let pause = format!("{}/pause", started.path);
    let resume = format!("{}/resume", started.path);
    for round in 0..kills().div_ceil(2) {
        random_moment(700).await;
        let reason = json!({ "reason": format!("round {round}") });
        // The kill falls before, into or after the request, at random.
        let asking = api.call("POST", &pause, Some(reason));
        let killing = async {
            random_moment(60).await;
            server.kill().await;
        };
        let (asked, ()) = tokio::join!(asking, killing);
        server = Process::start(&stack, listen).await;
        if let Ok((200, _)) = asked {
            let acknowledged = last_request(&stack, &started).await;
            random_moment(900).await;
            assert_eq!(waves_after(&stack, &started, acknowledged).await, 0, "round {round}");
        }
        let (status, body) = api.call("POST", &resume, Some(json!({}))).await.expect("an answer");
        assert_eq!(status, 200, "{body}");
    }
    truth::check_running(&stack, &started).await;
    server.kill().await;
    stack.end().await;
}

/// The event of the last thing a person asked for.
async fn last_request(stack: &Stack, started: &Started) -> i64 {
    let sql = "select max(seq) from event where rollout_id = $1 and kind = 'requested'";
    number(stack, started, sql, 0).await
}

async fn waves_after(stack: &Stack, started: &Started, seq: i64) -> i64 {
    let sql = "select count(*) from event
        where rollout_id = $1 and kind = 'wave_offered' and seq > $2";
    number(stack, started, sql, seq).await
}

async fn number(stack: &Stack, started: &Started, sql: &'static str, seq: i64) -> i64 {
    let mut database = stack.database.connect().await;
    let query = sqlx::query(sql).bind(started.rollout);
    let query = if sql.contains("$2") { query.bind(seq) } else { query };
    query.fetch_one(&mut database).await.expect("a number").get(0)
}

/// Pauses under load, against a living server: the acknowledgement is the line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_offered_after_the_acknowledgement() {
    let wish = Wish { devices: 600, speed: 8_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let (one, other) = (stack.serve().await, stack.serve().await);
    let api = Api::new(one.address(), one.first_token().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "pause").await;
    for _ in 0..10 {
        random_moment(400).await;
        let paused: api::Rollout = api.post(&format!("{}/pause", started.path), &json!({})).await;
        assert_eq!(paused.intent.wish, api::Wish::Hold);
        let acknowledged = last_request(&stack, &started).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(waves_after(&stack, &started, acknowledged).await, 0);
        let _: api::Rollout = api.post(&format!("{}/resume", started.path), &json!({})).await;
    }
    truth::check_running(&stack, &started).await;
    one.shutdown().await;
    other.shutdown().await;
    stack.end().await;
}
