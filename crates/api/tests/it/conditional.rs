//! `ETag`, `If-Match`, `If-None-Match` and `Idempotency-Key`, and what happens when many ask at once.

use std::collections::BTreeSet;

use api::versions::{self, Condition, THINGS};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{Answer, World, ring_set_body};

impl World {
    /// A request of the administrator with headers of its own.
    async fn with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.admin))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn tag(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.headers["etag"].to_str().unwrap().to_owned()
    }
}

fn named(name: &str) -> Value {
    let mut body = ring_set_body();
    body["name"] = name.into();
    body
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    for path in [
        "/api/v1/tenants".to_owned(),
        format!("/api/v1/tenants/{tenant}/rollouts/{rollout}"),
        format!("/api/v1/tenants/{tenant}/devices?page_size=5"),
        format!("/api/v1/tenants/{tenant}/budget"),
    ] {
        let tag = world.tag(&path).await;
        assert_eq!(tag, world.tag(&path).await, "{path}");
        let again = |tag: String| {
            let path = path.clone();
            let world = &world;
            async move { world.with(Method::GET, &path, &[("if-none-match", &tag)], &Value::Null).await }
        };
        for same in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = again(same.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.body), (304, &json!("")), "{path} {same}");
            assert_eq!(answer.headers["etag"], tag, "{path}");
        }
        assert_eq!(again("\"other\"".to_owned()).await.status, 200, "{path}");
    }
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}");
    let before = world.tag(&path).await;
    world.post(&format!("{path}/pause"), json!({})).await.expect(200);
    assert_ne!(before, world.tag(&path).await, "it was paused");
}

/// Every thing with a version can be read at its path, and every change of it asks for the version.
#[tokio::test]
async fn whatever_is_replaced_has_a_version_to_name() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for thing in THINGS {
        let path = format!("/api/v1/tenants/{{tenant}}{thing}");
        assert!(paths[&path].get("get").is_some(), "{path} cannot be read");
    }
    let mut free = BTreeSet::new();
    for (path, item) in paths {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            if item.get(method.as_str().to_ascii_lowercase()).is_none() {
                continue;
            }
            match versions::condition(&method, path) {
                Some(Condition::Required) => {}
                other => {
                    assert_eq!(other, None, "{method} {path}");
                    free.insert(format!("{method} {path}"));
                }
            }
        }
    }
    // What only takes something back: nobody's work is overwritten by it.
    let expected = [
        "DELETE /api/v1/sessions/{session}",
        "DELETE /api/v1/tenants/{tenant}/rollouts/{rollout}/approvals/{approval}",
        "DELETE /api/v1/tokens/{token}",
    ];
    assert_eq!(free, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn nobody_overwrites_what_they_did_not_see() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let base = format!("/api/v1/tenants/{tenant}");
    let made = world.post(&format!("{base}/ring-sets"), named("One")).await.expect(201);
    let path = format!("{base}/ring-sets/{}", made["id"].as_str().unwrap());
    let put = async |headers: &[(&str, &str)], name: &str| {
        world.with(Method::PUT, &path, headers, &named(name)).await
    };
    let missing = put(&[], "Two").await;
    assert_eq!(
        (missing.status.as_u16(), &missing.body["code"]),
        (428, &json!("precondition_required"))
    );
    let old = world.tag(&path).await;
    put(&[("if-match", &old)], "Two").await.expect(200);
    let late = put(&[("if-match", &old)], "Three").await;
    assert_eq!((late.status.as_u16(), &late.body["code"]), (412, &json!("changed")));
    for bad in ["\"\"", "x", "\"99-x\"", "W/\"1-x\""] {
        assert_eq!(put(&[("if-match", bad)], "Three").await.status, 412, "{bad}");
    }
    assert_eq!(world.get(&path).await.expect(200)["name"], "Two");
    put(&[("if-match", "*")], "Four").await.expect(200);
    let new = world.tag(&path).await;
    put(&[("if-match", &format!("\"1-x\", {new}"))], "Five").await.expect(200);
    let gone = world.with(Method::DELETE, &path, &[("if-match", &new)], &Value::Null).await;
    assert_eq!(gone.status, 412);
    let new = world.tag(&path).await;
    world.with(Method::DELETE, &path, &[("if-match", &new)], &Value::Null).await.expect(204);
    let nothing =
        world.with(Method::POST, &format!("{base}/sync"), &[("if-match", "*")], &Value::Null).await;
    assert_eq!(nothing.status, 400, "nothing there has a version");
}

