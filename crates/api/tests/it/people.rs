//! People whom a provider vouches for, who is played here; the real one is in the system tests.

use std::fmt::Write as _;
use std::sync::Arc;

use api::{Asked, Leaving, People, Returned, Stranger};
use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;
use store::sessions::Person;
use store::tokens::{Grant, Grants, Role};
use uuid::Uuid;

use crate::sessions::Browser;
use crate::world::{World, hour};

/// Vouches for whoever the token names: an operator called Ana, or nobody.
struct Played;

fn ana() -> Person {
    let grants = Grants(vec![Grant::of(Role::Operator, None)]);
    Person { id: Uuid::from_u128(42), name: "ana@contoso.example".to_owned(), grants }
}

fn known(text: &str) -> Result<Person, Stranger> {
    match text {
        "a.b.c" | "good" => Ok(ana()),
        "n.n.n" | "nobody" => Err(Stranger::Nobody("ben".to_owned())),
        "d.d.d" | "down" => Err(Stranger::Unavailable("it does not answer".to_owned())),
        _ => Err(Stranger::Unknown("the token has <expired>".to_owned())),
    }
}

impl People for Played {
    fn person<'a>(&'a self, token: &'a str) -> Asked<'a, Person> {
        Box::pin(async move { known(token) })
    }

    fn begin<'a>(&'a self, redirect_uri: &'a str, return_to: &'a str) -> Asked<'a, Leaving> {
        let location = format!("https://id.example/auth?redirect_uri={redirect_uri}");
        let sealed = return_to.bytes().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Box::pin(async move { Ok(Leaving { location, sealed, seconds: 600 }) })
    }

    fn finish<'a>(
        &'a self,
        _redirect_uri: &'a str,
        sealed: &'a str,
        returned: Returned,
    ) -> Asked<'a, (Person, String)> {
        let bytes = sealed
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        let path = String::from_utf8(bytes.collect()).unwrap();
        Box::pin(async move { Ok((known(&returned.code.unwrap_or_default())?, path)) })
    }
}

async fn world() -> World {
    World::signing_in(|sign_in| sign_in.with_people(Arc::new(Played))).await
}

#[tokio::test]
async fn a_bearer_token_of_the_provider_is_as_good_as_its_groups() {
    let world = world().await;
    let tenant = world.tenant("Ours").await;
    let call = async |method: Method, path: &str, token: &str| {
        world.call(method, path, Some(token), None).await
    };
    let who = call(Method::GET, "/api/v1/whoami", "a.b.c").await.expect(200);
    assert_eq!(who["name"], "ana@contoso.example");
    assert_eq!(who["grants"][0]["roles"], json!(["operator"]));
    let sync = format!("/api/v1/tenants/{tenant}/sync");
    call(Method::POST, &sync, "a.b.c").await.expect(202);
    assert_eq!(call(Method::POST, "/api/v1/tenants", "a.b.c").await.status, 403);
    let said = async |token: &str| call(Method::GET, "/api/v1/whoami", token).await.problem();
    assert_eq!(said("x.y.z").await, "401 unauthenticated: the token has <expired>");
    assert_eq!(said("n.n.n").await, "403 forbidden: \"ben\" is in no group that has a role here");
    let down = said("d.d.d").await;
    assert_eq!(
        down,
        "503 unavailable: the provider of identities does not answer; try again in a few seconds"
    );
    // What can be neither is not asked about.
    let long = format!("a.b.{}", "c".repeat(16 * 1024));
    for neither in ["a.b", "a.b.c.d", "", &long] {
        let answer = call(Method::GET, "/api/v1/whoami", neither).await;
        assert_eq!(answer.status, 401, "{neither}");
    }
    // API tokens go on as before, and without a provider nothing else is a token.
    world.get("/api/v1/whoami").await.expect(200);
    let none = World::new().await;
    let answer = none.call(Method::GET, "/api/v1/whoami", Some("a.b.c"), None).await;
    assert_eq!(answer.status, 401);
    assert_eq!(Browser::new().get(&none, "/auth/login").await.status, 404);
}

