//! Every fault a simulator can lay over its answers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::tenant::Tenant;

async fn with(faults: Value) -> Tenant {
    let tenant = Tenant::start(1.0).await;
    let url = format!("{}/_simulator/faults", tenant.simulator.base_url());
    assert_eq!(tenant.http.post(url).json(&faults).send().await.unwrap().status(), 204);
    tenant
}

/// The status of one request after the other.
async fn statuses(tenant: &Tenant, path: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(tenant.call("GET", path, None).await.0);
    }
    statuses
}

#[tokio::test]
async fn throttling_strikes_every_nth_request_and_tells_only_sometimes_for_how_long() {
    let tenant = with(json!({ "throttle_every": 2 })).await;
    let url = format!("{}/v1.0/groups", tenant.simulator.base_url());
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = tenant.http.get(&url).bearer_auth(&tenant.token).send().await.unwrap();
        let told =
            answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        seen.push((answer.status().as_u16(), told));
    }
    let expected = [(200, None), (429, Some("1".to_owned())), (200, None), (429, None)];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn errors_of_the_service_come_by_turns_and_change_nothing() {
    let tenant = with(json!({ "error_5xx_every": 2 })).await;
    assert_eq!(statuses(&tenant, "/v1.0/groups", 4).await, [200, 503, 200, 504]);
    let body = json!({ "displayName": "Ring", "mailNickname": "ring", "mailEnabled": false,
        "securityEnabled": true });
    assert_eq!(tenant.call("POST", "/v1.0/groups", Some(body.clone())).await.0, 201);
    assert_eq!(tenant.call("POST", "/v1.0/groups", Some(body)).await.0, 503);
    let path = "/v1.0/groups?$filter=mailNickname eq 'ring'";
    let (_, groups) = tenant.call("GET", path, None).await;
    assert_eq!(groups["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_dropped_answer_leaves_its_effect_with_or_without_a_connection() {
    let tenant = with(json!({ "drop_after_effect_every": 2 })).await;
    let url = format!("{}/v1.0/groups", tenant.simulator.base_url());
    let mut seen = Vec::new();
    for number in 0..8 {
        let body = json!({ "displayName": number.to_string(), "mailNickname": "dropped",
            "mailEnabled": false, "securityEnabled": true });
        let request = tenant.http.post(&url).bearer_auth(&tenant.token).json(&body);
        seen.push(request.send().await.map_or(0, |answer| answer.status().as_u16()));
    }
    assert_eq!(seen, [201, 504, 201, 0, 201, 504, 201, 0]);
    let path = "/v1.0/groups?$filter=mailNickname eq 'dropped'";
    let (_, groups) = tenant.call("GET", path, None).await;
    assert_eq!(groups["value"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn dropped_parts_of_a_batch_answer_504_and_count_one_by_one() {
    let tenant = with(json!({ "drop_after_effect_every": 2 })).await;
    let part = |id: u8| json!({ "id": id.to_string(), "method": "GET", "url": "/groups" });
    let batch = json!({ "requests": [part(1), part(2), part(3), part(4)] });
    let (status, body) = tenant.call("POST", "/v1.0/$batch", Some(batch)).await;
    let parts = body["responses"].as_array().unwrap().iter().map(|part| part["status"].clone());
    assert_eq!(
        (status, parts.collect::<Vec<_>>()),
        (200, vec![json!(200), json!(504), json!(200), json!(504)])
    );
}

#[tokio::test]
async fn a_truncated_answer_is_no_json() {
    let tenant = with(json!({ "truncate_every": 2 })).await;
    let url = format!("{}/v1.0/devices?$top=5", tenant.simulator.base_url());
    let mut whole = Vec::new();
    for _ in 0..4 {
        let answer = tenant.http.get(&url).bearer_auth(&tenant.token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.unwrap();
        whole.push(serde_json::from_str::<Value>(&text).is_ok());
    }
    assert_eq!(whole, [true, false, true, false]);
}

#[tokio::test]
async fn a_good_token_is_refused_every_nth_time() {
    let tenant = with(json!({ "unauthorized_every": 3 })).await;
    assert_eq!(statuses(&tenant, "/v1.0/groups", 4).await, [200, 200, 401, 200]);
}

#[tokio::test]
async fn forbidden_paths_are_forbidden_in_batches_too() {
    let tenant = with(json!({ "forbidden": ["/deviceManagement"] })).await;
    let managed = "/v1.0/deviceManagement/managedDevices?$top=1";
    let (status, body) = tenant.call("GET", managed, None).await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("Authorization_RequestDenied")));
    assert_eq!(tenant.call("GET", "/v1.0/devices?$top=1", None).await.0, 200);
    let batch = json!({ "requests": [
        { "id": "1", "method": "GET", "url": "/deviceManagement/managedDevices?$top=1" },
    ]});
    let (_, body) = tenant.call("POST", "/v1.0/$batch", Some(batch)).await;
    assert_eq!(body["responses"][0]["status"], json!(403));
}

#[tokio::test]
async fn latency_is_waited_before_the_answer() {
    let tenant = with(json!({ "latency_ms": 150 })).await;
    let begun = Instant::now();
    assert_eq!(tenant.call("GET", "/v1.0/devices?$top=1", None).await.0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
}
