//! Replays, and explanations of a past time.

use serde_json::json;

use crate::api::{Api, ROLLOUT};
use crate::program::run;
use crate::ring_sets::{SET, ring_set};

#[tokio::test]
async fn a_replay_sends_only_what_is_different_and_shows_where_they_part() {
    let api = Api::start().await;
    let stop = |seq: u8, hour: u8, offered: u32| {
        json!({ "seq": seq, "at": format!("2026-11-12T{hour:02}:00:00Z"), "offered": offered,
            "text": "Paused by the service, because too many devices failed, beyond chance." })
    };
    let differs = json!({ "seq": 12, "at": "2026-11-12T09:00:00Z",
        "decided": "Wave 2 of ring 0 (First): 50 devices offered the update.",
        "would": "Paused by the service, because too many devices failed, beyond chance." });
    let replay = json!({ "rollout_id": ROLLOUT, "compared": 8, "beyond": 3, "complete": true,
        "summary": "The other policy would have stopped it.", "differing": 1, "steps": [differs],
        "stopped": stop(15, 11, 150), "would_stop": stop(12, 9, 100) });
    let path = format!("POST /rollouts/{ROLLOUT}/replay");
    api.answer(&path, &[replay]);
    let arguments = ["policy", "replay", "2026-11 B", "--pause-at", "20", "--on-suspect", "hold"];
    let table = run(&api.url, &[&arguments[..], &["-o", "table"]].concat()).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("policy_replay_table", table.out);
    let plain = run(&api.url, &arguments).await;
    insta::assert_snapshot!("policy_replay_plain", plain.out);
    let body = json!({ "pause_at": 20.0, "on_suspect": "hold" });
    assert_eq!(api.orders().pop(), Some((path, body)));
}

#[tokio::test]
async fn a_time_to_explain_is_a_time() {
    let api = Api::start().await;
    let explain = ["rollout", "explain", "2026-11 B", "--at"];
    let good = run(&api.url, &[&explain[..], &["2026-11-12T10:00:00+01:00"]].concat()).await;
    assert_eq!(good.code, 0, "{}", good.err);
    let asked = api.world.lock().expect("unpoisoned").requests.pop();
    let path = "GET explain?at=2026-11-12T09%3A00%3A00%2B00%3A00".to_owned();
    assert_eq!(asked, Some((path, serde_json::Value::Null)));
    let bad = run(&api.url, &[&explain[..], &["yesterday"]].concat()).await;
    assert_eq!(bad.code, 2, "{}", bad.err);
}

#[tokio::test]
async fn a_ring_set_says_what_its_rings_prove() {
    let api = Api::start().await;
    api.answer("GET /ring-sets", &[json!({ "items": [ring_set()] })]);
    let ring = |at: u8, name: &str, devices: u32, smallest: Option<f64>, notes: &[&str]| {
        json!({ "ring": at, "name": name, "devices": devices, "pooled": devices,
            "smallest_percent": smallest, "success_by": "rate", "can_certify": false,
            "refused": at == 1, "notes": notes })
    };
    let rings = [
        ring(0, "Test", 1, None, &["too few devices"]),
        ring(1, "Broad", 990, Some(4.512), &["never certified"]),
    ];
    let proof = json!({ "ring_set_id": SET, "healthy_failed_percent": 2.0, "doubled_after": 1234,
        "rings": rings });
    api.answer(&format!("GET /ring-sets/{SET}/proof"), &[proof]);
    let arguments = ["ring-set", "prove", "Standard", "--healthy-failed-percent", "1.5"];
    let table = run(&api.url, &[&arguments[..], &["-o", "table"]].concat()).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("ring_set_prove_table", table.out);
    let asked = api.world.lock().expect("unpoisoned").requests.pop();
    let path = format!("GET /ring-sets/{SET}/proof?healthy_failed_percent=1.5");
    assert_eq!(asked, Some((path, serde_json::Value::Null)));
}
