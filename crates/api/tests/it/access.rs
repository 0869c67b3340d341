//! The table of rules, row by row, against the router.

use api::access::{RULES, Reach, Role};
use axum::body::Body;
use axum::http::{Method, Request};
use domain::gate::ConditionKind;
use domain::ids::TenantId;
use domain::ring::RingIndex;
use domain::rollout::phase::{Event, PauseCause, Pauser};
use store::events::ChainState;
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

/// Every route with every role, in its tenant, in another and in all of them.
#[tokio::test]
async fn every_route_is_closed_to_whoever_may_not() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("Ours").await, world.tenant("Theirs").await);
    let mut tokens = Vec::new();
    for role in Role::ALL {
        for tenant in [None, Some(ours), Some(theirs)] {
            tokens.push((role, tenant, world.token(role, tenant).await));
        }
    }
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
        for (role, tenant, token) in &tokens {
            let status = status(Some(token)).await;
            let may = role.may(rule.action);
            let is_foreign = *tenant == Some(theirs);
            let is_bound = tenant.is_some();
            let expected = match rule.reach {
                Reach::Service => may && !is_bound,
                Reach::Own => may,
                Reach::Tenant | Reach::RingSet | Reach::Rollout | Reach::Body => {
                    if may && is_foreign {
                        assert_eq!(status, 404, "{name} as {role:?} of another tenant");
                        continue;
                    }
                    may
                }
            };
            // Past the guard a handler answers, if only that there is no such thing.
            let is_open = status != 401 && status != 403;
            let said = format!("{name} as {role:?} in {tenant:?}: {status}");
            if rule.path == "/api/v1/tokens" && rule.method == Method::POST && expected {
                assert_eq!(status, 415, "{said}");
            } else {
                assert_eq!(is_open, expected, "{said}");
            }
        }
    }
}

/// A token of one ring set acts on that one alone, and sees the tenant.
#[tokio::test]
async fn a_token_of_a_ring_set_acts_on_nothing_else() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let of_rollout = world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200);
    let set = of_rollout["ring_set_id"].as_str().unwrap().to_owned();
    let mut other = crate::world::ring_set_body();
    other["name"] = "Other".into();
    let other = world.post(&format!("{base}/ring-sets"), other).await.expect(201);
    let other = other["id"].as_str().unwrap().to_owned();
    let token = async |sets: &str| {
        let body = serde_json::json!({ "name": "team", "tenant_id": tenant,
            "roles": ["release_manager", "policy_administrator"], "ring_set_ids": [sets] });
        let made = world.post("/api/v1/tokens", body).await.expect(201);
        made["text"].as_str().unwrap().to_owned()
    };
    let (own, foreign) = (token(&set).await, token(&other).await);
    let pause = format!("{base}/rollouts/{rollout}/pause");
    let place = format!("{base}/ring-sets/{set}/place");
    let create = format!("{base}/rollouts");
    let plan = format!("{base}/plans");
    let new = serde_json::json!({ "release_id": of_rollout["release_id"], "ring_set_id": set });
    let draft = serde_json::json!({ "release_name": "Draft", "ring_set_id": set,
        "update_id": uuid::Uuid::from_u128(1) });
    let nothing = serde_json::json!({});
    let acts = [(&pause, &nothing), (&place, &nothing), (&create, &new), (&plan, &draft)];
    for (path, body) in acts {
        let status = async |token: &str| {
            world.call(Method::POST, path, Some(token), Some(body)).await.status.as_u16()
        };
        assert_ne!(status(&own).await, 403, "{path}");
        assert_eq!(status(&foreign).await, 403, "{path}");
    }
    // What belongs to the whole tenant is beyond both.
    for path in [format!("{base}/sync"), format!("{base}/pause"), format!("{base}/freezes")] {
        assert_eq!(world.call(Method::POST, &path, Some(&own), None).await.status, 403, "{path}");
    }
    for path in [format!("{base}/devices"), format!("{base}/rollouts/{rollout}")] {
        assert_eq!(world.call(Method::GET, &path, Some(&foreign), None).await.status, 200);
    }
    let unknown = serde_json::json!({ "name": "x", "roles": ["viewer"], "tenant_id": tenant,
        "ring_set_ids": [uuid::Uuid::from_u128(7)] });
    let refused = world.post("/api/v1/tokens", unknown).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
}

