//! Approvals over HTTP: given in one's own name, and refused with what would be right.

use axum::http::Method;
use domain::ring::RingIndex;
use domain::rollout::phase::Event;
use serde_json::{Value, json};

use crate::rollouts::Story;
use crate::world::{Answer, ring_set_body, text};

/// Two of ben and cleo have to agree before the second ring opens.
async fn story() -> Story {
    let mut set = ring_set_body();
    set["rings"][0]["approvals"] = json!({ "needed": 2, "approvers": ["ben", "cleo"] });
    let story = Story::over(set).await;
    story.world.start(story.tenant, story.rollout).await;
    story
}

/// What somebody sends who has just looked at the first ring.
async fn looked(story: &Story) -> Value {
    let rollout = story.world.get(&story.path("")).await.expect(200);
    json!({ "ring": "First", "plan_id": rollout["plan_id"], "comment": "all of them known",
        "evidence": rollout["rings"][0]["evidence"] })
}

fn with(body: &Value, field: &str, value: &Value) -> Value {
    let mut body = body.clone();
    body[field] = value.clone();
    body
}

async fn give(story: &Story, token: &str, body: &Value) -> Answer {
    let path = story.path("/approvals");
    story.world.call(Method::POST, &path, Some(token), Some(body)).await
}

#[tokio::test]
async fn two_people_approve_in_their_own_names() {
    let story = story().await;
    let (ben, cleo) = (story.world.person("ben").await, story.world.person("cleo").await);
    let body = looked(&story).await;
    let given = give(&story, &ben, &body).await.expect(201);
    assert_eq!((&given["by"], &given["ring"]), (&json!("ben"), &json!(0)));
    assert_eq!((&given["ignored"], &given["evidence"]), (&Value::Null, &body["evidence"]));
    let by_position = with(&body, "ring", &json!(0));
    give(&story, &cleo, &by_position).await.expect(201);
    let read = async || story.world.get(&story.path("/approvals")).await.expect(200);
    let all = read().await;
    assert_eq!((&all["author"], &all["plan_id"]), (&json!("first"), &body["plan_id"]));
    let rings = json!([{ "ring": 0, "name": "First", "needed": 2, "approvers": ["ben", "cleo"],
        "counted": ["ben", "cleo"], "met": true }]);
    assert_eq!(all["rings"], rings);
    assert_eq!(all["items"][1], given, "the latest stands first");
    // One takes it back; the other's runs out.
    let path = story.path(&format!("/approvals/{}", text(&given["id"])));
    for _ in 0..2 {
        story.world.call(Method::DELETE, &path, Some(&ben), None).await.expect(204);
    }
    assert_eq!(read().await["rings"][0]["counted"], json!(["cleo"]));
    story.world.set_hour(24);
    let late = read().await;
    assert_eq!(
        (&late["rings"][0]["counted"], &late["rings"][0]["met"]),
        (&json!([]), &json!(false))
    );
    let why: Vec<&str> =
        late["items"].as_array().unwrap().iter().map(|one| text(&one["ignored"])).collect();
    assert_eq!(why, ["it has expired", "it was withdrawn"]);
    let events = story.world.get(&story.path("/events?limit=500")).await.expect(200);
    let said: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| text(&event["kind"]).starts_with("approv"))
        .map(|event| text(&event["text"]))
        .collect();
    assert_eq!(
        said,
        [
            "ben approved of ring 0 (First): all of them known",
            "cleo approved of ring 0 (First): all of them known",
            "ben took back the approval of ring 0 (First)."
        ]
    );
}

#[tokio::test]
async fn what_is_refused_says_what_would_be_right() {
    let story = story().await;
    let (ben, dan) = (story.world.person("ben").await, story.world.person("dan").await);
    let body = looked(&story).await;
    let of_second = {
        let rollout = story.world.get(&story.path("")).await.expect(200);
        rollout["rings"][1]["evidence"].clone()
    };
    let mut said = Vec::new();
    // The author (whose token is the first one), and somebody who is not asked.
    for token in [&story.world.admin, &dan] {
        said.push(give(&story, token, &body).await.problem());
    }
    let nothing = "00000000-0000-0000-0000-000000000001";
    for wrong in [
        with(&body, "plan_id", &json!(nothing)),
        with(&with(&body, "ring", &json!("Broad")), "evidence", &of_second),
        with(&body, "evidence", &of_second),
        with(&body, "evidence", &json!("all good")),
        with(&body, "comment", &json!(" ")),
        with(&body, "ring", &json!("first")),
        with(&body, "ring", &json!(2)),
        with(&body, "ring", &json!(true)),
        with(&body, "reason", &json!("x")),
    ] {
        said.push(give(&story, &ben, &wrong).await.problem());
    }
    let given = give(&story, &ben, &body).await.expect(201);
    said.push(give(&story, &ben, &body).await.problem());
    let path = story.path(&format!("/approvals/{}", text(&given["id"])));
    let foreign = story.world.call(Method::DELETE, &path, Some(&dan), None).await;
    said.push(foreign.problem());
    let event = Event::RingOpened { ring: RingIndex(1) };
    story.world.record(story.tenant, story.rollout, event).await;
    let used = story.world.call(Method::DELETE, &path, Some(&ben), None).await;
    said.push(used.problem());
    let path = story.path(&format!("/approvals/{nothing}"));
    said.push(story.world.call(Method::DELETE, &path, Some(&ben), None).await.problem());
    let said = said.join("\n").replace(text(&body["plan_id"]), "PLAN");
    insta::assert_snapshot!(said, @r#"
    403 forbidden: first made the plan, and its author cannot approve it; somebody else has to
    403 forbidden: dan is not among the approvers of ring 0 (First): ben, cleo
    409 conflict: the rollout follows another plan now: revision 1, PLAN; look again
    409 conflict: ring 1 (Broad) asks for no approvals
    422 invalid: /evidence: this is of another ring; that of First is right
      /evidence: this is of another ring; that of First is right
    422 invalid: /evidence: this is not the evidence of a ring; send what the rollout shows as `evidence` of the ring
      /evidence: this is not the evidence of a ring; send what the rollout shows as `evidence` of the ring
    422 invalid: /comment: this is empty; 1 to 1000 characters are right
      /comment: this is empty; 1 to 1000 characters are right
    422 invalid: /ring: the rollout has no ring "first"; it has 0 (First), 1 (Broad)
      /ring: the rollout has no ring "first"; it has 0 (First), 1 (Broad)
    422 invalid: /ring: the rollout has no ring 2; it has 0 (First), 1 (Broad)
      /ring: the rollout has no ring 2; it has 0 (First), 1 (Broad)
    422 invalid: /ring: this is neither the position nor the name of a ring
      /ring: this is neither the position nor the name of a ring
    422 invalid: /reason: unknown field `reason`, expected one of `ring`, `plan_id`, `evidence`, `comment`
      /reason: unknown field `reason`, expected one of `ring`, `plan_id`, `evidence`, `comment`
    409 conflict: ben approved ring 0 (First) already, until 2024-10-05 00:00 UTC; withdraw that to approve anew
    403 forbidden: this is the approval of ben, and only ben may withdraw it
    409 conflict: ring 1 (Broad) has opened since; pausing the rollout is what stops it now
    404 not_found: there is no such approval here
    "#);
}
