//! Filters and orders of whole lists, and requests that are only tried.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{Answer, World, ring_set_body};

async fn named(world: &World, tenant: &str, name: &str) {
    let mut body = ring_set_body();
    body["name"] = name.into();
    let path = format!("/api/v1/tenants/{tenant}/ring-sets");
    world.call(Method::POST, &path, Some(&world.admin), Some(&body)).await.expect(201);
}

fn names(body: &Value) -> Vec<&str> {
    body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// All pages of a list, two items each.
async fn pages(world: &World, path: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut token = String::new();
    loop {
        let body = world.get(&format!("{path}&page_size=2{token}")).await.expect(200);
        let found = names(&body);
        assert!(found.len() <= 2);
        all.extend(found.into_iter().map(str::to_owned));
        match body["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn lists_are_filtered_and_ordered() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await.to_string();
    for name in ["Pear", "apple", "Plum", "Fig", "Peach"] {
        named(&world, &tenant, name).await;
    }
    let list = format!("/api/v1/tenants/{tenant}/ring-sets");
    let made = ["Pear", "apple", "Plum", "Fig", "Peach"];
    assert_eq!(pages(&world, &format!("{list}?filter=true")).await, made);
    let with_p = format!("{list}?filter=name.startsWith(%22P%22)");
    assert_eq!(pages(&world, &with_p).await, ["Pear", "Plum", "Peach"]);
    let by_name = format!("{list}?order_by=name");
    assert_eq!(pages(&world, &by_name).await, ["Fig", "Peach", "Pear", "Plum", "apple"]);
    let both = format!("{with_p}&order_by=name%20desc");
    assert_eq!(pages(&world, &both).await, ["Plum", "Pear", "Peach"]);
    // Equal values: the id decides, so every item comes once.
    let by_time = format!("{list}?order_by=created_at%20desc");
    assert_eq!(pages(&world, &by_time).await.len(), 5);
    let recent = format!("{list}?filter=created_at%20%3E%20timestamp(%221970-01-02T00:00:00Z%22)");
    assert_eq!(pages(&world, &recent).await, made);
}

/// What the store gives whole is given in pages too.
#[tokio::test]
async fn lists_of_few_are_paged_filtered_and_ordered() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await.to_string();
    for name in ["pear", "apple", "plum", "fig"] {
        let token = json!({ "name": name, "roles": ["viewer"], "tenant_id": tenant });
        world.post("/api/v1/tokens", token).await.expect(201);
        let hook = json!({ "name": name, "url": "https://hooks.example/" });
        world.post(&format!("/api/v1/tenants/{tenant}/webhooks"), hook).await.expect(201);
        let hold = json!({ "filter": format!("name == \"{name}\""), "reason": name });
        world.post(&format!("/api/v1/tenants/{tenant}/holds"), hold).await.expect(201);
    }
    let ours = "filter=tenant_id%20!=%20%22%22";
    for (list, only) in [
        ("/api/v1/tokens".to_owned(), ours),
        (format!("/api/v1/tenants/{tenant}/webhooks"), "filter=true"),
    ] {
        let in_order = pages(&world, &format!("{list}?{only}")).await;
        assert_eq!(in_order, ["pear", "apple", "plum", "fig"], "{list}");
        let by_name = pages(&world, &format!("{list}?{only}&order_by=name%20desc")).await;
        assert_eq!(by_name, ["plum", "pear", "fig", "apple"], "{list}");
        let with_p = format!("{list}?filter=name.startsWith(%22p%22)");
        assert_eq!(pages(&world, &with_p).await, ["pear", "plum"], "{list}");
    }
    let holds = format!("/api/v1/tenants/{tenant}/holds?order_by=reason&page_size=3");
    let first = world.get(&holds).await.expect(200);
    let reasons = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().unwrap().iter();
        items.map(|item| item["reason"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(reasons(&first), ["apple", "fig", "pear"]);
    let next = first["next_page_token"].as_str().unwrap();
    let rest = world.get(&format!("{holds}&page_token={next}")).await.expect(200);
    assert_eq!((reasons(&rest), rest["next_page_token"].is_null()), (vec!["plum".into()], true));
}

#[tokio::test]
async fn what_a_list_cannot_be_asked_is_refused() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let list = format!("/api/v1/tenants/{tenant}/ring-sets");
    let mut said = Vec::new();
    for query in [
        "filter=colour%20==%20%22red%22",
        "filter=name%20%3E%202",
        "filter=name",
        "filter=",
        "order_by=colour",
        "order_by=name%20up",
        "order_by=name,name,name,name",
        "order_by=",
        "order_by=name&page_token=AAAA",
        "page_token=%00",
    ] {
        let answer = world.get(&format!("{list}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let error = &answer.body["errors"][0];
        let detail = error["detail"].as_str().unwrap().lines().next().unwrap().to_owned();
        said.push(format!("{query}\n  {}: {detail}", error["pointer"].as_str().unwrap()));
    }
    insta::assert_snapshot!(said.join("\n"));
}

/// Every list that takes a filter knows the fields that it shows.
#[tokio::test]
async fn every_list_knows_its_fields() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    world.rollout(tenant).await;
    let document = serde_json::to_value(api::openapi()).unwrap();
    let takes_order = |operation: &Value| {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        parameters.iter().any(|one| one["name"] == "order_by")
    };
    let mut lists = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        // Reports have columns, and a test of their own.
        if !takes_order(&item["get"]) || path.contains("/reports/") {
            continue;
        }
        lists += 1;
        let path = path.replace("{tenant}", &tenant.to_string());
        let answer = world.get(&format!("{path}?order_by=nothing_of_ours")).await;
        let detail = answer.body["errors"][0]["detail"].as_str().unwrap().to_owned();
        let known = detail.split("there are ").nth(1).unwrap_or_else(|| panic!("{path}: {detail}"));
        assert!(known.split(", ").any(|field| field == "id"), "{path}: {known}");
        for field in known.split(", ") {
            world.get(&format!("{path}?order_by={field}%20desc,id")).await.expect(200);
            let itself = format!("{path}?filter={field}%20==%20{field}");
            let body = world.get(&itself).await.expect(200);
            let all = world.get(&path).await.expect(200);
            assert_eq!(body["items"], all["items"], "{itself}");
        }
    }
    assert!(lists >= 10, "{lists} lists");
}

// Only tried ------------------------------------------------------------------------------------

async fn sent(
    world: &World,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: &Value,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", world.admin))
        .header("content-type", "application/json")
        .header("if-match", "*");
    if path.ends_with("ring-sets") || path.contains("ring-sets?") {
        request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("authorization", format!("Bearer {}", world.admin))
            .header("content-type", "application/json");
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    world.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn what_is_only_tried_leaves_nothing() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let events = async || world.get(&format!("{base}/audit")).await.expect(200)["items"].clone();
    let before = events().await;
    let mut body = ring_set_body();
    body["name"] = "Tried".into();
    let list = format!("{base}/ring-sets");

    let trying = format!("{list}?validate_only=true");
    let tried = sent(&world, Method::POST, &trying, Some("k"), &body).await;
    assert_eq!(tried.status, 204, "{}", tried.body);
    assert_eq!(tried.headers["concentric-would"], "change");
    let pause = format!("{base}/rollouts/{rollout}/pause?validate_only=true");
    let tried = sent(&world, Method::POST, &pause, None, &json!({})).await;
    assert_eq!(
        (tried.status.as_u16(), tried.headers["concentric-would"].to_str().unwrap()),
        (204, "change")
    );
    let rollout_now = world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200);
    assert_eq!(rollout_now["intent"]["wish"], "run", "{rollout_now}");
    assert_eq!(events().await, before, "no entry");

    // The same refusal as without it; and what is tried twice is not taken.
    let taken = {
        named(&world, &tenant.to_string(), "Tried").await;
        sent(&world, Method::POST, &format!("{list}?validate_only=true"), None, &body).await
    };
    let really = sent(&world, Method::POST, &list, None, &body).await;
    assert_eq!(taken.problem(), really.problem());
    assert_eq!(taken.status, 409);

    // The key of a try is free.
    body["name"] = "Made".into();
    let made = sent(&world, Method::POST, &list, Some("k"), &body).await;
    assert_eq!(made.status, 201, "{}", made.body);

    let wrong = sent(&world, Method::POST, &format!("{list}?validate_only=yes"), None, &body).await;
    assert_eq!(wrong.status, 400);
    let preview = format!("{base}/ring-sets/preview?validate_only=true");
    let refused = world.call(Method::POST, &preview, Some(&world.admin), Some(&body)).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
}
