//! Ring sets: made, read, and refused with the field that is wrong.

use serde_json::{Value, json};

use crate::world::{World, id, ring_set_body};

#[tokio::test]
async fn a_ring_set_is_read_as_it_was_made() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let mut body = ring_set_body();
    body["rings"][0]["approvals"] = json!({ "needed": 2, "approvers": ["ben", "cleo"] });
    body["rings"][0]["gate"] = json!({ "max_failed_percent": 0.29, "bake_hours": 1.5 });
    let path = format!("/api/v1/tenants/{tenant}/ring-sets");
    let made = world.post(&path, body.clone()).await.expect(201);
    assert_eq!((&made["members"], &made["placed_at"]), (&json!([0, 0]), &Value::Null));
    let rings = &made["rings"];
    assert_eq!(rings[0]["approvals"], body["rings"][0]["approvals"]);
    assert_eq!(rings[1].get("approvals"), None);
    let gate = &rings[0]["gate"];
    assert_eq!((&gate["max_failed_percent"], &gate["bake_hours"]), (&json!(0.29), &json!(1.5)));
    assert_eq!(gate["min_judged_percent"], json!(80.0));
    assert_eq!(world.get(&format!("{path}/{}", id(&made))).await.expect(200), made);
    assert_eq!(world.get(&path).await.expect(200)["items"], json!([made]));
    // What was read can be written.
    let again = json!({ "name": "Again", "rings": made["rings"] });
    assert_eq!(world.post(&path, again).await.expect(201)["rings"], made["rings"]);
    insta::assert_snapshot!(world.post(&path, body).await.problem(), @r#"409 conflict: there is a ring set named "Standard" already"#);
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = ring_set_body();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match key.parse::<usize>() {
        Ok(index) => parent[index] = value,
        Err(_) => parent[key] = value,
    }
    body
}

