//! `explain`: what a field means, from the description that the server gives.

use std::path::Path;

use serde_json::Value;

use crate::api::Api;
use crate::program::run;

/// A server that says what ours says.
async fn described() -> Api {
    let api = Api::start().await;
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let document = std::fs::read_to_string(kept).expect("the document");
    api.answer("GET /openapi.json", &[serde_json::from_str(&document).expect("JSON")]);
    api
}

#[tokio::test]
async fn a_field_is_told_with_what_is_in_it() {
    let api = described().await;
    let gate = run(&api.url, &["explain", "RingSet.rings.gate", "-o", "table"]).await;
    assert_eq!(gate.code, 0, "{}", gate.err);
    insta::assert_snapshot!("explain_gate", gate.out);
    let hours = run(&api.url, &["explain", "gate.bake_hours", "-o", "json"]).await;
    let hours: Value = serde_json::from_str(&hours.out).expect("JSON");
    assert_eq!(
        (hours["type"].as_str(), hours["default"].as_str()),
        (Some("number, 0 to 2160"), Some("24.0"))
    );
}

/// Every kind of file is known, with the fields it is documented with.
#[tokio::test]
async fn kinds_of_files_are_known() {
    let api = described().await;
    for (kind, field) in [
        ("RingSet", "rings"),
        ("Plan", "ring_set_id"),
        ("Signal", "source"),
        ("Rule", "delay_days"),
        ("Freeze", "reason"),
        ("Holidays", "ics"),
        ("Enrollment", "restore_drift"),
        ("Strategies", "driver"),
        ("Tenant", "connection"),
    ] {
        let told = run(&api.url, &["explain", kind, "-o", "json"]).await;
        assert_eq!(told.code, 0, "{kind}: {}", told.err);
        let told: Value = serde_json::from_str(&told.out).expect("JSON");
        let of = |it: &Value| it["field"] == format!("{kind}.{field}");
        assert!(told["fields"].as_array().into_iter().flatten().any(of), "{kind}: {told}");
    }
}

#[tokio::test]
async fn a_slip_is_answered_with_what_was_meant() {
    let api = described().await;
    let slip = run(&api.url, &["explain", "RingSet.rings.gate.bake_hour"]).await;
    assert_eq!(slip.code, 3);
    assert!(slip.err.contains("did you mean `bake_hours`?"), "{}", slip.err);
}
