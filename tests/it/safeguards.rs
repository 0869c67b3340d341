//! A safeguard hold of Microsoft's: the devices under it wait, are in no count, and go on when it is gone.

use api_types::{Access, AttemptState, Explanation, InFlightDevice, List, PhaseName as P, Rollout};
use serde_json::{Value, json};
use simulator::{BAD_MODEL, Scenario};

use crate::kinds::{accepted, connect, feature_update, start, until};
use crate::stack::{Api, Stack, Wish};
use crate::truth;

const WISH: Wish = Wish { devices: 120, speed: 20_000.0, scenario: Scenario::Healthy };

async fn hold(stack: &Stack, hold: &Value) {
    let url = format!("{}/_simulator/safeguard", stack.simulator.base_url());
    let answer = reqwest::Client::new().post(url).json(hold).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_held_by_microsoft_are_set_aside() {
    let stack = Stack::new(WISH).await;
    hold(&stack, &json!({ "id": 25_178_825, "model": BAD_MODEL })).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let at = connect(&stack, &api).await;
    let strategies = json!({ "feature": "intune" });
    let chosen = api.call("PUT", &format!("{at}/strategies"), Some(strategies)).await;
    assert_eq!(chosen.expect("an answer").0, 200);
    let update = feature_update(&api, &at).await;
    let delivery = json!({ "kind": "feature", "uninstall_window_days": 30 });
    let started = start(&api, &at, &update, &delivery).await;
    accepted(&api, &started, Access::Open).await;
    until(&api, &started, |rollout| {
        let aside: u32 = rollout.rings.iter().map(|ring| ring.set_aside).sum();
        (aside > 0).then_some(())
    })
    .await;
    let why: Explanation = api.get(&format!("{}/explain", started.path)).await;
    let held = why.safeguards.first().expect("a hold");
    assert_eq!(held.id.as_deref(), Some("25178825"));
    assert!(held.text.contains("held by Microsoft (safeguard 25178825)"), "{}", held.text);
    let flying: List<InFlightDevice> = api.get(&format!("{}/in-flight", started.path)).await;
    let waiting = flying.items.iter().filter(|one| one.safeguard.is_some()).count();
    assert!(waiting > 0, "{flying:?}");

    // The others come to their end, and the gates do not wait for those that cannot.
    let rollout = api.until(&started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    let of = |rollout: &Rollout, state| -> u32 {
        rollout.rings.iter().filter_map(|ring| ring.states.get(&state)).sum()
    };
    let aside: u32 = rollout.rings.iter().map(|ring| ring.set_aside).sum();
    assert!(aside >= 8, "one device in seven is of that model: {rollout:#?}");
    assert_eq!(of(&rollout, AttemptState::Lost), 0, "{rollout:#?}");

    hold(&stack, &Value::Null).await;
    let before = of(&rollout, AttemptState::Confirmed);
    until(&api, &started, |rollout| {
        let aside: u32 = rollout.rings.iter().map(|ring| ring.set_aside).sum();
        let confirmed = of(rollout, AttemptState::Confirmed);
        (aside == 0 && confirmed >= before + 6).then_some(())
    })
    .await;
    let why: Explanation = api.get(&format!("{}/explain", started.path)).await;
    assert!(why.safeguards.is_empty(), "{:?}", why.safeguards);
    truth::check(&stack, &started).await;
    server.shutdown().await;
    stack.end().await;
}
