//! Browsers sign in, stay signed in for as long as they may, and are safe from other sites.

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use store::tokens::{Grant, NewToken, Role};
use tower::ServiceExt as _;

use crate::world::{Answer, World, hour, text};

/// What a browser has and sends.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    cookie: Option<String>,
    /// While it is at the provider.
    login: Option<String>,
    origin: Option<&'static str>,
    requested_with: Option<&'static str>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let origin = Some("http://127.0.0.1:8080");
        Self { cookie: None, login: None, origin, requested_with: Some("concentric") }
    }

    pub(crate) async fn call(
        &mut self,
        world: &World,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("host", "127.0.0.1:8080");
        for cookie in [&self.cookie, &self.login].into_iter().flatten() {
            request = request.header("cookie", format!("theme=dark; {cookie}"));
        }
        if let Some(origin) = self.origin {
            request = request.header("origin", origin);
        }
        if let Some(with) = self.requested_with {
            request = request.header("x-requested-with", with);
        }
        let body = match body {
            None => Body::empty(),
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        let answer = world.send(request.body(body).unwrap()).await;
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let (pair, attributes) = set.split_once("; ").unwrap();
            let is_gone = attributes.contains("Max-Age=0;");
            let mine = if pair.contains("-login=") { &mut self.login } else { &mut self.cookie };
            *mine = (!is_gone).then(|| pair.to_owned());
        }
        answer
    }

    pub(crate) async fn get(&mut self, world: &World, path: &str) -> Answer {
        self.call(world, Method::GET, path, None).await
    }

    async fn sign_in(&mut self, world: &World, token: &str) -> Answer {
        self.call(world, Method::POST, "/auth/session", Some(json!({ "token": token }))).await
    }

    async fn is_signed_in(&self, world: &World) -> bool {
        // A copy, so that asking changes nothing.
        let state = self.clone().get(world, "/auth/session").await.expect(200);
        state["signed_in"].as_bool().unwrap()
    }
}

#[tokio::test]
async fn a_token_is_exchanged_for_a_session_that_may_as_much() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let mut browser = Browser::new();
    let before = browser.get(&world, "/auth/session").await.expect(200);
    let methods = json!({ "token": true, "oidc": false });
    let nobody = json!({ "signed_in": false, "name": null, "grants": [], "expires_at": null,
        "methods": methods });
    assert_eq!(before, nobody);
    let token = world.token(Role::Operator, Some(tenant)).await;
    let answer = browser.sign_in(&world, &token).await;
    let set = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    let attributes = set.split_once("; ").unwrap().1;
    assert_eq!(attributes, "Path=/; Max-Age=28800; HttpOnly; SameSite=Strict");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let state = answer.expect(200);
    assert_eq!(browser.get(&world, "/auth/session").await.expect(200), state);
    let who = browser.get(&world, "/api/v1/whoami").await.expect(200);
    assert_eq!((&state["name"], &state["grants"]), (&who["name"], &who["grants"]));
    assert_eq!(state["name"], "Operator");
    assert_eq!(state["expires_at"], json!(hour(8)));
    let devices = format!("/api/v1/tenants/{tenant}/devices");
    browser.get(&world, &devices).await.expect(200);
    let mut post =
        async |path: String| browser.call(&world, Method::POST, &path, None).await.status.as_u16();
    assert_eq!(post(format!("/api/v1/tenants/{tenant}/sync")).await, 202);
    assert_eq!(post("/api/v1/tenants".to_owned()).await, 403, "an operator stays one");
    // What the database has does not open anything, and the signing in stands in the history.
    let kept = world.texts("select encode(hash, 'hex') from session").await;
    assert!(!set.contains(&kept[0]), "{kept:?}");
    let kinds =
        world.texts("select kind || ' ' || actor from event where kind like 'signed%'").await;
    assert_eq!(kinds, ["signed_in Operator"]);
}

#[tokio::test]
async fn nobody_signs_in_with_anything_else() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let unknown = format!("con_{}", "0".repeat(64));
    for wrong in ["", "con_", "other", &unknown, &unknown.replace("con_", "")] {
        let answer = browser.sign_in(&world, wrong).await;
        let said = answer.problem();
        assert_eq!(
            said, "401 unauthenticated: the token is unknown, expired or revoked",
            "{wrong}"
        );
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    browser.cookie = Some(format!("concentric-session={}", "0".repeat(64)));
    let said = browser.clone().get(&world, "/api/v1/whoami").await.problem();
    assert_eq!(said, "401 unauthenticated: the session has ended; sign in again");
    let state = browser.get(&world, "/auth/session").await.expect(200);
    assert_eq!((&state["signed_in"], browser.cookie), (&json!(false), None), "it is taken away");
}

