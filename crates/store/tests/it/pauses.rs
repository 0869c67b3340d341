//! Standing pauses: what they cover, what cannot be recorded after them, and what goes on when they are
//! lifted.

use domain::attempt::AttemptState as S;
use domain::ids::RolloutId;
use domain::pause::Scope;
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::observations::Wish;
use domain::rollout::phase::{Event, Pauser};
use domain::work::WorkKind;
use store::StoreError;
use store::enforcement::WaveKind;
use store::ingest::Report;
use store::page::Page;
use store::pauses::{NewPause, PauseChange, Target};

use crate::world::{FIRST, World, execute, hour, new_rollout, number};

const WHY: (&str, Option<&str>) = ("ana", Some("printing fails"));

fn new(target: Target) -> NewPause<'static> {
    NewPause { target, take_back: false, actor: WHY.0, reason: WHY.1 }
}

fn targets(world: &World) -> [Target; 3] {
    let ring = Target::Ring { rollout: world.rollout, ring: FIRST };
    [Target::Tenant, Target::Release(world.release), ring]
}

async fn wanted(world: &World) -> Vec<Access> {
    let row = world.store.rollout_fetch(world.tenant, world.rollout).await.expect("it works");
    row.rings.iter().map(|ring| ring.wanted).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_before_a_pause_cannot_be_recorded_after_it() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    for (target, at) in targets(&world).into_iter().zip([2, 4, 6]) {
        let before = store.rollout_snapshot(tenant, rollout).await.unwrap();
        let set = store.pause_set(tenant, new(target), hour(at)).await.unwrap();
        assert_eq!(set, PauseChange { changed: true, rollouts: 1 });
        let wave = Event::WaveOffered { ring: FIRST, wave: 0, devices: 5 };
        let late = store.rollout_record(tenant, rollout, &before, wave, hour(at)).await;
        assert!(matches!(late, Err(StoreError::Stale)), "{target:?}: {late:?}");
        // What is decided now is decided under the pause.
        let now = store.rollout_snapshot(tenant, rollout).await.unwrap();
        let [pause] = now.observations.pauses.as_slice() else { panic!("{now:?}") };
        assert_eq!((pause.by.as_str(), pause.reason.as_deref()), WHY);
        assert_eq!(pause.at, hour(at));
        assert_eq!(wanted(&world).await, [Access::Held, Access::Closed]);
        let lifted = store.pause_lift(tenant, target, WHY, hour(at + 1)).await.unwrap();
        assert_eq!(lifted, PauseChange { changed: true, rollouts: 1 });
        assert_eq!(wanted(&world).await, [Access::Open, Access::Closed]);
    }
    let kinds = store.event_list(tenant, rollout, 0, 100).await.unwrap();
    let of_ring = kinds.iter().filter(|event| event.kind.starts_with("pause_")).count();
    assert_eq!(of_ring, 2, "those of the tenant and of the release are no rollout's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn pausing_twice_is_pausing_once_and_each_pause_stands_alone() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    for target in targets(&world) {
        assert!(store.pause_set(tenant, new(target), hour(2)).await.unwrap().changed);
    }
    let generation =
        store.rollout_fetch(tenant, world.rollout).await.map(|row| row.generation).unwrap();
    for target in targets(&world) {
        let again = store.pause_set(tenant, new(target), hour(3)).await.unwrap();
        assert_eq!(again, PauseChange { changed: false, rollouts: 1 });
    }
    let row = store.rollout_fetch(tenant, world.rollout).await.unwrap();
    assert_eq!(row.generation, generation, "nothing was written");
    let scopes: Vec<Scope> = row.pauses.iter().map(|pause| pause.scope).collect();
    assert_eq!(scopes, [Scope::Tenant, Scope::Release, Scope::Ring { ring: FIRST }]);
    assert!(row.pauses.iter().all(|pause| pause.at == hour(2)));
    let list = store.pause_list(tenant).await.unwrap();
    assert_eq!(list.iter().map(|pause| pause.target).collect::<Vec<_>>(), targets(&world));
    // Held until the last of them is gone.
    for (target, left) in
        targets(&world).into_iter().zip([Access::Held, Access::Held, Access::Open])
    {
        store.pause_lift(tenant, target, WHY, hour(4)).await.unwrap();
        assert_eq!(wanted(&world).await[0], left);
    }
    let nothing = store.pause_lift(tenant, Target::Tenant, WHY, hour(5)).await.unwrap();
    assert!(!nothing.changed);
    let nobody = RolloutId(uuid::Uuid::from_u128(1));
    for target in [
        Target::Ring { rollout: nobody, ring: FIRST },
        Target::Ring { rollout: world.rollout, ring: RingIndex(9) },
        Target::Release(domain::ids::ReleaseId(uuid::Uuid::from_u128(1))),
    ] {
        let missing = store.pause_set(tenant, new(target), hour(6)).await;
        assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_wakes_who_decides_and_who_tells() {
    let world = World::of(60).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let mut raw = world.database.raw().await;
    execute(&mut raw, "update work set due_at = null").await.unwrap();
    store.pause_set(tenant, new(Target::Tenant), hour(2)).await.unwrap();
    for kind in [WorkKind::Decide, WorkKind::Enforce] {
        let lease = std::time::Duration::from_mins(1);
        let claims = store.work_claim(&[kind], 10, lease, hour(2)).await.unwrap();
        let subjects: Vec<_> = claims.iter().map(|claim| claim.subject).collect();
        assert_eq!(subjects, [rollout.0], "{kind:?}");
    }
}

/// A rollout that is being made while the tenant is paused is not there for the pause to find.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_made_meanwhile_does_not_slip_through() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    world.record(Event::Cancelled, hour(2)).await.unwrap();
    let new_one = new_rollout(world.release, world.ring_set);
    let made = store.rollout_create(tenant, &new_one, "ana", hour(3)).await.unwrap();
    let before = store.rollout_snapshot(tenant, made.id).await.unwrap();
    // As if the pause had not seen it: it stands, and the generation is as it was.
    let mut raw = world.database.raw().await;
    let sql = format!(
        "insert into pause (tenant_id, id, take_back, paused_by, at)
         values ('{tenant}', gen_random_uuid(), false, 'ana', '{}')",
        hour(4).to_rfc3339()
    );
    execute(&mut raw, &sql).await.unwrap();
    let opened = Event::RingOpened { ring: FIRST };
    let late = store.rollout_record(tenant, made.id, &before, opened, hour(5)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    store.pause_lift(tenant, Target::Tenant, WHY, hour(6)).await.unwrap();
    let snapshot = store.rollout_snapshot(tenant, made.id).await.unwrap();
    store.rollout_record(tenant, made.id, &snapshot, opened, hour(7)).await.unwrap();
}

/// Four at once pause and lift, others offer: what was acknowledged holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_recorded_under_a_pause_whatever_races() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let offering = async {
        let mut stale = 0;
        for at in 0..60 {
            let snapshot = store.rollout_snapshot(tenant, rollout).await.unwrap();
            if snapshot.observations.is_paused(FIRST) {
                tokio::task::yield_now().await;
                continue;
            }
            let wave = snapshot.observations.ring(FIRST).waves;
            let event = Event::WaveOffered { ring: FIRST, wave, devices: 1 };
            match store.rollout_record(tenant, rollout, &snapshot, event, hour(100 + at)).await {
                Ok(_) => {}
                Err(StoreError::Stale) => stale += 1,
                Err(other) => panic!("{other}"),
            }
        }
        stale
    };
    let pausing = async |target: Target| {
        for _ in 0..10 {
            store.pause_set(tenant, new(target), hour(2)).await.unwrap();
            let waves = store.rollout_fetch(tenant, rollout).await.unwrap().rings[0].waves;
            tokio::task::yield_now().await;
            let row = store.rollout_fetch(tenant, rollout).await.unwrap();
            assert_eq!(row.rings[0].waves, waves, "a wave under {target:?}");
            store.pause_lift(tenant, target, WHY, hour(3)).await.unwrap();
        }
    };
    let [tenant_wide, release, ring] = targets(&world);
    tokio::join!(offering, pausing(tenant_wide), pausing(release), pausing(ring));
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_are_taken_back_and_given_again() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    world.offer(6, hour(2)).await.unwrap();
    let offered: Vec<_> = world.attempts().await.into_iter().take(6).map(|one| one.0).collect();
    let started = Report { device: offered[0], state: S::Installing, code: None, at: hour(3) };
    store.report_ingest(tenant, rollout, &[started], hour(3)).await.unwrap();
    let page = Page { after: None, limit: 100 };
    let flying = store.rollout_in_flight(tenant, rollout, page).await.unwrap();
    assert_eq!(flying.len(), 6);
    assert_eq!(flying.iter().filter(|row| row.state == S::Offered).count(), 5);

    let pause = NewPause { take_back: true, ..new(Target::Tenant) };
    store.pause_set(tenant, pause, hour(4)).await.unwrap();
    world.record(Event::OffersTakenBack { ring: FIRST }, hour(4)).await.unwrap();
    world.check_tally().await;
    let tally = world.tally(FIRST).await;
    assert_eq!((tally.in_state(S::Withdrawn), tally.in_flight()), (5, 1));
    let duty = store.rollout_duty(tenant, rollout).await.unwrap();
    let wave = *duty.pending.iter().find(|wave| wave.kind == WaveKind::Withdrawal).unwrap();
    assert_eq!(wave.number, -1);
    let mut told: Vec<_> = store.wave_devices(tenant, rollout, wave).await.unwrap();
    told.sort_by_key(|device| offered.iter().position(|one| *one == device.entra_device));
    let told: Vec<_> = told.into_iter().map(|device| device.entra_device).collect();
    assert_eq!(told, offered[1..], "the one that has begun keeps its offer");
    let nobody = world.record(Event::OffersTakenBack { ring: FIRST }, hour(4)).await;
    assert!(matches!(nobody, Err(StoreError::Stale)), "{nobody:?}");

    store.pause_lift(tenant, Target::Tenant, WHY, hour(5)).await.unwrap();
    world.record(Event::OffersReturned { ring: FIRST }, hour(5)).await.unwrap();
    world.check_tally().await;
    assert_eq!(world.tally(FIRST).await.in_state(S::Withdrawn), 0);
    // Graph was away: who is to be offered again is still taken out of the group first.
    assert_eq!(store.wave_devices(tenant, rollout, wave).await.unwrap().len(), 5);
    world.offer(5, hour(6)).await.unwrap();
    let again: Vec<_> = world.attempts().await;
    let second: Vec<_> = again.iter().filter(|one| one.2 == Some(1)).map(|one| one.0).collect();
    assert_eq!(second.len(), 5);
    assert!(second.iter().all(|device| offered[1..].contains(device)), "in front of the next wave");
    // Offered again: not taken out by what came late.
    assert_eq!(store.wave_devices(tenant, rollout, wave).await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_with_take_back_is_remembered_until_it_goes_on() {
    let world = World::of(60).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let mut request = store::rollouts::Request {
        wish: Wish::Hold,
        promoted: None,
        take_back: true,
        actor: "ana".to_owned(),
        reason: None,
    };
    let row = store.rollout_request(tenant, rollout, &request, hour(2)).await.unwrap();
    assert!(row.intent.take_back);
    // Vouching for a ring meanwhile, and pausing again without it, change nothing of that.
    let row = store.rollout_promote(tenant, rollout, FIRST, "ben", "seen", hour(3)).await.unwrap();
    assert!(row.intent.take_back);
    request.take_back = false;
    let row = store.rollout_request(tenant, rollout, &request, hour(4)).await.unwrap();
    assert!(row.intent.take_back);
    request.wish = Wish::Run;
    let row = store.rollout_request(tenant, rollout, &request, hour(5)).await.unwrap();
    assert!(!row.intent.take_back);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_heard_is_counted_from_the_devices_in_flight() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    world.offer(6, hour(2)).await.unwrap();
    let mut raw = world.database.raw().await;
    let sql = format!(
        "update device set last_sync = '{}' where entra_device_id in (
             select d.entra_device_id from attempt a join device d on d.id = a.device_id
             where a.state = 1 order by a.position limit 2)",
        hour(9).to_rfc3339()
    );
    execute(&mut raw, &sql).await.unwrap();
    let since =
        [(hour(8), None), (hour(8), Some(FIRST)), (hour(9), None), (hour(8), Some(RingIndex(1)))];
    let heard = store.rollout_heard_since(tenant, rollout, &since).await.unwrap();
    let heard: Vec<_> = heard.iter().map(|one| (one.in_flight, one.heard)).collect();
    assert_eq!(heard, [(6, 2), (6, 2), (6, 0), (0, 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_hold_counts_from_its_renewal() {
    let world = World::of(60).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let since = async || {
        let duty = store.rollout_duty(tenant, rollout).await.unwrap();
        domain::pause::renewal(&duty.rings[0])
    };
    let generation = world.record(Event::Paused { by: Pauser::Person }, hour(2)).await.unwrap();
    assert_eq!(since().await, None);
    let accept = async |access, generation, at| {
        store.ring_accepted(tenant, rollout, FIRST, access, generation, hour(at)).await.unwrap();
    };
    accept(Access::Held, generation, 3).await;
    assert_eq!(since().await, Some(hour(3 + 28 * 24)));
    store.ring_hold_renewed(tenant, rollout, FIRST, hour(28 * 24)).await.unwrap();
    assert_eq!(since().await, Some(hour(56 * 24)));
    let sql = "select count(*) from rollout_ring where renewed_at is not null";
    assert_eq!(number(&mut world.database.raw().await, sql).await, 1);
    world.request(Wish::Run, hour(700)).await.unwrap();
    let generation = world.record(Event::Resumed, hour(700)).await.unwrap();
    accept(Access::Open, generation, 701).await;
    assert_eq!(since().await, None);
}
