//! What people and scripts see.

use serde_json::Value;

use crate::api::{Api, ROLLOUT, forecast};
use crate::program::{command, finish, run};

#[tokio::test]
async fn lists_are_tables_for_people_and_columns_for_scripts() {
    let api = Api::start().await;
    let table = run(&api.url, &["rollout", "list", "-o", "table"]).await;
    insta::assert_snapshot!("rollout_list_table", table.out);
    let plain = run(&api.url, &["rollout", "list"]).await;
    insta::assert_snapshot!("rollout_list_plain", plain.out);
    assert_eq!((plain.code, plain.err.as_str()), (0, ""));
    let tenants = run(&api.url, &["tenant", "list", "-o", "table"]).await;
    insta::assert_snapshot!("tenant_list_table", tenants.out);
}

#[tokio::test]
async fn json_is_what_the_api_said() {
    let api = Api::start().await;
    let whole = run(&api.url, &["rollout", "list", "-o", "json"]).await;
    let whole: Value = serde_json::from_str(&whole.out).expect("JSON");
    let rollouts = api.world.lock().expect("unpoisoned").rollouts.clone();
    assert_eq!(whole["items"], Value::from(rollouts.clone()), "unknown fields included");
    let lines = run(&api.url, &["rollout", "list", "-o", "jsonl"]).await;
    let lines: Vec<Value> =
        lines.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines, rollouts);
    let one = run(&api.url, &["rollout", "get", "2026-11 B", "-o", "json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&one.out).expect("JSON"), rollouts[0]);
}

#[tokio::test]
async fn a_rollout_is_a_tree_of_its_rings() {
    let api = Api::start().await;
    let tree = run(&api.url, &["rollout", "get", "2026-11 B", "-o", "table"]).await;
    insta::assert_snapshot!("rollout_get_tree", tree.out);
    let plain = run(&api.url, &["rollout", "get", "2026-11 B"]).await;
    insta::assert_snapshot!("rollout_get_plain", plain.out);
}

#[tokio::test]
async fn a_stuck_ring_says_why_graph_does_not_follow() {
    let api = Api::start().await;
    api.change(|world| {
        let told = &mut world.rollouts[0]["rings"][1]["told"];
        told["wanted"] = "held".into();
        told["pending_waves"] = 2.into();
        told["error"] = "403 Forbidden".into();
    });
    let tree = run(&api.url, &["rollout", "get", "2026-11 B", "-o", "table"]).await;
    let line = tree.out.lines().find(|line| line.contains("held")).expect("the clocks");
    assert!(line.contains("Graph still has it open"), "{line}");
    assert!(line.contains("2 waves not told yet") && line.contains("403 Forbidden"), "{line}");
}

#[tokio::test]
async fn a_rollback_shows_how_far_it_has_come() {
    let api = Api::start().await;
    api.change(|world| {
        let ring = &mut world.rollouts[0]["rings"][0];
        ring["states"] = serde_json::json!({ "removing": 3, "removed": 46, "failed": 1 });
    });
    let tree = run(&api.url, &["rollout", "get", "2026-11 B", "-o", "table"]).await.out;
    let line = tree.lines().find(|line| line.contains("Test")).expect("the ring");
    assert!(line.ends_with("  removing 3  removed 46"), "{line}");
}

#[tokio::test]
async fn explain_marks_by_word_and_symbol() {
    let api = Api::start().await;
    let panel = run(&api.url, &["rollout", "explain", "2026-11 B", "-o", "table"]).await;
    insta::assert_snapshot!("rollout_explain_panel", panel.out);
    let plain = run(&api.url, &["rollout", "explain", "2026-11 B"]).await;
    insta::assert_snapshot!("rollout_explain_plain", plain.out);
}

#[tokio::test]
async fn colour_comes_when_asked_for_and_stays_away_otherwise() {
    let api = Api::start().await;
    let explain = ["rollout", "explain", "2026-11 B", "-o", "table"];
    assert!(!run(&api.url, &explain).await.out.contains('\x1b'));
    let always = [&explain[..], &["--color", "always"]].concat();
    let coloured = run(&api.url, &always).await.out;
    assert!(coloured.contains("\x1b[31m✗ fail"), "{coloured}");
    let mut without = command(&api.url, &always);
    without.env("NO_COLOR", "1");
    let coloured = finish(without).await.out;
    assert!(coloured.contains('\x1b'), "what is asked for on the command line wins");
}

#[tokio::test]
async fn the_environment_chooses_the_form() {
    let api = Api::start().await;
    let mut json = command(&api.url, &["rollout", "get", "2026-11 B"]);
    json.env("CONCENTRIC_OUTPUT", "jsonl");
    let line = finish(json).await.out;
    assert_eq!(line.lines().count(), 1);
    assert!(serde_json::from_str::<Value>(&line).is_ok());
}

#[tokio::test]
async fn a_name_cannot_steer_the_terminal() {
    let api = Api::start().await;
    api.change(|world| world.rollouts[0]["release_name"] = "a\u{1b}[2J\tb\nc".into());
    for form in ["table", "json"] {
        let run = run(&api.url, &["rollout", "list", "-o", form]).await;
        assert!(!run.out.contains('\x1b') && !run.out.contains('\t'), "{form}: {:?}", run.out);
    }
    let plain = run(&api.url, &["rollout", "list"]).await.out;
    assert_eq!(plain.lines().count(), 2, "one line a rollout: {plain:?}");
    assert!(plain.starts_with("a [2J b c\tsoaking\t"), "{plain:?}");
}

#[tokio::test]
async fn a_forecast_is_told_in_local_time_and_in_utc() {
    let api = Api::start().await;
    api.answer(&format!("GET /rollouts/{ROLLOUT}/forecast"), &[forecast()]);
    let table = run(&api.url, &["rollout", "forecast", "2026-11 B", "-o", "table"]).await;
    insta::assert_snapshot!("rollout_forecast_table", table.out);
    let plain = run(&api.url, &["rollout", "forecast", "2026-11 B"]).await;
    insta::assert_snapshot!("rollout_forecast_plain", plain.out);
}