#[tokio::test]
async fn a_session_ends_after_eight_hours_and_after_half_an_hour_without_use() {
    let world = World::new().await;
    let mut browser = Browser::new();
    browser.sign_in(&world, &world.admin).await.expect(200);
    let mut idle = Browser::new();
    idle.sign_in(&world, &world.admin).await.expect(200);
    let minute =
        |minutes: i64| *world.clock.lock().unwrap() = hour(0) + TimeDelta::minutes(minutes);
    let whoami = "/api/v1/whoami";
    minute(29);
    assert!(idle.is_signed_in(&world).await);
    browser.get(&world, whoami).await.expect(200);
    noted(&world, 29).await;
    minute(30);
    assert!(!idle.is_signed_in(&world).await, "looking whether one is signed in is no use");
    assert_eq!(idle.get(&world, whoami).await.status, 401);
    for minutes in (2..=16).map(|time| time * 29) {
        minute(minutes);
        browser.get(&world, whoami).await.expect(200);
        noted(&world, minutes).await;
    }
    minute(479);
    browser.get(&world, whoami).await.expect(200);
    minute(480);
    assert_eq!(browser.get(&world, whoami).await.status, 401, "however busy it was");
    assert_eq!(world.store.sessions_sweep(hour(8)).await.unwrap(), 2);
    assert_eq!(world.store.sessions_sweep(hour(8)).await.unwrap(), 0);
}

/// Uses are written down behind the answer.
async fn noted(world: &World, minutes: i64) {
    let at = hour(0) + TimeDelta::minutes(minutes);
    for _ in 0..200 {
        let used = world
            .texts("select max(last_used_at)::timestamptz at time zone 'UTC' || '' from session");
        let used = used.await;
        if used == [at.naive_utc().to_string()] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the use at {at} was not noted");
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let world = World::new().await;
    let new = NewToken {
        name: "short".to_owned(),
        grant: Grant::of(Role::Viewer, None),
        expires_at: Some(hour(1)),
    };
    let (row, token) = world.store.token_create(&new, "ops", hour(0)).await.unwrap();
    let (mut revoked, mut expired) = (Browser::new(), Browser::new());
    revoked.sign_in(&world, &token).await.expect(200);
    let (_, other) = world.store.token_create(&new, "ops", hour(0)).await.unwrap();
    expired.sign_in(&world, &other).await.expect(200);
    assert!(revoked.is_signed_in(&world).await);
    world.store.token_revoke(row.id, None, "ops", hour(0)).await.unwrap();
    assert_eq!(revoked.get(&world, "/api/v1/whoami").await.status, 401);
    assert!(!revoked.is_signed_in(&world).await);
    assert!(expired.is_signed_in(&world).await);
    // Half an hour without use does not come first.
    *world.clock.lock().unwrap() = hour(0) + TimeDelta::minutes(29);
    expired.get(&world, "/api/v1/whoami").await.expect(200);
    noted(&world, 29).await;
    *world.clock.lock().unwrap() = hour(0) + TimeDelta::minutes(58);
    assert!(expired.is_signed_in(&world).await);
    expired.get(&world, "/api/v1/whoami").await.expect(200);
    noted(&world, 58).await;
    world.set_hour(1);
    assert!(!expired.is_signed_in(&world).await);
}

#[tokio::test]
async fn whoever_leaves_is_gone_and_whoever_comes_again_gets_another_session() {
    let world = World::new().await;
    let mut browser = Browser::new();
    browser.sign_in(&world, &world.admin).await.expect(200);
    let first = browser.clone();
    browser.sign_in(&world, &world.admin).await.expect(200);
    assert_ne!(first.cookie, browser.cookie, "a session is not carried over a sign-in");
    assert!(!first.is_signed_in(&world).await);
    let stolen = browser.clone();
    browser.call(&world, Method::POST, "/auth/logout", None).await.expect(204);
    assert_eq!(browser.cookie, None);
    assert!(!stolen.is_signed_in(&world).await);
    assert_eq!(world.texts("select name from session").await, [""; 0]);
    let left = world.texts("select kind from event where kind like 'signed%' order by seq").await;
    assert_eq!(left, ["signed_in", "signed_in", "signed_out", "signed_out"]);
    // Nobody is there to leave, and that is fine.
    browser.call(&world, Method::POST, "/auth/logout", None).await.expect(204);
}

#[tokio::test]
async fn other_sites_change_nothing() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let mut browser = Browser::new();
    browser.sign_in(&world, &world.admin).await.expect(200);
    let sync = format!("/api/v1/tenants/{tenant}/sync");
    let without = Browser { requested_with: None, ..browser.clone() };
    let foreign = Browser { origin: Some("https://evil.example"), ..browser.clone() };
    let opaque = Browser { origin: Some("null"), ..browser.clone() };
    let other = Browser { requested_with: Some("XMLHttpRequest"), ..browser.clone() };
    for mut site in [without, foreign, opaque, other] {
        let answer = site.call(&world, Method::POST, &sync, None).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"]),
            (403, &json!("forbidden")),
            "{site:?}"
        );
        let answer = site.call(&world, Method::POST, "/auth/logout", None).await;
        assert_eq!(answer.status, 403, "{site:?}");
    }
    let mut foreign = Browser { origin: Some("https://evil.example"), ..Browser::new() };
    assert_eq!(foreign.sign_in(&world, &world.admin).await.status, 403, "as somebody of theirs");
    browser.call(&world, Method::POST, &sync, None).await.expect(202);
    // A program sends a token and knows nothing of pages.
    world.call(Method::POST, &sync, Some(&world.admin), None).await.expect(202);
    // Reading is what a page of another site is kept from by the browser.
    let mut bare = Browser { requested_with: None, origin: None, ..browser };
    bare.get(&world, "/api/v1/whoami").await.expect(200);
}

