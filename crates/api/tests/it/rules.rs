//! The catalogue and the rules over it: read, declared, previewed, and refused by the field.

use axum::http::Method;
use domain::update::known_issue::KnownIssue;
use serde_json::{Value, json};

use crate::world::{World, hour, id, text};

fn rule(ring_set: &Value) -> Value {
    json!({ "name": "Monthly", "ring_set_id": ring_set, "kind": "quality",
        "classification": "security", "cadence": "monthly", "delay_days": 2 })
}

fn with(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

#[tokio::test]
async fn an_update_shows_what_it_replaces_and_its_issues() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let issue = |id: &str, status: &str| KnownIssue {
        id: id.to_owned(),
        product: "Windows 11, version 24H2".to_owned(),
        title: "Blank pages".to_owned(),
        description: "Some printers".to_owned(),
        status: status.to_owned(),
        started_at: Some(hour(1)),
        updated_at: None,
        resolved_at: None,
        originating_kb: None,
        resolving_kb: None,
        safeguard_hold_ids: Vec::new(),
        url: None,
    };
    let issues = [issue("WI1", "confirmed"), issue("WI2", "resolved")];
    world.store.known_issues_import(tenant, &issues).await.unwrap();
    let updates = world.get(&format!("{base}/updates?kind=quality&superseded=false")).await;
    let updates = updates.expect(200);
    let update = world.get(&format!("{base}/updates/{}", id(&updates["items"][0]))).await;
    let update = update.expect(200);
    assert_eq!((text(&update["servicing"]), &update["supersedes"]), ("monthly", &json!([])));
    let open: Vec<_> =
        update["known_issues"].as_array().unwrap().iter().map(|one| &one["is_open"]).collect();
    assert_eq!(open, [&json!(true), &json!(false)]);
    // What is open is shown with the rollout.
    let why = world.get(&format!("{base}/rollouts/{rollout}/explain")).await.expect(200);
    assert_eq!(why["known_issues"].as_array().unwrap().len(), 1);
    assert_eq!(text(&why["known_issues"][0]["id"]), "WI1");
    let none = world.get(&format!("{base}/updates?kind=edge")).await.expect(200);
    assert_eq!(none["items"], json!([]));
    let odd = world.get(&format!("{base}/updates?kind=toaster")).await;
    assert_eq!(odd.status, 400, "{}", odd.body);
}

#[tokio::test]
async fn a_version_is_declared_by_an_administrator() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let path = format!("/api/v1/tenants/{tenant}/updates");
    let body = json!({ "kind": "edge", "channel": "stable", "version": "131.0.2903.86" });
    let made = world.post(&path, body.clone()).await.expect(201);
    assert_eq!(text(&made["short_name"]), "Microsoft Edge stable 131.0.2903.86");
    assert_eq!((&made["channel"], &made["version"]), (&body["channel"], &body["version"]));
    assert_eq!(world.post(&path, body.clone()).await.status, 409);
    let wrong = [
        ("kind", json!("quality"), "/kind"),
        ("version", json!("131"), "/version"),
        ("version", json!("131.x"), "/version"),
        ("channel", json!(" "), "/channel"),
    ];
    for (key, value, pointer) in wrong {
        let problem = world.post(&path, with(body.clone(), key, value)).await.problem();
        assert!(problem.contains(pointer), "{problem}");
    }
    let floors = format!("/api/v1/tenants/{tenant}/version-floors");
    let put =
        async |body: Value| world.call(Method::PUT, &floors, Some(&world.admin), Some(&body)).await;
    let set = put(json!({ "builds": ["10.0.26100.300"] })).await.expect(200);
    assert_eq!(world.get(&floors).await.expect(200), set);
    let problem = put(json!({ "builds": ["10.0.26100.300", "24H2"] })).await.problem();
    assert!(problem.contains("/builds/1"), "{problem}");
    assert_eq!(world.get(&floors).await.expect(200), set, "a wrong call changes nothing");
}

#[tokio::test]
async fn a_rule_is_previewed_made_read_and_deleted() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let set =
        world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200)["ring_set_id"].clone();
    let path = format!("{base}/rules");
    let preview = world.post(&format!("{path}/preview"), rule(&set)).await.expect(200);
    assert_eq!(text(&preview["updates"][0]["standing"]), "done", "{preview}");
    assert_eq!(world.get(&path).await.expect(200)["items"], json!([]), "nothing was made");
    let other = with(rule(&set), "cadence", json!("outOfBand"));
    let preview = world.post(&format!("{path}/preview"), other).await.expect(200);
    assert_eq!(text(&preview["updates"][0]["why"]), "It is of another cadence.");
    let made = world.post(&path, rule(&set)).await.expect(201);
    assert_eq!(made["delay_days"], json!(2));
    let one = format!("{path}/{}", id(&made));
    assert_eq!(world.get(&one).await.expect(200), made);
    let preview = world.get(&format!("{one}/preview")).await.expect(200);
    assert_eq!(preview["updates"].as_array().unwrap().len(), 1);
    assert_eq!(world.post(&path, rule(&set)).await.status, 409, "its name is taken");
    let delete = async || world.call(Method::DELETE, &one, Some(&world.admin), None).await.status;
    assert_eq!((delete().await.as_u16(), delete().await.as_u16()), (204, 404));
}

#[tokio::test]
async fn a_wrong_rule_is_refused_by_the_field() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let set =
        world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200)["ring_set_id"].clone();
    let wrong = [
        ("name", json!(""), "/name"),
        ("ring_set_id", json!("00000000-0000-0000-0000-000000000001"), "/ring_set_id"),
        ("classification", json!("secure"), "/classification"),
        ("cadence", json!("weekly"), "/cadence"),
        ("delay_days", json!(61), "/delay_days"),
        ("expedite", json!(3), "/expedite"),
        ("channel", json!("stable"), "/channel"),
        ("kind", json!("feature"), "/classification"),
    ];
    for (key, value, pointer) in wrong {
        let answer = world.post(&format!("{base}/rules"), with(rule(&set), key, value)).await;
        let problem = answer.problem();
        assert!(problem.contains(pointer), "{problem}");
    }
    assert_eq!(world.get(&format!("{base}/rules")).await.expect(200)["items"], json!([]));
}
