//! Ring sets from files: trying, applying, deleting.

use serde_json::{Value, json};

use crate::api::Api;
use crate::program::{TempFile, run};

pub(crate) const SET: &str = "0195d222-0000-7000-8000-000000000001";

/// As the API says it.
pub(crate) fn ring_set() -> Value {
    let gate = json!({ "min_judged_percent": 80.0, "bake_hours": 24.0, "max_failed_percent": 5.0,
        "max_lost_percent": 2.0, "max_data_age_hours": 12.0, "observation_window_hours": 120.0 });
    let ring = |name: &str, percent: u8, groups: Value| {
        json!({ "name": name, "percent": percent,
        "groups": groups, "deferral_days": 0, "deadline_days": 2, "grace_days": 1, "gate": gate,
        "waves": { "least": 50, "most": 500, "percent": 5 } })
    };
    let groups =
        json!(["0195d222-0000-7000-8000-00000000000b", "0195d222-0000-7000-8000-00000000000a"]);
    json!({ "id": SET, "name": "Standard", "members": [10, 990], "placed_at": null,
        "created_at": "2026-11-01T00:00:00Z",
        "rings": [ring("Test", 1, groups), ring("Broad", 99, json!([]))],
        "rules": { "sources": [], "cover": ["model"], "cover_rings": 1 } })
}

/// The same in a file, with groups in another order.
pub(crate) const FILE: &str = "\
kind: RingSet
name: Standard
rules: { cover: [model], cover_rings: 1 }
rings:
  - name: Test
    percent: 1
    groups: # pilots
      - 0195d222-0000-7000-8000-00000000000a
      - 0195d222-0000-7000-8000-00000000000b
    deferral_days: 0
    deadline_days: 2
    grace_days: 1
  - { name: Broad, percent: 99, deferral_days: 0, deadline_days: 2, grace_days: 1 }
";

pub(crate) fn preview() -> Value {
    json!({ "ring_set_id": SET, "rings": [
            { "name": "Test", "members_before": 10, "members_after": 22,
              "covered": { "strata": 9, "covered": 7, "uncovered": ["Surface Go 4"] } },
            { "name": "Broad", "members_before": 1990, "members_after": 1978, "covered": null }],
        "moves": [{ "from": "Broad", "to": "Test", "why": "covers", "devices": 12,
            "examples": [{ "id": SET, "name": "LAPTOP-1" }, { "id": SET, "name": "LAPTOP-2" }] },
            { "from": "Test", "to": null, "why": "left", "devices": 1, "examples": [] }],
        "notes": ["Test is too small to show a failure rate under 5 %."] })
}

fn served(api: &Api) {
    api.answer("GET /ring-sets", &[json!({ "items": [ring_set()] })]);
    api.answer(&format!("POST /ring-sets/{SET}/preview"), &[preview()]);
    api.answer("POST /ring-sets/preview", &[preview()]);
    api.answer(&format!("PUT /ring-sets/{SET}"), &[ring_set()]);
    api.answer("POST /ring-sets", &[ring_set()]);
    api.change(|world| {
        world.answers.insert(format!("DELETE /ring-sets/{SET}"), [(204, Value::Null)].into());
    });
}

#[tokio::test]
async fn who_would_move_is_told_for_a_file_and_for_a_name() {
    let api = Api::start().await;
    served(&api);
    let file = TempFile::new(FILE);
    let table = run(&api.url, &["ring-set", "preview", file.path(), "-o", "table"]).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("ring_set_preview_table", table.out);
    let plain = run(&api.url, &["ring-set", "preview", "Standard"]).await;
    insta::assert_snapshot!("ring_set_preview_plain", plain.out);
    let path = format!("POST /ring-sets/{SET}/preview");
    let paths: Vec<String> = api.orders().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [path.clone(), path], "as the new form of the set that is there");
}

#[tokio::test]
async fn a_file_that_says_what_is_so_changes_nothing() {
    let api = Api::start().await;
    served(&api);
    let file = TempFile::new(FILE);
    let run = run(&api.url, &["ring-set", "apply", "-f", file.path(), "--yes"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("is so already"), "{}", run.err);
    assert_eq!(api.orders(), []);
}

#[tokio::test]
async fn it_is_changed_or_made_after_a_preview() {
    let api = Api::start().await;
    served(&api);
    let file = TempFile::new(&FILE.replace("deadline_days: 2\n", "deadline_days: 3\n"));
    let apply = ["ring-set", "apply", "-f", file.path()];
    let unasked = run(&api.url, &apply).await;
    assert_eq!(unasked.code, 2, "{}", unasked.err);
    let changed = run(&api.url, &[&apply[..], &["--yes"]].concat()).await;
    assert_eq!(changed.code, 0, "{}", changed.err);
    assert!(changed.err.contains("rings[0].deadline_days: 2 -> 3"), "{}", changed.err);
    assert!(
        changed.err.contains("12 devices: Broad -> Test (covers): LAPTOP-1, LAPTOP-2 and 10"),
        "{}",
        changed.err
    );
    let (line, body) = api.orders().pop().expect("an order");
    assert_eq!(line, format!("PUT /ring-sets/{SET}"));
    assert_eq!(body["rings"][0]["deadline_days"], 3);
    let file = TempFile::new(&FILE.replace("name: Standard", "name: New"));
    let made = run(&api.url, &["ring-set", "apply", "-f", file.path(), "--yes"]).await;
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(api.orders().pop().expect("an order").0, "POST /ring-sets");
}

#[tokio::test]
async fn deleting_needs_yes() {
    let api = Api::start().await;
    served(&api);
    assert_eq!(run(&api.url, &["ring-set", "delete", "Standard"]).await.code, 2);
    let gone = run(&api.url, &["ring-set", "delete", "Standard", "--yes"]).await;
    assert_eq!(gone.code, 0, "{}", gone.err);
    assert_eq!(api.orders().len(), 1);
}
