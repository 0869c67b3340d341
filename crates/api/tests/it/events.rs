//! The history as a list and as a stream (I17).

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use domain::ids::{RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::phase::Event;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use store::tokens::Role;
use tower::ServiceExt as _;

use crate::world::{World, text};

/// A stream must say what it has to say within this.
const SOON: Duration = Duration::from_secs(5);

struct Reader {
    body: BodyDataStream,
    buffer: String,
}

impl Reader {
    async fn open(world: &World, path: &str, token: &str, last: Option<i64>) -> Self {
        let mut request = Request::get(path)
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let request = request.body(Body::empty()).unwrap();
        let response = world.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), buffer: String::new() }
    }

    /// The next event and its id; none at the end of the stream.
    async fn next(&mut self) -> Option<(i64, Value)> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                let field = |name| block.lines().find_map(|line| line.strip_prefix(name));
                if let (Some(id), Some(data)) = (field("id: "), field("data: ")) {
                    return Some((id.parse().unwrap(), serde_json::from_str(data).unwrap()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(SOON, self.body.next()).await.expect("in time")?;
            self.buffer.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }

    async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            let (_, event) = self.next().await.expect("an event");
            kinds.push(text(&event["kind"]).to_owned());
        }
        kinds
    }
}

async fn setting() -> (World, TenantId, RolloutId, String) {
    let world = World::new().await;
    let tenant = world.tenant("Contoso").await;
    let rollout = world.rollout(tenant).await;
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}/events");
    (world, tenant, rollout, path)
}

