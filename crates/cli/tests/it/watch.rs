//! Watching: JSON lines, cut connections, and the exit code of the end.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::api::{Api, event, set_phase, stream};
use crate::program::{command, run};

fn phase(name: &str) -> Value {
    json!({ "name": name, "ring": 1, "since": "2026-11-12T10:00:00Z" })
}

/// Starts watching and returns the lines.
fn watch(api: &Api, arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = command(&api.url, arguments);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().expect("it runs");
    let out = child.stdout.take().expect("piped");
    (child, BufReader::new(out).lines())
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line());
    let line = line.await.expect("in time").expect("readable").expect("a line");
    serde_json::from_str(&line).expect("every line is JSON")
}

#[tokio::test]
async fn piped_it_writes_a_line_of_json_for_each_change() {
    let api = Api::start().await;
    let (mut child, mut lines) = watch(&api, &["rollout", "get", "2026-11 B", "--watch"]);
    assert_eq!(next(&mut lines).await["phase"]["name"], "soaking");
    // A count that moves without an event.
    api.change(|world| world.rollouts[0]["rings"][1]["confirmed"] = 806.into());
    assert_eq!(next(&mut lines).await["rings"][1]["confirmed"], 806);
    set_phase(&api.world, &phase("completed"));
    assert_eq!(next(&mut lines).await["phase"]["name"], "completed");
    assert_eq!(child.wait().await.expect("it ends").code(), Some(0));
    assert!(lines.next_line().await.expect("readable").is_none(), "nothing said twice");
}

#[tokio::test]
async fn it_ends_with_the_code_of_the_state() {
    let api = Api::start().await;
    for (name, code) in [("completed", 0), ("rolled_back", 10), ("cancelled", 10), ("paused", 11)] {
        api.phase(&phase(name));
        let run = run(&api.url, &["rollout", "get", "2026-11 B", "--watch"]).await;
        assert_eq!(run.code, code, "{name}: {}", run.err);
    }
    let until = ["rollout", "get", "2026-11 B", "--watch", "--until", "paused"];
    assert_eq!(run(&api.url, &until).await.code, 0, "paused was waited for");
}

/// A resume takes a moment to be decided; that is no reason to say it is held.
#[tokio::test]
async fn a_pause_that_is_being_resumed_is_no_end() {
    let api = Api::start().await;
    api.change(|world| {
        world.rollouts[0]["phase"] = phase("paused");
        world.rollouts[0]["intent"]["at"] = "2026-11-12T11:00:00Z".into();
    });
    let run = run(&api.url, &["rollout", "get", "2026-11 B", "--watch", "--timeout", "1s"]).await;
    assert_eq!(run.code, 12, "{}", run.err);
}

#[tokio::test]
async fn when_time_runs_out_it_says_what_it_waited_for() {
    let api = Api::start().await;
    let run = run(&api.url, &["rollout", "get", "2026-11 B", "--watch", "--timeout", "1s"]).await;
    assert_eq!(run.code, 12);
    assert!(run.err.contains("soaking") && run.err.contains("bakes until Friday"), "{}", run.err);
}

#[tokio::test]
async fn a_cut_stream_goes_on_where_it_was_cut() {
    let api = Api::start().await;
    api.change(|world| {
        world.streams.push_back(stream(&[event(1, "ring_opened"), event(4, "wave_offered")]));
        // Cut in the middle of an event, which does not count.
        let half = stream(&[event(9, "soak_started")]);
        world.streams.push_back(half[..half.len() - 2].to_owned());
        // Again what was heard already, as a careless server might.
        world.streams.push_back(stream(&[event(4, "wave_offered"), event(9, "soak_started")]));
    });
    let (mut child, mut lines) =
        watch(&api, &["rollout", "events", "2026-11 B", "--follow", "-o", "jsonl"]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(next(&mut lines).await["seq"].as_i64().expect("a number"));
    }
    assert_eq!(seen, [1, 4, 9], "each once and in order");
    child.kill().await.expect("it runs");
    let resumed = api.world.lock().expect("unpoisoned").resumed_from.clone();
    assert_eq!(resumed[..3], [None, Some("4".to_owned()), Some("4".to_owned())]);
}

#[tokio::test]
async fn the_history_is_a_list_without_follow() {
    let api = Api::start().await;
    let run = run(&api.url, &["rollout", "events", "2026-11 B"]).await;
    insta::assert_snapshot!("rollout_events_plain", run.out);
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_ends_it_with_130() {
    let api = Api::start().await;
    let (mut child, mut lines) = watch(&api, &["rollout", "get", "2026-11 B", "--watch"]);
    next(&mut lines).await;
    let pid = child.id().expect("it runs").to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(child.wait().await.expect("it ends").code(), Some(130));
}
