//! Freezes, crossings, holidays and rates: what the planner reads of them, and that it cannot miss them.

use std::num::NonZeroU32;

use chrono::{DateTime, NaiveTime, Utc};
use domain::attempt::AttemptState;
use domain::calendar::{
    Held, Holiday, Holidays, Offered, RingCalendar, Rule, Scope, When, Why, Window,
};
use domain::ids::FreezeId;
use domain::ring::{RingIndex, RingSet};
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::work::WorkKind;
use store::StoreError;
use store::events::ChainState;
use store::freezes::{FreezeRow, NewFreeze};
use store::rollouts::Asked;
use uuid::Uuid;

use crate::world::{ALL, FIRST, World, execute, hour, new_rollout, ring, tenant};

const BROAD: RingIndex = RingIndex(1);

/// A rollout by dan, whose first ring is open, over rings with these calendars.
async fn world_of(first: RingCalendar, broad: RingCalendar) -> World {
    let mut world = World::of(200).await;
    world.request(Wish::Cancel, hour(1)).await.expect("a good world");
    world.record(Event::Cancelled, hour(1)).await.expect("a good world");
    let mut rings = vec![ring("First", 30, vec![]), ring("Broad", 70, vec![])];
    (rings[0].calendar, rings[1].calendar) = (Some(first), Some(broad));
    let set = RingSet::new("Rings".to_owned(), rings).expect("a good set");
    let (store, tenant) = (&world.store, world.tenant);
    store.ring_set_update(tenant, world.ring_set, &set, "ana", hour(1)).await.expect("a set");
    let new = new_rollout(world.release, world.ring_set);
    let row = store.rollout_create(tenant, &new, "dan", hour(1)).await.expect("a rollout");
    world.rollout = row.id;
    world.record(Event::RingOpened { ring: FIRST }, hour(2)).await.expect("the ring opens");
    world
}

async fn world() -> World {
    world_of(RingCalendar::ALWAYS, RingCalendar::ALWAYS).await
}

fn new(scope: Scope, from: Option<i64>, until: Option<i64>) -> NewFreeze {
    NewFreeze { scope, from: from.map(hour), until: until.map(hour), reason: "year end".to_owned() }
}

fn of_ring(world: &World, ring: &str) -> Scope {
    Scope::Ring { ring_set: world.ring_set, ring: ring.to_owned() }
}

async fn freeze(world: &World, new: &NewFreeze, at: DateTime<Utc>) -> FreezeRow {
    world.store.freeze_create(world.tenant, new, "ana", at).await.expect("a freeze")
}

/// What holds the first ring's offers at a moment, as the planner sees it.
async fn held(world: &World, now: DateTime<Utc>) -> Option<Held> {
    let snapshot = world.store.rollout_snapshot(world.tenant, world.rollout).await.expect("it");
    let seen = &snapshot.observations;
    match decide(&snapshot.plan, snapshot.phase, seen, now) {
        Decision::Act(Event::WaveOffered { ring: FIRST, .. }) => None,
        Decision::Wait(WaitingOn::Offers { ring: FIRST, held, .. }) => Some(held),
        other @ (Decision::Act(_) | Decision::Wait(_)) => panic!("{other:?}"),
    }
}

#[track_caller]
fn said<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    match outcome.expect_err("it is refused") {
        StoreError::Forbidden(why) => format!("forbidden: {why}"),
        StoreError::Conflict(why) => format!("conflict: {why}"),
        StoreError::Invalid(why) => format!("invalid: {why}"),
        other @ (StoreError::NotFound { .. }
        | StoreError::Stale
        | StoreError::Tried
        | StoreError::Changed
        | StoreError::LeaseLost) => other.to_string(),
        other @ (StoreError::Corrupt(_) | StoreError::Schema(_) | StoreError::Database(_)) => {
            panic!("{other}")
        }
    }
}

/// Whether the planner was asked to look again at `now`.
async fn is_woken(world: &World, now: DateTime<Utc>) -> bool {
    let claims =
        world.store.work_claim(&[WorkKind::Decide], 10, std::time::Duration::from_secs(9), now);
    let claims = claims.await.expect("claims");
    let found = claims.iter().any(|claim| claim.subject == world.rollout.0);
    for claim in &claims {
        world.store.work_finish(claim, None, None).await.expect("a claim");
    }
    found
}

