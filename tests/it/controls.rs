//! What administrators decide about single devices, and whom they choose for it.

use api_types as api;
use api_types::{AttemptState as A, PhaseName as P};
use serde_json::json;
use uuid::Uuid;

use crate::organisation::{Organisation, Tenant, eventually, wish};
use crate::stack::{Api, Stack, patient_rings};

async fn attempt(tenant: &Tenant, device: Uuid, rollout: Uuid) -> api::DeviceAttempt {
    let detail: api::DeviceDetail = tenant.get(&format!("/devices/{device}")).await;
    let found = detail.attempts.into_iter().find(|one| one.rollout_id == rollout);
    found.expect("every member has its attempt")
}

/// Not offered yet, and nothing under way that would.
fn waits(attempt: &api::DeviceAttempt) -> bool {
    matches!(attempt.state, A::Assigned | A::Excluded)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_device_is_offered_nothing_until_it_is_released() {
    let stack = Stack::new(wish(60, 40_000.0)).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let set = tenant.ring_set(&patient_rings()).await;
    let of = async |ring: u8| {
        let query = format!("&ring_set_id={}&ring={ring}&page_size=500", set.id);
        let page: api::List<api::Device> = tenant.get(&format!("/devices?{}", &query[1..])).await;
        page.items.into_iter().filter(|one| one.standing.as_deref() == Some("ready"))
    };
    // One held before the rollout begins, one while it waits, both in the last ring.
    let (early, late) = {
        let mut broad = of(2).await;
        (broad.next().expect("one").id, broad.next().expect("another").id)
    };
    let hold = json!({ "action": "hold", "reason": "at a fair" });
    assert_eq!(tenant.act(&json!({ "ids": [early] }), &hold).await.changed, 1);
    let told = eventually("its standing", async || {
        let explained = tenant.explain(early).await;
        (explained.standing.as_deref() == Some("not_ready")).then_some(explained)
    })
    .await;
    assert_eq!(told.controls.len(), 1, "{told:#?}");
    assert_eq!(told.reasons.iter().map(|one| one.reason.as_str()).collect::<Vec<_>>(), ["held"]);
    assert!(told.rings.iter().any(|ring| ring.ring == Some(2)), "it keeps its ring: {told:#?}");

    let started = tenant.api.roll_out(&tenant.at, set.id, "pause").await;
    assert_eq!(tenant.act(&json!({ "ids": [late] }), &hold).await.changed, 1);
    // The last ring is open, and everybody else in it has had an offer.
    eventually("the last ring has its offers", async || {
        let rollout: api::Rollout = tenant.api.get(&started.path).await;
        assert_ne!(rollout.phase.name, P::Paused, "{rollout:#?}");
        let last = &rollout.rings[2];
        (last.offered > 0 && !last.states.contains_key(&A::Assigned)).then_some(())
    })
    .await;
    for device in [early, late] {
        let attempt = attempt(&tenant, device, started.rollout).await;
        assert_eq!((attempt.state, attempt.code.as_deref()), (A::Excluded, Some("held")));
    }
    let release = json!({ "action": "release" });
    let both = json!({ "ids": [early, late] });
    let at_release: api::Rollout = tenant.api.get(&started.path).await;
    assert_eq!(tenant.act(&both, &release).await.changed, 2);
    if at_release.phase.name != P::Completed {
        for device in [early, late] {
            eventually("an offer", async || {
                let rollout: api::Rollout = tenant.api.get(&started.path).await;
                let done = rollout.phase.name == P::Completed;
                let waits = waits(&attempt(&tenant, device, started.rollout).await);
                (!waits || done).then_some(())
            })
            .await;
        }
    }
    let rollout = tenant.api.until(&started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    for device in [early, late] {
        let after = attempt(&tenant, device, started.rollout).await;
        assert!(!waits(&after), "{after:?} in {rollout:#?}");
    }
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_selects_whom_the_preview_counts() {
    let stack = Stack::new(wish(60, 1.0)).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    tenant.judged().await;
    let devices = tenant.devices().await;
    let model = devices[0].model.clone();
    let filter = format!("model == {model:?} && standing == \"ready\"");
    let fits = |one: &&api::Device| one.model == model && one.standing.as_deref() == Some("ready");
    let expected: Vec<Uuid> = devices.iter().filter(fits).map(|one| one.id).collect();
    let many = u32::try_from(expected.len()).expect("few");
    assert!(many > 0 && expected.len() < devices.len());

    let encoded = filter.replace(' ', "%20").replace('"', "%22").replace('&', "%26");
    let mut shown: Vec<Uuid> = tenant
        .devices_where(&format!("&filter={encoded}"))
        .await
        .iter()
        .map(|one| one.id)
        .collect();
    shown.sort_unstable();
    let mut sorted = expected.clone();
    sorted.sort_unstable();
    assert_eq!(shown, sorted);

    let select = json!({ "filter": filter });
    let exclude = json!({ "action": "exclude", "reason": "a bad batch" });
    let ask = json!({ "select": select, "do": exclude, "preview": true });
    let preview: api::DeviceActionResult = tenant.post("/device-actions", &ask).await;
    assert_eq!((preview.preview, preview.matched, preview.changed), (true, many, many));
    assert!(preview.examples.iter().all(|one| expected.contains(&one.id)));
    let excluded = async || {
        let devices = tenant.devices().await;
        devices.iter().filter(|one| one.standing.as_deref() == Some("excluded")).count()
    };
    assert_eq!(excluded().await, 0);

    // Somebody else's fleet changed meanwhile: nothing happens.
    let ask = json!({ "select": select, "do": exclude, "expect": many + 1 });
    let path = format!("{}/device-actions", tenant.at);
    let (status, answer) = tenant.api.call("POST", &path, Some(ask)).await.expect("an answer");
    assert_eq!(status, 409, "{answer}");
    let ask = json!({ "select": select, "do": exclude, "expect": many });
    let done: api::DeviceActionResult = tenant.post("/device-actions", &ask).await;
    assert_eq!((done.preview, done.matched, done.changed), (false, many, many));
    eventually("they are excluded", async || (excluded().await == expected.len()).then_some(()))
        .await;
    // The filter no longer finds them; another does.
    assert_eq!(tenant.devices_where(&format!("&filter={encoded}")).await.len(), 0);
    let restore = json!({ "action": "restore" });
    assert_eq!(tenant.act(&json!({ "filter": "excluded" }), &restore).await.changed, many);
    eventually("they are back", async || (excluded().await == 0).then_some(())).await;
    tenant.judged().await;
    let after = tenant.devices_where(&format!("&filter={encoded}")).await.len();
    assert_eq!(after, expected.len());
    server.shutdown().await;
    stack.end().await;
}

/// A filter knows groups by the names people gave them, and a decision ends when it says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_on_a_group_ends_when_it_says() {
    // Two seconds of the wall are an hour; without a date, devices are looked at again after ten.
    let stack = Stack::new(wish(30, 1_800.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let mut set = patient_rings();
    set.rings[0].groups = vec![organisation.group("Kiosks", &[3, 4], &[]).await];
    tenant.ring_set(&set).await;
    let filter = json!({ "filter": "groups.exists(g, g == \"Kiosks\")" });
    let until = stack.clock().now() + chrono::TimeDelta::hours(1);
    let hold = json!({ "action": "hold", "reason": "a fair", "expires_at": until });
    assert_eq!(tenant.act(&filter, &hold).await.changed, 2);
    let under = async || {
        let devices = tenant.devices().await;
        devices.iter().filter(|one| one.reasons.iter().any(|reason| reason == "held")).count()
    };
    eventually("they are held", async || (under().await == 2).then_some(())).await;
    eventually("they are released", async || (under().await == 0).then_some(())).await;
    let late = stack.clock().now() - until;
    assert!(late < chrono::TimeDelta::hours(5), "late by {late}");
    server.shutdown().await;
    stack.end().await;
}
