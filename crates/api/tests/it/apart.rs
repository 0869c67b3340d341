//! Tenants apart (I15): whatever is asked about another tenant, or a thing of it, is answered as if there was
//! no such tenant and no such thing, word for word. Every route, with its path and with its body.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use api::access::{RULES, Reach, Role, Rule};
use axum::body::Body;
use axum::http::{Method, Request};
use domain::ids::TenantId;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cases::{Stage, variants};
use crate::world::{Answer, World, id, ring_set_body, tenant_body, text};

/// Every id in `text` but those of `keep` is another, which nothing has; the same for the same.
fn unknown(text: &str, keep: &[Uuid]) -> String {
    let mut others = HashMap::new();
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(id) = rest.get(..36).and_then(|word| Uuid::try_parse(word).ok()) {
            let other = *others.entry(id).or_insert_with(Uuid::now_v7);
            out.push_str(&if keep.contains(&id) { id } else { other }.to_string());
            rest = &rest[36..];
        } else {
            let next = rest.chars().next().unwrap();
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// What was answered, without what is another in each answer: its trace, and the ids that were named.
fn said(answer: &Answer) -> String {
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("trace_id");
    }
    let mut text = format!("{} ", answer.status);
    let body = body.to_string();
    let mut rest = body.as_str();
    while !rest.is_empty() {
        if rest.get(..36).is_some_and(|word| Uuid::try_parse(word).is_ok()) {
            text.push_str("ID");
            rest = &rest[36..];
        } else {
            let next = rest.chars().next().unwrap();
            text.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    text
}

async fn ask(world: &World, method: &Method, path: &str, token: &str, body: &str) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    let rule = RULES.iter().find(|rule| rule.method == *method && fits(rule.path, path)).unwrap();
    if api::versions::condition(method, rule.path) == Some(api::versions::Condition::Required) {
        request = request.header("if-match", "*");
    }
    world.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

fn fits(pattern: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(one, other)| one.starts_with('{') || one == other)
}

/// The table: each route x (another tenant; a thing of another tenant; a body that names such things).
#[tokio::test]
async fn nothing_of_another_tenant_can_be_told_from_nothing() {
    let world = World::new().await;
    let (ours, theirs) = (Stage::new(&world).await, Stage::new(&world).await);
    let tenant = ours.tenant;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        tokens.push((role, world.token(role, Some(tenant)).await));
    }
    let (mut compared, mut wrong) = (0, Vec::new());
    for rule in &RULES {
        if matches!(rule.reach, Reach::Own | Reach::Service) {
            continue;
        }
        // Somebody of ours who may do this here.
        let (_, token) = tokens.iter().find(|(role, _)| role.may(rule.action)).unwrap();
        for variant in variants(rule) {
            let name = format!("{} {} {variant}", rule.method, rule.path);
            // Every row is looked at, so that all that is wrong is seen at once.
            let row = row(&world, (&ours, &theirs), (rule, variant), token, &name);
            match AssertUnwindSafe(row).catch_unwind().await {
                Ok(count) => compared += count,
                Err(_) => wrong.push(name),
            }
        }
    }
    assert!(wrong.is_empty(), "see above: {wrong:#?}");
    assert!(compared > 80, "{compared}: the walk compares what it is made for");
}

/// Of several things, each is answered for by itself: a foreign one as one that is not there.
async fn each_by_itself(
    world: &World,
    (method, path): (&Method, &str),
    token: &str,
    body: &str,
    tenant: TenantId,
) -> u32 {
    let problem = async |body: &str| {
        let answer = ask(world, method, path, token, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body[0]["problem"].clone()
    };
    let foreign = problem(body).await;
    assert_eq!(foreign["code"], "not_found", "{path}: {foreign}");
    assert_eq!(foreign, problem(&unknown(body, &[tenant.0])).await, "{path}");
    1
}

/// One route; how many pairs of answers were compared, besides that of another tenant.
async fn row(
    world: &World,
    (ours, theirs): (&Stage<'_>, &Stage<'_>),
    (rule, variant): (&Rule, &str),
    token: &str,
    name: &str,
) -> u32 {
    let tenant = ours.tenant;
    let method = &rule.method;
    let (path, body) = if *method == Method::GET {
        (theirs.filled(rule.path).await, String::new())
    } else {
        let Some(request) = theirs.request(rule, variant).await else {
            panic!("{name} has no case in crates/api/tests/it/cases.rs: write one")
        };
        (request.path, request.body.as_ref().map(Value::to_string).unwrap_or_default())
    };
    if rule.path.ends_with("/approve") {
        // What was made ready for this would be in the way of releases.
        world.call(Method::POST, &path, Some(&world.admin), None).await.expect(200);
    }
    // Another tenant, by somebody who has no business there.
    let foreign = ask(world, method, &path, token, &body).await;
    let absent = ask(world, method, &unknown(&path, &[]), token, &body).await;
    assert_eq!(foreign.status, 404, "{name}: {}", foreign.body);
    assert_eq!(said(&foreign), said(&absent), "{name} of another tenant");
    // Its things, as if they were ours.
    let here = path.replace(&theirs.tenant.to_string(), &tenant.to_string());
    // Reports have names, the same ones everywhere.
    let names_things = rule.path.matches('{').count() > 1 && !rule.path.contains("{report}");
    if rule.path.contains("/rollouts/batch/") {
        return each_by_itself(world, (method, &here), token, &body, tenant).await;
    }
    // The ids of a connection are Microsoft's, and nobody's here.
    let names_in_body = unknown(&body, &[]) != body && !rule.path.ends_with("/connection");
    let mut compared = 0;
    if names_things || names_in_body {
        let foreign = ask(world, method, &here, token, &body).await;
        let nothing = (unknown(&here, &[tenant.0]), unknown(&body, &[]));
        let absent = ask(world, method, &nothing.0, token, &nothing.1).await;
        assert!(foreign.status.is_client_error(), "{name}: {}", foreign.body);
        assert_eq!(said(&foreign), said(&absent), "{name} of a foreign thing");
        compared += 1;
    }
    // A thing of ours, and theirs in what is wanted of it.
    if names_things && names_in_body {
        let own = ours.request(rule, variant).await.unwrap();
        let foreign = ask(world, method, &own.path, token, &body).await;
        let absent = ask(world, method, &own.path, token, &unknown(&body, &[])).await;
        assert!(foreign.status.is_client_error(), "{name}: {}", foreign.body);
        assert_eq!(said(&foreign), said(&absent), "{name} with a foreign body");
        compared += 1;
    }
    compared
}

/// Routes that belong to no tenant show somebody of one tenant nothing of another, and let them do nothing
/// there. A route that is not looked at here fails.
#[tokio::test]
async fn what_belongs_to_no_tenant_tells_nothing_of_one() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("ours").await, world.tenant("theirs-alone").await);
    let admin = world.token(Role::TenantAdministrator, Some(ours)).await;
    let auditor = world.token(Role::Auditor, Some(ours)).await;
    let foreign_auditor = world.token(Role::Auditor, Some(theirs)).await;
    let of_tenant =
        |tenant: TenantId| json!({ "name": "x", "roles": ["viewer"], "tenant_id": tenant });
    let made = world.post("/api/v1/tokens", of_tenant(theirs)).await.expect(201);
    let their_token = text(&made["id"]).to_owned();
    let set = format!("/api/v1/tenants/{theirs}/ring-sets");
    let their_set = id(&world.post(&set, ring_set_body()).await.expect(201));
    let nothing = Uuid::now_v7();
    let mut looked_at = 0;
    for rule in RULES.iter().filter(|rule| matches!(rule.reach, Reach::Own | Reach::Service)) {
        let ask = async |token: &str, path: &str, body: &Value| {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            ask(&world, &rule.method, path, token, &body).await
        };
        let same = |one: &Answer, other: &Answer| {
            assert!(one.status.is_client_error(), "{}: {} {}", rule.path, one.status, one.body);
            assert_eq!(said(one), said(other), "{} {}", rule.method, rule.path);
        };
        match (rule.method.as_str(), rule.path) {
            // The same for everybody.
            (
                "GET",
                "/api/v1/openapi.json"
                | "/api/v1/readiness/checks"
                | "/api/v1/permissions"
                | "/api/v1/notification-topics"
                | "/api/v1/audit/signing",
            ) => {
                let one = ask(&auditor, rule.path, &Value::Null).await;
                let other = ask(&foreign_auditor, rule.path, &Value::Null).await;
                assert_eq!((one.status.as_u16(), one.body), (200, other.body), "{}", rule.path);
            }
            ("GET", "/api/v1/whoami" | "/api/v1/tokens" | "/api/v1/tenants") => {
                let whole = ask(&auditor, rule.path, &Value::Null).await.expect(200).to_string();
                for hidden in [theirs.to_string(), their_token.clone(), "theirs-alone".to_owned()] {
                    assert!(!whole.contains(&hidden), "{} shows {hidden}: {whole}", rule.path);
                }
                let whole = ask(&foreign_auditor, rule.path, &Value::Null).await.expect(200);
                assert!(whole.to_string().contains(&theirs.to_string()), "it shows one's own");
            }
            ("POST", "/api/v1/tokens") => {
                let foreign = ask(&admin, rule.path, &of_tenant(theirs)).await;
                same(&foreign, &ask(&admin, rule.path, &of_tenant(TenantId(nothing))).await);
                let with_set = |set: Uuid| {
                    let mut body = of_tenant(ours);
                    body["ring_set_ids"] = json!([set]);
                    body
                };
                let foreign = ask(&admin, rule.path, &with_set(their_set)).await;
                same(&foreign, &ask(&admin, rule.path, &with_set(nothing)).await);
            }
            ("DELETE", "/api/v1/tokens/{token}") => {
                let path = |token: &str| rule.path.replace("{token}", token);
                let foreign = ask(&admin, &path(&their_token), &Value::Null).await;
                same(&foreign, &ask(&admin, &path(&nothing.to_string()), &Value::Null).await);
                let tokens = world.get("/api/v1/tokens").await.expect(200);
                let of = |token: &&Value| token["id"] == their_token.as_str();
                let still = tokens["items"].as_array().unwrap().iter().find(of).unwrap();
                assert!(still["revoked_at"].is_null(), "{still}");
            }
            // Nobody who is bound to a tenant may anything here, whatever there is.
            (
                _,
                "/api/v1/sessions"
                | "/api/v1/sessions/{session}"
                | "/api/v1/audit"
                | "/api/v1/audit/verify"
                | "/api/v1/tenants",
            ) => {
                let path = rule.path.replace("{session}", &nothing.to_string());
                let body = match rule.method {
                    Method::POST => tenant_body("another"),
                    _ => Value::Null,
                };
                for token in [&admin, &auditor] {
                    let answer = ask(token, &path, &body).await;
                    assert_eq!(answer.status, 403, "{} {}: {}", rule.method, path, answer.body);
                    assert!(!answer.body.to_string().contains("theirs-alone"), "{}", answer.body);
                }
            }
            other => panic!("{other:?} is not looked at: do so above"),
        }
        looked_at += 1;
    }
    assert!(looked_at >= 12, "{looked_at}");
}
