//! Plans: computed without effect, started exactly as saved, changed under way, and within a budget.

use axum::http::Method;
use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use serde_json::{Value, json};
use store::ingest::Report;
use store::tokens::Role;

use crate::world::{Answer, World, device, hour, text};

async fn world() -> (World, TenantId, RolloutId, String) {
    let world = World::new().await;
    let tenant = world.tenant("Contoso").await;
    let rollout = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    (world, tenant, rollout, base)
}

async fn patch(world: &World, path: &str, body: Value) -> Answer {
    world.call(Method::PATCH, path, Some(&world.admin), Some(&body)).await
}

#[tokio::test]
async fn a_plan_is_changed_under_way_with_a_difference_that_people_can_read() {
    let (world, tenant, rollout, base) = world().await;
    world.start(tenant, rollout).await;
    let plan = format!("{base}/rollouts/{rollout}/plan");
    let changes = json!({ "Broad": { "waves": { "most": 40 }, "deadline_days": 5 },
        "0": { "gate": { "bake_hours": 48.0 }, "approvals": { "needed": 1, "approvers": ["ben"] } } });
    let mut body = json!({ "revision": 1, "reason": "a quiet week", "rings": changes,
        "on_gate_failure": "roll_back", "validate_only": true });
    let shown = patch(&world, &plan, body.clone()).await.expect(200);
    assert_eq!((&shown["plan_id"], &shown["revision"]), (&Value::Null, &json!(2)));
    let plans = format!("{base}/rollouts/{rollout}/plans");
    let items = |list: &Value| list["items"].as_array().unwrap().len();
    assert_eq!(items(&world.get(&plans).await.expect(200)), 1, "shown, not saved");
    body["validate_only"] = json!(false);
    let made = patch(&world, &plan, body.clone()).await.expect(200);
    let lines: Vec<&str> =
        made["changes"].as_array().unwrap().iter().map(|one| text(&one["text"])).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    on_gate_failure pause -> roll_back
    ring 0 (First): approvals none -> {"approvers":["ben"],"needed":1}
    ring 0 (First): gate.bake_hours 24 -> 48
    ring 1 (Broad): deadline_days 2 -> 5
    ring 1 (Broad): waves.most 20 -> 40
    "#);
    assert_eq!(made["changes"], shown["changes"]);
    let list = world.get(&plans).await.expect(200);
    assert_eq!(list["items"][1], made);
    assert_eq!(
        (&list["items"][0]["changes"], &list["items"][0]["reason"]),
        (&json!([]), &json!(null))
    );
    let read = world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200);
    assert_eq!((&read["plan_id"], &read["plan_revision"]), (&made["plan_id"], &json!(2)));
    let events = world.get(&format!("{base}/rollouts/{rollout}/events")).await.expect(200);
    let told = events["items"].as_array().unwrap().last().unwrap()["text"].clone();
    assert!(text(&told).contains("made revision 2 of the plan"), "{told}");
    assert!(text(&told).ends_with("a quiet week"), "{told}");
    // Made from a revision that is followed no more.
    let late = patch(&world, &plan, body).await;
    assert!(late.problem().starts_with("409 conflict: the rollout follows revision 2, not 1"));
}

