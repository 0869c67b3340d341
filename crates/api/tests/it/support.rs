//! Support requests: filed from everything, with evidence; moved, talked about, reopened in time, exported.

use api::access::Role;
use axum::body::to_bytes;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use crate::cases::Stage;
use crate::world::{World, hour, text};

fn filed(about: &Value, title: &str) -> Value {
    json!({ "about": about, "title": title, "description": "since the last wave",
        "severity": "critical" })
}

/// A body as it is, and its headers.
async fn raw(world: &World, path: &str) -> (axum::http::HeaderMap, Vec<u8>) {
    let request = Request::get(path).header("authorization", format!("Bearer {}", world.admin));
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let (parts, body) = answer.into_parts();
    (parts.headers, to_bytes(body, 1 << 20).await.unwrap().to_vec())
}

async fn bundle(world: &World, path: &str, request: &Value) -> Value {
    let (headers, body) = raw(world, &format!("{path}/bundle")).await;
    let hash = Sha256::digest(&body);
    let digest = format!("sha-256=:{}:", STANDARD.encode(hash));
    assert_eq!(headers["content-digest"], digest);
    let hex: String = hash.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(request["bundle_sha256"], hex);
    assert_eq!(request["bundle_bytes"], body.len());
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn a_request_is_filed_from_everything_with_its_evidence() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let base = format!("/api/v1/tenants/{}", stage.tenant);
    let reason = json!({ "reason": "printing fails" });
    world.post(&format!("{base}/rollouts/{}/pause", stage.rollout), reason).await.expect(200);
    let list = format!("{base}/support-requests");
    for kind in ["tenant", "device", "rollout", "release", "ring_set", "alert"] {
        let thing = stage.filled(&format!("{{{kind}}}")).await;
        let about = if kind == "tenant" {
            json!({ "kind": kind })
        } else {
            json!({ "kind": kind, "id": thing })
        };
        let request = world.post(&list, filed(&about, "Printing fails")).await.expect(201);
        assert_eq!((&request["about"]["kind"], &request["status"]), (&json!(kind), &json!("new")));
        assert_eq!(request["about"]["id"], thing, "{request}");
        assert!(!text(&request["about"]["name"]).is_empty());
        let found = bundle(&world, &format!("{list}/{}", text(&request["id"])), &request).await;
        assert_eq!(found["format"], "concentric.support.bundle/1");
        assert_eq!(found["omitted"], json!([]), "{kind}");
        assert_eq!(found["service"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(found["health"]["sources"].as_array().is_some_and(|all| !all.is_empty()));
        assert_eq!(found["subject"]["id"], thing);
        let timeline = found["timeline"].as_array().unwrap();
        assert!(timeline.iter().all(|entry| entry["body"].get("evidence").is_none()), "{kind}");
        assert!(timeline.windows(2).all(|two| two[0]["seq"].as_i64() > two[1]["seq"].as_i64()));
        let said: Vec<&str> = timeline.iter().map(|entry| text(&entry["kind"])).collect();
        assert!(!said.iter().any(|kind| kind.starts_with("token_")), "{said:?}");
        match kind {
            "device" => {
                assert!(found["explain"]["status"].is_string(), "{}", found["explain"]);
                assert_eq!(found["subject"]["is"]["attempts"].as_array().map(Vec::len), Some(1));
            }
            "rollout" => {
                assert!(found["explain"]["explanation"]["gates"].is_array());
                assert!(said.contains(&"requested"), "{said:?}");
                let decisions = found["decisions"].as_array().unwrap();
                assert!(!decisions.is_empty() && decisions.len() <= 20);
                assert!(decisions.iter().all(|one| one["body"]["evidence"].is_object()));
            }
            "release" | "ring_set" => assert!(said.contains(&"requested"), "{said:?}"),
            "alert" => assert!(said.contains(&"alert_opened"), "{said:?}"),
            _ => assert!(said.len() > 3, "{said:?}"),
        }
    }
}

#[tokio::test]
async fn no_evidence_holds_a_secret() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let base = format!("/api/v1/tenants/{}", stage.tenant);
    let webhook = json!({ "name": "Chat", "url": "https://hooks.slack.com/services/T0/B0/canary-of-a-hook",
        "reason": "for the night shift" });
    let made = world.post(&format!("{base}/webhooks"), webhook).await.expect(201);
    let mut secrets = vec![text(&made["secret"]).to_owned(), world.admin.clone()];
    let reason = "it says Bearer canary0of0a0reason and con_canarycanarycanary00";
    let path = format!("{base}/rollouts/{}/pause", stage.rollout);
    world.post(&path, json!({ "reason": reason })).await.expect(200);
    secrets.extend(
        ["canary-of-a-hook", "canary0of0a0reason", "con_canarycanarycanary00"].map(str::to_owned),
    );
    for about in [json!({ "kind": "tenant" }), json!({ "kind": "rollout", "id": stage.rollout })] {
        let request =
            world.post(&format!("{base}/support-requests"), filed(&about, "x")).await.expect(201);
        let path = format!("{base}/support-requests/{}", text(&request["id"]));
        let (_, body) = raw(&world, &format!("{path}/bundle")).await;
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("[redacted]"), "the reason is part of it");
        for secret in &secrets {
            assert!(!body.contains(secret), "{secret}");
        }
    }
}

