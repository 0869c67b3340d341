//! The table of rules, row by row, against the router.

use api::access::{RULES, Reach, Role};
use axum::body::Body;
use axum::http::{Method, Request};
use domain::ids::TenantId;
use uuid::Uuid;

use crate::world::World;

fn filled(path: &str, tenant: TenantId) -> String {
    let mut filled = path.replace("{tenant}", &tenant.to_string());
    while let Some((start, rest)) = filled.clone().split_once('{') {
        let (_, end) = rest.split_once('}').unwrap();
        filled = format!("{start}{}{end}", Uuid::from_u128(1));
    }
    filled
}

#[tokio::test]
async fn every_route_is_closed_to_whoever_may_not() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("Ours").await, world.tenant("Theirs").await);
    let viewer = world.token(Role::Viewer, None).await;
    let operator = world.token(Role::Operator, None).await;
    let tenant_admin = world.token(Role::Admin, Some(ours)).await;
    let foreign_admin = world.token(Role::Admin, Some(theirs)).await;
    let unknown = format!("con_{}", "0".repeat(64));
    for rule in &RULES {
        let path = filled(rule.path, ours);
        let name = format!("{} {}", rule.method, rule.path);
        let status = async |token: Option<&str>| {
            world.call(rule.method.clone(), &path, token, None).await.status.as_u16()
        };
        for bad in [None, Some(unknown.as_str()), Some("con_x"), Some("other"), Some("")] {
            assert_eq!(status(bad).await, 401, "{name} with {bad:?}");
        }
        // Past the guard a handler answers, if only that there is no such thing.
        let is_open = |status: u16| status != 401 && status != 403;
        for (role, token) in [(Role::Viewer, &viewer), (Role::Operator, &operator)] {
            let status = status(Some(token)).await;
            assert_eq!(is_open(status), role >= rule.role, "{name} as {role:?}: {status}");
        }
        assert!(is_open(status(Some(&world.admin)).await), "{name} as an admin");
        let (own, foreign) =
            (status(Some(&tenant_admin)).await, status(Some(&foreign_admin)).await);
        match rule.reach {
            Reach::Tenant => assert_eq!((is_open(own), foreign), (true, 404), "{name}"),
            Reach::Service => assert_eq!((own, foreign), (403, 403), "{name}"),
            Reach::Own => assert_eq!((own, foreign), (200, 200), "{name}"),
        }
    }
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_not_found_by_anybody() {
    let world = World::new().await;
    let nowhere = TenantId(Uuid::from_u128(2));
    for rule in RULES.iter().filter(|rule| rule.reach == Reach::Tenant) {
        let path = filled(rule.path, nowhere);
        let answer = world.call(rule.method.clone(), &path, Some(&world.admin), None).await;
        assert_eq!(answer.status, 404, "{} {}", rule.method, rule.path);
    }
}

/// Whose a thing is does not show: a foreign id and no id answer the same (I15).
#[tokio::test]
async fn ids_of_another_tenant_are_not_found() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("Ours").await, world.tenant("Theirs").await);
    let rollout = world.rollout(theirs).await;
    let of_theirs = world.get(&format!("/api/v1/tenants/{theirs}/rollouts/{rollout}")).await;
    let of_theirs = of_theirs.expect(200);
    let device = world.get(&format!("/api/v1/tenants/{theirs}/devices?page_size=1")).await;
    let device = device.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let release = of_theirs["release_id"].as_str().unwrap();
    let set = of_theirs["ring_set_id"].as_str().unwrap();
    let things = [
        format!("rollouts/{rollout}"),
        format!("rollouts/{rollout}/explain"),
        format!("rollouts/{rollout}/approvals"),
        format!("rollouts/{rollout}/events"),
        format!("devices/{device}"),
        format!("releases/{release}"),
        format!("ring-sets/{set}"),
    ];
    for thing in things {
        assert_eq!(world.get(&format!("/api/v1/tenants/{theirs}/{thing}")).await.status, 200);
        let foreign = world.get(&format!("/api/v1/tenants/{ours}/{thing}")).await;
        let nothing = thing.replace(&rollout.to_string(), &Uuid::from_u128(1).to_string());
        assert_eq!(foreign.status, 404, "{thing}");
        let absent = world.get(&format!("/api/v1/tenants/{ours}/{nothing}")).await;
        assert_eq!(foreign.body["detail"], absent.body["detail"], "{thing}");
    }
    for action in ["pause", "resume", "rollback", "cancel"] {
        let path = format!("/api/v1/tenants/{ours}/rollouts/{rollout}/{action}");
        assert_eq!(world.post(&path, serde_json::json!({})).await.status, 404, "{action}");
    }
    for list in ["devices", "releases", "ring-sets", "rollouts", "updates"] {
        let page = world.get(&format!("/api/v1/tenants/{ours}/{list}")).await.expect(200);
        assert_eq!(page["items"], serde_json::json!([]), "{list}");
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_an_expired_one_in_time() {
    let world = World::new().await;
    let body = serde_json::json!({ "name": "ci", "role": "viewer", "valid_days": 1 });
    let made = world.post("/api/v1/tokens", body).await.expect(201);
    let text = made["text"].as_str().unwrap().to_owned();
    let tenants = async || {
        let answer = world.call(Method::GET, "/api/v1/tenants", Some(&text), None).await;
        answer.status.as_u16()
    };
    assert_eq!(tenants().await, 200);
    world.set_hour(24);
    assert_eq!(tenants().await, 401);
    world.set_hour(0);
    assert_eq!(tenants().await, 200);
    let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
    for _ in 0..2 {
        world.call(Method::DELETE, &path, Some(&world.admin), None).await.expect(204);
        assert_eq!(tenants().await, 401);
    }
    let list = world.get("/api/v1/tokens").await.expect(200);
    assert!(!list.to_string().contains(&text), "a text is shown once");
}

#[tokio::test]
async fn what_is_refused_is_refused_in_full() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let viewer = world.token(Role::Viewer, Some(tenant)).await;
    let answer = world.call(Method::GET, "/api/v1/tenants", None, None).await;
    assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"concentric\"");
    insta::assert_snapshot!(answer.problem(), @"401 unauthenticated: there is no token; send the header `Authorization: Bearer con_...`");
    let path = format!("/api/v1/tenants/{tenant}/sync");
    let answer = world.call(Method::POST, &path, Some(&viewer), None).await;
    insta::assert_snapshot!(answer.problem(), @r#"403 forbidden: POST /api/v1/tenants/{tenant}/sync needs the role operator; the token "Viewer" has the role viewer"#);
    let answer = world.get("/api/v1/nothing").await;
    insta::assert_snapshot!(answer.problem(), @"404 not_found: there is no /api/v1/nothing; /api/v1/openapi.json lists what there is");
    let answer = world.call(Method::PATCH, "/api/v1/tenants", Some(&world.admin), None).await;
    assert_eq!(answer.headers["allow"], "GET,HEAD,POST");
    insta::assert_snapshot!(answer.problem(), @"405 method_not_allowed: PATCH cannot be done to /api/v1/tenants; Allow names what can");
    for path in ["/api", "/api/", "/api/v2/tenants"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(world.send(request).await.body["code"], "not_found", "{path}");
    }
}