/// Of twenty who saw the same, one changes it: whoever loses sees so.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_who_saw_the_same_changes_it() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let base = format!("/api/v1/tenants/{tenant}");
    let made = world.post(&format!("{base}/ring-sets"), named("One")).await.expect(201);
    let path = format!("{base}/ring-sets/{}", made["id"].as_str().unwrap());
    for round in 0..5 {
        let tag = world.tag(&path).await;
        let names: Vec<_> = (0..20).map(|number| format!("Set {round} {number}")).collect();
        let puts = names.iter().map(|name| {
            let (world, path, tag) = (&world, &path, &tag);
            async move { world.with(Method::PUT, path, &[("if-match", tag)], &named(name)).await }
        });
        let answers = futures_util::future::join_all(puts).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|one| one.status).collect::<Vec<_>>());
        assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), 19);
        assert_eq!(world.get(&path).await.expect(200)["name"], won[0].body["name"]);
    }
}

/// A request about a rollout can say which one it saw; of those who saw it running, one resumes.
#[tokio::test]
async fn an_action_can_name_the_rollout_it_means() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}");
    let act = async |action: &str, tag: &str| {
        let path = format!("{path}/{action}");
        world.with(Method::POST, &path, &[("if-match", tag)], &json!({})).await.status.as_u16()
    };
    let seen = world.tag(&path).await;
    assert_eq!(act("pause", &seen).await, 200);
    assert_eq!(act("resume", &seen).await, 412, "it is paused since");
    assert_eq!(act("cancel", &seen).await, 412);
    let seen = world.tag(&path).await;
    assert_eq!(act("resume", &seen).await, 200);
    world.post(&format!("{path}/pause"), json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_has_one_effect_however_often_it_is_sent() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let base = format!("/api/v1/tenants/{tenant}");
    let sets = format!("{base}/ring-sets");
    let post = async |key: &str, body: &Value| {
        world.with(Method::POST, &sets, &[("idempotency-key", key)], body).await
    };
    let body = named("One");
    let at_once = futures_util::future::join_all((0..20).map(|_| post("a", &body))).await;
    let made: Vec<_> = at_once.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty());
    for answer in &at_once {
        match answer.status.as_u16() {
            201 => assert_eq!(answer.body, made[0].body),
            409 => assert_eq!(answer.body["code"], "at_work", "{}", answer.body),
            other => panic!("{other}: {}", answer.body),
        }
    }
    let again = post("a", &body).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["location"], made[0].headers["location"]);
    assert_eq!((again.status.as_u16(), &again.body), (201, &made[0].body));
    // Quoted or not, it is the same key; and it is one caller's.
    assert_eq!(post("\"a\"", &body).await.body, made[0].body);
    let other = post("a", &named("Two")).await;
    assert_eq!(other.status, 422, "{}", other.body);
    let list = world.get(&sets).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    for bad in ["", "a b", "\u{e4}", &"x".repeat(256)] {
        assert_eq!(post(bad, &body).await.status, 400, "{bad:?}");
    }
}

/// A refusal is no effect: asked again with the same key, it is looked at again.
#[tokio::test]
async fn what_was_refused_can_be_asked_again() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let sets = format!("/api/v1/tenants/{tenant}/ring-sets");
    let headers = [("idempotency-key", "a")];
    world.post(&sets, named("One")).await.expect(201);
    let body = named("One");
    let taken = world.with(Method::POST, &sets, &headers, &body).await;
    assert_eq!(taken.status, 409);
    let list = world.get(&sets).await.expect(200);
    let path = format!("{sets}/{}", list["items"][0]["id"].as_str().unwrap());
    world.call(Method::DELETE, &path, Some(&world.admin), None).await.expect(204);
    world.with(Method::POST, &sets, &headers, &body).await.expect(201);
}

/// The server died after the change and before the answer: nothing is done twice, and that is said.
#[tokio::test]
async fn a_lost_answer_is_not_a_second_effect() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let sets = format!("/api/v1/tenants/{tenant}/ring-sets");
    let headers = [("idempotency-key", "a")];
    let body = named("One");
    world.with(Method::POST, &sets, &headers, &body).await.expect(201);
    let died =
        "update asked set status = null, body = null, begun_at = begun_at - interval '2 minutes'";
    world.execute(died).await;
    let lost = world.with(Method::POST, &sets, &headers, &body).await;
    assert_eq!((lost.status.as_u16(), &lost.body["code"]), (409, &json!("answer_lost")));
    // It died before the change: after a minute, another try does it.
    world.execute("update asked set entry = null, begun_at = clock_timestamp()").await;
    let early = world.with(Method::POST, &sets, &headers, &body).await;
    assert_eq!((early.status.as_u16(), &early.body["code"]), (409, &json!("at_work")));
    world.execute("update asked set begun_at = begun_at - interval '2 minutes'").await;
    let late = world.with(Method::POST, &sets, &headers, &body).await;
    assert_eq!(
        (late.status.as_u16(), &late.body["code"]),
        (409, &json!("conflict")),
        "the name is taken"
    );
    // After a day the key is free.
    world.with(Method::POST, &sets, &[("idempotency-key", "b")], &named("Two")).await.expect(201);
    world.execute("update asked set begun_at = begun_at - interval '25 hours'").await;
    world.with(Method::POST, &sets, &[("idempotency-key", "b")], &named("Three")).await.expect(201);
    assert_eq!(world.store.requests_sweep().await.unwrap(), 0);
    world.execute("update asked set begun_at = begun_at - interval '25 hours'").await;
    assert_eq!(world.store.requests_sweep().await.unwrap(), 1);
}

