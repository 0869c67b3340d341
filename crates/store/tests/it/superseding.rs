//! Newer releases over older ones, and devices that are left out at the last moment.

use std::collections::HashSet;

use domain::attempt::AttemptState;
use domain::build::Build;
use domain::ids::{ReleaseId, RingSetId, RolloutId};
use domain::rollout::decide::{Decision, decide};
use domain::rollout::phase::{Event, Phase};
use store::StoreError;
use store::catalog::ImportedUpdate;
use store::enforcement::WaveKind;
use store::ingest::{CheckIn, Report};
use store::releases::NewRelease;
use store::rollouts::{Asked, RolloutRow};

use crate::catalogue::released;
use crate::world::{
    ALL, FIRST, OLD, World, device, execute, hour, new_rollout, number, rings, settle,
};

/// The release of an update that comes out later.
async fn release(world: &World, update: ImportedUpdate) -> ReleaseId {
    let name = update.short_name.clone();
    world.store.catalog_import(world.tenant, &[update]).await.expect("a catalogue");
    let rows = world.store.update_list(world.tenant, ALL).await.expect("updates");
    let update = rows.iter().find(|row| row.update.short_name == name).expect("it is there").id;
    let new = NewRelease { update, name: &name, delivery: None };
    world.store.release_create(world.tenant, new, "ana", hour(3)).await.expect("a release").id
}

async fn roll_out(
    world: &World,
    release: ReleaseId,
    set: RingSetId,
) -> Result<RolloutRow, StoreError> {
    world.store.rollout_create(world.tenant, &new_rollout(release, set), "ana", hour(3)).await
}

async fn in_state(world: &World, rollout: RolloutId, state: AttemptState, code: &str) -> i64 {
    let sql = format!(
        "select count(*) from attempt where rollout_id = '{rollout}' and state = {} and code = '{code}'",
        state.code()
    );
    number(&mut world.database.raw().await, &sql).await
}

