//! A month goes by: a rule approves the next security update, and its release takes the place of the one
//! that is still on its way.

use std::collections::HashSet;
use std::time::SystemTime;

use api_types as api;
use api_types::PhaseName as P;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::DirectoryObjectId;
use msgraph::Transitive;
use serde_json::json;
use simulator::{Config, Scenario, Simulator};
use sqlx::Row as _;
use uuid::Uuid;

use crate::organisation::eventually;
use crate::stack::{Api, Stack, Started, TestDatabase, patient_rings};
use crate::tenant;
use crate::truth;

/// A stack that begins shortly before a Patch Tuesday.
async fn eve_of_patch_tuesday() -> Stack {
    let start: DateTime<Utc> = "2026-12-07T06:00:00Z".parse().expect("a time");
    let (anchor, speed) = (SystemTime::now(), 20_000.0);
    let config =
        Config { start, anchor, scenario: Scenario::Healthy, ..tenant::config(150, speed) };
    let simulator = Simulator::start(config).await.expect("a simulator");
    let data_dir = std::env::temp_dir().join(format!("concentric-{}", Uuid::new_v4()));
    Stack { database: TestDatabase::create().await, simulator, start, anchor, speed, data_dir }
}

async fn updates(api: &Api, at: &str) -> Vec<api::Update> {
    let page: api::List<api::Update> =
        api.get(&format!("{at}/updates?kind=quality&classification=security")).await;
    page.items
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approved_release_takes_the_place_of_an_older_one_mid_way() {
    let stack = eve_of_patch_tuesday().await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, simulator::DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    let set: api::RingSet = {
        let mut rings = patient_rings();
        // The last ring is a week behind: the older release will be on its way for longer.
        rings.rings[2].deferral_days = 7;
        api.post(&format!("{at}/ring-sets"), &rings).await
    };
    let set_path = format!("{at}/ring-sets/{}", set.id);
    eventually("the fleet is placed", async || {
        let set: api::RingSet = api.get(&set_path).await;
        (set.members.iter().sum::<u32>() > 0).then_some(())
    })
    .await;
    let november = updates(&api, &at).await.first().expect("a security update").clone();
    let release = json!({ "update_id": november.id, "name": "By hand" });
    let release: api::Release = api.post(&format!("{at}/releases"), &release).await;
    let body = json!({ "release_id": release.id, "ring_set_id": set.id,
        "starts_at": stack.start, "evidence": { "roll_back_at": 100.0 } });
    let rollout: api::Rollout = api.post(&format!("{at}/rollouts"), &body).await;
    let older = Started {
        rollout: rollout.id,
        path: format!("{at}/rollouts/{}", rollout.id),
        update: november.clone(),
    };
    let rule = json!({ "name": "Monthly", "ring_set_id": set.id, "kind": "quality",
        "classification": "security", "cadence": "monthly" });
    let preview: api::RulePreview = api.post(&format!("{at}/rules/preview"), &rule).await;
    let of =
        |id: Uuid| preview.updates.iter().find(|one| one.update_id == id).expect("it is there");
    assert_eq!(of(november.id).standing, api::RuleWord::Done, "it goes out already: {preview:#?}");
    let _: api::Rule = api.post(&format!("{at}/rules"), &rule).await;

    // Patch Tuesday is the 8th; the catalogue is read when somebody asks, or twice a day.
    let tuesday = stack.start + TimeDelta::hours(36);
    eventually("the day after", async || (stack.clock().now() > tuesday).then_some(())).await;
    api.call("POST", &format!("{at}/sync"), None).await.expect("an answer");
    let superseded = eventually("the older release makes way", async || {
        let rollout: api::Rollout = api.get(&older.path).await;
        (rollout.phase.name == P::Cancelled).then_some(rollout)
    })
    .await;
    let by = superseded.superseded_by.expect("the newer rollout");
    // Nobody was offered it in the last ring, and it is over.
    assert_eq!(superseded.rings[2].offered, 0, "{superseded:#?}");
    let december = updates(&api, &at).await.first().expect("a security update").clone();
    let newer = Started { rollout: by, path: format!("{at}/rollouts/{by}"), update: december };
    let made: api::Rollout = api.get(&newer.path).await;
    let made: api::Release = api.get(&format!("{at}/releases/{}", made.release_id)).await;
    assert_eq!((made.created_by.as_str(), made.update_id), ("rule:Monthly", newer.update.id));
    let old: api::UpdateDetail = api.get(&format!("{at}/updates/{}", november.id)).await;
    assert_eq!(old.update.superseded_by, Some(newer.update.id));

    let rollout = api.until(&newer, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    truth::check(&stack, &newer).await;
    truth::check_running(&stack, &older).await;
    never_backwards(&stack, &november, &newer.update);
    let all: api::List<api::Rollout> = api.get(&format!("{at}/rollouts")).await;
    assert_eq!(all.items.len(), 2, "the rule approved once");
    server.shutdown().await;
    stack.end().await;
}

/// No device that had begun with the newer update was offered the older one after that.
fn never_backwards(stack: &Stack, older: &api::Update, newer: &api::Update) {
    let ledger = stack.simulator.ledger();
    let first = |device: Uuid| {
        let offers = ledger.entries.iter().filter(|one| {
            one.device == device
                && one.event == "offered"
                && one.catalog_entry == newer.catalog_entry_id
        });
        offers.map(|one| one.at).min()
    };
    for line in ledger
        .entries
        .iter()
        .filter(|one| one.event == "offered" && one.catalog_entry == older.catalog_entry_id)
    {
        let after = first(line.device).is_some_and(|newer| line.at > newer);
        let told = ledger.entries.iter().filter(|one| one.device == line.device);
        let told: Vec<_> =
            told.map(|one| (one.at.to_rfc3339(), &one.event, &one.catalog_entry)).collect();
        assert!(!after, "offered the older update at {}: {told:#?}", line.at);
    }
}

/// The directory objects of the devices in a group, as Graph shows them.
async fn members(stack: &Stack, group: Uuid) -> HashSet<Uuid> {
    let client = tenant::client(&stack.simulator);
    let devices =
        client.group_devices(DirectoryObjectId(group), Transitive::No).await.expect("members");
    devices.into_iter().map(|object| object.0).collect()
}

/// A device of two ring sets, with an open offer of the older release: when the newer one is offered to it, it
/// leaves the older one's group on Graph, and is offered that release no more, also not when the older one
/// goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_release_over_other_rings_takes_devices_out_of_the_older_one() {
    let stack = eve_of_patch_tuesday().await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, simulator::DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    let mut sets = Vec::new();
    for (name, id) in [("Sites", 1), ("Departments", 2)] {
        let mut rings = patient_rings();
        rings.name = name.to_owned();
        rings.id = Some(uuid::Uuid::from_u128(id));
        let set: api::RingSet = api.post(&format!("{at}/ring-sets"), &rings).await;
        let path = format!("{at}/ring-sets/{}", set.id);
        eventually("the fleet is placed", async || {
            let set: api::RingSet = api.get(&path).await;
            (set.members.iter().sum::<u32>() > 0).then_some(())
        })
        .await;
        sets.push(set.id);
    }
    let november = updates(&api, &at).await.first().expect("a security update").clone();
    let older = roll_out(&api, &at, (&november, "Older"), sets[0], stack.start).await;
    // Nobody whose offer is open begins while it is paused.
    eventually("the first offers", async || {
        let rollout: api::Rollout = api.get(&older.path).await;
        let ring = &rollout.rings[0];
        (ring.in_flight > 0 && ring.told.pending_waves == 0).then_some(())
    })
    .await;
    let _: api::Rollout = api.post(&format!("{}/pause", older.path), &json!({})).await;
    let open = eventually("the pause is accepted", async || {
        let rollout: api::Rollout = api.get(&older.path).await;
        let ring = &rollout.rings[0];
        let count = ring.states.get(&api::AttemptState::Offered).copied();
        (ring.told.accepted == api::Access::Held).then_some(count.unwrap_or(0))
    })
    .await;
    assert!(open > 0, "all of them have begun already");
    let mut database = stack.database.connect().await;
    let group: Uuid = sqlx::query_scalar(
        "select offer_group_id from rollout_ring where rollout_id = $1 and ring = 0",
    )
    .bind(older.rollout)
    .fetch_one(&mut database)
    .await
    .expect("its group");
    let before = members(&stack, group).await;

    let tuesday = stack.start + TimeDelta::hours(36);
    eventually("the day after", async || (stack.clock().now() > tuesday).then_some(())).await;
    api.call("POST", &format!("{at}/sync"), None).await.expect("an answer");
    let december = eventually("the December update", async || {
        updates(&api, &at).await.into_iter().next().filter(|one| one.id != november.id)
    })
    .await;
    let newer = roll_out(&api, &at, (&december, "Newer"), sets[1], stack.clock().now()).await;
    let rollout = api.until(&newer, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    let rows = sqlx::query(
        "select d.entra_device_id, d.object_id from attempt a join device d on d.id = a.device_id
         where a.rollout_id = $1 and a.state = 3 and a.code = 'superseded'",
    )
    .bind(older.rollout)
    .fetch_all(&mut database)
    .await
    .expect("devices");
    let devices: HashSet<Uuid> = rows.iter().map(|row| row.get("entra_device_id")).collect();
    let objects: HashSet<Uuid> = rows.iter().map(|row| row.get("object_id")).collect();
    assert!(!objects.is_empty(), "nobody of the older one was offered the newer one");
    assert!(objects.is_subset(&before), "they were offered the older one through its group");
    eventually("they left the group of the older one", async || {
        members(&stack, group).await.is_disjoint(&objects).then_some(())
    })
    .await;
    let resumed = stack.simulator.now();
    let _: api::Rollout = api.post(&format!("{}/resume", older.path), &json!({})).await;
    eventually("three days", async || {
        (stack.simulator.now() > resumed + TimeDelta::days(3)).then_some(())
    })
    .await;
    let offered = stack.simulator.ledger().entries.into_iter().filter(|line| {
        let again = line.event == "offered" && line.catalog_entry == november.catalog_entry_id;
        again && line.at > resumed && devices.contains(&line.device)
    });
    assert_eq!(offered.count(), 0, "offered the older one after the newer one");
    never_backwards(&stack, &november, &december);
    truth::check_running(&stack, &older).await;
    server.shutdown().await;
    stack.end().await;
}

async fn roll_out(
    api: &Api,
    at: &str,
    (update, name): (&api::Update, &str),
    ring_set: Uuid,
    starts_at: DateTime<Utc>,
) -> Started {
    let release = json!({ "update_id": update.id, "name": name });
    let release: api::Release = api.post(&format!("{at}/releases"), &release).await;
    let body = json!({ "release_id": release.id, "ring_set_id": ring_set, "starts_at": starts_at,
        "evidence": { "watch_at": 1e6, "pause_at": 1e7, "roll_back_at": 1e8 } });
    let rollout: api::Rollout = api.post(&format!("{at}/rollouts"), &body).await;
    let path = format!("{at}/rollouts/{}", rollout.id);
    Started { rollout: rollout.id, path, update: update.clone() }
}