#[tokio::test]
async fn what_is_wrong_with_a_ring_is_named() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let path = format!("/api/v1/tenants/{tenant}/ring-sets");
    let group = "00000000-0000-0000-0000-000000000001";
    let mut said = Vec::new();
    for body in [
        with("/rings/1/percent", json!(79)),
        with("/rings/1/percent", json!(300)),
        with("/rings/1/percent", json!(101)),
        with("/rings/1/percent", json!(2.5)),
        with("/rings/0", json!({ "name": "First" })),
        with("/rings/0/percent", json!(0)),
        with("/rings/1/name", json!("first")),
        with("/rings/1/name", json!("")),
        with("/rings/0/groups", json!([group, group])),
        with("/rings/0/groups", json!(["x"])),
        with("/rings/0/deferral_days", json!(31)),
        with("/rings/0/deadline_days", json!(31)),
        with("/rings/0/grace_days", json!(8)),
        with("/rings/1/gate", json!({ "min_judged_percent": 0 })),
        with("/rings/1/gate", json!({ "max_failed_percent": 100, "bake_hours": -1 })),
        with("/rings/1/gate", json!({ "observation_window_hours": 1e300 })),
        with("/rings/1/gate", json!({ "soak_hours": 1 })),
        with("/rings/1/waves", json!({ "least": 0 })),
        with("/rings/1/waves", json!({ "least": 9, "most": 8 })),
        with("/rings/0/approvals", json!({ "needed": 2, "approvers": ["ben"] })),
        with("/rings/0/approvals", json!({ "needed": 6 })),
        with("/rings/0/approvals", json!({ "needed": 1, "approvers": ["ben", "Ben"] })),
        with("/rings/0/approvals", json!({ "needed": 1, "approvers": [""] })),
        with("/rings/1/approvals", json!({ "needed": 1 })),
        with("/rings", json!([])),
        with("/name", json!("x".repeat(65))),
    ] {
        said.push(world.post(&path, body).await.problem());
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    422 invalid: /rings/1/percent: the percentages add up to 99, they must add up to 100 or all be 0
      /rings/1/percent: the percentages add up to 99, they must add up to 100 or all be 0
    422 invalid: /rings/1/percent: invalid value: integer `300`, expected a whole number from 0 to 255
      /rings/1/percent: invalid value: integer `300`, expected a whole number from 0 to 255
    422 invalid: /rings/1/percent: 101 is out of range; 0 to 100 is right
      /rings/1/percent: 101 is out of range; 0 to 100 is right
    422 invalid: /rings/1/percent: invalid type: floating point `2.5`, expected a whole number from 0 to 255
      /rings/1/percent: invalid type: floating point `2.5`, expected a whole number from 0 to 255
    422 invalid: /rings/0/percent: the field `percent` is missing
      /rings/0/percent: the field `percent` is missing
    422 invalid: /rings/1/percent: the percentages add up to 80, they must add up to 100 or all be 0
      /rings/1/percent: the percentages add up to 80, they must add up to 100 or all be 0
    422 invalid: /rings/1/name: ring 1 repeats the name "first"
      /rings/1/name: ring 1 repeats the name "first"
    422 invalid: /rings/1/name: this is empty; 1 to 64 characters are right
      /rings/1/name: this is empty; 1 to 64 characters are right
    422 invalid: /rings/0/groups: ring 0 names group 00000000-0000-0000-0000-000000000001, which an earlier ring already names
      /rings/0/groups: ring 0 names group 00000000-0000-0000-0000-000000000001, which an earlier ring already names
    422 invalid: /rings/0/groups/0: this is not a UUID: invalid character: found `x` at 0
      /rings/0/groups/0: this is not a UUID: invalid character: found `x` at 0
    422 invalid: /rings/0/deferral_days: 31 is out of range; 0 to 30 is right
      /rings/0/deferral_days: 31 is out of range; 0 to 30 is right
    422 invalid: /rings/0/deadline_days: 31 is out of range; 0 to 30 is right
      /rings/0/deadline_days: 31 is out of range; 0 to 30 is right
    422 invalid: /rings/0/grace_days: 8 is out of range; 0 to 7 is right
      /rings/0/grace_days: 8 is out of range; 0 to 7 is right
    422 invalid: /rings/1/gate/min_judged_percent: 0 is out of range; 0.01 to 100 is right
      /rings/1/gate/min_judged_percent: 0 is out of range; 0.01 to 100 is right
    422 invalid: 2 fields are wrong; each is named in errors
      /rings/1/gate/max_failed_percent: 100 is out of range; 0 to 99.99 is right
      /rings/1/gate/bake_hours: -1 is out of range; 0 to 2160 is right
    422 invalid: /rings/1/gate/observation_window_hours: this is out of range; 0.01 to 2160 is right
      /rings/1/gate/observation_window_hours: this is out of range; 0.01 to 2160 is right
    422 invalid: /rings/1/gate/soak_hours: unknown field `soak_hours`, expected one of `min_judged_percent`, `bake_hours`, `max_failed_percent`, `success`, `max_lost_percent`, `max_data_age_hours`, `observation_window_hours`
      /rings/1/gate/soak_hours: unknown field `soak_hours`, expected one of `min_judged_percent`, `bake_hours`, `max_failed_percent`, `success`, `max_lost_percent`, `max_data_age_hours`, `observation_window_hours`
    422 invalid: /rings/1/waves/least: 0 is out of range; 1 to 4294967295 is right
      /rings/1/waves/least: 0 is out of range; 1 to 4294967295 is right
    422 invalid: /rings/1/waves: ring 1: the wave limit must be at least 1, least no more than most, percent 1 to 100
      /rings/1/waves: ring 1: the wave limit must be at least 1, least no more than most, percent 1 to 100
    422 invalid: /rings/0/approvals: 2 approvals are needed, and those who may give one are only 1
      /rings/0/approvals: 2 approvals are needed, and those who may give one are only 1
    422 invalid: /rings/0/approvals: 6 approvals cannot be asked for; 1 to 5 can
      /rings/0/approvals: 6 approvals cannot be asked for; 1 to 5 can
    422 invalid: /rings/0/approvals: "Ben" stands among the approvers twice
      /rings/0/approvals: "Ben" stands among the approvers twice
    422 invalid: /rings/0/approvals/approvers/0: this is empty; 1 to 100 characters are right
      /rings/0/approvals/approvers/0: this is empty; 1 to 100 characters are right
    422 invalid: /rings/1/approvals: ring 1 is the last one: no ring opens after it that could be approved
      /rings/1/approvals: ring 1 is the last one: no ring opens after it that could be approved
    422 invalid: /rings: a ring set needs between 2 and 15 rings, this one has 0
      /rings: a ring set needs between 2 and 15 rings, this one has 0
    422 invalid: /name: 65 characters are too many; 64 is the most
      /name: 65 characters are too many; 64 is the most
    "#);
}

#[tokio::test]
async fn the_empty_ring_is_the_one_named() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let mut body = with("/rings/0/percent", json!(0));
    body["rings"][1]["percent"] = json!(100);
    let answer = world.post(&format!("/api/v1/tenants/{tenant}/ring-sets"), body).await;
    insta::assert_snapshot!(answer.problem(), @"
    422 invalid: /rings/0/percent: ring 0 can never have a device: it has 0 percent and no group
      /rings/0/percent: ring 0 can never have a device: it has 0 percent and no group
    ");
}
