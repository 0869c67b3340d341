//! Pauses of a tenant, a release and a ring: what they answer, and what is shown of them.

use axum::http::Method;
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::phase::Event;
use serde_json::{Value, json};
use store::tokens::Role;

use crate::rollouts::Story;
use crate::world::{hour, text};

/// The three kinds of paths below a tenant, without the verb.
async fn targets(story: &Story) -> [(&'static str, String); 3] {
    let rollout = story.world.get(&story.path("")).await.expect(200);
    let base = format!("/api/v1/tenants/{}", story.tenant);
    let release = text(&rollout["release_id"]);
    [
        ("tenant", base.clone()),
        ("release", format!("{base}/releases/{release}")),
        ("ring", story.path("/rings/0")),
    ]
}

/// Every pause that is shown with the rollout: scope, ring, who, why, and which clocks have struck.
async fn shown(story: &Story, rest: &str) -> Vec<String> {
    let body = story.world.get(&story.path(rest)).await.expect(200);
    let line = |pause: &Value| {
        let ring = pause["ring"].as_u64().map(|ring| format!(" {ring}")).unwrap_or_default();
        let reason = pause["reason"].as_str().unwrap_or("-");
        let times = ["decided_at", "accepted_at", "devices_told_by"]
            .map(|name| pause[name].as_str().unwrap_or("not yet").to_owned());
        format!(
            "{}{ring} by {} ({reason}): {}",
            text(&pause["scope"]),
            text(&pause["by"]),
            times.join(", ")
        )
    };
    body["pauses"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn each_pause_answers_what_it_covers_and_asking_twice_is_fine() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    for (scope, path) in targets(&story).await {
        let body = json!({ "reason": "printing fails" });
        let set = story.world.post(&format!("{path}/pause"), body).await.expect(200);
        assert_eq!(set, json!({ "changed": true, "rollouts": 1 }), "{scope}");
        let again = story.world.post(&format!("{path}/pause"), json!({})).await.expect(200);
        assert_eq!(again, json!({ "changed": false, "rollouts": 1 }), "{scope}");
    }
    let base = format!("/api/v1/tenants/{}", story.tenant);
    let list = story.world.get(&format!("{base}/pauses")).await.expect(200);
    let scopes: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|one| text(&one["scope"])).collect();
    assert_eq!(scopes, ["tenant", "release", "ring"]);
    assert_eq!(list["items"][2]["rollout_id"], json!(story.rollout));
    for (scope, path) in targets(&story).await {
        let resume = format!("{path}/resume");
        let lifted = story.world.call(Method::POST, &resume, Some(&story.world.admin), None).await;
        assert_eq!(lifted.expect(200)["changed"], true, "{scope}");
        let again = story.world.post(&resume, json!({ "reason": "again" })).await.expect(200);
        assert_eq!(again["changed"], false, "{scope}");
    }
    assert_eq!(shown(&story, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let story = Story::new().await;
    for (_, path) in targets(&story).await {
        let empty = story.world.post(&format!("{path}/pause"), json!({ "reason": " " })).await;
        assert_eq!(empty.status, 422);
        assert_eq!(empty.body["errors"][0]["pointer"], "/reason");
        let unknown =
            story.world.post(&format!("{path}/resume"), json!({ "take_back": true })).await;
        assert_eq!(unknown.status, 422, "only a pause takes back");
    }
    let missing = story.world.post(&story.path("/rings/9/pause"), json!({})).await;
    insta::assert_snapshot!(missing.problem(), @"404 not_found: there is no such ring of a rollout here");
    let release = format!("/api/v1/tenants/{}/releases/{}", story.tenant, uuid::Uuid::from_u128(1));
    let missing = story.world.post(&format!("{release}/pause"), json!({})).await;
    assert_eq!(missing.status, 404);
    let viewer = story.world.token(Role::Viewer, None).await;
    let pause = format!("/api/v1/tenants/{}/pause", story.tenant);
    let refused = story.world.call(Method::POST, &pause, Some(&viewer), Some(&json!({}))).await;
    assert_eq!(refused.status, 403);
    assert_eq!(shown(&story, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_rollout_shows_every_pause_with_its_clocks() {
    let story = Story::new().await;
    let Story { world, tenant, rollout } = &story;
    world.start(*tenant, *rollout).await;
    world.set_hour(1);
    let base = format!("/api/v1/tenants/{tenant}");
    world.post(&format!("{base}/pause"), json!({ "reason": "printing fails" })).await.expect(200);
    world.set_hour(2);
    world.post(&story.path("/rings/0/pause"), json!({})).await.expect(200);
    insta::assert_snapshot!(shown(&story, "").await.join("\n"), @r"
    tenant by first (printing fails): 2024-10-04T01:00:00Z, not yet, not yet
    ring 0 by first (-): 2024-10-04T02:00:00Z, not yet, not yet
    ");
    let summary = world.get(&story.path("/explain")).await.expect(200);
    insta::assert_snapshot!(text(&summary["summary"]), @"Ring 0 (First) is paused: the tenant by first since 2024-10-04 01:00 UTC (printing fails); the ring by first since 2024-10-04 02:00 UTC. It goes on when each of these is lifted.");
    // Graph accepts; of four devices in flight none has checked in since.
    let generation = world.get(&story.path("")).await.expect(200)["generation"].as_i64().unwrap();
    let (ring, held) = (RingIndex::FIRST, Access::Held);
    let accepted = world.store.ring_accepted(*tenant, *rollout, ring, held, generation, hour(3));
    accepted.await.unwrap();
    insta::assert_snapshot!(shown(&story, "/explain").await.join("\n"), @r"
    tenant by first (printing fails): 2024-10-04T01:00:00Z, 2024-10-04T03:00:00Z, 2024-10-04T11:00:00Z
    ring 0 by first (-): 2024-10-04T02:00:00Z, 2024-10-04T03:00:00Z, 2024-10-04T11:00:00Z
    ");
    let explained = world.get(&story.path("/explain")).await.expect(200);
    let devices = json!({ "in_flight": 4, "checked_in": 0, "not_yet": 4 });
    assert_eq!(explained["pauses"][0]["devices"], devices);
    let list = world.get(&story.path("/in-flight?page_size=3")).await.expect(200);
    let first = list["items"].as_array().unwrap();
    assert!(first.iter().all(|one| one["can_be_taken_back"] == true && one["state"] == "offered"));
    let token = text(&list["next_page_token"]);
    let rest = world.get(&story.path(&format!("/in-flight?page_token={token}"))).await.expect(200);
    assert_eq!((first.len(), rest["items"].as_array().unwrap().len()), (3, 1));
}

#[tokio::test]
async fn the_pause_of_a_rollout_stands_among_them() {
    let story = Story::new().await;
    let Story { world, tenant, rollout } = &story;
    world.start(*tenant, *rollout).await;
    world.set_hour(1);
    let body = json!({ "reason": "on fire", "take_back": true });
    let paused = world.post(&story.path("/pause"), body).await.expect(200);
    let own = &paused["pauses"][0];
    assert_eq!((&own["scope"], &own["take_back"]), (&json!("rollout"), &json!(true)));
    // Acknowledged, and not carried out: Graph has accepted nothing yet.
    assert_eq!(own["accepted_at"], Value::Null);
    let explained = world.get(&story.path("/explain")).await.expect(200);
    assert_eq!(text(&explained["summary"]), "Next, it is paused, as a person asked.");
    world
        .record(*tenant, *rollout, Event::Paused { by: domain::rollout::phase::Pauser::Person })
        .await;
    let explained = world.get(&story.path("/explain")).await.expect(200);
    insta::assert_snapshot!(text(&explained["summary"]), @"Next, offers of ring 0 (First) that no device has acted on are taken back, as a person asked.");
}

#[tokio::test]
async fn a_rollback_is_previewed_in_numbers_and_device_by_device() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    let preview = story.world.get(&story.path("/rollback-preview")).await.expect(200);
    assert_eq!((&preview["way"], &preview["not_installed"]), (&json!("uninstall"), &json!(100)));
    assert_eq!((&preview["removable"], &preview["impossible"]), (&json!(0), &json!([])));
    let path = story.path("/rollback-preview/devices?page_size=60");
    let page = story.world.get(&path).await.expect(200);
    let items = page["items"].as_array().unwrap();
    assert!(items.len() == 60 && items.iter().all(|one| one["prospect"] == "not_installed"));
    let rollout = story.world.get(&story.path("")).await.expect(200);
    let release = text(&rollout["release_id"]);
    let path = format!("/api/v1/tenants/{}/releases/{release}/rollback-readiness", story.tenant);
    let readiness = story.world.get(&path).await.expect(200);
    assert_eq!((&readiness["removable"], &readiness["closing"]), (&json!(0), &json!([])));
    assert_eq!(readiness["first_closes_at"], Value::Null);
}
