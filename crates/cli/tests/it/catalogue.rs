//! Updates and rules: lists, one of them in full, and what is sent.

use serde_json::{Value, json};

use crate::api::{Api, TENANT};
use crate::program::run;
use crate::ring_sets::{SET, ring_set};

const UPDATE: &str = "0195d555-0000-7000-8000-000000000001";
const RULE: &str = "0195d666-0000-7000-8000-000000000001";

fn update() -> Value {
    json!({ "id": UPDATE, "kind": "quality", "version": null, "channel": null,
        "title": "2026-11 Cumulative Update", "short_name": "2026.11 B",
        "classification": "security", "cadence": "monthly", "kb": "KB5068861",
        "released_at": "2026-11-10T18:00:00Z", "deployable_until": null, "is_expeditable": true,
        "servicing": "monthly", "hotpatch": "available", "max_severity": "critical",
        "max_base_score": 8.8, "exploited_cves": ["CVE-2026-20006"], "superseded_by": TENANT,
        "builds": [{ "product": "Windows 11", "version": "24H2", "build": "10.0.26100.7171",
            "kb": "KB5068861", "is_hotpatch": false }],
        "catalog_entry_id": "e" })
}

fn detail() -> Value {
    let issue = |id: &str, status: &str, is_open: bool| {
        json!({ "id": id, "product": "Windows 11, version 24H2", "title": "Blank pages",
            "description": "", "status": status, "is_open": is_open, "started_at": null,
            "resolved_at": null, "originating_kb": null,
            "resolving_kb": if is_open { Value::Null } else { json!("KB5070000") },
            "safeguard_hold_ids": [], "url": null })
    };
    let mut detail = update();
    detail["supersedes"] = json!([{ "id": TENANT, "short_name": "2026.10 B" }]);
    detail["known_issues"] =
        json!([issue("WI1", "resolved", false), issue("WI2", "confirmed", true)]);
    detail
}

fn rule() -> Value {
    json!({ "id": RULE, "name": "Monthly", "ring_set_id": SET, "kind": "quality",
        "classification": "security", "cadence": "monthly", "delay_days": 3, "previews": false,
        "on_gate_failure": "pause", "created_by": "ana", "created_at": "2026-11-10T18:00:00Z" })
}

async fn served() -> Api {
    let api = Api::start().await;
    api.answer("GET /updates", &[json!({ "items": [update()] })]);
    api.answer(&format!("GET /updates/{UPDATE}"), &[detail()]);
    api.answer("GET /ring-sets", &[json!({ "items": [ring_set()] })]);
    api.answer("GET /rules", &[json!({ "items": [rule()] })]);
    api
}

#[tokio::test]
async fn an_update_is_shown_in_full_with_open_issues_first() {
    let api = served().await;
    let shown = run(&api.url, &["-o", "table", "update", "get", "2026.11 B"]).await;
    assert_eq!(shown.code, 0, "{}", shown.err);
    insta::assert_snapshot!("update_get_table", shown.out);
    let list = run(&api.url, &["-o", "table", "update", "list", "--kind", "quality"]).await;
    assert_eq!(list.code, 0, "{}", list.err);
    insta::assert_snapshot!("update_list_table", list.out);
    let json = run(&api.url, &["-o", "json", "update", "get", UPDATE]).await;
    assert_eq!(serde_json::from_str::<Value>(&json.out).unwrap(), detail());
}

#[tokio::test]
async fn what_is_declared_and_ruled_is_sent_as_said() {
    let api = served().await;
    api.answer("POST /updates", &[update()]);
    api.answer("POST /rules", &[rule()]);
    let preview = json!({ "at": "2026-11-10T18:00:00Z", "updates": [{ "update_id": UPDATE,
        "short_name": "2026.11 B", "released_at": "2026-11-10T18:00:00Z", "standing": "due",
        "why": "It is approved at the next look, within moments." }] });
    api.answer(&format!("GET /rules/{RULE}/preview"), std::slice::from_ref(&preview));
    api.answer("POST /rules/preview", &[preview]);
    let declare =
        ["update", "declare", "--kind", "edge", "--channel", "stable", "--app-version", "131.0.1"];
    assert_eq!(run(&api.url, &declare).await.code, 0);
    let create = [
        "rule",
        "create",
        "Monthly",
        "--ring-set",
        "Standard",
        "--classification",
        "security",
        "--delay",
        "3",
        "--min-severity",
        "important",
    ];
    let made = run(&api.url, &create).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let orders = api.orders();
    assert_eq!(orders[0].1, json!({ "kind": "edge", "channel": "stable", "version": "131.0.1" }));
    assert_eq!(
        orders[1].1,
        json!({ "name": "Monthly", "ring_set_id": SET, "kind": "quality",
        "classification": "security", "delay_days": 3, "previews": false,
        "min_severity": "important", "on_gate_failure": "pause" })
    );
    let list = run(&api.url, &["rule", "list"]).await;
    assert!(list.out.starts_with("Monthly\tquality\tsecurity, monthly\t3 d\t"), "{}", list.out);
    for preview in
        [&["rule", "preview", "Monthly"][..], &["rule", "preview", "--ring-set", "Standard"]]
    {
        let shown = run(&api.url, preview).await;
        assert!(
            shown.out.contains("2026.11 B\t2026-11-10 18:00:00Z\tdue\t"),
            "{}{}",
            shown.out,
            shown.err
        );
    }
    let nothing = run(&api.url, &["rule", "preview"]).await;
    assert_eq!(nothing.code, 2, "{}", nothing.err);
}
