//! Strategies: read, chosen, refused by the field.

use axum::http::Method;
use serde_json::{Value, json};
use store::tokens::Role;

use crate::world::World;

#[tokio::test]
async fn a_strategy_is_chosen_and_what_is_impossible_is_refused() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let path = format!("/api/v1/tenants/{tenant}/strategies");
    let put =
        async |body: Value| world.call(Method::PUT, &path, Some(&world.admin), Some(&body)).await;
    let usual = world.get(&path).await.expect(200);
    let of = |all: &Value, kind: &str| {
        let mut items = all["items"].as_array().unwrap().iter();
        items.find(|one| one["kind"] == kind).unwrap().clone()
    };
    assert_eq!(of(&usual, "feature")["strategy"], "deployment_service");
    assert_eq!(of(&usual, "feature")["chosen"], false);
    assert!(of(&usual, "feature").get("impossible").is_none());
    assert!(of(&usual, "driver").get("impossible").is_none());

    let chosen = put(json!({ "feature": "intune" })).await.expect(200);
    assert_eq!(of(&chosen, "feature")["strategy"], "intune");
    assert_eq!(of(&chosen, "feature")["chosen"], true);
    assert_eq!(world.get(&path).await.expect(200), chosen);

    let chosen = put(json!({ "feature": "intune", "quality": "intune" })).await.expect(200);
    assert_eq!(of(&chosen, "quality")["strategy"], "intune");

    let refused = put(json!({ "driver": "intune" })).await.problem();
    assert!(refused.contains("Not built"), "{refused}");
    let refused = put(json!({ "driver": "intune", "edge": "deployment_service" })).await;
    let problem = refused.problem();
    assert!(problem.starts_with("422 invalid"), "{problem}");
    assert!(problem.contains("\n  /driver: "), "{problem}");
    assert!(problem.contains("\n  /edge: "), "{problem}");
    assert_eq!(world.get(&path).await.expect(200), chosen, "nothing was changed");
    assert_eq!(put(json!({ "tea": "intune" })).await.status, 422);
    assert_eq!(put(json!({})).await.expect(200), usual);

    let operator = world.token(Role::Operator, Some(tenant)).await;
    let body = json!({});
    let answer = world.call(Method::PUT, &path, Some(&operator), Some(&body)).await;
    assert_eq!(answer.status, 403);
}