#[tokio::test]
async fn a_browser_signs_in_at_the_provider_and_is_back_where_it_was() {
    let world = world().await;
    let mut browser = Browser::new();
    let state = browser.get(&world, "/auth/session").await.expect(200);
    assert_eq!(state["methods"], json!({ "token": true, "oidc": true }));
    let gone = browser.get(&world, "/auth/login?return_to=/rollouts%3Fstate%3D%22paused%22").await;
    assert_eq!(gone.status, 303);
    let back = "redirect_uri=http://127.0.0.1:8080/auth/callback";
    assert!(gone.headers["location"].to_str().unwrap().ends_with(back), "{gone:?}");
    let set = gone.headers["set-cookie"].to_str().unwrap();
    // From another site it has to come along, and no script may see it.
    let sealed = set.strip_suffix("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax").expect(set);
    assert!(sealed.starts_with("concentric-login="), "{set}");
    let (mut early, mut wrong, mut nobody) = (Browser::new(), browser.clone(), browser.clone());
    let lost = early.get(&world, "/auth/callback?code=good&state=s").await;
    assert_eq!(lost.status, 401, "another browser");
    for (browser, code, status, said) in [
        (&mut wrong, "bad", 401, "the token has &lt;expired&gt;"),
        (&mut nobody, "nobody", 403, "ben is known to the provider"),
    ] {
        let refused = browser.get(&world, &format!("/auth/callback?code={code}&state=s")).await;
        assert_eq!(refused.status, status, "{refused:?}");
        let page = refused.body.as_str().unwrap();
        assert!(page.contains(said) && page.contains("/auth/login"), "{page}");
        let policy = refused.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
    }
    let answer = browser.get(&world, "/auth/callback?code=good&state=s").await;
    assert_eq!(answer.status, 200);
    let page = answer.body.as_str().unwrap();
    let to = "content=\"0; url=/rollouts?state=&quot;paused&quot;\"";
    assert!(page.contains(to), "{page}");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 2, "the one comes, the other goes: {cookies:?}");
    let state = browser.get(&world, "/auth/session").await.expect(200);
    assert_eq!(
        (&state["signed_in"], &state["name"]),
        (&json!(true), &json!("ana@contoso.example"))
    );
    // It is theirs, also when they call by token.
    let who = world.call(Method::GET, "/api/v1/whoami", Some("a.b.c"), None).await.expect(200);
    assert_eq!(who["grants"], state["grants"]);
    let actors =
        world.texts("select actor || ' ' || kind from event where kind = 'signed_in'").await;
    assert_eq!(actors, ["ana@contoso.example signed_in"]);
}

#[tokio::test]
async fn nobody_is_led_elsewhere_by_a_sign_in() {
    let world = world().await;
    for to in ["https://evil.example", "//evil.example", "/%5Cevil.example", "javascript:alert(1)"]
    {
        let mut browser = Browser::new();
        browser.get(&world, &format!("/auth/login?return_to={to}")).await;
        let answer = browser.get(&world, "/auth/callback?code=good&state=s").await;
        let page = answer.body.as_str().unwrap();
        assert!(page.contains("url=/\""), "{to}: {page}");
    }
}

#[tokio::test]
async fn administrators_see_sessions_and_end_them() {
    let world = world().await;
    let tenant = world.tenant("Ours").await;
    let (mut one, mut two) = (Browser::new(), Browser::new());
    one.get(&world, "/auth/login").await;
    one.get(&world, "/auth/callback?code=good&state=s").await;
    let viewer = world.token(Role::Viewer, Some(tenant)).await;
    two.call(&world, Method::POST, "/auth/session", Some(json!({ "token": viewer })))
        .await
        .expect(200);
    let list = world.get("/api/v1/sessions").await.expect(200);
    let seen: Vec<_> = list["items"].as_array().unwrap().iter().collect();
    let names: Vec<_> = seen.iter().map(|one| (&one["name"], &one["way"])).collect();
    assert_eq!(
        names,
        [(&json!("ana@contoso.example"), &json!("provider")), (&json!("Viewer"), &json!("token"))]
    );
    assert_eq!(seen[0]["ends_at"], json!(hour(8)));
    for (role, of) in [(Role::TenantAdministrator, Some(tenant)), (Role::Operator, None)] {
        let token = world.token(role, of).await;
        let answer = world.call(Method::GET, "/api/v1/sessions", Some(&token), None).await;
        assert_eq!(answer.status, 403, "{role:?}");
    }
    let path = format!("/api/v1/sessions/{}", seen[0]["id"].as_str().unwrap());
    let end = async || world.call(Method::DELETE, &path, Some(&world.admin), None).await;
    end().await.expect(204);
    assert_eq!(end().await.status, 404);
    assert_eq!(one.get(&world, "/api/v1/whoami").await.status, 401);
    two.get(&world, "/api/v1/whoami").await.expect(200);
    let ended =
        world.texts("select actor || ' ' || body from event where kind = 'signed_out'").await;
    assert!(ended[0].starts_with("first ") && ended[0].contains("ana@contoso"), "{ended:?}");
    *world.clock.lock().unwrap() = hour(0) + TimeDelta::minutes(31);
    let list = world.get("/api/v1/sessions").await.expect(200);
    assert_eq!(list["items"], json!([]), "what ended by itself is no session");
}
