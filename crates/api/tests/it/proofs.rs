//! What rings can prove, and rollouts that are refused for it.

use serde_json::{Value, json};

use crate::world::{World, ring_set_body};

#[tokio::test]
async fn each_ring_says_what_it_can_prove() {
    let world = World::new().await;
    let tenant = world.tenant("Contoso").await;
    let rollout = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let rollout = world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200);
    let set = rollout["ring_set_id"].as_str().unwrap();
    let path = format!("{base}/ring-sets/{set}/proof");
    let proof = world.get(&path).await.expect(200);
    let rings = proof["rings"].as_array().unwrap();
    let numbers = |name: &str| -> Vec<_> { rings.iter().map(|ring| ring[name].clone()).collect() };
    assert_eq!(numbers("devices"), [json!(20), json!(80)]);
    assert_eq!(numbers("pooled"), [json!(20), json!(100)]);
    assert_eq!(numbers("refused"), [json!(false), json!(false)]);
    let smallest = |at: usize| rings[at]["smallest_percent"].as_f64().unwrap();
    assert!(smallest(0) > smallest(1) && smallest(1) > 2.0, "{proof}");
    // What is healthy moves what is stopped.
    let loose = world.get(&format!("{path}?healthy_failed_percent=10")).await.expect(200);
    assert!(loose["rings"][1]["smallest_percent"].as_f64().unwrap() > smallest(1), "{loose}");
    let wrong = world.get(&format!("{path}?healthy_failed_percent=60")).await;
    insta::assert_snapshot!(wrong.problem(), @"
    400 invalid_parameter: healthy_failed_percent: 60 is out of range; 0.01 to 50 is right
      healthy_failed_percent: 60 is out of range; 0.01 to 50 is right
    ");
}

#[tokio::test]
async fn a_rollout_whose_gate_can_never_pass_is_refused() {
    let world = World::new().await;
    let tenant = world.tenant("Contoso").await;
    let rollout = world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let made = world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200);
    let set = format!("{base}/ring-sets/{}", made["ring_set_id"].as_str().unwrap());
    let kept = world.get(&set).await.expect(200);
    let mut body = ring_set_body();
    body["rings"] = kept["rings"].clone();
    body["rings"][0]["gate"]["success"] = json!("certified");
    let put = axum::http::Method::PUT;
    world.call(put, &set, Some(&world.admin), Some(&body)).await.expect(200);
    world.post(&format!("{base}/rollouts/{rollout}/cancel"), json!({ "reason": "x" })).await;
    let update = world.get(&format!("{base}/updates")).await.expect(200);
    let release = json!({ "name": "Another", "update_id": update["items"][0]["id"] });
    let release = world.post(&format!("{base}/releases"), release).await.expect(201);
    let new = json!({ "release_id": release["id"], "ring_set_id": made["ring_set_id"] });
    let refused = world.post(&format!("{base}/rollouts"), new).await;
    insta::assert_snapshot!(refused.problem(), @"
    422 invalid: /ring_set_id: the gate of ring 0 (First) can never pass: 20 devices can never earn a certificate, even if none fails; success by point, more devices or a higher max_failed_percent is right
      /ring_set_id: the gate of ring 0 (First) can never pass: 20 devices can never earn a certificate, even if none fails; success by point, more devices or a higher max_failed_percent is right
    ");
    let proof = world.get(&format!("{set}/proof")).await.expect(200);
    assert_eq!(
        (&proof["rings"][0]["refused"], &proof["rings"][0]["success_by"]),
        (&json!(true), &json!("certificate"))
    );
    let rollouts = world.get(&format!("{base}/rollouts")).await.expect(200);
    assert_eq!(rollouts["items"].as_array().map(Vec::len), Some(1), "nothing of it is left");
    assert_eq!(rollouts["next_page_token"], Value::Null);
}
