//! Assessments, checks, permissions and registration.

use serde_json::{Value, json};

use crate::api::Api;
use crate::program::run;

const OLD: &str = "2026-11-12T16:00:00Z";
const ASKED: &str = "2026-11-12T17:00:00Z";
const NEW: &str = "2026-11-12T17:00:03Z";

fn assessment(at: &str, level: &str) -> Value {
    let finding = |check: &str, title: &str, level: &str, summary: &str| {
        json!({ "check": check, "title": title, "level": level, "summary": summary,
            "evidence": [], "remedy": null, "fix": null, "missing_permission": null })
    };
    let mut bad = finding(
        "update-rings",
        "Foreign update rings",
        level,
        "One update ring of the organisation targets all devices.",
    );
    bad["evidence"] = json!(["\"Default ring\" is assigned to All devices"]);
    bad["remedy"] = json!("Exclude the Concentric groups from it.");
    bad["fix"] = json!("exclude our groups (--exclude-from-foreign-rings)");
    let mut unread = finding(
        "conditional-access",
        "Conditional access",
        "advisory",
        "Policies could not be read.",
    );
    unread["missing_permission"] = json!("Policy.Read.All");
    json!({ "id": "0195d333-0000-7000-8000-000000000001", "at": at, "level": level,
        "blocks_enrollment": level == "not_ready",
        "findings": [finding("licences", "Licences", "ready", "1,200 suitable licences."), unread,
            bad],
        "changes": [{ "check": "update-rings", "from": "ready", "to": level,
            "regressed": true }],
        "consent_link": "https://login.example/adminconsent?client_id=1" })
}

fn assessing(api: &Api, level: &str) {
    api.answer("POST /readiness", &[json!({ "at": ASKED })]);
    api.answer("GET /readiness", &[assessment(OLD, "ready"), assessment(NEW, level)]);
}

#[tokio::test]
async fn an_assessment_is_waited_for_and_told_worst_first() {
    let api = Api::start().await;
    assessing(&api, "not_ready");
    let table = run(&api.url, &["tenant", "assess", "--network", "-o", "table"]).await;
    assert_eq!(table.code, 14, "{}", table.err);
    insta::assert_snapshot!("assess_table", table.out);
    assert!(table.err.contains("the checks are running"), "{}", table.err);
    assert_eq!(api.orders(), [("POST /readiness".to_owned(), json!({ "network": true }))]);
    assessing(&api, "not_ready");
    insta::assert_snapshot!("assess_plain", run(&api.url, &["tenant", "assess"]).await.out);
    assessing(&api, "not_ready");
    let whole = run(&api.url, &["tenant", "assess", "-o", "json"]).await;
    let whole: Value = serde_json::from_str(&whole.out).expect("JSON");
    assert_eq!(whole, assessment(NEW, "not_ready"), "what the API said");
}

#[tokio::test]
async fn the_exit_code_is_that_of_the_worst_finding() {
    let api = Api::start().await;
    for (level, code) in [("ready", 0), ("advisory", 0), ("not_ready", 14), ("error", 14)] {
        assessing(&api, level);
        assert_eq!(run(&api.url, &["tenant", "assess"]).await.code, code, "{level}");
    }
}

#[tokio::test]
async fn a_first_assessment_is_waited_for_too_and_not_forever() {
    let api = Api::start().await;
    api.answer("POST /readiness", &[json!({ "at": ASKED })]);
    let run = run(&api.url, &["tenant", "assess", "--timeout", "1s"]).await;
    assert_eq!(run.code, 12, "{}", run.err);
    assert!(run.err.contains("tenant assess --last"), "it says what shows it: {}", run.err);
    let looks = api.world.lock().expect("unpoisoned").requests.len();
    assert!(looks < 8, "no more often than every 200 ms: {looks}");
}