/// What reaches no single tenant is asked once too, though its effect is in one.
#[tokio::test]
async fn a_tenant_is_made_once() {
    let world = World::new().await;
    let headers = [("idempotency-key", "a")];
    let body = crate::world::tenant_body("Ours");
    let made = world.with(Method::POST, "/api/v1/tenants", &headers, &body).await.expect(201);
    let again = world.with(Method::POST, "/api/v1/tenants", &headers, &body).await.expect(201);
    assert_eq!(made["id"], again["id"]);
    let list = world.get("/api/v1/tenants").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let body = json!({ "name": "ci", "roles": ["viewer"], "tenant_id": made["id"] });
    world
        .with(Method::POST, "/api/v1/tokens", &[("idempotency-key", "b")], &body)
        .await
        .expect(201);
}

/// What is shown once is not kept for those who ask again.
#[tokio::test]
async fn the_text_of_a_token_is_not_kept() {
    let world = World::new().await;
    let body = json!({ "name": "ci", "roles": ["viewer"] });
    let headers = [("idempotency-key", "a")];
    let made = world.with(Method::POST, "/api/v1/tokens", &headers, &body).await.expect(201);
    let again = world.with(Method::POST, "/api/v1/tokens", &headers, &body).await;
    assert_eq!((again.status.as_u16(), &again.body["code"]), (409, &json!("answer_lost")));
    let kept = world.texts("select coalesce(convert_from(body, 'utf8'), '') from asked").await;
    assert!(!kept.iter().any(|text| text.contains(made["text"].as_str().unwrap())), "{kept:?}");
}

/// A long poll answers when what it waits for is so, at once when it is already, and in time when not.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_can_wait_for_a_change() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}");
    for bad in ["wait=61s", "wait=1", "wait=x", "until=paused", "wait=1s&until=dancing"] {
        assert_eq!(world.get(&format!("{path}?{bad}")).await.status, 400, "{bad}");
    }
    let began = std::time::Instant::now();
    let already = world.get(&format!("{path}?wait=30s&until=scheduled,completed")).await;
    assert_eq!(already.expect(200)["phase"]["name"], "scheduled");
    let nothing = world.get(&format!("{path}?wait=1s&until=completed")).await.expect(200);
    assert_eq!(nothing["phase"]["name"], "scheduled", "the time is over");
    let took = began.elapsed().as_secs();
    assert!((1..10).contains(&took), "{took} s");
    let seen = world.tag(&path).await;
    let waiting = format!("{path}?wait=30s&until=changed");
    let known = [("if-none-match", seen.as_str())];
    let wait = world.with(Method::GET, &waiting, &known, &Value::Null);
    let act = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        world.post(&format!("{path}/pause"), json!({})).await.expect(200)
    };
    let (answer, _) = tokio::join!(wait, act);
    assert_eq!(answer.expect(200)["intent"]["wish"], "hold");
    // What happened before the caller began to wait is not missed.
    let late = world.with(Method::GET, &waiting, &[("if-none-match", &seen)], &Value::Null).await;
    assert_eq!(late.status, 200);
    let same = world.tag(&path).await;
    let short = format!("{path}?wait=1s");
    let quiet = world.with(Method::GET, &short, &[("if-none-match", &same)], &Value::Null).await;
    assert_eq!(quiet.status, 304, "nothing happened");
}

/// The page for people: no script, nothing from elsewhere, and every operation, schema and problem on it.
#[tokio::test]
async fn the_page_shows_all_of_it_offline() {
    let world = World::new().await;
    let page = world.send(Request::get("/docs").body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let html = page.body.as_str().unwrap();
    assert!(
        !html.contains("<script") && !html.contains("http:"),
        "nothing runs, nothing is fetched"
    );
    let document = serde_json::to_value(api::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (_, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(html.contains(&format!("<section id=\"{id}\">")), "{path} {id}");
        }
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(html.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    for (at, _) in html.match_indices("href=\"#") {
        let rest = &html[at + 7..];
        let id = &rest[..rest.find('"').unwrap()];
        assert!(html.contains(&format!("id=\"{id}\"")), "a link to {id} leads nowhere");
    }
    let style = world.send(Request::get("/docs/style.css").body(Body::empty()).unwrap()).await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
}
