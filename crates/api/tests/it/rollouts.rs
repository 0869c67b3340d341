//! Rollouts: what is shown, what can be asked, and the reasons given.

use axum::body::Body;
use axum::http::{Method, Request};
use domain::gate::ConditionKind;
use domain::ids::{RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::phase::{Event, PauseCause, Pauser};
use serde_json::{Value, json};

use crate::world::{World, hour, ring_set_body, text};

pub(crate) struct Story {
    pub(crate) world: World,
    pub(crate) tenant: TenantId,
    pub(crate) rollout: RolloutId,
}

impl Story {
    pub(crate) async fn new() -> Self {
        Self::over(ring_set_body()).await
    }

    pub(crate) async fn over(set: Value) -> Self {
        let world = World::new().await;
        let tenant = world.tenant("Contoso").await;
        let rollout = world.rollout_over(tenant, set).await;
        Self { world, tenant, rollout }
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenants/{}/rollouts/{}{rest}", self.tenant, self.rollout)
    }

    async fn act(&self, action: &str) -> (u16, Value) {
        let path = self.path(&format!("/{action}"));
        let body = json!({ "reason": "because" });
        let answer = self.world.post(&path, body).await;
        (answer.status.as_u16(), answer.body)
    }

    async fn wish(&self) -> String {
        let read = self.world.get(&self.path("")).await.expect(200);
        text(&read["intent"]["wish"]).to_owned()
    }

    /// Every action with the explanation of it, and whether the endpoint agrees.
    async fn actions(&self) -> String {
        let explained = self.world.get(&self.path("/explain")).await.expect(200);
        let mut lines = vec![text(&explained["summary"]).to_owned()];
        for action in explained["actions"].as_array().unwrap() {
            let mark = if action["allowed"] == true { "+" } else { "-" };
            lines.push(format!("{mark} {}: {}", text(&action["action"]), text(&action["text"])));
        }
        lines.join("\n")
    }

    async fn record(&self, event: Event) {
        self.world.record(self.tenant, self.rollout, event).await;
    }
}

#[tokio::test]
async fn a_rollout_is_scheduled_when_it_is_made() {
    let story = Story::new().await;
    let made = story.world.get(&story.path("")).await.expect(200);
    assert_eq!(made["phase"]["name"], "scheduled");
    assert_eq!(made["phase"]["ring"], Value::Null);
    assert_eq!(made["intent"]["wish"], "run");
    assert_eq!(made["release_name"], "November");
    let rings = made["rings"].as_array().unwrap();
    assert_eq!((rings.len(), &rings[0]["name"]), (2, &json!("First")));
    let assigned: u64 = rings.iter().map(|ring| ring["assigned"].as_u64().unwrap()).sum();
    assert_eq!(assigned, 100);
    assert_eq!(rings[0]["told"]["wanted"], "closed");
    assert_eq!(rings[0]["states"], json!({ "assigned": rings[0]["assigned"] }));

    let again = json!({ "release_id": made["release_id"], "ring_set_id": made["ring_set_id"] });
    let path = format!("/api/v1/tenants/{}/rollouts", story.tenant);
    insta::assert_snapshot!(story.world.post(&path, again.clone()).await.problem(), @"409 conflict: the release already has an unfinished rollout over this ring set");
    let mut wrong = again;
    wrong["starts_at"] = json!("2100-01-01T00:00:00Z");
    wrong["inactive_after_days"] = json!(0);
    insta::assert_snapshot!(story.world.post(&path, wrong).await.problem(), @"
    422 invalid: 2 fields are wrong; each is named in errors
      /inactive_after_days: 0 is out of range; 1 to 365 is right
      /starts_at: this is more than a year away from now
    ");
    let nothing = uuid::Uuid::from_u128(1);
    let wrong = json!({ "release_id": nothing, "ring_set_id": nothing });
    insta::assert_snapshot!(story.world.post(&path, wrong).await.problem(), @"
    422 invalid: /release_id: there is no such release here
      /release_id: there is no such release here
    ");
}

#[tokio::test]
async fn actions_of_a_scheduled_rollout() {
    let story = Story::new().await;
    insta::assert_snapshot!(story.actions().await, @"
    Next, ring 0 (First) opens.
    + pause: No ring opens until it is resumed.
    - resume: It is not paused.
    - promote: No ring has opened yet, so there is no gate to vouch for.
    + rollback: Nothing was offered yet, so it is cancelled.
    + cancel: Stops it for good; nothing was offered yet.
    ");
    assert_eq!(story.act("pause").await.0, 200);
    assert_eq!(story.wish().await, "hold");
    assert_eq!(story.act("resume").await.0, 200);
    assert_eq!(story.wish().await, "run");
    let (status, body) = story.act("promote").await;
    assert_eq!((status, &body["errors"][0]["pointer"]), (422, &json!("/ring")));
}

#[tokio::test]
async fn a_pause_is_kept_with_its_reason_and_asking_twice_is_fine() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    insta::assert_snapshot!(story.actions().await, @"
    The gate of ring 0 (First) waits for exposure: 0 of 20 devices judged, 18 needed; bake: 24 hours of watching begin once enough are judged; success: 0 failed and 0 lost of 20 devices, 0 confirmed; at most 1 may: too few devices for a bound of 5.0 %; stall: the fleet was never read completely.
    + pause: Stops new offers; 4 devices already offered keep going unless they check in first.
    - resume: It is not paused.
    + promote: Vouches for ring 0 (First): its gate no longer holds or pauses the rollout. Ring 1 (Broad) opens next, not before its day.
    + rollback: Takes the offer back from 4 devices not installing yet; no device has the update to uninstall.
    + cancel: Stops it for good: 96 devices still to be offered stay without the update, those that have it keep it.
    ");
    for _ in 0..2 {
        let (status, body) = story.act("pause").await;
        assert_eq!(status, 200);
        assert_eq!(body["intent"]["wish"], "hold");
        assert_eq!(
            (&body["intent"]["by"], &body["intent"]["reason"]),
            (&json!("first"), &json!("because"))
        );
    }
    story.record(Event::Paused { by: Pauser::Person }).await;
    insta::assert_snapshot!(story.actions().await, @"
    Held by a person: it goes on when it is resumed, or rolled back, or cancelled.
    - pause: It is paused by a person already.
    + resume: It goes on: ring 0 (First) gathers outcomes and is watched again.
    + promote: Vouches for ring 0 (First): its gate no longer holds or pauses the rollout. The rollout stays paused until it is resumed.
    + rollback: Takes the offer back from 4 devices not installing yet; no device has the update to uninstall.
    + cancel: Stops it for good: 96 devices still to be offered stay without the update, those that have it keep it.
    ");
    // Vouching for the ring does not lift the pause.
    let (status, body) = story.act("promote").await;
    assert_eq!((status, &body["intent"]["wish"]), (200, &json!("hold")));
    assert_eq!(body["intent"]["promoted"], 0);
    story.world.set_hour(1);
    for _ in 0..2 {
        assert_eq!(story.act("resume").await.0, 200);
        assert_eq!(story.wish().await, "run");
    }
}

/// Whichever of the two is written down first (I3).
#[tokio::test]
async fn a_pause_stands_beside_a_promotion_at_the_same_moment() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    let Story { world, tenant, rollout } = &story;
    let (first, now) = (RingIndex::FIRST, hour(0));
    for _ in 0..40 {
        assert_eq!(story.act("resume").await.0, 200);
        let promote = world.store.rollout_promote(*tenant, *rollout, first, "ana", "sure", now);
        let (pause, promoted) = tokio::join!(story.act("pause"), promote);
        assert_eq!((pause.0, promoted.unwrap().intent.promoted), (200, Some(first)));
        assert_eq!(story.wish().await, "hold");
    }
}

#[tokio::test]
async fn only_an_open_ring_can_be_vouched_for() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    let path = story.path("/promote");
    let later = story.world.post(&path, json!({ "ring": 1, "reason": "sure" })).await;
    insta::assert_snapshot!(later.problem(), @"
    422 invalid: /ring: ring 1 has not opened; 0 to 0 can be vouched for
      /ring: ring 1 has not opened; 0 to 0 can be vouched for
    ");
    let silent = story.world.post(&path, json!({})).await;
    insta::assert_snapshot!(silent.problem(), @"
    422 invalid: /reason: the field `reason` is missing
      /reason: the field `reason` is missing
    ");
    let first = story.world.post(&path, json!({ "ring": 0, "reason": "sure" })).await.expect(200);
    let again = story.world.post(&path, json!({ "reason": "sure" })).await.expect(200);
    assert_eq!(first["intent"]["promoted"], 0);
    assert_eq!(first["generation"], again["generation"], "nothing was left to ask for");
}

#[tokio::test]
async fn a_service_pause_names_its_cause_and_what_can_be_done() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    let why =
        PauseCause { ring: RingIndex::FIRST, condition: ConditionKind::Success, culprit: None };
    story.record(Event::Paused { by: Pauser::Service(why) }).await;
    let read = story.world.get(&story.path("")).await.expect(200);
    assert_eq!(read["phase"]["paused_by"], "service");
    assert_eq!(read["phase"]["cause"], "too many failed devices in ring 0 (First)");
    insta::assert_snapshot!(story.actions().await, @"
    Paused by the service, because the success condition of ring 0 (First) failed: too many devices failed, beyond chance. It waits for a person to look, and then to resume, promote, roll back or cancel.
    + pause: Adds a person's pause to the service's; only a person can lift it.
    + resume: It goes on: ring 0 (First) gathers outcomes and is watched again. If the success condition of ring 0 (First) still fails, the service pauses it again; to overrule the gate, promote the ring.
    + promote: Vouches for ring 0 (First): its gate no longer holds or pauses the rollout. Ring 1 (Broad) opens next, not before its day.
    + rollback: Takes the offer back from 4 devices not installing yet; no device has the update to uninstall.
    + cancel: Stops it for good: 96 devices still to be offered stay without the update, those that have it keep it.
    ");
}

#[tokio::test]
async fn a_rollback_cannot_be_turned_around() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    assert_eq!(story.act("rollback").await.0, 200);
    story.record(Event::RollbackStarted).await;
    insta::assert_snapshot!(story.actions().await, @"
    Every device known to have the update has removed it; until 2024-10-05 00:00 UTC it is watched for devices that had not heard yet and installed it after all.
    + pause: Tells no further device to uninstall; 0 devices already told go on.
    - resume: It is being rolled back, which goes on by itself and cannot be turned around.
    - promote: It is being rolled back: no gate decides.
    - rollback: It is being rolled back already.
    - cancel: A rollback cannot be cancelled: devices would be left in two states. It can be paused.
    ");
    assert_eq!(story.act("rollback").await.0, 200);
    for refused in ["resume", "promote", "cancel"] {
        let (status, body) = story.act(refused).await;
        assert_eq!((status, &body["code"]), (409, &json!("conflict")), "{refused}");
    }
    assert_eq!(story.wish().await, "withdraw");
    assert_eq!(story.act("pause").await.0, 200);
    assert_eq!(story.act("rollback").await.0, 200);
    assert_eq!(story.wish().await, "withdraw");
    story.record(Event::RolledBack).await;
    assert_eq!(story.act("rollback").await.0, 200);
    assert_eq!(story.act("pause").await.0, 409);
}

#[tokio::test]
async fn a_cancelled_rollout_stays_cancelled_but_can_be_taken_back() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    assert_eq!(story.act("cancel").await.0, 200);
    story.record(Event::Cancelled).await;
    insta::assert_snapshot!(story.actions().await, @"
    Nothing is left to do.
    - pause: The rollout is cancelled: this has no effect any more.
    - resume: The rollout is cancelled: this has no effect any more.
    - promote: The rollout is cancelled: this has no effect any more.
    + rollback: Takes the offer back from 4 devices not installing yet; no device has the update to uninstall.
    - cancel: It is cancelled already.
    ");
    let (status, body) = story.act("cancel").await;
    assert_eq!((status, &body["phase"]["name"]), (200, &json!("cancelled")));
    for refused in ["pause", "resume", "promote"] {
        assert_eq!(story.act(refused).await.0, 409, "{refused}");
    }
    assert_eq!(story.act("rollback").await.0, 200);
    assert_eq!(story.wish().await, "withdraw");
}

#[tokio::test]
async fn reading_a_rollout_by_its_head_is_allowed() {
    let story = Story::new().await;
    let request = Request::builder()
        .method(Method::HEAD)
        .uri(story.path(""))
        .header("authorization", format!("Bearer {}", story.world.admin))
        .body(Body::empty());
    assert_eq!(story.world.send(request.unwrap()).await.status, 200);
}

#[tokio::test]
async fn several_are_asked_at_once_and_each_answers_for_itself() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let first = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let made = world.get(&format!("{base}/rollouts/{first}")).await.expect(200);
    let release = world.get(&format!("{base}/releases/{}", text(&made["release_id"]))).await;
    let body = json!({ "update_id": release.expect(200)["update_id"], "name": "December" });
    let release = world.post(&format!("{base}/releases"), body).await.expect(201);
    let body = json!({ "release_id": release["id"], "ring_set_id": made["ring_set_id"] });
    let second = world.post(&format!("{base}/rollouts"), body).await.expect(201);
    let second = RolloutId(crate::world::id(&second));
    let unknown = uuid::Uuid::from_u128(7);
    let batch = format!("/api/v1/tenants/{tenant}/rollouts/batch");
    let ids = json!({ "ids": [first, unknown, second], "reason": "a bad week" });
    let results = world.post(&format!("{batch}/pause"), ids.clone()).await.expect(200);
    assert_eq!(results[0]["rollout"]["intent"]["wish"], "hold", "{results}");
    assert_eq!(results[1]["problem"]["code"], "not_found", "{results}");
    assert_eq!(results[2]["rollout"]["intent"]["reason"], "a bad week", "{results}");
    let read =
        async |id| world.get(&format!("/api/v1/tenants/{tenant}/rollouts/{id}")).await.expect(200);
    assert_eq!(read(second).await["intent"]["wish"], "hold");
    world.post(&format!("{batch}/resume"), ids).await.expect(200);
    assert_eq!(read(first).await["intent"]["wish"], "run");
    world.post(&format!("{batch}/cancel"), json!({ "ids": [first] })).await.expect(200);
    assert_eq!(read(first).await["intent"]["wish"], "cancel");
    for wrong in [json!({ "ids": [] }), json!({ "ids": vec![first; 101] })] {
        world.post(&format!("{batch}/pause"), wrong).await.expect(422);
    }
    let operator = world.token(store::tokens::Role::Operator, Some(tenant)).await;
    let cancel = format!("{batch}/cancel");
    let body = json!({ "ids": [second] });
    let refused = world.call(Method::POST, &cancel, Some(&operator), Some(&body)).await;
    assert_eq!(refused.status, 403);
}