#[tokio::test]
async fn without_waiting_it_only_asks() {
    let api = Api::start().await;
    api.answer("POST /readiness", &[json!({ "at": ASKED })]);
    let asked = run(&api.url, &["tenant", "assess", "--no-wait"]).await;
    assert_eq!((asked.code, asked.out.as_str()), (0, ""), "{}", asked.err);
    let last = run(&api.url, &["tenant", "assess", "--last"]).await;
    assert_eq!(last.code, 3, "none was run: {}", last.err);
    assert!(last.err.contains("`concentric tenant assess` runs them"), "{}", last.err);
}

#[tokio::test]
async fn the_history_lists_runs() {
    let api = Api::start().await;
    let runs = json!({ "items": [{ "id": "0195d333-0000-7000-8000-000000000001", "at": OLD,
        "level": "not_ready", "failing": ["update-rings", "licences"] }] });
    api.answer("GET /readiness/history", &[runs]);
    let run = run(&api.url, &["tenant", "assess", "--history", "-o", "table"]).await;
    insta::assert_snapshot!("assess_history", run.out);
    assert_eq!(api.orders(), [], "nothing was run");
}

#[tokio::test]
async fn checks_are_a_table_and_one_is_told_in_full() {
    let api = Api::start().await;
    let check = json!({ "id": "security-defaults", "title": "Security defaults",
        "reads": "policies/identitySecurityDefaultsEnforcementPolicy", "rule": "isEnabled is false",
        "failing": "advisory", "since": "2022-07", "until": null, "rationale": "They ask for MFA.",
        "source": "Microsoft Learn", "remedy": "Use conditional access.", "fix": null });
    api.answer("GET /readiness/checks", &[json!({ "items": [check] })]);
    let table = run(&api.url, &["tenant", "checks", "-o", "table"]).await;
    insta::assert_snapshot!("checks_table", table.out);
    let one = run(&api.url, &["tenant", "checks", "security-defaults", "-o", "table"]).await;
    insta::assert_snapshot!("check_in_full", one.out);
    let none = run(&api.url, &["tenant", "checks", "secrity"]).await;
    assert_eq!(none.code, 3);
    assert!(none.err.contains("`concentric tenant checks` lists them"), "{}", none.err);
}

#[tokio::test]
async fn permissions_are_chosen_by_what_they_are_for() {
    let api = Api::start().await;
    let permission = |value: &str, capability: &str| {
        json!({ "value": value, "role_id": "0195d333-0000-7000-8000-000000000009",
            "capabilities": [capability], "reason": "Reads it.", "contained_in": [] })
    };
    let all = json!({ "items": [permission("Policy.Read.All", "assess"),
        permission("WindowsUpdates.ReadWrite.All", "roll_out")] });
    api.answer("GET /permissions", &[all]);
    let run = run(&api.url, &["tenant", "permissions", "--capability", "assess"]).await;
    insta::assert_snapshot!("permissions_plain", run.out);
}

#[tokio::test]
async fn registration_counts_and_judges_again_when_asked() {
    let api = Api::start().await;
    let summary = |due: u32| {
        let counted = |name: &str, devices: u32, title: &str| json!({ "name": name, "title": title, "devices": devices });
        json!({ "devices": 1300, "due": due,
            "standings": [counted("ready", 1200, "Can be served"),
                counted("not_ready", 100, "Something stands against it")],
            "reasons": [counted("inactive", 80, "Not heard of for 28 days")] })
    };
    api.answer("GET /registration", &[summary(0)]);
    let table = run(&api.url, &["tenant", "registration", "-o", "table"]).await;
    insta::assert_snapshot!("registration_table", table.out);
    assert_eq!(api.orders(), []);
    api.answer("POST /registration", &[json!({ "at": ASKED })]);
    api.answer("GET /registration", &[summary(1300), summary(0)]);
    let again = run(&api.url, &["tenant", "registration", "--run"]).await;
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.err.contains("1,300 devices to be judged"), "{}", again.err);
    assert_eq!(api.orders().len(), 1);
}