#[tokio::test]
async fn a_freeze_voids_decisions_that_did_not_know_of_it() {
    let world = world().await;
    assert!(is_woken(&world, hour(3)).await);
    let before = world.store.rollout_snapshot(world.tenant, world.rollout).await.expect("it");
    assert!(before.observations.calendar.is_empty());
    let made = freeze(&world, &new(Scope::Tenant, None, Some(48)), hour(3)).await;
    let wave = Event::WaveOffered { ring: FIRST, wave: 0, devices: 10 };
    let late = world.store.rollout_record(world.tenant, world.rollout, &before, wave, hour(3));
    assert_eq!(said(late.await), "decided on an older generation");
    assert!(is_woken(&world, hour(3)).await);
    let held_by = held(&world, hour(3)).await.expect("a freeze");
    assert_eq!(held_by.until, Some(hour(48)));
    assert!(matches!(held_by.why, Why::Freeze { freeze, .. } if freeze == made.freeze.id));
    assert_eq!(held(&world, hour(48)).await, None);
    let (store, tenant) = (&world.store, world.tenant);
    let over = store.freeze_end(tenant, made.freeze.id, ("bob", "done early"), hour(10)).await;
    let ended = over.expect("it ends").ended.expect("it was ended");
    assert_eq!(
        (ended.at, ended.by.as_str(), ended.reason.as_str()),
        (hour(10), "bob", "done early")
    );
    assert!(is_woken(&world, hour(10)).await);
    assert_eq!(held(&world, hour(10)).await, None);
    let chain = store.chain_verify(tenant).await.expect("a chain");
    assert!(matches!(chain, ChainState::Intact { .. }), "{chain:?}");
}

#[tokio::test]
async fn only_freezes_that_touch_it_are_read() {
    let world = world().await;
    freeze(&world, &new(of_ring(&world, "broad"), None, None), hour(3)).await;
    freeze(&world, &new(Scope::Tenant, Some(100), Some(200)), hour(3)).await;
    assert_eq!(held(&world, hour(4)).await, None);
    let planned = held(&world, hour(150)).await.expect("the planned one");
    assert_eq!(planned.until, Some(hour(200)));
    let set = Scope::RingSet { ring_set: world.ring_set };
    freeze(&world, &new(set, None, Some(8)), hour(4)).await;
    assert!(held(&world, hour(5)).await.is_some());
    // What was over at the last decision is not read again, nor kept with later ones.
    world.record(Event::SoakStarted { ring: FIRST }, hour(9)).await.expect("it is recorded");
    let snapshot = world.store.rollout_snapshot(world.tenant, world.rollout).await.expect("it");
    assert_eq!(snapshot.observations.calendar.freezes.len(), 2);
    let other = tenant(&world.store, 2).await;
    assert_eq!(world.store.freeze_list(other, ALL).await.expect("freezes"), []);
    assert_eq!(world.store.freeze_list(world.tenant, ALL).await.expect("freezes").len(), 3);
}