#[tokio::test]
async fn a_request_goes_its_way() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let list = format!("/api/v1/tenants/{tenant}/support-requests");
    let ana = world.person("ana").await;
    let about = json!({ "kind": "tenant" });
    let made =
        world.call(Method::POST, &list, Some(&ana), Some(&filed(&about, "No consent"))).await;
    let made = made.expect(201);
    assert_eq!((&made["requester"], &made["is_late"]), (&json!("ana"), &json!(false)));
    let path = format!("{list}/{}", text(&made["id"]));
    let act = async |token: &str, action: &str, body: Value| {
        world.call(Method::POST, &format!("{path}/{action}"), Some(token), Some(&body)).await
    };
    act(&ana, "comments", json!({ "text": "still so" })).await.expect(200);
    world.set_hour(2);
    let late = world.get(&path).await.expect(200);
    assert_eq!(late["is_late"], true, "its own requester is no answer: {late}");
    let ben = world.person("ben").await;
    let taken = json!({ "status": "waiting", "assignee": "ben", "comment": "since when?" });
    let taken = act(&ben, "move", taken).await.expect(200);
    assert_eq!((&taken["status"], &taken["assignee"]), (&json!("waiting"), &json!("ben")));
    assert_eq!((&taken["is_late"], &taken["answered_at"]), (&json!(false), &json!(hour(2))));
    act(&ben, "comments", json!({ "text": "hello?" })).await.expect(200);
    assert_eq!(world.get(&path).await.expect(200)["status"], "waiting");
    let answered = act(&ana, "comments", json!({ "text": "since Monday" })).await.expect(200);
    assert_eq!(answered["status"], "in_progress", "the answer ends the waiting");
    let refused = act(&ana, "reopen", json!({ "reason": "x" })).await;
    insta::assert_snapshot!(refused.problem(), @"409 conflict: the request is in_progress, so there is nothing to reopen");
    let nothing = act(&ben, "move", json!({ "comment": "x" })).await;
    assert_eq!(nothing.status, 422);
    assert!(nothing.problem().contains("a status, a severity or an assignee is right"));
    act(&ben, "move", json!({ "status": "mitigated" })).await.expect(200);
    world.set_hour(25);
    let back = act(&ana, "reopen", json!({ "reason": "it is back" })).await.expect(200);
    assert_eq!(back["status"], "in_progress");
    let mitigated = act(&ben, "move", json!({ "status": "mitigated" })).await.expect(200);
    assert_eq!(mitigated["reopen_until"], json!(hour(49)));
    world.set_hour(49);
    let late = act(&ana, "reopen", json!({ "reason": "again" })).await;
    insta::assert_snapshot!(late.problem(), @"409 conflict: the request was mitigated more than 24 hours ago; file another that follows it");
    assert_eq!(act(&ana, "comments", json!({ "text": "x" })).await.status, 409);
    let mut next = filed(&about, "No consent again");
    next["follows"] = made["id"].clone();
    let next = world.post(&list, next).await.expect(201);
    assert_eq!(next["follows"], made["id"]);
    let detail = world.get(&path).await.expect(200);
    let said: Vec<String> = detail["conversation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| {
            let part = |name: &str| note[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", part("author"), part("status"), part("text"))
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    ana - still so
    ben waiting since when?
    ben - hello?
    ana in_progress since Monday
    ben mitigated -
    ana in_progress it is back
    ben mitigated -
    ");
    let resolved = act(&ben, "move", json!({ "status": "resolved" })).await.expect(200);
    assert_eq!(
        (&resolved["status"], &resolved["reopen_until"]),
        (&json!("resolved"), &Value::Null)
    );
    let only = world
        .get(&format!("{list}?filter=status%20%3D%3D%20%22new%22&order_by=created_at%20desc"))
        .await;
    let only = only.expect(200);
    assert_eq!(only["items"].as_array().unwrap().len(), 1, "{only}");
    assert_eq!(only["items"][0]["id"], next["id"]);
}

#[tokio::test]
async fn an_export_is_read_by_people_and_by_programs() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let list = format!("/api/v1/tenants/{tenant}/support-requests");
    let mut body = filed(&json!({ "kind": "tenant" }), "No | consent *at all*");
    body["description"] = json!("line one\n# no heading\n<script>");
    let made = world.post(&list, body).await.expect(201);
    let path = format!("{list}/{}", text(&made["id"]));
    let comment = json!({ "text": "looked at `logs`" });
    world.post(&format!("{path}/comments"), comment).await.expect(200);
    let (headers, markdown) = raw(&world, &format!("{path}/export?format=markdown")).await;
    assert_eq!(headers["content-type"], "text/markdown; charset=utf-8");
    let markdown = String::from_utf8(markdown).unwrap();
    assert!(markdown.starts_with("# No \\| consent \\*at all\\*\n"), "{markdown}");
    assert!(markdown.contains("> line one\n> \\# no heading\n> \\<script\\>\n"), "{markdown}");
    assert!(markdown.contains("> looked at \\`logs\\`\n"), "{markdown}");
    assert!(markdown.contains(text(&made["bundle_sha256"])));
    let whole = world.get(&format!("{path}/export")).await.expect(200);
    assert_eq!(whole["request"]["id"], made["id"]);
    assert_eq!(whole["request"]["conversation"].as_array().unwrap().len(), 1);
    assert_eq!(whole["bundle"]["subject"]["kind"], "tenant");
}

