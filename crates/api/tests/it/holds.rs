//! Holds on cohorts: what is asked for, what is refused, and who is held.

use serde_json::{Value, json};

use crate::rollouts::Story;
use crate::world::{id, text};

#[tokio::test]
async fn a_hold_is_made_listed_and_ended() {
    let story = Story::new().await;
    let Story { world, tenant, .. } = &story;
    let holds = format!("/api/v1/tenants/{tenant}/holds");
    let body = json!({ "filter": "name == \"PC-0007\"", "reason": "its firmware is old" });
    let made = world.post(&holds, body).await;
    assert!(text(&json!(made.headers["location"].to_str().unwrap())).contains("/holds/"));
    let made = made.expect(201);
    assert_eq!((&made["devices"], &made["complete"]), (&json!(1), &json!(true)));
    let listed = world.get(&holds).await.expect(200);
    assert_eq!(listed["items"], json!([made]));
    let end = format!("{holds}/{}/end", id(&made));
    let nothing = world.post(&end, json!({})).await;
    assert_eq!(
        (nothing.status.as_u16(), &nothing.body["errors"][0]["pointer"]),
        (422, &json!("/reason"))
    );
    assert_eq!(world.post(&end, json!({ "reason": "fixed" })).await.status, 204);
    assert_eq!(world.get(&holds).await.expect(200)["items"], json!([]));
    let again = world.post(&end, json!({ "reason": "fixed" })).await;
    insta::assert_snapshot!(again.problem(), @"404 not_found: there is no such hold here");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_holds_nobody() {
    let story = Story::new().await;
    let holds = format!("/api/v1/tenants/{}/holds", story.tenant);
    let refused = async |body: Value| {
        let answer = story.world.post(&holds, body).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        text(&answer.body["errors"][0]["pointer"]).to_owned()
    };
    let bad = json!({ "filter": "modle == \"x\"", "reason": "x" });
    assert_eq!(refused(bad).await, "/filter");
    assert_eq!(refused(json!({ "filter": "true", "reason": " " })).await, "/reason");
    let past = json!({ "filter": "true", "reason": "x", "expires_at": "2020-01-01T00:00:00Z" });
    assert_eq!(refused(past).await, "/expires_at");
    assert_eq!(story.world.get(&holds).await.expect(200)["items"], json!([]));
}
