//! One call, pages and batches: retries, refusals, odd answers.
//!
//! Never waits longer than a `Retry-After` of one second.

use std::time::Duration;

use msgraph::{BatchPart, Client, GraphError, Limits, Method, Version};
use serde_json::{Value, json};

use crate::fake::{self, Fake, bytes, empty, error_body, limits, refusal, reply};

async fn get(client: &Client) -> Result<Value, GraphError> {
    client.get_json(Version::V1, "/thing").await
}

#[tokio::test]
async fn waits_as_long_as_it_is_told() {
    let fake = Fake::start(|seen| match seen.nth {
        0 => refusal(429, "TooManyRequests", "later").header("Retry-After", "1"),
        _ => reply(200, &json!({"id": 7})),
    })
    .await;
    assert_eq!(get(&fake.client()).await.unwrap()["id"], 7);
    let calls = fake.calls();
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_retry_after_is_cut_to_the_longest_wait() {
    let fake = Fake::start(|seen| match seen.nth {
        0 => refusal(503, "serviceNotAvailable", "later").header("Retry-After", "3600"),
        _ => reply(200, &json!({})),
    })
    .await;
    let limits = Limits { max_wait: Duration::from_millis(10), ..limits() };
    get(&Client::new(fake.connection(), limits).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_429_without_a_time_backs_off_and_gives_up() {
    let fake = Fake::start(|_| refusal(429, "TooManyRequests", "later")).await;
    let error = get(&fake.client()).await.unwrap_err();
    assert_eq!(error, GraphError::Throttled { retry_after: None });
    assert!(error.is_transient() && !error.is_configuration());
    assert_eq!(fake.calls().len(), 3);
}

#[tokio::test]
async fn five_hundreds_are_unavailable_after_all_attempts() {
    let fake = Fake::start(|_| bytes(502, "<html>Bad gateway")).await;
    let error = get(&fake.client()).await.unwrap_err();
    assert_eq!(error, GraphError::Unavailable { status: 502, path: "/v1.0/thing".to_owned() });
    assert_eq!(fake.calls().len(), 3);
}

#[tokio::test]
async fn a_refusal_is_typed() {
    let fake = Fake::start(|_| refusal(403, "Authorization_RequestDenied", "No.")).await;
    let error = fake.client().verify().await.unwrap_err();
    let path = "/v1.0/devices".to_owned();
    let (code, message) = ("Authorization_RequestDenied".to_owned(), "No.".to_owned());
    assert_eq!(error, GraphError::Forbidden { code, message, path });
    assert!(error.is_configuration());
    assert_eq!(fake.calls()[0].query, "$top=1&$select=id");
}

#[tokio::test]
async fn a_bad_request_is_not_repeated() {
    let fake = Fake::start(|_| refusal(400, "", "odd")).await;
    let error = get(&fake.client()).await.unwrap_err();
    assert!(matches!(error, GraphError::Rejected { status: 400, .. }));
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn truncated_json_is_a_decode_error() {
    let fake = Fake::start(|_| bytes(200, r#"{"value": [{"id": "a"#)).await;
    let error = get(&fake.client()).await.unwrap_err();
    assert!(matches!(error, GraphError::Decode { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_swallowed() {
    let fake = Fake::start(|_| bytes(200, vec![b' '; 5000])).await;
    let limits = Limits { max_body: 1000, ..limits() };
    let client = Client::new(fake.connection(), limits).unwrap();
    assert!(matches!(get(&client).await, Err(GraphError::Decode { .. })));
}

#[tokio::test]
async fn nobody_there_is_a_transport_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake::start(|_| empty(200)).await;
    let mut connection = fake.connection();
    connection.graph_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let client = Client::new(connection, limits()).unwrap();
    assert!(matches!(get(&client).await, Err(GraphError::Transport { .. })));
}

fn device(n: u128) -> Value {
    json!({"id": uuid::Uuid::from_u128(n), "deviceId": uuid::Uuid::from_u128(n + 100)})
}

#[tokio::test]
async fn pages_are_followed_verbatim_even_through_empty_ones() {
    let fake = Fake::start(|seen| match seen.query.as_str() {
        first if first.starts_with("$select=id,deviceId,") => {
            page(seen, &[device(1)], Some("a%2Bb"))
        }
        "$skiptoken=a%2Bb" => page(seen, &[], Some("c")),
        "$skiptoken=c" => page(
            seen,
            &[
                device(2),
                json!({"id": uuid::Uuid::nil(), "deviceId":
                "00000000-0000-0000-0000-000000000000"}),
            ],
            None,
        ),
        other => panic!("{other}"),
    })
    .await;
    let mut pages = fake.client().directory_devices().unwrap();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        sizes.push(page.len());
    }
    assert_eq!(sizes, [1, 0, 1]);
}

fn page(seen: &fake::Seen, items: &[Value], next: Option<&str>) -> fake::Reply {
    let mut body = json!({"value": items});
    if let Some(token) = next {
        body["@odata.nextLink"] =
            format!("http://{}{}?$skiptoken={token}", seen.host, seen.path).into();
    }
    reply(200, &body)
}

#[tokio::test]
async fn the_token_never_follows_a_link_to_another_host() {
    let other = Fake::start(|_| reply(200, &json!({"value": []}))).await;
    let link = other.url.join("/v1.0/devices?$skiptoken=x").unwrap().to_string();
    let fake =
        Fake::start(move |_| reply(200, &json!({"value": [], "@odata.nextLink": link}))).await;
    let error = fake.client().directory_devices().unwrap().all().await.unwrap_err();
    assert!(matches!(error, GraphError::Decode { .. }));
    assert!(other.calls().is_empty());
}

#[tokio::test]
async fn only_the_throttled_part_of_a_batch_is_repeated() {
    let fake = Fake::start(|seen| {
        let requests = seen.json()["requests"].as_array().unwrap().clone();
        let answer = |request: &Value| match (request["id"].as_str().unwrap(), seen.nth) {
            ("1", 0) => json!({"id": "1", "status": 429, "headers": {"Retry-After": "1"},
                "body": error_body("TooManyRequests", "later")}),
            (id, _) => json!({"id": id, "status": 200, "body": {"url": request["url"]}}),
        };
        // In any order.
        let answers: Vec<Value> = requests.iter().rev().map(answer).collect();
        reply(200, &json!({"responses": answers}))
    })
    .await;
    let part = |n: u32| BatchPart { method: Method::GET, url: format!("/things/{n}"), body: None };
    let parts: Vec<BatchPart> = (0..3).map(part).collect();
    let answers = fake.client().batch(Version::V1, &parts).await.unwrap();
    let urls: Vec<&str> = answers.iter().map(|a| a.body["url"].as_str().unwrap()).collect();
    assert_eq!(urls, ["/things/0", "/things/1", "/things/2"]);
    let calls = fake.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].json()["requests"].as_array().unwrap().len(), 1);
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_batch_holds_twenty_parts() {
    let fake = Fake::start(|seen| {
        let requests = seen.json()["requests"].as_array().unwrap().clone();
        assert!(requests.len() <= 20);
        let ok = |r: &Value| json!({"id": r["id"], "status": 204});
        reply(200, &json!({"responses": requests.iter().map(ok).collect::<Vec<_>>()}))
    })
    .await;
    let part = BatchPart { method: Method::GET, url: "/thing".to_owned(), body: None };
    let answers = fake.client().batch(Version::Beta, &vec![part; 41]).await.unwrap();
    assert_eq!(answers.len(), 41);
    assert_eq!(fake.count("POST", "/beta/$batch"), 3);
}

/// Every call can be awaited on any thread: this compiles or it does not.
#[test]
fn all_futures_can_be_sent() {
    fn sent<T: Send>(_: T) {}
    let url: msgraph::Url = "http://127.0.0.1:1".parse().unwrap();
    let client = Client::new(fake::connection(&url), limits()).unwrap();
    let group = uuid::Uuid::nil().into();
    let spec = msgraph::GroupSpec {
        mail_nickname: String::new(),
        display_name: String::new(),
        description: String::new(),
    };
    sent(client.verify());
    sent(client.ensure_group(&spec));
    sent(client.find_group(""));
    sent(client.add_group_members(group, &[]));
    sent(client.remove_group_members(group, &[]));
    sent(client.quality_updates());
    sent(client.feature_updates());
    sent(client.products());
    sent(client.quality_update_status(""));
    sent(client.approval_status("", ""));
    sent(client.ensure_approval("", "", &msgraph::ApprovalStatus::Approved));
    sent(client.managed_devices(None).unwrap().next());
    sent(client.asset(uuid::Uuid::nil().into()));
    sent(client.registration_devices(None).unwrap().next());
    sent(client.device_delta(None).unwrap().next());
    sent(client.group_delta(&[], None));
    sent(client.group_members(group));
    sent(client.groups_named(""));
    sent(client.users_named(&[]));
    sent(client.organization());
    sent(client.batch(Version::V1, &[]));
}