#[tokio::test]
async fn a_stream_is_opened_by_cookie_and_ends_with_the_session() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let mut browser = Browser::new();
    browser.sign_in(&world, &world.admin).await.expect(200);
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}/events");
    let request = Request::get(&path)
        .header("cookie", browser.cookie.clone().unwrap())
        .header("accept", "text/event-stream");
    let response =
        world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let first = body.next().await.unwrap().unwrap();
    assert!(std::str::from_utf8(&first).unwrap().contains("created"));
    browser.call(&world, Method::POST, "/auth/logout", None).await.expect(204);
    // For a second it is trusted still; the next event after that is not sent.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    world.post(&path.replace("events", "pause"), json!({})).await.expect(200);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), body.next()).await;
    assert!(ended.expect("in time").is_none());
}

#[tokio::test]
async fn behind_https_the_cookie_is_bound_to_the_host() {
    let public = "https://updates.example.com".parse().unwrap();
    let own = "http://10.0.0.7:8080".parse().unwrap();
    let world = World::signing_in(|_| api::SignIn::new(Some(public), own)).await;
    let mut browser = Browser { origin: Some("https://updates.example.com"), ..Browser::new() };
    let answer = browser.sign_in(&world, &world.admin).await;
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-concentric-session="), "{set}");
    assert!(set.ends_with("; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict; Secure"), "{set}");
    assert!(browser.is_signed_in(&world).await);
}

#[tokio::test]
async fn nobody_signs_in_where_others_can_listen() {
    let own = "http://10.0.0.7:8080".parse().unwrap();
    let world = World::signing_in(|_| api::SignIn::new(None, own)).await;
    let mut browser = Browser::new();
    let state = browser.get(&world, "/auth/session").await.expect(200);
    assert_eq!(state["methods"]["token"], false);
    insta::assert_snapshot!(browser.sign_in(&world, &world.admin).await.problem(), @"403 forbidden: a session would go in the clear to http://10.0.0.7:8080; put TLS before the service and tell it its address with --public-url https://...");
}

#[tokio::test]
async fn whoever_tries_tokens_is_told_to_wait() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let mut refused = None;
    for _ in 0..100 {
        let answer = browser.sign_in(&world, "con_x").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 401);
    }
    let refused = refused.expect("it has an end");
    assert!(refused.headers.contains_key("retry-after"));
    assert!(text(&refused.body["detail"]).contains("sign-ins"), "{}", refused.body);
    // Programs and those who are signed in go on.
    world.get("/api/v1/whoami").await.expect(200);
}

#[tokio::test]
async fn the_link_of_a_demo_signs_in_once() {
    let world = World::new().await;
    let link = "/auth/demo?code=once";
    assert_eq!(Browser::new().get(&world, link).await.status, 404, "there is no demo");
    let sign_in = api::SignIn::new(None, "http://127.0.0.1:8080".parse().unwrap());
    let sign_in = sign_in.with_demo("once", world.admin.clone());
    let world = world.with_sign_in(sign_in);
    assert_eq!(Browser::new().get(&world, "/auth/demo?code=other").await.status, 403);
    let mut browser = Browser::new();
    let answer = browser.get(&world, link).await;
    assert_eq!((answer.status.as_u16(), answer.headers["location"].to_str().unwrap()), (303, "/"));
    assert!(browser.is_signed_in(&world).await);
    assert_eq!(browser.get(&world, link).await.status, 303, "the same browser is there already");
    let late = Browser::new().get(&world, link).await;
    assert_eq!(late.status, 403, "{}", late.body);
}
