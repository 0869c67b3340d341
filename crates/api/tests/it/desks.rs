//! Desks of support requests: made, read without their secret, refused by the field, and asked for by hand.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::{World, hour, id, text};

fn jira() -> Value {
    json!({ "name": "Board", "url": "https://example.atlassian.net", "secret": "correct horse",
        "way": { "kind": "jira", "project": "UPD", "login": { "kind": "basic", "user": "ana@example.com" } },
        "at_least": "moderate", "categories": ["updates"] })
}

fn request(severity: &str, category: &str) -> Value {
    json!({ "about": { "kind": "tenant" }, "title": format!("{severity} {category}"), "description": "x",
        "severity": severity, "category": category })
}

async fn put(world: &World, path: &str, body: &Value) -> crate::world::Answer {
    world.call(Method::PUT, path, Some(&world.admin), Some(body)).await
}

#[tokio::test]
async fn a_desk_keeps_its_secret_to_itself() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let list = format!("/api/v1/tenants/{tenant}/support-desks");
    let made = world.post(&list, jira()).await.expect(201);
    assert_eq!(made.get("secret"), None, "{made}");
    assert_eq!(made["way"]["issue_type"], "Task");
    let path = format!("{list}/{}", id(&made));
    let read = world.get(&path).await.expect(200);
    assert!(!read.to_string().contains("correct horse"));
    let taken = world.post(&list, jira()).await;
    assert_eq!(taken.problem(), r#"409 conflict: there is a desk named "Board" already"#);
    let hook =
        json!({ "name": "Chat", "url": "https://chat.example/hook", "way": { "kind": "webhook" } });
    let hook = world.post(&list, hook).await.expect(201);
    assert!(text(&hook["secret"]).starts_with("whsec_"), "{hook}");
    let read = world.get(&format!("{list}/{}", id(&hook))).await.expect(200);
    assert_eq!(read.get("secret"), None, "shown once");
    let stored = "select encode(secret_sealed, 'escape') from support_desk";
    assert!(world.texts(stored).await.iter().all(|text| !text.contains("correct horse")));
    let trail = world
        .get(&format!("/api/v1/tenants/{tenant}/audit?kind=support_desk_created"))
        .await
        .expect(200);
    assert_eq!(trail["items"].as_array().unwrap().len(), 2);
    assert!(!trail.to_string().contains("correct horse"));
}

#[tokio::test]
async fn what_is_wrong_with_a_desk_is_named() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let list = format!("/api/v1/tenants/{tenant}/support-desks");
    for (pointer, value, said) in [
        ("/secret", Value::Null, "the password or token of the login is needed"),
        ("/url", json!("ftp://x"), "begins with https://"),
        ("/url", json!("https://x.example/?a=b"), "without parameters"),
        ("/way/project", json!("UPD\" OR project = \"X"), "the key of a project"),
        ("/way/login/user", json!("ana:x"), "no colon"),
        ("/name", json!(" "), "this is empty"),
    ] {
        let mut body = jira();
        *body.pointer_mut(pointer).unwrap() = value;
        let answer = world.post(&list, body).await;
        let error =
            answer.body["errors"].as_array().unwrap().iter().find(|one| one["pointer"] == pointer);
        let error = error.unwrap_or_else(|| panic!("{pointer}: {}", answer.body));
        assert!(text(&error["detail"]).contains(said), "{pointer}: {error}");
    }
    let made = world.post(&list, jira()).await.expect(201);
    let path = format!("{list}/{}", id(&made));
    let mut other = jira();
    other["way"] =
        json!({ "kind": "service_now", "table": "incident", "login": { "kind": "bearer" } });
    let refused = put(&world, &path, &other).await;
    assert_eq!(refused.problem(), "422 invalid: the desk is a jira; make another for that");
}

