//! The past of a rollout: what another policy would have decided, and explanations of then.

use chrono::SecondsFormat;
use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::rollout::decide::{Decision, decide};
use serde_json::{Value, json};
use store::ingest::Report;

use crate::world::{World, device, hour, ring_set_body, text};

/// A rollout whose first ring was offered the update at hour 1, and failed at hour 2; decided by the
/// real planner's rule until it waits.
async fn failed() -> (World, TenantId, RolloutId) {
    let world = World::new().await;
    let tenant = world.tenant("Contoso").await;
    let mut set = ring_set_body();
    set["rings"][0]["waves"] = json!({ "least": 20, "most": 20, "percent": 10 });
    let rollout = world.rollout_over(tenant, set).await;
    world.set_hour(1);
    decide_all(&world, tenant, rollout).await;
    let report = |number: u128, state| Report {
        device: device(tenant, number).entra_device.expect("a device of the directory"),
        state,
        code: None,
        at: hour(2),
    };
    let reports: Vec<_> = (0..20)
        .map(|number| {
            let bad = number < 5;
            report(number, if bad { AttemptState::Failed } else { AttemptState::Installed })
        })
        .collect();
    world.store.report_ingest(tenant, rollout, &reports, hour(2)).await.unwrap();
    world.set_hour(2);
    decide_all(&world, tenant, rollout).await;
    (world, tenant, rollout)
}

async fn decide_all(world: &World, tenant: TenantId, rollout: RolloutId) {
    let now = *world.clock.lock().unwrap();
    loop {
        let at = world.store.rollout_snapshot(tenant, rollout).await.unwrap();
        match decide(&at.plan, at.phase, &at.observations, now) {
            Decision::Act(event) => world.record(tenant, rollout, event).await,
            Decision::Wait(_) => return,
        }
    }
}

#[tokio::test]
async fn another_policy_is_asked_at_every_decision() {
    let (world, tenant, rollout) = failed().await;
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}/replay");
    let same = world.post(&path, json!({})).await.expect(200);
    let events = world.get(&path.replace("replay", "events")).await.expect(200);
    let decisions = events["items"].as_array().unwrap().len() - 1;
    assert_eq!((&same["compared"], &same["differing"]), (&json!(decisions), &json!(0)));
    assert_eq!(same["complete"], true);
    assert_eq!(same["stopped"]["offered"], 20, "five of twenty are too many: {same}");
    assert_eq!(same["stopped"], same["would_stop"]);

    let looser = json!({ "watch_at": 1e9, "pause_at": 1e10, "roll_back_at": 1e11 });
    let looser = world.post(&path, looser).await.expect(200);
    assert_eq!(looser["would_stop"], Value::Null, "{looser}");
    let step = &looser["steps"][0];
    assert!(text(&step["decided"]).starts_with("The evidence against the release"), "{step}");
    assert!(text(&step["would"]).starts_with("It would have waited. "), "{step}");

    insta::assert_snapshot!(
        world.post(&path, json!({ "pause_at": 5 })).await.problem(),
        @"
    422 invalid: /pause_at: watch_at, pause_at and roll_back_at, where not given those of the rollout, must rise in this order, or be equal
      /pause_at: watch_at, pause_at and roll_back_at, where not given those of the rollout, must rise in this order, or be equal
    "
    );
    let wrong = world.post(&path, json!({ "healthy_lost_percent": 0 })).await;
    assert_eq!(wrong.body["errors"][0]["pointer"], "/healthy_lost_percent");
}

#[tokio::test]
async fn a_past_time_is_explained_by_what_was_recorded_then() {
    let (world, tenant, rollout) = failed().await;
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}/explain");
    world.set_hour(10);
    let at = |hours: i64| {
        let at = hour(hours).to_rfc3339_opts(SecondsFormat::Secs, true);
        format!("{path}?at={at}")
    };
    // At hour 1 the wave was offered, and nothing more was known until hour 2.
    let then = world.get(&at(1)).await.expect(200);
    assert_eq!(then["phase"]["name"], "offering");
    assert!(text(&then["summary"]).contains("20 devices offered the update"), "{then}");
    assert_eq!(then["at"], json!(hour(1)));
    assert_eq!(
        (then["gates"][0]["conditions"][2]["count"].as_u64(), &then["actions"]),
        (Some(0), &json!([]))
    );
    // At any time after the last decision, the last decision.
    let later = world.get(&at(9)).await.expect(200);
    assert!(text(&later["summary"]).contains("Paused by the service"), "{later}");
    assert_eq!(later["gates"][0]["conditions"][2]["count"], 5);

    assert_eq!(world.get(&at(0)).await.status, 404);
    let future = world.get(&at(11)).await;
    assert_eq!((future.status.as_u16(), &future.body["errors"][0]["pointer"]), (400, &json!("at")));
}
