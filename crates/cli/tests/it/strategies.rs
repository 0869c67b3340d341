//! `concentric tenant strategy`.

use serde_json::{Value, json};

use crate::api::Api;
use crate::program::run;

fn strategies(feature: &str, chosen: bool) -> Value {
    json!({ "items": [
        { "kind": "quality", "strategy": "deployment_service", "chosen": false },
        { "kind": "feature", "strategy": feature, "chosen": chosen },
        { "kind": "driver", "strategy": "deployment_service", "chosen": false,
            "impossible": "drivers cannot be delivered by deployment_service: Not built" },
    ] })
}

#[tokio::test]
async fn a_choice_keeps_the_others() {
    let api = Api::start().await;
    api.answer("GET /strategies", &[strategies("intune", true), strategies("intune", true)]);
    api.answer("PUT /strategies", &[strategies("intune", true)]);
    let run = run(&api.url, &["tenant", "strategy", "quality", "deployment-service"]).await;
    assert_eq!(run.code, 0, "{run:?}");
    let body = json!({ "quality": "deployment_service", "feature": "intune" });
    assert_eq!(api.orders(), [("PUT /strategies".to_owned(), body)]);
}

#[tokio::test]
async fn kinds_are_shown_with_what_is_impossible() {
    let api = Api::start().await;
    api.answer("GET /strategies", &[strategies("deployment_service", false)]);
    let run = run(&api.url, &["tenant", "strategy"]).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("feature\tdeployment_service\tas usual\t-"), "{}", run.out);
    assert!(run.out.contains("Not built"), "{}", run.out);
}
