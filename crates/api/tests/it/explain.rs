//! The explanation of a rollout, and that it tells the truth.

use domain::gate::ConditionKind;
use domain::ids::RolloutId;
use domain::ring::RingIndex;
use domain::rollout::phase::{Event, PauseCause, Pauser};
use serde_json::json;

use crate::rollouts::Story;
use crate::world::{id, text};

/// What the explanation allows, the endpoint does; what it refuses, the endpoint refuses or answers
/// with what is so already.
#[tokio::test]
async fn the_explanation_and_the_endpoints_agree() {
    let why = PauseCause { ring: RingIndex::FIRST, condition: ConditionKind::Stall, culprit: None };
    let events = [
        vec![],
        vec![Event::SoakStarted { ring: RingIndex::FIRST }],
        vec![Event::Paused { by: Pauser::Person }],
        vec![Event::Paused { by: Pauser::Service(why) }],
        vec![Event::Completed],
        vec![Event::RollbackStarted],
        vec![Event::RollbackStarted, Event::RolledBack],
        vec![Event::Cancelled],
    ];
    let story = Story::new().await;
    for events in events {
        for action in ["pause", "resume", "promote", "rollback", "cancel"] {
            agrees(&story, &events, action).await;
        }
    }
}

async fn agrees(story: &Story, events: &[Event], action: &str) {
    let path = another(story, events).await;
    let world = &story.world;
    let explained = world.get(&format!("{path}/explain")).await.expect(200);
    let states = explained["actions"].as_array().unwrap();
    let state = states.iter().find(|state| state["action"] == action).unwrap();
    let before = world.get(&path).await.expect(200);
    let answer = world.post(&format!("{path}/{action}"), json!({ "reason": "x" })).await;
    let does = answer.status == 200 && answer.body["generation"] != before["generation"];
    let allowed = state["allowed"] == true;
    // A pause is never held against anything before it is written down.
    let is_repeated_pause = action == "pause" && answer.status == 200;
    assert!(
        allowed == does || is_repeated_pause,
        "{action} after {events:?}: {state} but {}",
        answer.body
    );
    assert!([200, 409].contains(&answer.status.as_u16()), "{action} after {events:?}");
}

/// Another rollout of the same ring set, to which `events` have happened, by its path.
async fn another(story: &Story, events: &[Event]) -> String {
    let Story { world, tenant, .. } = story;
    let base = format!("/api/v1/tenants/{tenant}");
    let update = world.get(&format!("{base}/updates")).await.expect(200);
    let name = uuid::Uuid::now_v7().to_string();
    let release = json!({ "name": name, "update_id": update["items"][0]["id"] });
    let release = world.post(&format!("{base}/releases"), release).await.expect(201);
    let first = world.get(&story.path("")).await.expect(200);
    let body = json!({ "release_id": release["id"], "ring_set_id": first["ring_set_id"] });
    let made = world.post(&format!("{base}/rollouts"), body).await.expect(201);
    let rollout = RolloutId(id(&made));
    world.start(*tenant, rollout).await;
    for event in events {
        world.record(*tenant, rollout, *event).await;
    }
    format!("{base}/rollouts/{rollout}")
}

#[tokio::test]
async fn an_explanation_shows_every_condition_of_an_open_ring() {
    let story = Story::new().await;
    story.world.start(story.tenant, story.rollout).await;
    let explained = story.world.get(&story.path("/explain")).await.expect(200);
    assert_eq!(explained["phase"]["name"], "offering");
    let gates = explained["gates"].as_array().unwrap();
    assert_eq!(gates.len(), 1);
    let names: Vec<_> =
        gates[0]["conditions"].as_array().unwrap().iter().map(|one| text(&one["name"])).collect();
    let all =
        ["exposure", "bake", "success", "no_halt", "stall", "signals", "approvals", "calendar"];
    assert_eq!(names, all);
    assert_eq!(gates[0]["conditions"][0]["verdict"], "wait");
}

/// The same forecast by both ways, and nothing of the past.
#[tokio::test]
async fn a_forecast_names_every_ring_and_what_it_rests_on() {
    let story = Story::new().await;
    let scheduled = story.world.get(&story.path("/forecast")).await.expect(200);
    story.world.start(story.tenant, story.rollout).await;
    let explained = story.world.get(&story.path("/explain")).await.expect(200);
    let said = story.world.get(&story.path("/forecast")).await.expect(200);
    assert_eq!(explained["forecast"], said);
    assert_eq!((&said["pace"]["basis"], &said["compliant_percent"]), (&json!("usual"), &json!(95)));
    let names = |said: &serde_json::Value| -> Vec<String> {
        said["rings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ring| text(&ring["name"]).to_owned())
            .collect()
    };
    assert_eq!(names(&said), names(&scheduled));
    assert_eq!(said["rings"][0]["opens"]["earliest"]["state"], "past");
    let opens = &said["rings"][1]["opens"];
    assert_eq!(
        (&opens["earliest"]["state"], &opens["likely"]["state"]),
        (&json!("at"), &json!("at"))
    );
    assert!(text(&opens["earliest"]["at"]) <= text(&opens["likely"]["at"]), "{opens}");
    assert!(text(&opens["likely"]["local"]).ends_with("+00:00"), "{opens}");
    // A pause has no end that anybody knows.
    story.world.record(story.tenant, story.rollout, Event::Paused { by: Pauser::Person }).await;
    let paused = story.world.get(&story.path("/forecast")).await.expect(200);
    let likely = &paused["finished"]["likely"];
    assert_eq!(likely["state"], "after", "{likely}");
    assert!(text(&likely["text"]).ends_with(" after somebody resumes it"), "{likely}");
    assert!(likely["after_seconds"].as_i64().unwrap() > 0);
}