#[tokio::test]
async fn the_list_is_read_in_pages_and_in_words() {
    let (world, tenant, rollout, path) = setting().await;
    world.start(tenant, rollout).await;
    let pause = path.replace("events", "pause");
    world.post(&pause, json!({ "reason": "lunch" })).await.expect(200);
    let all = world.get(&path).await.expect(200);
    let texts: Vec<_> =
        all["items"].as_array().unwrap().iter().map(|event| text(&event["text"])).collect();
    insta::assert_snapshot!(texts.join("\n"), @"
    Created by first.
    Ring 0 (First) opened.
    Wave 0 of ring 0 (First): 4 devices offered the update.
    first asked to hold: lunch
    ");
    assert_eq!(all["next_page_token"], Value::Null);
    let page = world.get(&format!("{path}?limit=2")).await.expect(200);
    let next = text(&page["next_page_token"]);
    let rest = world.get(&format!("{path}?after={next}")).await.expect(200);
    let mut together = page["items"].as_array().unwrap().clone();
    together.extend(rest["items"].as_array().unwrap().clone());
    assert_eq!(Value::Array(together), all["items"]);
}

#[tokio::test]
async fn a_stream_goes_on_as_the_history_grows_and_resumes_where_it_broke() {
    let (world, tenant, rollout, path) = setting().await;
    let mut reader = Reader::open(&world, &path, &world.admin, None).await;
    assert_eq!(reader.kinds(1).await, ["created"]);
    world.start(tenant, rollout).await;
    let (opened, event) = reader.next().await.unwrap();
    assert_eq!((opened, &event["kind"]), (event["seq"].as_i64().unwrap(), &json!("ring_opened")));
    assert_eq!(reader.kinds(1).await, ["wave_offered"]);
    drop(reader);
    world.post(&path.replace("events", "pause"), json!({})).await.expect(200);
    let mut reader = Reader::open(&world, &path, &world.admin, Some(opened)).await;
    assert_eq!(reader.kinds(2).await, ["wave_offered", "requested"]);
}

/// Another rollout of the tenant wakes the stream, and is not in it.
#[tokio::test]
async fn a_stream_holds_one_rollout_only() {
    let (world, tenant, rollout, path) = setting().await;
    let mut reader = Reader::open(&world, &path, &world.admin, None).await;
    assert_eq!(reader.kinds(1).await, ["created"]);
    let mut body = json!({ "name": "Other" });
    let updates = world.get(&format!("/api/v1/tenants/{tenant}/updates")).await.expect(200);
    body["update_id"] = updates["items"][0]["id"].clone();
    world.post(&format!("/api/v1/tenants/{tenant}/releases"), body).await.expect(201);
    world.record(tenant, rollout, Event::RingOpened { ring: RingIndex::FIRST }).await;
    assert_eq!(reader.kinds(1).await, ["ring_opened"]);
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_while_many_write() {
    let (world, _, _, path) = setting().await;
    let mut reader = Reader::open(&world, &path, &world.admin, None).await;
    assert_eq!(reader.kinds(1).await, ["created"]);
    let pause = path.replace("events", "pause");
    let writers = (0..8).map(|_| async {
        for _ in 0..40 {
            world.post(&pause, json!({})).await.expect(200);
        }
    });
    let write = futures_util::future::join_all(writers);
    let read = async {
        let mut seen = Vec::new();
        while seen.len() < 320 {
            seen.push(reader.next().await.unwrap().0);
        }
        seen
    };
    let (_, seen) = tokio::join!(write, read);
    let mut stored = Vec::new();
    let mut after = seen[0] - 1;
    while let Some(last) = {
        let page = world.get(&format!("{path}?after={after}&limit=100")).await.expect(200);
        let items = page["items"].as_array().unwrap().clone();
        stored.extend(items.iter().map(|event| event["seq"].as_i64().unwrap()));
        items.last().map(|event| event["seq"].as_i64().unwrap())
    } {
        after = last;
    }
    assert_eq!(seen, stored);
    assert!(seen.is_sorted());
    // Whoever comes later reads all of it, more than one batch.
    let mut late = Reader::open(&world, &path, &world.admin, Some(seen[0] - 1)).await;
    for seq in seen {
        assert_eq!(late.next().await.unwrap().0, seq);
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_server_does() {
    let (world, _, _, path) = setting().await;
    let mut reader = Reader::open(&world, &path, &world.admin, None).await;
    assert_eq!(reader.kinds(1).await, ["created"]);
    // While it waits for something to happen.
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.closing.cancel();
    };
    let (last, ()) = tokio::join!(reader.next(), stop);
    assert!(last.is_none());
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let (world, tenant, rollout, path) = setting().await;
    let token = world.token(Role::Viewer, Some(tenant)).await;
    let mut reader = Reader::open(&world, &path, &token, None).await;
    assert_eq!(reader.kinds(1).await, ["created"]);
    let tokens = world.store.token_list(None).await.unwrap();
    let viewer = tokens.iter().find(|token| token.grant.tenant == Some(tenant)).unwrap();
    world.store.token_revoke(viewer.id, None, "first", crate::world::hour(0)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.start(tenant, rollout).await;
    assert!(reader.next().await.is_none(), "nothing reaches a revoked token");
}

#[tokio::test]
async fn a_place_to_resume_from_is_checked() {
    let (world, _, _, path) = setting().await;
    let mut said = Vec::new();
    for last in ["x", "-1"] {
        let request = Request::get(&path)
            .header("authorization", format!("Bearer {}", world.admin))
            .header("accept", "text/event-stream, */*;q=0.1")
            .header("last-event-id", last)
            .body(Body::empty());
        said.push(world.send(request.unwrap()).await.problem());
    }
    said.push(world.get(&format!("{path}?after=-1")).await.problem());
    said.push(world.get(&format!("{path}?limit=501")).await.problem());
    insta::assert_snapshot!(said.join("\n"), @"
    400 invalid_parameter: Last-Event-ID: this is not the id of an event of ours
      Last-Event-ID: this is not the id of an event of ours
    400 invalid_parameter: Last-Event-ID: 0 or more is right
      Last-Event-ID: 0 or more is right
    400 invalid_parameter: after: 0 or more is right
      after: 0 or more is right
    400 invalid_parameter: limit: 501 is out of range; 1 to 500 is right
      limit: 501 is out of range; 1 to 500 is right
    ");
}

#[tokio::test]
async fn a_reader_that_cannot_go_on_is_told_to_begin_anew() {
    let (world, tenant, rollout, path) = setting().await;
    world.start(tenant, rollout).await;
    let changes = format!("/api/v1/tenants/{tenant}/events");
    for path in [&path, &changes] {
        // A number that a history before a restore may have had.
        let mut reader = Reader::open(&world, path, &world.admin, Some(1_000_000)).await;
        let (head, data) = reader.next().await.expect("a reset");
        assert_eq!(data, json!({}));
        assert_eq!(head, world.store.event_head(tenant).await.unwrap());
        let pause = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}/pause");
        world.post(&pause, json!({})).await.expect(200);
        let (seq, event) = reader.next().await.expect("what comes after it");
        assert_eq!((seq, text(&event["kind"])), (head + 1, "requested"));
    }
}

#[tokio::test]
async fn the_changes_of_a_tenant_say_that_and_not_what() {
    let (world, tenant, rollout, _) = setting().await;
    world.start(tenant, rollout).await;
    let changes = format!("/api/v1/tenants/{tenant}/events");
    let viewer = world.token(Role::Viewer, Some(tenant)).await;
    let mut reader = Reader::open(&world, &changes, &viewer, Some(0)).await;
    let page = world.get(&changes).await.expect(200);
    let items = page["items"].as_array().unwrap();
    assert!(items.len() > 2, "{page}");
    for item in items {
        let (seq, sent) = reader.next().await.expect("each of them");
        assert_eq!((&json!(seq), &sent), (&item["seq"], item));
        let fields: Vec<&String> = item.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["at", "kind", "rollout_id", "seq"]);
    }
    assert!(items.iter().any(|item| item["rollout_id"] == rollout.to_string()));
}