/// Decides and records until there is something to wait for; the events.
async fn play(world: &World, rollout: RolloutId, at: i64) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..40 {
        let snapshot =
            world.store.rollout_snapshot(world.tenant, rollout).await.expect("a snapshot");
        let now = hour(at);
        let Decision::Act(event) =
            decide(&snapshot.plan, snapshot.phase, &snapshot.observations, now)
        else {
            break;
        };
        match world.store.rollout_record(world.tenant, rollout, &snapshot, event, now).await {
            Ok(_) => events.push(event),
            Err(StoreError::Stale) => {}
            Err(error) => panic!("{error}"),
        }
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_release_over_the_same_rings_ends_the_older_one() {
    let world = World::of(200).await;
    world.offer(10, hour(2)).await.unwrap();
    // One of those offered has begun.
    let sql = format!(
        "update attempt set state = 4 where rollout_id = '{}' and device_id = (
        select device_id from attempt where state = 1 order by device_id limit 1)",
        world.rollout
    );
    execute(&mut world.database.raw().await, &sql).await.unwrap();
    let before = world.store.rollout_snapshot(world.tenant, world.rollout).await.unwrap();
    let newer = release(&world, released(28, 300, "KB3")).await;
    let row = roll_out(&world, newer, world.ring_set).await.unwrap();
    let old = world.store.rollout_fetch(world.tenant, world.rollout).await.unwrap();
    assert_eq!((old.superseded_by, row.superseded_by), (Some(row.id), None));
    // What was decided before cannot be recorded any more.
    let wave = Event::WaveOffered { ring: FIRST, wave: 1, devices: 5 };
    let late =
        world.store.rollout_record(world.tenant, world.rollout, &before, wave, hour(3)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    assert_eq!(play(&world, world.rollout, 3).await, [Event::Superseded { by: row.id }]);
    let old = world.store.rollout_fetch(world.tenant, world.rollout).await.unwrap();
    assert_eq!(old.phase, Phase::Cancelled { ring: Some(FIRST), since: hour(3) });
    let of = |state| in_state(&world, world.rollout, state, "superseded");
    assert_eq!(of(AttemptState::Excluded).await, 190);
    assert_eq!(of(AttemptState::Withdrawn).await, 9);
    assert_eq!(world.tally(FIRST).await.installing(), 1, "what has begun ends as it ends");
    world.check_tally().await;
    // Who had not been offered the old one goes with the new one.
    let members: u32 = row.rings.iter().map(|ring| ring.tally.waiting()).sum();
    assert_eq!(members, 200);
    let first = play(&world, row.id, 24 * 28).await;
    assert!(
        matches!(first[..], [Event::RingOpened { .. }, Event::WaveOffered { .. }]),
        "{first:?}"
    );
    // And nobody goes back: the older release is refused while the newer one is on its way.
    let back = roll_out(&world, world.release, world.ring_set).await;
    assert!(matches!(&back, Err(StoreError::Conflict(why)) if why.contains("newer")), "{back:?}");
    let told = "select count(*) from event where kind = 'overtaken'";
    assert_eq!(number(&mut world.database.raw().await, told).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_release_of_the_same_update_supersedes_nothing() {
    let world = World::of(50).await;
    let new = NewRelease { update: world.update, name: "Again", delivery: None };
    let again = world.store.release_create(world.tenant, new, "ana", hour(3)).await.unwrap().id;
    roll_out(&world, again, world.ring_set).await.unwrap();
    let old = world.store.rollout_fetch(world.tenant, world.rollout).await.unwrap();
    assert_eq!((old.superseded_by, old.phase.name()), (None, "offering"));
}

/// Checks in so many devices of the fleet on a build.
async fn check_in(world: &World, devices: std::ops::Range<u128>, revision: u32, at: i64) {
    let build = Some(Build { revision, ..OLD });
    let all: Vec<CheckIn> =
        devices.map(|one| CheckIn { intune: device(one).intune, build, at: hour(at) }).collect();
    world
        .store
        .checkin_ingest(world.tenant, &all, chrono::TimeDelta::hours(4), hour(at))
        .await
        .expect("it is taken in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_went_ahead_is_never_moved_back() {
    let world = World::of(200).await;
    // All but two thirds are on a later revision by now, by their own doing.
    check_in(&world, 0..130, 900, 2).await;
    // They were not when the rollout was made.
    assert_eq!(in_state(&world, world.rollout, AttemptState::Excluded, "ahead").await, 0);
    let waves = play(&world, world.rollout, 3).await;
    assert!(matches!(waves[..], [Event::WaveOffered { .. }]), "{waves:?}");
    let offered = "select count(*) from attempt a join device d on d.id = a.device_id
        where a.state = 1 and d.os_revision > 200";
    assert_eq!(number(&mut world.database.raw().await, offered).await, 0);
    assert!(in_state(&world, world.rollout, AttemptState::Excluded, "ahead").await > 0);
    world.check_tally().await;
    let events = world.store.event_list(world.tenant, world.rollout, 0, 100).await.unwrap();
    assert!(events.iter().any(|event| event.kind == "left_out" && event.body.contains("ahead")));
    // A rollout that is made now leaves them out from the start.
    let new = NewRelease { update: world.update, name: "Again", delivery: None };
    let again = world.store.release_create(world.tenant, new, "ana", hour(3)).await.unwrap().id;
    let row = roll_out(&world, again, world.ring_set).await.unwrap();
    assert_eq!(in_state(&world, row.id, AttemptState::Excluded, "ahead").await, 130);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_below_a_floor_is_offered() {
    let world = World::of(60).await;
    let floor = Build { revision: 201, ..OLD };
    world.store.version_floors_replace(world.tenant, &[floor], "ana", hour(2)).await.unwrap();
    // The gate of a ring without anybody to offer it to waits; no wave goes out.
    let events = play(&world, world.rollout, 3).await;
    assert!(!events.iter().any(|event| matches!(event, Event::WaveOffered { .. })), "{events:?}");
    let first = world.tally(FIRST).await;
    let left_out = in_state(&world, world.rollout, AttemptState::Excluded, "below_floor").await;
    assert_eq!((i64::from(first.members()), first.waiting()), (left_out, 0));
    world.check_tally().await;
    // The update itself is at another floor: no hindrance.
    let level = Build { revision: 200, ..OLD };
    world.store.version_floors_replace(world.tenant, &[level], "ana", hour(4)).await.unwrap();
    let set = world.ring_set;
    let new = NewRelease { update: world.update, name: "Again", delivery: None };
    let again = world.store.release_create(world.tenant, new, "ana", hour(4)).await.unwrap().id;
    let row = roll_out(&world, again, set).await.unwrap();
    assert_eq!(in_state(&world, row.id, AttemptState::Excluded, "below_floor").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_takes_nothing_from_devices_that_went_on() {
    let world = World::of(200).await;
    world.offer(20, hour(2)).await.unwrap();
    // Everybody installs it, and half of the fleet goes on to the next update.
    check_in(&world, 0..200, 200, 3).await;
    check_in(&world, 0..200, 200, 9).await;
    assert_eq!(world.tally(FIRST).await.confirmed(), 20);
    world.store.catalog_import(world.tenant, &[released(28, 300, "KB3")]).await.unwrap();
    check_in(&world, 0..100, 300, 12).await;
    world.record(Event::RollbackStarted, hour(13)).await.unwrap();
    let spared = in_state(&world, world.rollout, AttemptState::Excluded, "ahead").await;
    assert_eq!(i64::from(world.tally(FIRST).await.removable()), 20 - spared);
    assert!(spared > 0, "of twenty devices one is among the first hundred");
    let told = "select count(*) from attempt a join device d on d.id = a.device_id
        where a.state in (5, 6, 8) and d.os_revision > 200";
    assert_eq!(number(&mut world.database.raw().await, told).await, 0);
    world.check_tally().await;
}

/// Another ring set over the whole fleet.
async fn second_rings(world: &World) -> RingSetId {
    let set =
        domain::ring::RingSet::new("Second".to_owned(), rings().rings().to_vec()).expect("rings");
    let set = world
        .store
        .ring_set_create(world.tenant, &set, "ana", hour(2))
        .await
        .expect("it is recorded")
        .id;
    settle(&world.store, world.tenant, hour(2)).await;
    world.store.ring_set_place(world.tenant, set, hour(2)).await.expect("it is recorded");
    set
}

async fn offer_everybody(world: &World, rollout: RolloutId, at: i64) {
    for ring in [FIRST, domain::ring::RingIndex(1)] {
        let snapshot =
            world.store.rollout_snapshot(world.tenant, rollout).await.expect("it is recorded");
        let open = Event::RingOpened { ring };
        world
            .store
            .rollout_record(world.tenant, rollout, &snapshot, open, hour(at))
            .await
            .expect("it is recorded");
        let snapshot =
            world.store.rollout_snapshot(world.tenant, rollout).await.expect("it is recorded");
        let devices = snapshot.observations.tally(ring).waiting();
        let wave = Event::WaveOffered { ring, wave: 0, devices };
        world
            .store
            .rollout_record(world.tenant, rollout, &snapshot, wave, hour(at))
            .await
            .expect("it is recorded");
    }
}

/// Every ring set shares out the whole fleet: a device is in two rollouts of one kind.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_releases_for_one_device_the_newer_wins() {
    let world = World::of(60).await;
    world.offer(5, hour(2)).await.unwrap();
    let second = second_rings(&world).await;
    let newer = release(&world, released(28, 300, "KB3")).await;
    let row = roll_out(&world, newer, second).await.unwrap();
    let old = world.store.rollout_fetch(world.tenant, world.rollout).await.unwrap();
    assert_eq!(old.superseded_by, None, "other rings");
    // The newer one offers everybody: open offers of the older one are taken back.
    let all = 24 * 40;
    offer_everybody(&world, row.id, all).await;
    assert_eq!(in_state(&world, world.rollout, AttemptState::Withdrawn, "superseded").await, 5);
    // Graph is to be told that they leave the older one's group, ring by ring.
    let duty = world.store.rollout_duty(world.tenant, world.rollout).await.unwrap();
    let leaving: Vec<_> =
        duty.pending.iter().filter(|wave| wave.kind == WaveKind::Withdrawal).copied().collect();
    assert!(!leaving.is_empty() && leaving.iter().all(|wave| wave.number < 0), "{leaving:?}");
    let mut named = HashSet::new();
    for wave in leaving {
        let devices = world.store.wave_devices(world.tenant, world.rollout, wave).await.unwrap();
        named.extend(devices.into_iter().map(|one| one.entra_device));
    }
    assert_eq!(named.len(), 5);
    let asked = "select count(*) from work where kind = 'enforce' and due_at is not null
        and subject = '";
    let asked = format!("{asked}{}'", world.rollout);
    assert_eq!(number(&mut world.database.raw().await, &asked).await, 1);
    let twice = "select count(*) from (select device_id from attempt where state in (1, 4, 5)
        group by device_id having count(*) > 1) t";
    assert_eq!(number(&mut world.database.raw().await, twice).await, 0);
    // Who the newer one serves, the older one offers nothing any more.
    let events = play(&world, world.rollout, all + 1).await;
    assert!(!events.iter().any(|event| matches!(event, Event::WaveOffered { .. })), "{events:?}");
    assert_eq!(world.tally(FIRST).await.waiting(), 0);
    world.check_tally().await;
}

/// A device that could not install the newer one waits for that one's next try, not for the older update, though
/// the newer rollout is over: unless somebody makes a rollout of the older update after that.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_completed_rollout_brought_still_wins() {
    let world = World::of(60).await;
    world.offer(5, hour(2)).await.unwrap();
    let second = second_rings(&world).await;
    let newer = release(&world, released(28, 300, "KB3")).await;
    let row = roll_out(&world, newer, second).await.unwrap();
    let all = 24 * 40;
    offer_everybody(&world, row.id, all).await;
    let raw = &mut world.database.raw().await;
    let failed = format!("update attempt set state = 7 where rollout_id = '{}'", row.id);
    assert_eq!(execute(raw, &failed).await.unwrap(), 60);
    let phase = Phase::Completed { ring: domain::ring::RingIndex(1), since: hour(all + 1) };
    let phase = serde_json::to_string(&phase).unwrap();
    let over = "update rollout set phase_name = 'completed', phase =";
    execute(raw, &format!("{over} '{phase}' where id = '{}'", row.id)).await.unwrap();
    let events = play(&world, world.rollout, all + 2).await;
    assert!(!events.iter().any(|event| matches!(event, Event::WaveOffered { .. })), "{events:?}");
    assert!(in_state(&world, world.rollout, AttemptState::Excluded, "superseded").await > 0);
    world.check_tally().await;
    let at = hour(all + 3);
    execute(raw, &format!("update device set last_sync = '{at}'")).await.unwrap();
    let again = new_rollout(world.release, second);
    let again = world.store.rollout_create(world.tenant, &again, "ana", at).await.unwrap();
    let events = play(&world, again.id, all + 24 * 40).await;
    assert!(events.iter().any(|event| matches!(event, Event::WaveOffered { .. })), "{events:?}");
    assert_eq!(in_state(&world, again.id, AttemptState::Excluded, "superseded").await, 0);
}

/// A retry is an offer: whoever would be left out of a wave by now is not offered the update again.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_moved_back_by_a_retry() {
    let world = World::of(200).await;
    world.offer(4, hour(2)).await.unwrap();
    let ids = world.ids().await;
    let offered: Vec<_> = world.attempts().await.iter().take(4).map(|row| row.0).collect();
    let failed = offered.iter().map(|entra| Report {
        device: *entra,
        state: AttemptState::Failed,
        code: Some("0x1".to_owned()),
        at: hour(3),
    });
    let failed: Vec<Report> = failed.collect();
    world.store.report_ingest(world.tenant, world.rollout, &failed, hour(3)).await.unwrap();
    // Two of them went ahead by themselves; a failed one that does so stays failed.
    let raw = &mut world.database.raw().await;
    let [one, two, three, four] = [0, 1, 2, 3].map(|at| ids[&offered[at]]);
    let ahead = format!("update device set os_revision = 900 where id in ('{one}', '{two}')");
    assert_eq!(execute(raw, &ahead).await.unwrap(), 2);
    let asked = |at| Asked { actor: "ana", reason: "once more", at: hour(at) };
    let retry = async |devices: &[domain::ids::DeviceId], at| {
        world.store.attempt_retry(world.tenant, world.rollout, devices, asked(at)).await
    };
    let refused = retry(&[one, two], 4).await;
    let Err(StoreError::Conflict(why)) = &refused else { panic!("{refused:?}") };
    assert_eq!(
        why,
        "none of them may be offered the update again: 2 on a higher build than the update brings \
         (ahead)"
    );
    // Of several, those that may be are.
    assert_eq!(retry(&[one, two, three], 5).await.unwrap(), 1);
    assert_eq!(world.state_of(offered[0]).await, AttemptState::Failed);
    assert_eq!(world.state_of(offered[2]).await, AttemptState::Offered);
    let floor = Build { revision: 201, ..OLD };
    world.store.version_floors_replace(world.tenant, &[floor], "ana", hour(6)).await.unwrap();
    let refused = retry(&[four], 7).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(why)) if why.contains("below_floor")),
        "{refused:?}"
    );
    // What cannot be retried anyway is no reason to refuse.
    assert_eq!(retry(&[ids[&world.attempts().await[20].0]], 8).await.unwrap(), 0);
    world.check().await;
}
