//! Every route that changes something, with a valid request for each (`cases`): what it leaves in the audit
//! trail, that a refused one leaves nothing, and that one key has one effect.

use std::panic::AssertUnwindSafe;

use api::access::{RULES, Role, Rule};
use axum::body::Body;
use axum::http::{Method, Request};
use domain::access::Action;
use domain::webhook::event_type;
use futures_util::FutureExt as _;
use serde_json::Value;

use crate::cases::{Stage, Try, variants};
use crate::world::{Answer, World};

impl Try {
    async fn send(&self, world: &World, rule: &Rule, key: Option<&str>, body: &str) -> Answer {
        let mut request = Request::builder()
            .method(&rule.method)
            .uri(&self.path)
            .header("authorization", format!("Bearer {}", self.by.1));
        if self.body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if api::versions::condition(&rule.method, rule.path)
            == Some(api::versions::Condition::Required)
        {
            request = request.header("if-match", "*");
        }
        world.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    fn text(&self) -> String {
        self.body.as_ref().map(Value::to_string).unwrap_or_default()
    }

    /// The reason that the request gives, or the comment.
    fn reason(&self) -> Option<String> {
        let body = self.body.as_ref()?;
        let said = [body, &body["do"]].into_iter().find_map(|body| {
            body.get("reason").or_else(|| body.get("comment")).and_then(Value::as_str)
        });
        said.map(str::to_owned).or_else(|| {
            let (_, reason) = self.path.split_once("?reason=")?;
            Some(reason.replace("%20", " "))
        })
    }
}

/// How long each chain is.
async fn heads(world: &World) -> String {
    let sql =
        "select coalesce(json_agg(json_build_object('tenant', tenant_id, 'seq', seq)), '[]')::text
        from chain_head";
    world.texts(sql).await.remove(0)
}

/// What came to all chains since `before`.
async fn added(world: &World, before: &str) -> Vec<Value> {
    let sql = format!(
        "select json_build_object('actor', actor, 'kind', kind, 'body', body::json)::text
         from event e left join json_to_recordset('{before}') as h(tenant uuid, seq bigint)
             on h.tenant = e.tenant_id
         where e.seq > coalesce(h.seq, 0) order by e.tenant_id, e.seq"
    );
    let texts = world.texts_of(&sql).await;
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// Whether the document says that the body of a route takes a reason.
fn asks_for_a_reason(document: &Value, rule: &Rule) -> bool {
    let operation = &document["paths"][rule.path][rule.method.as_str().to_ascii_lowercase()];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let referred = schema["$ref"]
        .as_str()
        .or_else(|| schema["oneOf"].as_array()?.iter().find_map(|one| one["$ref"].as_str()));
    let Some(name) = referred.and_then(|path| path.rsplit('/').next()) else { return false };
    document["components"]["schemas"][name]["properties"].get("reason").is_some()
}

/// The table: what each route leaves in the trail. Adding a route that changes something fails here until
/// `cases` has a request for it, and until it leaves an entry.
#[tokio::test]
async fn every_change_is_in_the_trail_and_made_once() {
    let world = World::new().await;
    let document = serde_json::to_value(api::openapi()).unwrap();
    let viewer = world.token(Role::Viewer, None).await;
    let (mut table, mut wrong) = (Vec::new(), Vec::new());
    for rule in RULES.iter().filter(|rule| rule.method != Method::GET) {
        for variant in variants(rule) {
            let name = format!("{} {} {variant}", rule.method, rule.path);
            let name = name.trim_end();
            // Every row is looked at, so that all that is wrong is seen at once.
            let row = AssertUnwindSafe(row(&world, &document, &viewer, (rule, variant), name));
            match row.catch_unwind().await {
                Ok(kinds) => table.push(format!("{name}: {kinds}")),
                Err(_) => wrong.push(name.to_owned()),
            }
        }
    }
    assert!(wrong.is_empty(), "see above: {wrong:#?}");
    insta::assert_snapshot!(table.join("\n"));
}

/// What the entries are that a route leaves.
async fn row(
    world: &World,
    document: &Value,
    viewer: &str,
    (rule, variant): (&Rule, &str),
    name: &str,
) -> String {
    let stage = Stage::new(world).await;
    let Some(request) = stage.request(rule, variant).await else {
        panic!("{name} has no case in crates/api/tests/it/cases.rs: write one")
    };
    assert!(
        request.reason().is_some() || !asks_for_a_reason(document, rule),
        "{name}: its case gives no reason, and the route takes one"
    );
    let changes = rule.action != Action::Read;
    refused(world, rule, &request, (viewer, changes), name).await;
    if changes {
        changed(world, rule, &request, name).await
    } else {
        looked(world, rule, &request, name).await;
        "-".to_owned()
    }
}

/// Nobody who may not, and nothing that is wrong, leaves anything.
async fn refused(
    world: &World,
    rule: &Rule,
    request: &Try,
    (viewer, changes): (&str, bool),
    name: &str,
) {
    let before = heads(world).await;
    if changes {
        let by = ("Viewer".to_owned(), viewer.to_owned());
        let forbidden = Try { path: request.path.clone(), body: request.body.clone(), by };
        let answer = forbidden.send(world, rule, None, &request.text()).await;
        assert_eq!(answer.status, 403, "{name}: {}", answer.body);
    }
    if request.body.is_some() {
        let nonsense = r#"{"this is no field of anything":1}"#;
        let answer = request.send(world, rule, Some("refused"), nonsense).await;
        assert!(answer.status.is_client_error(), "{name}: {} {}", answer.status, answer.body);
    }
    assert_eq!(added(world, &before).await, Vec::<Value>::new(), "{name} was refused");
}

/// It has its entry, with who and why, and no second one however often it is asked with the same key.
async fn changed(world: &World, rule: &Rule, request: &Try, name: &str) -> String {
    let before = heads(world).await;
    let is_keyed = rule.method == Method::POST;
    let key = name.replace(' ', "_");
    let key = is_keyed.then_some(key.as_str());
    let body = request.text();
    let first = request.send(world, rule, key, &body).await;
    assert!(first.status.is_success(), "{name}: {} {}", first.status, first.body);
    let new = added(world, &before).await;
    let own: Vec<&Value> = new.iter().filter(|entry| entry["actor"] == *request.by.0).collect();
    assert!(!own.is_empty(), "{name} leaves no entry by {}: {new:?}", request.by.0);
    if let Some(reason) = request.reason() {
        let says = |entry: &&Value| entry["body"].to_string().contains(&reason);
        assert!(own.iter().any(says), "{name}: no entry says {reason:?}: {own:?}");
    }
    if let Some(key) = key {
        once(world, rule, request, (key, &first), name).await;
        assert_eq!(added(world, &before).await.len(), new.len(), "{name} was done twice");
    }
    let kinds: Vec<&str> = new.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    for kind in &kinds {
        assert!(event_type(kind).is_some(), "{kind} is not in the catalogue of domain::webhook");
    }
    kinds.join(", ")
}

/// The promises of a key that was used.
async fn once(
    world: &World,
    rule: &Rule,
    request: &Try,
    (key, first): (&str, &Answer),
    name: &str,
) {
    let body = request.text();
    let again = request.send(world, rule, Some(key), &body).await;
    if api::versions::answer_is_kept(rule.path) {
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{name} again");
        assert_eq!(again.headers["idempotency-replayed"], "true", "{name}");
    } else {
        assert_eq!((again.status.as_u16(), &again.body["code"]), (409, &"answer_lost".into()));
    }
    let other = request.send(world, rule, Some(key), &format!("{body} ")).await;
    assert_eq!(other.status, 422, "{name}: another body with the key: {}", other.body);
    // As it stands between the effect and the answer, and when the server dies there.
    let died = "update asked set status = null, location = null, content_type = null, body = null";
    world.execute(&format!("{died}, begun_at = clock_timestamp() where key = '{key}'")).await;
    let early = request.send(world, rule, Some(key), &body).await;
    assert_eq!(
        (early.status.as_u16(), &early.body["code"]),
        (409, &"at_work".into()),
        "{name} while the first is at work"
    );
    let old = "begun_at = clock_timestamp() - interval '2 minutes'";
    world.execute(&format!("update asked set {old} where key = '{key}'")).await;
    let late = request.send(world, rule, Some(key), &body).await;
    assert_eq!(
        (late.status.as_u16(), &late.body["code"]),
        (409, &"answer_lost".into()),
        "{name}: the effect is not marked with the key"
    );
}

/// A request that only looks has no effect, with a key or without.
async fn looked(world: &World, rule: &Rule, request: &Try, name: &str) {
    let before = heads(world).await;
    let body = request.text();
    for _ in 0..2 {
        let answer = request.send(world, rule, Some("a"), &body).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
    assert_eq!(added(world, &before).await, Vec::<Value>::new(), "{name} only looks");
}
