//! Rules: what they approve, once, and what they say when they cannot.

use domain::ids::{RingSetId, RuleId};
use domain::rollout::plan::OnGateFailure;
use domain::update::rule::{Rule, Standing};
use domain::update::{Delivery, UpdateKind};
use store::StoreError;
use store::catalog::ImportedUpdate;

use crate::catalogue::released;
use crate::world::{ALL, World, hour, number};

fn rule(ring_set: RingSetId) -> Rule {
    Rule {
        name: "Monthly".to_owned(),
        ring_set,
        kind: UpdateKind::Quality,
        classification: None,
        cadence: None,
        channel: None,
        delay_days: 3,
        previews: false,
        min_severity: None,
        expedite: None,
        on_gate_failure: OnGateFailure::RollBack,
    }
}

async fn create(world: &World, rule: &Rule) -> RuleId {
    world.store.rule_create(world.tenant, rule, "ana", hour(2)).await.expect("a rule").id
}

/// A world whose rollout is of the update of day 0, and a catalogue with the one of day 28.
async fn month() -> World {
    let world = World::of(60).await;
    world
        .store
        .catalog_import(world.tenant, &[released(28, 300, "KB3")])
        .await
        .expect("a catalogue");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_goes_out_once_however_many_look() {
    let world = month().await;
    let (store, tenant) = (&world.store, world.tenant);
    let id = create(&world, &rule(world.ring_set)).await;
    let early = store.rules_run(tenant, hour(24 * 28)).await.unwrap();
    assert_eq!((early.approved, early.next), (0, Some(hour(24 * 31))));
    let now = hour(24 * 31);
    let preview = store.rule_preview(tenant, &rule(world.ring_set), Some(id), now).await.unwrap();
    let standings: Vec<_> =
        preview.iter().map(|(row, standing)| (row.update.short_name.as_str(), *standing)).collect();
    assert_eq!(standings, [("KB3", Standing::Due), ("2026.11 B", Standing::Done)]);
    let looks = (0..4).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.rules_run(tenant, now).await })
    });
    let mut approved = 0;
    for look in looks.collect::<Vec<_>>() {
        approved += look.await.unwrap().unwrap().approved;
    }
    assert_eq!(approved, 1);
    assert_eq!(store.rules_run(tenant, now).await.unwrap().approved, 0, "and never again");
    let releases = store.release_list(tenant, ALL).await.unwrap();
    let made = releases.iter().find(|one| one.created_by == "rule:Monthly").unwrap();
    assert_eq!(made.name, "KB3, rule Monthly");
    assert_eq!(made.delivery, Delivery::Quality { expedite: None });
    let rollouts = store.rollout_list(tenant, ALL).await.unwrap();
    let row = rollouts.iter().find(|one| one.release == made.id).unwrap();
    assert_eq!((rollouts.len(), row.ring_set), (2, world.ring_set));
    let plan = store.rollout_plan(tenant, row.id).await.unwrap();
    assert_eq!((plan.starts_at(), plan.on_gate_failure()), (now, OnGateFailure::RollBack));
    // It takes the place of the older one, as if a person had made it.
    let old = store.rollout_fetch(tenant, world.rollout).await.unwrap();
    assert_eq!(old.superseded_by, Some(row.id));
    let mut raw = world.database.raw().await;
    let signed = "select count(*) from event where actor = 'rule:Monthly'
        and kind in ('release_created', 'created', 'overtaken')";
    assert_eq!(number(&mut raw, signed).await, 3);
    assert_eq!(store.rule_fetch(tenant, id).await.unwrap().error, None);
    // Without the rule everything goes on.
    store.rule_delete(tenant, id, "ana", now).await.unwrap();
    assert_eq!(store.rollout_list(tenant, ALL).await.unwrap().len(), 2);
    assert!(matches!(store.rule_fetch(tenant, id).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_says_now_is_what_counts_and_its_name_stays_one() {
    let world = month().await;
    let (store, tenant) = (&world.store, world.tenant);
    let id = create(&world, &rule(world.ring_set)).await;
    let other = Rule { name: "Other".to_owned(), ..rule(world.ring_set) };
    create(&world, &Rule { delay_days: 60, ..other.clone() }).await;
    let taken = store.rule_replace(tenant, id, &other, "ben", hour(3)).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let elsewhere = Rule { ring_set: RingSetId(uuid::Uuid::nil()), ..other };
    let nowhere = store.rule_replace(tenant, id, &elsewhere, "ben", hour(3)).await;
    assert!(matches!(nowhere, Err(StoreError::Invalid(_))), "{nowhere:?}");
    let gone = RuleId(uuid::Uuid::nil());
    let gone = store.rule_replace(tenant, gone, &rule(world.ring_set), "ben", hour(3)).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
    // It was due on day 31; from now on it is on day 34.
    let later = Rule { delay_days: 6, ..rule(world.ring_set) };
    let row = store.rule_replace(tenant, id, &later, "ben", hour(3)).await.unwrap();
    assert_eq!((row.id, &row.rule, row.created_by.as_str()), (id, &later, "ana"));
    let run = store.rules_run(tenant, hour(24 * 31)).await.unwrap();
    assert_eq!((run.approved, run.next), (0, Some(hour(24 * 34))));
    assert_eq!(store.rules_run(tenant, hour(24 * 34)).await.unwrap().approved, 1);
    let mut raw = world.database.raw().await;
    let said = "select count(*) from event where kind = 'rule_changed' and actor = 'ben'
        and body::jsonb -> 'from' ->> 'delay_days' = '3'
        and body::jsonb -> 'definition' ->> 'delay_days' = '6'";
    assert_eq!(number(&mut raw, said).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_a_signal_unless_chosen_and_out_of_band_may_be_expedited() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    let hasty = ImportedUpdate { cadence: "outOfBand".to_owned(), ..released(28, 300, "KB3") };
    let optional =
        ImportedUpdate { classification: "nonSecurity".to_owned(), ..released(29, 400, "KB4") };
    store.catalog_import(tenant, &[hasty, optional]).await.unwrap();
    let urgent = Rule {
        name: "Urgent".to_owned(),
        cadence: Some("outOfBand".to_owned()),
        delay_days: 0,
        expedite: Some(1),
        ..rule(world.ring_set)
    };
    create(&world, &urgent).await;
    create(&world, &rule(world.ring_set)).await;
    let run = store.rules_run(tenant, hour(24 * 60)).await.unwrap();
    // The second rule finds that the update goes out over its rings already.
    assert_eq!((run.approved, run.next), (1, None));
    let releases = store.release_list(tenant, ALL).await.unwrap();
    let made = releases.iter().find(|one| one.created_by == "rule:Urgent").unwrap();
    assert_eq!(made.delivery, Delivery::Quality { expedite: Some(1) });
    assert!(!releases.iter().any(|one| one.name.contains("KB4")));
    let keen = Rule { previews: true, name: "Keen".to_owned(), ..rule(world.ring_set) };
    create(&world, &keen).await;
    assert_eq!(store.rules_run(tenant, hour(24 * 60)).await.unwrap().approved, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_approved_is_noted_and_tried_again() {
    let world = month().await;
    let (store, tenant) = (&world.store, world.tenant);
    let id = create(&world, &rule(world.ring_set)).await;
    let newest = store.update_list(tenant, ALL).await.unwrap()[0].id;
    let name = "KB3, rule Monthly";
    let new = store::releases::NewRelease { update: newest, name, delivery: None };
    store.release_create(tenant, new, "ben", hour(3)).await.unwrap();
    let now = hour(24 * 31);
    assert_eq!(store.rules_run(tenant, now).await.unwrap().approved, 0);
    let error = store.rule_fetch(tenant, id).await.unwrap().error.unwrap();
    assert!(error.contains("KB3") && error.contains("already"), "{error}");
    // Nothing of it was kept.
    let mut raw = world.database.raw().await;
    assert_eq!(number(&mut raw, "select count(*) from rule_approval").await, 0);
    assert_eq!(number(&mut raw, "select count(*) from rollout").await, 1);
    crate::world::execute(&mut raw, "update release set name = 'Other' where name like 'KB3%'")
        .await
        .unwrap();
    assert_eq!(store.rules_run(tenant, now).await.unwrap().approved, 1);
    assert_eq!(store.rule_fetch(tenant, id).await.unwrap().error, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_needs_a_name_of_its_own_and_rings_that_stay() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    create(&world, &rule(world.ring_set)).await;
    let taken = store.rule_create(tenant, &rule(world.ring_set), "ana", hour(3)).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let nowhere = Rule { ring_set: RingSetId(uuid::Uuid::nil()), ..rule(world.ring_set) };
    let refused = store.rule_create(tenant, &nowhere, "ana", hour(3)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    let apart = crate::world::tenant(store, 2).await;
    assert_eq!(store.rule_list(apart, ALL).await.unwrap(), []);
    assert_eq!(
        store.rules_run(apart, hour(24 * 60)).await.unwrap(),
        store::rules::RulesRun::default()
    );
    let event = domain::rollout::phase::Event::Cancelled;
    world.record(event, hour(3)).await.unwrap();
    let kept = store.ring_set_delete(tenant, world.ring_set, "ana", hour(4)).await;
    assert!(matches!(&kept, Err(StoreError::Conflict(why)) if why.contains("Monthly")), "{kept:?}");
}
