//! Approving, and who is missing.

use serde_json::{Value, json};

use crate::api::{Api, ROLLOUT, TENANT};
use crate::program::run;

const ONE: &str = "0195d333-1111-7000-8000-000000000001";
const TWO: &str = "0195d333-2222-7000-8000-000000000002";

fn approval(id: &str, by: &str, ignored: &Value) -> Value {
    json!({ "id": id, "ring": 1, "ring_name": "First", "plan_id": TENANT, "evidence": "1-4-3-ab",
        "by": by, "comment": "four failures, all known", "at": "2026-11-12T09:00:00Z",
        "expires_at": "2026-11-13T09:00:00Z", "withdrawn_at": null, "ignored": ignored })
}

async fn api() -> Api {
    let api = Api::start().await;
    let path = format!("/rollouts/{ROLLOUT}/approvals");
    let all = json!({ "plan_id": TENANT, "author": "ana",
        "rings": [
            { "ring": 0, "name": "Test", "needed": 1, "approvers": [], "counted": [], "met": false },
            { "ring": 1, "name": "First", "needed": 2, "approvers": ["ben", "cleo", "dan"],
              "counted": ["ben"], "met": false },
        ],
        "items": [approval(ONE, "ben", &Value::Null), approval(TWO, "cleo", &json!("it has expired"))] });
    api.answer(&format!("GET {path}"), &[all]);
    api.answer(&format!("POST {path}"), &[approval(ONE, "ben", &Value::Null)]);
    api
}

#[tokio::test]
async fn an_approval_names_what_was_seen() {
    let api = api().await;
    let approve = ["rollout", "approve", "2026-11 B", "--comment", "known", "--yes", "--ring"];
    for (ring, more, position, evidence) in [
        ("1", &["--evidence", "1-2-0-cd"][..], 1, "1-2-0-cd"),
        ("First", &[], 1, "1-4-3-ab"),
        ("0", &[], 0, "0-1-0-ab"),
    ] {
        let run = run(&api.url, &[&approve[..], &[ring], more].concat()).await;
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.contains("confirmed"), "{}", run.err);
        let body = json!({ "ring": position, "plan_id": TENANT, "evidence": evidence,
            "comment": "known" });
        let order = (format!("POST /rollouts/{ROLLOUT}/approvals"), body);
        assert_eq!(api.orders().pop(), Some(order));
    }
    let orders = api.orders().len();
    let run = run(&api.url, &[&approve[..], &["Second"]].concat()).await;
    assert_eq!(run.code, 3);
    let there = ["no ring `Second`", "0  Test", "1  First", "2  Broad"];
    assert!(there.iter().all(|one| run.err.contains(one)), "{}", run.err);
    assert_eq!(api.orders().len(), orders);
}

#[tokio::test]
async fn what_the_service_refuses_is_said() {
    let api = api().await;
    let why = "failed devices grew from 4 to 6 since you looked; look again";
    api.refuse(&format!("POST /rollouts/{ROLLOUT}/approvals"), 409, "The state forbids this", why);
    let approve =
        ["rollout", "approve", "2026-11 B", "--ring", "First", "--comment", "known", "--yes"];
    let run = run(&api.url, &approve).await;
    assert_eq!(run.code, 5);
    assert!(run.err.contains(why), "{}", run.err);
}

#[tokio::test]
async fn who_is_missing_is_shown() {
    let api = api().await;
    let table = run(&api.url, &["rollout", "approvals", "2026-11 B", "--output", "table"]).await;
    assert!(table.out.starts_with("RING"), "{}", table.out);
    assert!(table.out.contains("no: it has expired"), "{}", table.out);
    let plain = run(&api.url, &["rollout", "approvals", "2026-11 B"]).await;
    let expected = [
        "ring\tTest\t0 of 1\tmissing\t-\tanybody but ana".to_owned(),
        "ring\tFirst\t1 of 2\tmissing\tben\tben, cleo, dan".to_owned(),
        format!(
            "approval\tFirst\tben\t2026-11-12 09:00:00Z\t2026-11-13 09:00:00Z\tcounts\tfour failures, all known\t{ONE}"
        ),
        format!(
            "approval\tFirst\tcleo\t2026-11-12 09:00:00Z\t2026-11-13 09:00:00Z\tno: it has expired\tfour failures, all known\t{TWO}"
        ),
    ];
    assert_eq!(plain.out.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn one_is_withdrawn_by_the_beginning_of_its_id() {
    let api = api().await;
    let path = format!("DELETE /rollouts/{ROLLOUT}/approvals/{ONE}");
    api.refuse(&path, 204, "", "");
    let withdraw =
        async |id: &str| run(&api.url, &["rollout", "withdraw-approval", "2026-11 B", id]).await;
    let done = withdraw("0195d333-1").await;
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(api.orders(), [(path, Value::Null)]);
    assert_eq!(withdraw("0195d333").await.code, 2, "it could be either");
    let missing = withdraw("0195d444").await;
    assert_eq!(missing.code, 3);
    assert!(missing.err.contains("rollout approvals"), "{}", missing.err);
}