#[tokio::test]
async fn requests_are_laid_out_for_the_desks_that_take_them() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let base = format!("/api/v1/tenants/{tenant}");
    let desk = id(&world.post(&format!("{base}/support-desks"), jira()).await.expect(201));
    let deliveries = async || {
        let path = format!("{base}/support-desks/{desk}/deliveries");
        world.get(&path).await.expect(200)["items"].as_array().unwrap().clone()
    };
    let file = async |severity: &str, category: &str| {
        id(&world
            .post(&format!("{base}/support-requests"), request(severity, category))
            .await
            .expect(201))
    };
    let taken = file("critical", "updates").await;
    let minor = file("minimal", "updates").await;
    file("critical", "access").await;
    let comment = json!({ "text": "x" });
    for request in [taken, minor] {
        world
            .post(&format!("{base}/support-requests/{request}/comments"), comment.clone())
            .await
            .expect(200);
    }
    let told = deliveries().await;
    let of: Vec<_> =
        told.iter().map(|one| (id_of(&one["request_id"]), one["note_id"].is_null())).collect();
    assert_eq!(of, [(taken, true), (taken, false)], "{told:?}");
    assert_eq!((&told[0]["state"], &told[0]["next_at"]), (&json!("pending"), &json!(hour(0))));
    // By hand; once.
    let hand_on = format!("{base}/support-requests/{minor}/hand-on");
    let body = json!({ "desk_id": desk });
    world.post(&hand_on, body.clone()).await.expect(202);
    let again = world.post(&hand_on, body.clone()).await;
    assert_eq!(again.problem(), r#"409 conflict: the desk "Board" has it, or is being told"#);
    let nowhere = json!({ "desk_id": "00000000-0000-0000-0000-000000000001" });
    let unknown = world.post(&hand_on, nowhere).await;
    assert_eq!(text(&unknown.body["errors"][0]["pointer"]), "/desk_id", "{}", unknown.body);
    let mut disabled = jira();
    disabled["enabled"] = json!(false);
    put(&world, &format!("{base}/support-desks/{desk}"), &disabled).await.expect(200);
    file("critical", "updates").await;
    assert_eq!(deliveries().await.len(), 3, "a desk that is disabled is told nothing new");
    let path = format!("{base}/support-desks/{desk}?reason=over");
    let gone = world.call(Method::DELETE, &path, Some(&world.admin), None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(world.texts("select id::text from support_delivery").await, Vec::<String>::new());
    assert_eq!(
        world.texts("select subject::text from work where kind = 'hand_on'").await,
        Vec::<String>::new()
    );
}

fn id_of(value: &Value) -> uuid::Uuid {
    text(value).parse().unwrap()
}

/// Letters are written with what they tell of, and what is said goes the same way.
#[tokio::test]
async fn a_desk_of_addresses_is_written_to() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let base = format!("/api/v1/tenants/{tenant}");
    let desk = json!({ "name": "Mail", "url": "mailto:a@example.com,b@example.com", "way": { "kind": "mail" } });
    let made = world.post(&format!("{base}/support-desks"), desk.clone()).await.expect(201);
    assert_eq!(made.get("secret"), None, "{made}");
    let request = request("critical", "updates");
    let request = world.post(&format!("{base}/support-requests"), request).await.expect(201);
    let letters =
        "select address || ' ' || (content->>'subject') || ' ' || state from letter order by id";
    let subject = "[A] critical updates pending";
    assert_eq!(
        world.texts(letters).await,
        ["a", "b"].map(|to| format!("{to}@example.com {subject}"))
    );
    let path = format!("{base}/support-requests/{}/comments", id(&request));
    world.post(&path, json!({ "text": "it is the driver" })).await.expect(200);
    assert_eq!(world.texts(letters).await.len(), 4);
    let said = "select content->>'text' from letter order by id desc limit 1";
    assert!(world.texts(said).await[0].contains("it is the driver"));
    for url in
        ["mailto:", "mailto:a", "mailto:a@example.com\nBcc: x@example.com", "https://x.example"]
    {
        let mut wrong = desk.clone();
        (wrong["name"], wrong["url"]) = (json!("Other"), json!(url));
        let answer = world.post(&format!("{base}/support-desks"), wrong).await;
        assert_eq!(text(&answer.body["errors"][0]["pointer"]), "/url", "{}", answer.body);
    }
}
