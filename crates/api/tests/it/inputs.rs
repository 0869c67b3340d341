//! What is wrong with an input is said, and where.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::world::{World, tenant_body};

async fn raw(world: &World, content_type: Option<&str>, body: impl Into<Body>) -> String {
    let mut request =
        Request::post("/api/v1/tokens").header("authorization", format!("bearer {}", world.admin));
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    world.send(request.body(body.into()).unwrap()).await.problem()
}

#[tokio::test]
async fn bodies() {
    let world = World::new().await;
    let json = Some("application/json");
    let mut said = Vec::new();
    said.push(raw(&world, None, "{}").await);
    said.push(raw(&world, Some("text/plain"), "{}").await);
    said.push(raw(&world, json, "").await);
    said.push(raw(&world, json, "{\"name\": ").await);
    said.push(raw(&world, json, "[]").await);
    said.push(raw(&world, json, "{} {}").await);
    said.push(raw(&world, json, " ".repeat(1024 * 1024 + 1)).await);
    for body in [
        json!({ "name": "a" }),
        json!({ "name": "a", "roles": ["root"] }),
        json!({ "name": 1, "roles": ["viewer"] }),
        json!({ "name": "a", "roles": ["viewer"], "rôle/~": 1 }),
        json!({ "name": "a", "roles": ["viewer"], "tenant_id": "x" }),
        json!({ "name": "a", "roles": ["viewer"], "valid_days": -1 }),
        json!({ "name": " ", "roles": ["viewer"], "valid_days": 366 }),
        json!({ "name": "a\u{0}b", "roles": ["viewer"] }),
        json!({ "name": "a".repeat(101), "roles": ["viewer"] }),
        json!({ "name": "a", "roles": ["viewer"], "tenant_id": uuid::Uuid::from_u128(1) }),
    ] {
        said.push(raw(&world, Some("application/json; charset=utf-8"), body.to_string()).await);
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    415 unsupported_media_type: there is no Content-Type; application/json is right
    415 unsupported_media_type: the Content-Type is "text/plain"; application/json is right
    400 malformed_body: the body is not valid JSON: EOF while parsing a value at line 1 column 0
    400 malformed_body: the body is not valid JSON: EOF while parsing a value at line 1 column 9
    422 invalid: the body is a list; an object is right
      : the body is a list; an object is right
    422 invalid: /name: the field `name` is missing
      /name: the field `name` is missing
    413 body_too_large: the body is larger than 1 MiB
    422 invalid: /roles: the field `roles` is missing
      /roles: the field `roles` is missing
    422 invalid: /roles/0: unknown variant `root`, expected one of `viewer`, `operator`, `release_manager`, `approver`, `policy_administrator`, `auditor`, `tenant_administrator`
      /roles/0: unknown variant `root`, expected one of `viewer`, `operator`, `release_manager`, `approver`, `policy_administrator`, `auditor`, `tenant_administrator`
    422 invalid: /name: invalid type: integer `1`, expected a string
      /name: invalid type: integer `1`, expected a string
    422 invalid: /rôle~1~0: unknown field `rôle/~`, expected one of `name`, `roles`, `tenant_id`, `ring_set_ids`, `valid_days`
      /rôle~1~0: unknown field `rôle/~`, expected one of `name`, `roles`, `tenant_id`, `ring_set_ids`, `valid_days`
    422 invalid: /tenant_id: this is not a UUID: invalid character: found `x` at 0
      /tenant_id: this is not a UUID: invalid character: found `x` at 0
    422 invalid: /valid_days: invalid value: integer `-1`, expected a whole number from 0 to 65535
      /valid_days: invalid value: integer `-1`, expected a whole number from 0 to 65535
    422 invalid: 2 fields are wrong; each is named in errors
      /name: this is empty; 1 to 100 characters are right
      /valid_days: 366 is out of range; 1 to 365 is right
    422 invalid: /name: control characters are not allowed
      /name: control characters are not allowed
    422 invalid: /name: 101 characters are too many; 100 is the most
      /name: 101 characters are too many; 100 is the most
    422 invalid: /tenant_id: there is no such tenant
      /tenant_id: there is no such tenant
    "#);
}

/// Neither says more than that, and where to look for more.
#[tokio::test]
async fn faults_of_the_service() {
    let mut world = World::new().await;
    world.lose_the_database().await;
    let answer = world.get("/api/v1/tenants").await;
    assert_eq!(answer.headers["retry-after"], "5");
    insta::assert_snapshot!(answer.problem(), @"503 unavailable: the database does not answer; try again in a few seconds");
    let clock = world.clock.clone();
    let poisoned = std::thread::spawn(move || {
        let _held = clock.lock().unwrap();
        panic!("a clock that cannot be read any more");
    });
    assert!(poisoned.join().is_err());
    insta::assert_snapshot!(world.get("/api/v1/tenants").await.problem(), @"500 internal: a fault of the service, which is in its log under this trace_id");
}

#[tokio::test]
async fn parameters() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let mut said = Vec::new();
    for path in [
        "/api/v1/tenants/x".to_owned(),
        format!("/api/v1/tenants/{tenant}/devices/x"),
        format!("/api/v1/tenants/{tenant}/devices/%FF"),
        "/api/v1/tenants?page_size=0".to_owned(),
        "/api/v1/tenants?page_size=501".to_owned(),
        "/api/v1/tenants?page_size=x".to_owned(),
        "/api/v1/tenants?page_size=99999".to_owned(),
        "/api/v1/tenants?page_token=x".to_owned(),
        "/api/v1/tenants?page=1".to_owned(),
        format!("/api/v1/tenants/{tenant}/devices?state=gone"),
        format!("/api/v1/tenants/{tenant}/devices?state=failed"),
        format!("/api/v1/tenants/{tenant}/devices?ring=1"),
        format!("/api/v1/tenants/{tenant}/devices?name_prefix=%00"),
        format!("/api/v1/tenants/{tenant}/devices?ring_set_id=1&ring=1"),
        format!("/api/v1/tenants/{tenant}/devices?standing=well"),
        format!("/api/v1/tenants/{tenant}/devices?standing=ready&filter=true"),
    ] {
        said.push(world.get(&path).await.problem());
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    400 invalid_parameter: tenant: "x" is not a UUID; 0197e6a0-4c1f-7d3e-9a55-2f6b8c1d0e42 would be one
      tenant: "x" is not a UUID; 0197e6a0-4c1f-7d3e-9a55-2f6b8c1d0e42 would be one
    400 invalid_parameter: device: "x" is not a UUID; 0197e6a0-4c1f-7d3e-9a55-2f6b8c1d0e42 would be one
      device: "x" is not a UUID; 0197e6a0-4c1f-7d3e-9a55-2f6b8c1d0e42 would be one
    400 invalid_parameter: tenant: this is not UTF-8
      tenant: this is not UTF-8
    400 invalid_parameter: page_size: 0 is out of range; 1 to 500 is right
      page_size: 0 is out of range; 1 to 500 is right
    400 invalid_parameter: page_size: 501 is out of range; 1 to 500 is right
      page_size: 501 is out of range; 1 to 500 is right
    400 invalid_parameter: page_size: this is not a whole number
      page_size: this is not a whole number
    400 invalid_parameter: page_size: this number is out of range
      page_size: this number is out of range
    400 invalid_parameter: page_token: this is not the next_page_token of a page; leave it out to begin at the start
      page_token: this is not the next_page_token of a page; leave it out to begin at the start
    400 invalid_parameter: page: unknown field `page`, expected one of `filter`, `order_by`, `page_size`, `page_token`
      page: unknown field `page`, expected one of `filter`, `order_by`, `page_size`, `page_token`
    400 invalid_parameter: state: unknown variant `gone`, expected one of `assigned`, `offered`, `unresolved`, `withdrawn`, `installing`, `installed`, `lost`, `confirmed`, `failed`, `removing`, `removed`, `stranded`, `excluded`
      state: unknown variant `gone`, expected one of `assigned`, `offered`, `unresolved`, `withdrawn`, `installing`, `installed`, `lost`, `confirmed`, `failed`, `removing`, `removed`, `stranded`, `excluded`
    400 invalid_parameter: rollout_id: state needs it
      rollout_id: state needs it
    400 invalid_parameter: ring_set_id: ring needs it
      ring_set_id: ring needs it
    400 invalid_parameter: name_prefix: at most 256 characters, none of them control characters
      name_prefix: at most 256 characters, none of them control characters
    400 invalid_parameter: ring_set_id: this is not a UUID: invalid length: found 1
      ring_set_id: this is not a UUID: invalid length: found 1
    400 invalid_parameter: standing: one of ready, not_ready, prerequisite_failed, group_conflict, excluded
      standing: one of ready, not_ready, prerequisite_failed, group_conflict, excluded
    400 invalid_parameter: filter: it goes alone, without other conditions
      filter: it goes alone, without other conditions
    "#);
}

#[tokio::test]
async fn addresses_of_graph() {
    let world = World::new().await;
    let mut said = Vec::new();
    for url in [
        "http://graph.example",
        "http://10.0.0.1",
        "http://localhost.example",
        "ftp://127.0.0.1",
        "graph.example",
        "https://user:word@graph.example",
        "https://graph.example?x=1",
    ] {
        let mut body = tenant_body("Refused");
        body["connection"]["graph_url"] = json!(url);
        said.push(world.post("/api/v1/tenants", body).await.problem());
    }
    let mut body = tenant_body("Refused");
    body["connection"]["login_url"] = json!("http://login.example");
    body["connection"]["credential"] =
        json!({ "kind": "certificate", "certificate_pem": "x", "private_key_pem": "y" });
    said.push(world.post("/api/v1/tenants", body).await.problem());
    insta::assert_snapshot!(said.join("\n"), @r#"
    422 invalid: /connection/graph_url: "http://graph.example" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
      /connection/graph_url: "http://graph.example" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
    422 invalid: /connection/graph_url: "http://10.0.0.1" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
      /connection/graph_url: "http://10.0.0.1" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
    422 invalid: /connection/graph_url: "http://localhost.example" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
      /connection/graph_url: "http://localhost.example" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
    422 invalid: /connection/graph_url: "ftp://127.0.0.1" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
      /connection/graph_url: "ftp://127.0.0.1" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
    422 invalid: /connection/graph_url: "graph.example" is not a URL: relative URL without a base
      /connection/graph_url: "graph.example" is not a URL: relative URL without a base
    422 invalid: /connection/graph_url: a user, a query or a fragment has no place in this URL
      /connection/graph_url: a user, a query or a fragment has no place in this URL
    422 invalid: /connection/graph_url: a user, a query or a fragment has no place in this URL
      /connection/graph_url: a user, a query or a fragment has no place in this URL
    422 invalid: 3 fields are wrong; each is named in errors
      /connection/credential/certificate_pem: this is not an X.509 certificate in PEM: `-----BEGIN CERTIFICATE-----`, and what follows, is right
      /connection/credential/private_key_pem: this is not PEM: text with a line `-----BEGIN ...-----` is right
      /connection/login_url: "http://login.example" is not allowed: https is right, or http for a loopback address such as http://127.0.0.1:9090
    "#);
    for (index, url) in
        ["https://graph.example/", "http://127.0.0.1:9090", "http://[::1]:1", "http://localhost:2"]
            .into_iter()
            .enumerate()
    {
        let mut body = tenant_body(&format!("Allowed {index}"));
        body["connection"]["graph_url"] = json!(url);
        let made = world.post("/api/v1/tenants", body).await.expect(201);
        assert_eq!(made["graph_url"], url.trim_end_matches('/'));
    }
}

#[tokio::test]
async fn a_body_that_may_be_left_out_is_checked_when_it_is_there() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}/pause");
    world.call(Method::POST, &path, Some(&world.admin), None).await.expect(200);
    world.post(&path, json!({})).await.expect(200);
    let mut said = Vec::new();
    said.push(world.post(&path, json!({ "why": "x" })).await.problem());
    said.push(world.post(&path, json!({ "reason": "" })).await.problem());
    let request = Request::post(&path)
        .header("authorization", format!("Bearer {}", world.admin))
        .body(Body::from("{}"));
    said.push(world.send(request.unwrap()).await.problem());
    insta::assert_snapshot!(said.join("\n"), @"
    422 invalid: /why: unknown field `why`, expected `reason` or `take_back`
      /why: unknown field `why`, expected `reason` or `take_back`
    422 invalid: /reason: this is empty; 1 to 1000 characters are right
      /reason: this is empty; 1 to 1000 characters are right
    415 unsupported_media_type: there is no Content-Type; application/json is right
    ");
}