#[tokio::test]
async fn what_a_revision_may_not_change_is_named_and_nothing_changes() {
    let (world, _, rollout, base) = world().await;
    let plan = format!("{base}/rollouts/{rollout}/plan");
    let of = |rings: Value| json!({ "revision": 1, "reason": "why", "rings": rings });
    let mut lines = Vec::new();
    for rings in [
        json!({}),
        json!({ "First": { "name": "Second" } }),
        json!({ "1": { "percent": 50 } }),
        json!({ "Third": { "deadline_days": 1 } }),
        json!({ "First": { "deadline_days": 99 } }),
        json!({ "First": { "gate": { "bake_hours": "long" } } }),
        json!({ "First": { "colour": "red" } }),
        json!({ "First": {}, "0": {} }),
        json!({ "First": { "gate": { "bake_hours": 2161 } } }),
    ] {
        lines.push(patch(&world, &plan, of(rings)).await.problem());
    }
    let far = json!({ "revision": 1, "reason": "why", "starts_at": hour(24 * 366) });
    lines.push(patch(&world, &plan, far).await.problem());
    insta::assert_snapshot!(lines.join("\n"), @r#"
    422 invalid: nothing would change
      : nothing would change
    422 invalid: /rings/First: ring 0: a ring keeps its name and its members while a rollout runs
      /rings/First: ring 0: a ring keeps its name and its members while a rollout runs
    422 invalid: /rings/1: ring 1: a ring keeps its name and its members while a rollout runs
      /rings/1: ring 1: a ring keeps its name and its members while a rollout runs
    422 invalid: /rings/Third: there is no ring of this name or position
      /rings/Third: there is no ring of this name or position
    422 invalid: /rings/First/deadline_days: 99 is out of range; 0 to 30 is right
      /rings/First/deadline_days: 99 is out of range; 0 to 30 is right
    422 invalid: /rings/First: invalid type: string "long", expected f64
      /rings/First: invalid type: string "long", expected f64
    422 invalid: /rings/First: unknown field `colour`, expected one of `name`, `percent`, `groups`, `deferral_days`, `deadline_days`, `grace_days`, `gate`, `waves`, `approvals`, `calendar`
      /rings/First: unknown field `colour`, expected one of `name`, `percent`, `groups`, `deferral_days`, `deadline_days`, `grace_days`, `gate`, `waves`, `approvals`, `calendar`
    422 invalid: /rings/First: this ring is named twice
      /rings/First: this ring is named twice
    422 invalid: /rings/First/gate/bake_hours: 2161 is out of range; 0 to 2160 is right
      /rings/First/gate/bake_hours: 2161 is out of range; 0 to 2160 is right
    422 invalid: /starts_at: this is more than a year away from now
      /starts_at: this is more than a year away from now
    "#);
    let viewer = world.token(Role::Viewer, None).await;
    let body = of(json!({ "First": { "deadline_days": 1 } }));
    let refused = world.call(Method::PATCH, &plan, Some(&viewer), Some(&body)).await;
    assert_eq!(refused.status, 403);
    let list = world.get(&format!("{base}/rollouts/{rollout}/plans")).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

async fn planned(world: &World, base: &str, more: Value) -> Answer {
    let updates = world.get(&format!("{base}/updates")).await.expect(200);
    let sets = world.get(&format!("{base}/ring-sets")).await.expect(200);
    let mut body = json!({ "update_id": updates["items"][0]["id"], "release_name": "December",
        "ring_set_id": sets["items"][0]["id"] });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.post(&format!("{base}/plans"), body).await
}

#[tokio::test]
async fn a_plan_is_shown_saved_and_started_exactly_so() {
    let (world, tenant, _, base) = world().await;
    let more =
        json!({ "on_gate_failure": "roll_back", "rings": { "First": { "deferral_days": 3 } } });
    let mut only = more.clone();
    only["validate_only"] = json!(true);
    let shown = planned(&world, &base, only).await.expect(201);
    assert_eq!((&shown["id"], &shown["rings"][0]["devices"]), (&Value::Null, &json!(20)));
    let plan = planned(&world, &base, more).await.expect(201);
    assert_eq!(plan["hash"], shown["hash"]);
    assert_eq!(plan["rings"][0]["opens_at"], json!(hour(72)));
    assert_eq!(plan["rings"][0]["excluded"], json!([]));
    assert_eq!(plan["rings"][1]["proof"]["pooled"], 100);
    let path = format!("{base}/plans/{}", text(&plan["id"]));
    assert_eq!(world.get(&path).await.expect(200), plan);
    let difference = world.get(&format!("{path}/difference")).await.expect(200);
    assert_eq!(difference["changes"][0]["text"], "ring 0 (First): deferral_days 3 -> 0");
    assert_eq!(difference["membership_changes"], json!([]));
    let listed = world.get(&format!("{base}/plans")).await.expect(200);
    assert_eq!(listed["items"][0]["hash"], plan["hash"]);
    let start = format!("{path}/start");
    let wrong = world.post(&start, json!({ "hash": "f".repeat(64) })).await;
    assert!(wrong.problem().starts_with("409 conflict: the plan has the hash"), "{wrong:?}");
    let wrong = world.post(&start, json!({ "hash": "none" })).await;
    assert_eq!(wrong.body["errors"][0]["pointer"], "/hash");
    // Somebody comes: shown, and to be accepted.
    world.store.device_import(tenant, &[device(tenant, 500)]).await.unwrap();
    let scope = store::registration::Scope::Due;
    world.store.registration_run(tenant, scope, hour(1)).await.unwrap();
    world.store.ring_set_place_due(tenant, hour(1)).await.unwrap();
    let read = world.get(&path).await.expect(200);
    assert_eq!(read["membership_changes"], json!(["ring 1 (Broad): 80 -> 81 devices"]));
    let refused = world.post(&start, json!({ "hash": plan["hash"] })).await;
    assert!(refused.problem().contains("80 -> 81 devices"), "{refused:?}");
    let accepted = json!({ "hash": plan["hash"], "accept_changes": true });
    let rollout = world.post(&start, accepted.clone()).await.expect(201);
    assert_eq!(
        (&rollout["release_name"], &rollout["plan_revision"]),
        (&json!("December"), &json!(1))
    );
    let revisions = format!("{base}/rollouts/{}/plans", text(&rollout["id"]));
    let revisions = world.get(&revisions).await.expect(200);
    assert_eq!(revisions["items"][0]["rings"][0], plan["rings"][0]["settings"]);
    assert_eq!(world.post(&start, accepted).await.status, 409);
    let read = world.get(&path).await.expect(200);
    assert_eq!(read["rollout_id"], rollout["id"]);
    // As a rollout, it is refused what could never pass.
    let never = planned(
        &world,
        &base,
        json!({ "rings": { "Broad": { "groups": [] } }, "release_name": "X",
        "evidence": { "pause_at": 2 } }),
    )
    .await;
    assert_eq!(never.body["errors"][0]["pointer"], "/evidence/pause_at");
}

#[tokio::test]
async fn a_plan_is_tried_on_stated_rates_and_on_a_past_release() {
    let (world, tenant, rollout, base) = world().await;
    world.start(tenant, rollout).await;
    let plan = planned(&world, &base, json!({})).await.expect(201);
    let path = format!("{base}/plans/{}/simulate", text(&plan["id"]));
    let found = world.post(&path, json!({ "rollout_id": rollout })).await.expect(200);
    let rates: Vec<f64> = found["rates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["failed_percent"].as_f64().unwrap())
        .collect();
    assert_eq!(rates, [2.0, 4.0, 10.0, 10.0]);
    assert_eq!(found["replay"]["differing"], 0);
    let one = world.post(&path, json!({ "failed_percent": [100] })).await.expect(200);
    let first = &one["rates"][0]["rings"][0];
    assert!(first["stopped_percent"].as_f64().unwrap() > 99.0, "{one}");
    assert!(one["rates"][0]["exposed"].as_f64().unwrap() <= 20.0, "{one}");
    let wrong = world.post(&path, json!({ "failed_percent": [1, 0] })).await;
    assert_eq!(wrong.body["errors"][0]["pointer"], "/failed_percent/1");
    let nowhere = world.post(&path, json!({ "rollout_id": plan["id"] })).await;
    assert_eq!(nowhere.body["errors"][0]["pointer"], "/rollout_id");
}

#[tokio::test]
async fn a_budget_is_set_shown_and_lifted() {
    let (world, tenant, rollout, base) = world().await;
    let path = format!("{base}/budget");
    let none = json!({ "devices": null, "in_flight": 0, "waiting_rollouts": 0 });
    assert_eq!(world.get(&path).await.expect(200), none);
    let put =
        async |body: Value| world.call(Method::PUT, &path, Some(&world.admin), Some(&body)).await;
    put(json!({ "devices": 2 })).await.expect(200);
    world.set_hour(1);
    let snapshot = world.store.rollout_snapshot(tenant, rollout).await.unwrap();
    let opened = domain::rollout::phase::Event::RingOpened { ring: domain::ring::RingIndex(0) };
    world.store.rollout_record(tenant, rollout, &snapshot, opened, hour(1)).await.unwrap();
    let read = world.get(&format!("{base}/rollouts/{rollout}/explain")).await.expect(200);
    assert_eq!(read["summary"], "Next, wave 0 of ring 0 (First) is offered to 2 devices.");
    put(json!({ "devices": 0 })).await.expect(200);
    let read = world.get(&format!("{base}/rollouts/{rollout}/explain")).await.expect(200);
    assert!(text(&read["summary"]).contains("waits for the budget of the tenant"), "{read}");
    assert_eq!(put(json!({ "devices": null })).await.expect(200), none);
    assert_eq!(put(json!({})).await.status, 422);
    assert_eq!(put(json!({ "devices": -1 })).await.status, 422);
    let operator = world.token(Role::Operator, None).await;
    let body = json!({ "devices": 5 });
    let refused = world.call(Method::PUT, &path, Some(&operator), Some(&body)).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn failures_are_counted_by_code_in_words() {
    let (world, tenant, rollout, base) = world().await;
    world.start(tenant, rollout).await;
    let codes = [Some("0x800F0922"), Some("0x800f0922"), Some("0x12345678"), None];
    // Of all that report, only the four that were offered the update count.
    let reports: Vec<Report> = (0..20)
        .map(|number| Report {
            device: device(tenant, number).entra_device.unwrap(),
            state: AttemptState::Failed,
            code: codes[(number % 4) as usize].map(str::to_owned),
            at: hour(2),
        })
        .collect();
    world.store.report_ingest(tenant, rollout, &reports, hour(2)).await.unwrap();
    let found = world.get(&format!("{base}/rollouts/{rollout}/failures")).await.expect(200);
    let items = found["items"].as_array().unwrap();
    let devices: u64 = items.iter().map(|one| one["devices"].as_u64().unwrap()).sum();
    assert_eq!(devices, 4, "{found}");
    for one in items {
        assert_eq!((&one["ring_name"], &one["state"]), (&json!("First"), &json!("failed")));
        let known =
            one["code"].as_str().is_some_and(|code| code.eq_ignore_ascii_case("0x800f0922"));
        let name = if known { json!("CBS_E_INSTALLERS_FAILED") } else { Value::Null };
        assert_eq!((&one["name"], one["text"].is_string()), (&name, known), "{one}");
    }
}

/// Before anything starts, and no more once it has.
#[tokio::test]
async fn a_plan_is_shown_with_its_forecast() {
    let (world, _, rollout, base) = world().await;
    let first = world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200);
    let updates = world.get(&format!("{base}/updates")).await.expect(200);
    world
        .post(&format!("{base}/rollouts/{rollout}/cancel"), json!({ "reason": "x" }))
        .await
        .expect(200);
    let body = json!({ "update_id": updates["items"][0]["id"], "release_name": "Later",
        "ring_set_id": first["ring_set_id"] });
    let made = world.post(&format!("{base}/plans"), body).await;
    let plan = made.expect(201);
    let finished = &plan["forecast"]["finished"];
    assert_eq!(
        (&finished["earliest"]["state"], &finished["likely"]["state"]),
        (&json!("at"), &json!("at"))
    );
    assert!(text(&finished["earliest"]["at"]) < text(&finished["likely"]["at"]), "{finished}");
    let path = format!("{base}/plans/{}", text(&plan["id"]));
    let simulated = world.post(&format!("{path}/simulate"), json!({})).await.expect(200);
    assert_eq!(
        simulated["forecast"]["rings"].as_array().unwrap().len(),
        plan["rings"].as_array().unwrap().len()
    );
    let listed = world.get(&format!("{base}/plans")).await.expect(200);
    assert_eq!(listed["items"][0].get("forecast"), None);
    world.post(&format!("{path}/start"), json!({ "hash": plan["hash"] })).await.expect(201);
    assert_eq!(world.get(&path).await.expect(200).get("forecast"), None);
}