/// What an administrator of one tenant makes stays in it.
#[tokio::test]
async fn tokens_are_made_within_what_one_administers() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("Ours").await, world.tenant("Theirs").await);
    let admin = world.token(Role::TenantAdministrator, Some(ours)).await;
    let body = |tenant: Option<TenantId>| serde_json::json!({ "name": "ci", "roles": ["viewer"], "tenant_id": tenant });
    let ask = async |tenant| {
        world.call(Method::POST, "/api/v1/tokens", Some(&admin), Some(&body(tenant))).await
    };
    for beyond in [None, Some(theirs)] {
        assert_eq!(ask(beyond).await.status, 403, "{beyond:?}");
    }
    let made = ask(Some(ours)).await.expect(201);
    assert_eq!(made["hint"], made["text"].as_str().unwrap()[..8], "{made}");
    assert_eq!(made["created_by"], "TenantAdministrator");
    let elsewhere = world.post("/api/v1/tokens", body(Some(theirs))).await.expect(201);
    let list = world.call(Method::GET, "/api/v1/tokens", Some(&admin), None).await.expect(200);
    let tenants: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|one| one["tenant_id"].clone()).collect();
    assert!(tenants.iter().all(|one| *one == serde_json::json!(ours)), "{tenants:?}");
    let path = format!("/api/v1/tokens/{}", elsewhere["id"].as_str().unwrap());
    assert_eq!(world.call(Method::DELETE, &path, Some(&admin), None).await.status, 404);
    // Their making is in the history of the tenant, and in that of the service.
    for (tenant, least) in [(ours, 2), (TenantId(Uuid::nil()), 1)] {
        let state = world.store.chain_verify(tenant).await.unwrap();
        let ChainState::Intact { events } = state else { panic!("{state:?}") };
        assert!(events >= least, "{events} of {tenant}");
    }
}

/// Any operator may pause; what the service stopped goes on only on the word of a release manager.
#[tokio::test]
async fn an_alarm_is_lifted_by_who_may_release() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let operator = world.token(Role::Operator, Some(tenant)).await;
    let manager = world.token(Role::ReleaseManager, Some(tenant)).await;
    let act = async |token: &str, action: &str| {
        let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}/{action}");
        world.call(Method::POST, &path, Some(token), None).await
    };
    act(&operator, "pause").await.expect(200);
    act(&operator, "resume").await.expect(200);
    world.record(tenant, rollout, Event::RingOpened { ring: RingIndex::FIRST }).await;
    let alarm =
        PauseCause { ring: RingIndex::FIRST, condition: ConditionKind::Success, culprit: None };
    world.record(tenant, rollout, Event::Paused { by: Pauser::Service(alarm) }).await;
    let refused = act(&operator, "resume").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    act(&manager, "resume").await.expect(200);
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_not_found_by_anybody() {
    let world = World::new().await;
    let nowhere = TenantId(Uuid::from_u128(2));
    let of_tenant = |rule: &&api::access::Rule| !matches!(rule.reach, Reach::Own | Reach::Service);
    for rule in RULES.iter().filter(of_tenant) {
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
    let body = serde_json::json!({ "name": "ci", "roles": ["viewer"], "valid_days": 1 });
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
    insta::assert_snapshot!(answer.problem(), @r#"403 forbidden: POST /api/v1/tenants/{tenant}/sync needs the role operator, release_manager or tenant_administrator; "Viewer" has the role viewer"#);
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
