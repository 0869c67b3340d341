//! `webhook`: receivers of events.

use serde_json::{Value, json};

use crate::api::Api;
use crate::program::run;

const ID: &str = "0195d444-0000-7000-8000-000000000001";
const DELIVERY: &str = "0195d444-0000-7000-8000-0000000000aa";

fn webhook() -> Value {
    json!({ "id": ID, "name": "Chat", "url": "https://chat.corp/hook", "events": ["rollout.paused"],
        "enabled": true, "disabled": null, "disabled_at": null, "old_secret_until": null,
        "failing_since": null, "pending": 2, "created_at": "2026-11-10T09:00:00Z",
        "changed_at": "2026-11-10T09:00:00Z" })
}

async fn with_webhook() -> Api {
    let api = Api::start().await;
    api.answer("GET /webhooks", &[json!({ "items": [webhook()] })]);
    api.answer(&format!("GET /webhooks/{ID}"), &[webhook()]);
    api
}

fn with_secret() -> Value {
    let mut made = webhook();
    made["secret"] = json!("whsec_c2VjcmV0");
    made
}

#[tokio::test]
async fn a_new_webhook_shows_its_secret_once() {
    let api = with_webhook().await;
    api.answer("POST /webhooks", &[with_secret()]);
    let create = ["webhook", "create", "Chat", "--to", "https://chat.corp/hook"];
    let made =
        run(&api.url, &[&create[..], &["--event", "rollout.paused", "-o", "table"]].concat()).await;
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(
        made.out.contains("whsec_c2VjcmV0") && made.err.contains("shown this once"),
        "{}",
        made.out
    );
    let [(line, body)] = api.orders().try_into().expect("one order");
    assert_eq!(line, "POST /webhooks");
    assert_eq!(
        body,
        json!({ "name": "Chat", "url": "https://chat.corp/hook", "events": ["rollout.paused"],
            "enabled": true })
    );
    let list = run(&api.url, &["webhook", "list", "-o", "table"]).await;
    assert!(!list.out.contains("whsec"), "{}", list.out);
    insta::assert_snapshot!("webhook_list", list.out);
}

#[tokio::test]
async fn what_is_not_given_stays() {
    let api = with_webhook().await;
    api.answer(&format!("PUT /webhooks/{ID}"), &[webhook()]);
    for (flags, field, value) in [
        (&["--disable"][..], "enabled", json!(false)),
        (&["--all-events"], "events", json!([])),
        (&["--to", "https://other.corp/"], "url", json!("https://other.corp/")),
        (&["--event", "alert.raised"], "events", json!(["alert.raised"])),
    ] {
        let changed = run(&api.url, &[&["webhook", "update", "Chat"], flags].concat()).await;
        assert_eq!(changed.code, 0, "{}", changed.err);
        let (line, body) = api.orders().pop().expect("an order");
        assert_eq!(line, format!("PUT /webhooks/{ID}"));
        let mut wanted = json!({ "name": "Chat", "url": "https://chat.corp/hook",
            "events": ["rollout.paused"], "enabled": true });
        wanted[field] = value;
        assert_eq!(body, wanted, "{flags:?}");
    }
}

#[tokio::test]
async fn secrets_are_replaced_and_webhooks_deleted() {
    let api = with_webhook().await;
    api.answer(&format!("POST /webhooks/{ID}/rotate-secret"), &[with_secret()]);
    let rotate = ["webhook", "rotate-secret", "Chat", "--overlap-hours", "1"];
    let rotated = run(&api.url, &rotate).await;
    assert!(rotated.out.contains("whsec_c2VjcmV0"), "{}{}", rotated.out, rotated.err);
    assert_eq!(api.orders()[0].1, json!({ "overlap_hours": 1 }));

    let delete = ["webhook", "delete", "Chat", "--reason", "not used"];
    let unasked = run(&api.url, &delete).await;
    assert_eq!(unasked.code, 2, "nobody to ask: {}", unasked.err);
    assert_eq!(api.orders().len(), 1);
    api.change(|world| {
        world.answers.insert(format!("DELETE /webhooks/{ID}"), [(204, Value::Null)].into());
    });
    let deleted = run(&api.url, &[&delete[..], &["--yes"]].concat()).await;
    assert_eq!(deleted.code, 0, "{}", deleted.err);
    assert_eq!(api.orders()[1].0, format!("DELETE /webhooks/{ID}?reason=not+used"));
}

#[tokio::test]
async fn deliveries_are_shown_and_sent_again() {
    let api = with_webhook().await;
    let tried = json!({ "at": "2026-11-10T18:00:00Z", "status": 500, "latency_ms": 12,
        "refusal": "status" });
    let delivery = json!({ "id": DELIVERY, "webhook_id": "msg_1", "type": "rollout.paused",
        "entry": 41, "state": "pending", "due_since": "2026-11-10T18:00:00Z",
        "next_at": "2026-11-10T18:05:00Z", "ended_at": null, "tries": [tried] });
    api.answer(&format!("GET /webhooks/{ID}/deliveries"), &[json!({ "items": [delivery] })]);
    let listed =
        run(&api.url, &["webhook", "deliveries", "Chat", "--state", "pending", "-o", "table"])
            .await;
    insta::assert_snapshot!("webhook_deliveries", listed.out);

    let sent = json!({ "id": DELIVERY });
    api.answer(&format!("POST /webhooks/{ID}/test"), std::slice::from_ref(&sent));
    api.answer(&format!("POST /webhooks/{ID}/deliveries/{DELIVERY}/replay"), &[sent]);
    api.answer(&format!("POST /webhooks/{ID}/replay"), &[json!({ "messages": 7 })]);
    for (flags, out) in [
        (&["test", "Chat"][..], DELIVERY),
        (&["replay", "Chat", "--delivery", DELIVERY], DELIVERY),
        (&["replay", "Chat", "--from", "2026-11-10T18:00:00Z"], "7"),
    ] {
        let run = run(&api.url, &[&["webhook"], flags].concat()).await;
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.out.contains(out), "{}", run.out);
    }
    assert_eq!(api.orders()[2].1, json!({ "from": "2026-11-10T18:00:00Z" }));
    let nothing = run(&api.url, &["webhook", "replay", "Chat"]).await;
    assert_eq!(nothing.code, 2, "{}", nothing.err);
}