#[tokio::test]
async fn freezes_that_make_no_sense_are_refused() {
    let world = world().await;
    let refused = async |new: NewFreeze| {
        said(world.store.freeze_create(world.tenant, &new, "ana", hour(10)).await)
    };
    let nowhere = domain::ids::RingSetId(Uuid::from_u128(1));
    let mut lines = vec![
        refused(new(Scope::Tenant, Some(20), Some(20))).await,
        refused(new(Scope::Tenant, Some(1), Some(10))).await,
        refused(new(Scope::RingSet { ring_set: nowhere }, None, None)).await,
        refused(new(of_ring(&world, "Wide"), None, None)).await,
    ];
    // The set has another name for it now, which the rollout does not know.
    let rings = vec![ring("First", 30, vec![]), ring("Wide", 70, vec![])];
    let set = RingSet::new("Rings".to_owned(), rings).expect("a good set");
    let (store, tenant) = (&world.store, world.tenant);
    store.ring_set_update(tenant, world.ring_set, &set, "ana", hour(10)).await.expect("a set");
    lines.push(refused(new(of_ring(&world, "Wide"), None, None)).await);
    let made = freeze(&world, &new(Scope::Tenant, None, Some(20)), hour(10)).await.freeze.id;
    lines.push(said(store.freeze_end(tenant, made, ("ana", "x"), hour(20)).await));
    store.freeze_end(tenant, made, ("ana", "x"), hour(11)).await.expect("it ends");
    lines.push(said(store.freeze_end(tenant, made, ("ana", "x"), hour(12)).await));
    let unknown = FreezeId(Uuid::from_u128(1));
    lines.push(said(store.freeze_end(tenant, unknown, ("ana", "x"), hour(12)).await));
    let expected = [
        "invalid: the freeze would be over before it began",
        "invalid: the freeze would be over before it began",
        "invalid: there is no such ring set",
        "invalid: there is no ring \"Wide\"; there are First, Broad",
        "conflict: these rollouts began when no ring of the set was called \"Wide\", so this would not hold \
         them: November; freeze the whole ring set",
        "conflict: the freeze is over already",
        "conflict: the freeze is over already",
        "freeze not found",
    ];
    assert_eq!(lines, expected);
    // Nobody undoes history, not even the store.
    let mut raw = world.database.raw().await;
    execute(&mut raw, "set role concentric_app").await.expect("a role");
    for sql in [
        "delete from rollout_freeze",
        "update rollout_freeze set reason = 'x'",
        "delete from freeze_crossing",
    ] {
        assert!(execute(&mut raw, sql).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn a_security_update_crosses_on_somebody_elses_word() {
    let world = world().await;
    let one = freeze(&world, &new(Scope::Tenant, None, Some(48)), hour(3)).await.freeze.id;
    let two = freeze(&world, &new(of_ring(&world, "First"), None, None), hour(3)).await.freeze.id;
    let cross = async |freeze: FreezeId, by: &str, at: i64| {
        let said = (by, "exploited in the wild");
        world.store.freeze_cross(world.tenant, freeze, world.rollout, said, hour(at)).await
    };
    let mut lines = vec![said(cross(one, "Ana", 4).await), said(cross(one, "dan", 4).await)];
    assert!(held(&world, hour(4)).await.is_some());
    let before = world.store.rollout_snapshot(world.tenant, world.rollout).await.expect("it");
    let row = cross(one, "bob", 4).await.expect("it crosses");
    assert_eq!((row.crossings.len(), row.crossings[0].rollout), (1, world.rollout));
    assert_eq!(row.crossings[0].crossing.by, "bob");
    let after = world.store.rollout_snapshot(world.tenant, world.rollout).await.expect("it");
    assert_eq!(after.generation, before.generation + 1);
    // The other freeze still holds.
    let still = held(&world, hour(4)).await.expect("the second freeze");
    assert!(matches!(still.why, Why::Freeze { freeze, .. } if freeze == two));
    cross(two, "bob", 4).await.expect("it crosses");
    assert_eq!(held(&world, hour(4)).await, None);
    lines.push(said(cross(one, "cleo", 5).await));
    lines.push(said(cross(one, "cleo", 48).await));
    let elsewhere = freeze(&world, &new(Scope::Tenant, None, None), hour(5)).await.freeze.id;
    let mut raw = world.database.raw().await;
    execute(&mut raw, "update catalog_update set classification = 'nonSecurity'")
        .await
        .expect("it");
    lines.push(said(cross(elsewhere, "bob", 6).await));
    execute(&mut raw, "update catalog_update set cadence = 'outOfBand'").await.expect("it");
    cross(elsewhere, "bob", 6).await.expect("it crosses");
    world.request(Wish::Cancel, hour(7)).await.expect("a wish");
    world.record(Event::Cancelled, hour(7)).await.expect("it is cancelled");
    lines.push(said(cross(elsewhere, "cleo", 8).await));
    let expected = [
        "forbidden: Ana made the freeze; somebody else has to let a rollout cross it",
        "forbidden: dan made the rollout; somebody else has to let it cross a freeze",
        "conflict: somebody let this rollout cross the freeze already",
        "conflict: the freeze is over: nothing has to cross it",
        "conflict: only security updates and updates out of band may cross a freeze; end the freeze to let \
         this one go on",
        "conflict: the rollout is over: it offers nothing any more",
    ];
    assert_eq!(lines, expected);
}

fn site(days: &[(&str, &str)]) -> Holidays {
    let holiday = |(day, name): &(&str, &str)| {
        let day = day.parse().expect("a day");
        Holiday { when: When::Days { first: day, last: day }, name: (*name).to_owned() }
    };
    Holidays { name: "Zurich".to_owned(), days: days.iter().map(holiday).collect() }
}

#[tokio::test]
async fn holidays_hold_the_rings_that_name_them() {
    let named = RingCalendar { holidays: Some("Zurich".to_owned()), ..RingCalendar::ALWAYS };
    let world = world_of(named, RingCalendar::ALWAYS).await;
    let (store, tenant) = (&world.store, world.tenant);
    // hour(0) is midnight of 2024-10-04.
    let unknown = Why::UnknownHolidays { calendar: "Zurich".to_owned() };
    assert_eq!(held(&world, hour(3)).await.map(|held| held.why), Some(unknown));
    let import = async |days: &[(&str, &str)], at: i64| {
        store.holidays_import(tenant, &site(days), "ana", hour(at)).await.expect("an import")
    };
    assert!(is_woken(&world, hour(3)).await);
    let row = import(&[("2024-10-05", "A day")], 3).await;
    assert!(is_woken(&world, hour(3)).await);
    assert_eq!(held(&world, hour(4)).await, None);
    let before = store.rollout_snapshot(tenant, world.rollout).await.expect("it");
    let again = import(&[("2024-10-04", "Today")], 4).await;
    assert_eq!((again.id, again.holidays.days.len()), (row.id, 1));
    let wave = Event::WaveOffered { ring: FIRST, wave: 0, devices: 10 };
    let late = store.rollout_record(tenant, world.rollout, &before, wave, hour(4)).await;
    assert_eq!(said(late), "decided on an older generation");
    let today = held(&world, hour(4)).await.expect("a holiday");
    assert_eq!(today.until, Some(hour(24)));
    assert_eq!(
        said(store.holidays_delete(tenant, row.id, ("ana", "x"), hour(5)).await),
        "conflict: these look at the holidays of Zurich: ring set Rings, rollout of November"
    );
    assert_eq!(
        store
            .holidays_there(tenant, &["Zurich".to_owned(), "Basel".to_owned()])
            .await
            .expect("names"),
        ["Zurich"]
    );
    let other = crate::world::tenant(store, 2).await;
    assert_eq!(store.holidays_list(other, ALL).await.expect("none"), []);
    let free = Holidays { name: "Basel".to_owned(), ..site(&[("2024-10-04", "Today")]) };
    let free = store.holidays_import(tenant, &free, "ana", hour(5)).await.expect("an import");
    store.holidays_delete(tenant, free.id, ("ana", "moved away"), hour(5)).await.expect("gone");
    assert_eq!(store.holidays_list(tenant, ALL).await.expect("one").len(), 1);
}

#[tokio::test]
async fn waves_are_read_for_rings_with_a_rate_alone() {
    let rate = RingCalendar { max_per_hour: NonZeroU32::new(15), ..RingCalendar::ALWAYS };
    let world = world_of(rate, RingCalendar::ALWAYS).await;
    world.offer(6, hour(3)).await.expect("a wave");
    world.offer(4, hour(4)).await.expect("a wave");
    let seen = world.store.rollout_snapshot(world.tenant, world.rollout).await.expect("it");
    let wave = |at, devices| Offered { at: hour(at), devices };
    assert_eq!(seen.observations.ring(FIRST).offered, [wave(3, 6), wave(4, 4)]);
    assert_eq!(seen.observations.ring(BROAD).offered, []);
}

#[tokio::test]
async fn a_retry_outside_of_the_window_is_refused() {
    let start = NaiveTime::from_hms_opt(2, 0, 0).expect("a time");
    let night = Window::new(Rule::new("FREQ=DAILY").expect("a rule"), None, start, 120);
    let night = RingCalendar { windows: vec![night.expect("a window")], ..RingCalendar::ALWAYS };
    let world = world_of(night, RingCalendar::ALWAYS).await;
    world.offer(10, hour(3)).await.expect("a wave");
    let offered = world.attempts().await;
    let (entra, ..) =
        offered.iter().find(|(_, state, _)| *state == AttemptState::Offered).expect("one");
    let (store, tenant) = (&world.store, world.tenant);
    let mut raw = world.database.raw().await;
    execute(&mut raw, &format!("update attempt a set state = 7 from device d where d.id = a.device_id and d.entra_device_id = '{}'", entra.0)).await.expect("it failed");
    let id = sqlx::query_scalar::<_, Uuid>("select id from device where entra_device_id = $1")
        .bind(entra.0)
        .fetch_one(&mut raw)
        .await
        .expect("a device");
    let retry = async |at: i64| {
        let asked = Asked { actor: "ana", reason: "again", at: hour(at) };
        store.attempt_retry(tenant, world.rollout, &[id.into()], asked).await
    };
    assert_eq!(
        said(retry(10).await),
        "conflict: the calendar of their rings holds offers back now; `rollout explain` says until when"
    );
    assert_eq!(retry(27).await.expect("in the window"), 1);
    world.check_tally().await;
}