#[tokio::test]
async fn who_looks_sees_the_request_and_not_its_evidence() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let list = format!("/api/v1/tenants/{tenant}/support-requests");
    let made = world.post(&list, filed(&json!({ "kind": "tenant" }), "x")).await.expect(201);
    let path = format!("{list}/{}", text(&made["id"]));
    let viewer = world.token(Role::Viewer, Some(tenant)).await;
    let operator = world.token(Role::Operator, Some(tenant)).await;
    let status = async |token: &str, path: &str| {
        world.call(Method::GET, path, Some(token), None).await.status.as_u16()
    };
    for (part, of_viewer) in [("", 200), ("/bundle", 403), ("/export", 403)] {
        assert_eq!(status(&viewer, &format!("{path}{part}")).await, of_viewer, "{part}");
        assert_eq!(status(&operator, &format!("{path}{part}")).await, 200, "{part}");
    }
    let comment = json!({ "text": "x" });
    let comments = format!("{path}/comments");
    let refused = world.call(Method::POST, &comments, Some(&viewer), Some(&comment)).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let list = format!("/api/v1/tenants/{tenant}/support-requests");
    let nowhere = "00000000-0000-0000-0000-000000000001";
    for (body, said) in [
        (filed(&json!({ "kind": "device" }), "x"), "/about/id: the id of the thing is needed"),
        (filed(&json!({ "kind": "tenant", "id": nowhere }), "x"), "leave this out"),
        (
            filed(&json!({ "kind": "device", "id": nowhere }), "x"),
            "/about/id: there is no such device here",
        ),
        (filed(&json!({ "kind": "ring_set", "id": nowhere }), " "), "/title: this is empty"),
        (
            filed(&json!({ "kind": "ring_set", "id": nowhere }), "x"),
            "/about/id: there is no such ring set here",
        ),
    ] {
        let answer = world.post(&list, body).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(text(&answer.body["detail"]).contains(said), "{said}: {}", answer.body);
    }
    let mut orphan = filed(&json!({ "kind": "tenant" }), "x");
    orphan["follows"] = json!(nowhere);
    let answer = world.post(&list, orphan).await;
    assert_eq!(
        (answer.status.as_u16(), text(&answer.body["errors"][0]["pointer"])),
        (422, "/follows")
    );
}
