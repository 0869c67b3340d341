//! Counters of a fleet equal a recount, whatever happens to it, and what is told of each device agrees
//! with them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::app::{App, AppSeen, AppVersion};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::control::Control;
use domain::health::{Health, Status};
use domain::ids::{DeviceId, RingSetId};
use domain::primary::PrimaryReason;
use domain::registration::{Reason, Standing};
use domain::ring::{RingIndex, RingSet};
use domain::rollout::observations::Wish;
use store::Store;
use store::controls::{ControlKind, NewControl};
use store::devices::{DeviceFilter, Left};
use store::fleet::{Line, Scene, Selection};
use store::ingest::{CheckIn, Report};
use store::pauses::{NewPause, Target};
use tokio::sync::mpsc;

use crate::world::{ALL, FIRST, NEW, OLD, World, device, fleet, hour, number, ring, settle};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // Knuth's, of which the upper half is good.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Every device of the tenant, as a stream gives it.
async fn lines(world: &World, scene: &Scene, selection: Selection) -> Vec<Line> {
    let (to, mut from) = mpsc::channel(2);
    let (read, lines) =
        tokio::join!(world.store.fleet_stream(world.tenant, scene, selection, to), async {
            let mut lines = Vec::new();
            while let Some(batch) = from.recv().await {
                lines.extend(batch);
            }
            lines
        });
    read.expect("the stream");
    lines
}

/// Counters equal a recount by SQL, and what health says of rings equals the devices one by one.
async fn check(world: &World, now: DateTime<Utc>) -> Health {
    let raw = &mut world.database.raw().await;
    let key =
        "ring_set_id, ring, standing, reason, long_term, os_major, os_minor, os_build, os_revision";
    let of = "coalesce(d.standing, -1::int2), reason_first(d.reasons), d.quality_only, \
        coalesce(d.os_major, -1), coalesce(d.os_minor, -1), coalesce(d.os_build, -1), \
        coalesce(d.os_revision, -1)";
    let wrong = format!(
        "with recount as (
             select '00000000-0000-0000-0000-000000000000'::uuid, -1::int2, {of}, count(*)::int
             from device d group by 1, 2, 3, 4, 5, 6, 7, 8, 9
             union all
             select m.ring_set_id, m.ring, {of}, count(*)::int
             from ring_member m join device d on d.id = m.device_id
             group by 1, 2, 3, 4, 5, 6, 7, 8, 9
         ), kept as (select {key}, devices from fleet_tally where devices <> 0)
         select count(*) from (
             (select * from recount except select * from kept)
             union all (select * from kept except select * from recount)) wrong"
    );
    assert_eq!(number(raw, &wrong).await, 0, "counters differ from a recount");
    let apps = "select count(*) from (
         select kind, version, devices from app_tally where devices <> 0
         except select kind, version, count(*)::int from device_app group by 1, 2) wrong";
    assert_eq!(number(raw, apps).await, 0, "programs differ from a recount");
    world.check_tally().await;
    let health = world.store.fleet_health(world.tenant, now).await.expect("health").health;
    let scene = world.store.fleet_scene(world.tenant, now).await.expect("a scene");
    let mut counted: HashMap<(RingSetId, RingIndex, Status), u32> = HashMap::new();
    let (mut unplaced, mut not_served) = (0, HashSet::new());
    for line in lines(world, &scene, Selection::default()).await {
        let status = line.quality_status(&scene);
        let found = line.quality_finding(&scene);
        assert_eq!(found.is_none(), status == Status::UpToDate, "{line:?}");
        if line.standing.is_none_or(|(standing, _)| standing != Standing::Ready) {
            not_served.insert((line.id, line.place));
        }
        match line.place {
            Some((set, ring)) => *counted.entry((set, ring, status)).or_default() += 1,
            None => unplaced += 1,
        }
    }
    for set in &health.sets {
        for (ring, of) in (0..).map(RingIndex).zip(&set.rings) {
            for status in Status::ALL {
                let devices = counted.remove(&(set.id, ring, status)).unwrap_or(0);
                assert_eq!(of.counts.of(status), devices, "{status:?} of {}", of.name);
            }
        }
    }
    assert!(counted.is_empty(), "{counted:?}");
    let of = Selection { ineligible: true, ..Selection::default() };
    let ineligible: HashSet<_> =
        lines(world, &scene, of).await.into_iter().map(|line| (line.id, line.place)).collect();
    assert_eq!(ineligible, not_served, "the report of ineligible devices");
    // What stood at midnight is what is kept of it.
    world.store.fleet_snapshot_take(world.tenant, now).await.expect("taken");
    let day = world.store.fleet_snapshots(world.tenant, now.date_naive()).await.expect("rows");
    let of_rings: u32 =
        day.iter().filter(|row| row.ring.is_some()).map(|row| row.counts.devices).sum();
    let of_sets: u32 = day
        .iter()
        .filter(|row| row.ring_set.is_some() && row.ring.is_none())
        .map(|row| row.counts.devices)
        .sum();
    assert_eq!(of_rings, of_sets);
    assert_eq!(health.unplaced.devices, unplaced);
    health
}

async fn devices(world: &World) -> Vec<DeviceId> {
    let rows = world.store.device_list(world.tenant, &DeviceFilter::default(), ALL).await;
    rows.expect("devices").into_iter().map(|row| row.id).collect()
}

fn some(all: &[DeviceId], dice: &mut Dice) -> Vec<DeviceId> {
    let most = 1 + dice.below(20);
    (0..most)
        .filter_map(|_| all.get(usize::try_from(dice.below(all.len() as u64)).ok()?))
        .copied()
        .collect()
}

/// One thing that happens to a fleet.
async fn happen(world: &World, dice: &mut Dice, now: DateTime<Utc>) {
    let (store, tenant) = (&world.store, world.tenant);
    let all = devices(world).await;
    let control = |control| NewControl {
        control,
        reason: "a test".to_owned(),
        owner: "ana".to_owned(),
        filter: None,
        expires_at: (now.timestamp() % 2 == 0).then_some(now + TimeDelta::hours(30)),
    };
    match dice.below(14) {
        0 => {
            let from = u128::from(dice.below(150));
            let mut more: Vec<_> = (from..from + 20).map(device).collect();
            for one in &mut more {
                one.last_sync = Some(
                    now - TimeDelta::days(i64::try_from(dice.below(40)).expect("a small number")),
                );
                one.build = [None, Some(OLD), Some(NEW)]
                    [usize::try_from(dice.below(3)).expect("a small number")];
            }
            store.device_import(tenant, &more).await.expect("imported");
        }
        1 | 2 => {
            let checkins: Vec<CheckIn> = (0..30)
                .map(|_| CheckIn {
                    intune: device(u128::from(dice.below(180))).intune,
                    build: Some(Build {
                        revision: 100 + 50 * u32::try_from(dice.below(4)).expect("a small number"),
                        ..OLD
                    }),
                    at: now,
                })
                .collect();
            let confirm = TimeDelta::hours(4);
            store.checkin_ingest(tenant, &checkins, confirm, now).await.expect("taken in");
        }
        3 => {
            let new = control(if dice.below(2) == 0 { Control::Hold } else { Control::Exclude });
            let set = store.device_control_set(tenant, &some(&all, dice), &new, now).await;
            set.expect("set");
        }
        4 => {
            let kind = if dice.below(2) == 0 { ControlKind::Hold } else { ControlKind::Exclude };
            let some = some(&all, dice);
            let lifted = store.device_control_lift(tenant, &some, kind, ("ana", "over"), now).await;
            lifted.expect("lifted");
        }
        5 => {
            let ring = RingIndex(u8::try_from(dice.below(2)).expect("a small number"));
            let new = control(Control::Pin { ring_set: world.ring_set, ring });
            store.device_control_set(tenant, &some(&all, dice), &new, now).await.expect("pinned");
        }
        6 => {
            let from = u128::from(dice.below(170));
            let intune = (from..from + 3).map(|number| device(number).intune).collect();
            let left = Left { intune, ..Left::default() };
            store.device_remove(tenant, &left, now).await.expect("removed");
        }
        7 => {
            store.registration_sweep(tenant, now).await.expect("swept");
        }
        9..=13 => happen_to_rollout(world, dice, now).await,
        _ => {
            let seen: Vec<AppSeen> = (0..30)
                .map(|_| AppSeen {
                    intune: device(u128::from(dice.below(180))).intune,
                    version: AppVersion([
                        16,
                        0,
                        17_000 + u32::try_from(dice.below(3)).expect("a small number"),
                        1,
                    ]),
                })
                .collect();
            store.apps_seen(tenant, App::Microsoft365Apps, &seen, now).await.expect("seen");
        }
    }
    // Not always: what is due may stay due for a while.
    if dice.below(3) > 0 {
        settle(store, tenant, now).await;
    }
}

/// What a rollout goes through. Not all of it is legal at any time; what is refused changes nothing.
async fn happen_to_rollout(world: &World, dice: &mut Dice, now: DateTime<Utc>) {
    let (store, tenant) = (&world.store, world.tenant);
    match dice.below(5) {
        0 => {
            let most = 1 + u32::try_from(dice.below(20)).expect("a small number");
            let _ = world.offer(most, now).await;
        }
        1 | 2 => {
            let attempts = world.attempts().await;
            let states = [
                AttemptState::Installing,
                AttemptState::Installed,
                AttemptState::Confirmed,
                AttemptState::Failed,
                AttemptState::Removed,
            ];
            let mut reports = Vec::new();
            for (device, ..) in &attempts {
                let at = usize::try_from(dice.below(15)).expect("a small number");
                let Some(state) = states.get(at).copied() else { continue };
                let code = (state == AttemptState::Failed).then(|| "0x80070070".to_owned());
                reports.push(Report { device: *device, state, code, at: now });
            }
            store.report_ingest(tenant, world.rollout, &reports, now).await.expect("taken in");
        }
        3 => {
            let target = Target::Tenant;
            let pause = NewPause { target, take_back: false, actor: "ana", reason: None };
            let _ = store.pause_set(tenant, pause, now).await;
        }
        _ => {
            let _ = store.pause_lift(tenant, Target::Tenant, ("ana", None), now).await;
            // Rarely, for it does not end again.
            let wish = match dice.below(12) {
                0 => Wish::Withdraw,
                1..=4 => Wish::Hold,
                _ => Wish::Run,
            };
            let _ = world.request(wish, now).await;
        }
    }
}

async fn history(seed: u64) {
    let world = World::of(150).await;
    let mut dice = Dice(seed);
    for step in 0..40 {
        let now = hour(10 + step * 7);
        happen(&world, &mut dice, now).await;
        check(&world, now).await;
        if step == 20 {
            other_set(&world, now).await;
        }
    }
    let gone =
        Left { intune: (0..20).map(|number| device(number).intune).collect(), ..Left::default() };
    world.store.device_remove(world.tenant, &gone, hour(300)).await.expect("removed");
    check(&world, hour(300)).await;
}

/// A second ring set comes, and takes every device once more; then it goes.
async fn other_set(world: &World, now: DateTime<Utc>) {
    let (store, tenant) = (&world.store, world.tenant);
    let rings = vec![ring("Test", 10, vec![]), ring("All", 90, vec![])];
    let set = RingSet::new("Other".to_owned(), rings).expect("a good set");
    let made = store.ring_set_create(tenant, &set, "ana", now).await.expect("a set");
    store.ring_set_place(tenant, made.id, now).await.expect("placed");
    let health = check(world, now).await;
    assert_eq!(health.sets.len(), 2);
    assert!(health.sets[1].counts.devices > 0);
    store.ring_set_delete(tenant, made.id, "ana", now).await.expect("deleted");
    assert_eq!(check(world, now).await.sets.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_equal_a_recount_over_random_histories() {
    for seed in [1, 2, 3] {
        history(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_do_when_devices_and_members_change_at_once() {
    let world = World::of(200).await;
    let all = devices(&world).await;
    let check_ins = async {
        for round in 0..30_u32 {
            let checkins: Vec<CheckIn> = (0..200)
                .map(|number| CheckIn {
                    intune: device(number).intune,
                    build: Some(Build { revision: 101 + round, ..OLD }),
                    at: hour(2) + TimeDelta::seconds(round.into()),
                })
                .collect();
            let taken =
                world.store.checkin_ingest(world.tenant, &checkins, TimeDelta::hours(4), hour(2));
            taken.await.expect("taken in");
        }
    };
    let moves = async {
        for round in 0..30_u8 {
            let new = NewControl {
                control: Control::Pin { ring_set: world.ring_set, ring: RingIndex(round % 2) },
                reason: "a test".to_owned(),
                owner: "ana".to_owned(),
                filter: None,
                expires_at: None,
            };
            let set = world.store.device_control_set(world.tenant, &all, &new, hour(2)).await;
            set.expect("pinned");
            settle(&world.store, world.tenant, hour(2)).await;
        }
    };
    tokio::join!(check_ins, moves);
    settle(&world.store, world.tenant, hour(3)).await;
    check(&world, hour(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_device_says_what_it_waits_for() {
    let world = World::of(200).await;
    world.offer(10, hour(2)).await.expect("offered");
    let (store, tenant): (&Store, _) = (&world.store, world.tenant);
    let attempts = world.attempts().await;
    let report = |at: usize, state, code: Option<&str>| Report {
        device: attempts[at].0,
        state,
        code: code.map(str::to_owned),
        at: hour(3),
    };
    let reports = [
        report(0, AttemptState::Failed, Some("0x80070070")),
        report(1, AttemptState::Installing, None),
    ];
    store.report_ingest(tenant, world.rollout, &reports, hour(3)).await.expect("taken in");
    let reasons = async |now| {
        let scene = store.fleet_scene(tenant, now).await.expect("a scene");
        let mut counted: HashMap<PrimaryReason, u32> = HashMap::new();
        for line in lines(&world, &scene, Selection::default()).await {
            let found = line.quality_finding(&scene).expect("none has the update");
            assert_eq!(found.rollout, Some(world.rollout));
            *counted.entry(found.reason).or_default() += 1;
        }
        counted
    };
    let first = store.ring_set_members(tenant, world.ring_set).await.expect("members")[0].1;
    let disk_full = PrimaryReason::from_word("failed_disk_full").expect("a reason");
    let found = reasons(hour(4)).await;
    assert_eq!(found[&disk_full], 1);
    assert_eq!(found[&PrimaryReason::Installing], 1);
    assert_eq!(found[&PrimaryReason::Offered], 8);
    assert_eq!(found[&PrimaryReason::InQueue], first - 10);
    assert_eq!(found[&PrimaryReason::RingNotOpen], 200 - first);
    // A pause of the tenant is why, for all that wait; what failed failed.
    let pause =
        NewPause { target: Target::Tenant, take_back: false, actor: "ana", reason: Some("audit") };
    store.pause_set(tenant, pause, hour(5)).await.expect("paused");
    let found = reasons(hour(6)).await;
    assert_eq!(found[&PrimaryReason::TenantPaused], 198);
    assert_eq!(found[&disk_full], 1);
    // And time stands still: with a deadline of two days and five to report, they would be late.
    let health = check(&world, hour(24 * 20)).await;
    assert_eq!(health.counts.of(Status::Paused), 200);
    store.pause_lift(tenant, Target::Tenant, ("ana", None), hour(24 * 20)).await.expect("lifted");
    let health = check(&world, hour(24 * 20)).await;
    assert_eq!(health.counts.of(Status::NotUpToDate), 200);
    assert!(!health.counts.quality.holds(Health::QUALITY_PERCENT));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_single_devices_say_what_the_stream_says() {
    let world = World::of_devices(&fleet(60)).await;
    let scene = world.store.fleet_scene(world.tenant, hour(4)).await.expect("a scene");
    let mut streamed = lines(&world, &scene, Selection::default()).await;
    streamed.sort_by_key(|line| line.id.0);
    let mut paged: Vec<Line> = Vec::new();
    loop {
        let after = paged.last().map(|line| line.id.0);
        let page = store::page::Page { after, limit: 7 };
        let selection = Selection::default();
        let lines =
            world.store.fleet_page(world.tenant, &scene, selection, page).await.expect("a page");
        if lines.is_empty() {
            break;
        }
        paged.extend(lines);
    }
    assert_eq!(paged, streamed);
    let one =
        world.store.fleet_line(world.tenant, &scene, streamed[30].id.0).await.expect("a line");
    assert_eq!(one.as_ref(), streamed.get(30));
    let of_ring = Selection {
        ring_set: Some(world.ring_set),
        ring: Some(FIRST),
        standing: Some(Standing::Ready),
        ..Selection::default()
    };
    let first = lines(&world, &scene, of_ring).await;
    assert!(
        !first.is_empty() && first.iter().all(|line| line.place == Some((world.ring_set, FIRST)))
    );
    // Names are what people write; COPY has its own signs.
    let raw = &mut world.database.raw().await;
    let sql = "update device set name = E'a\\tb\\\\c\\nd' where name = 'PC-000003'";
    crate::world::execute(raw, sql).await.expect("renamed");
    let named = lines(&world, &scene, Selection::default()).await;
    assert!(named.iter().any(|line| line.name == "a\tb\\c\nd"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_taken_once_a_day_and_forgotten_after_two_years() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    assert!(store.fleet_snapshot_take(tenant, hour(1)).await.expect("taken"));
    assert!(!store.fleet_snapshot_take(tenant, hour(23)).await.expect("looked"), "once a day");
    assert!(store.fleet_snapshot_take(tenant, hour(25)).await.expect("taken"));
    let since = hour(0).date_naive();
    let rows = store.fleet_snapshots(tenant, since).await.expect("rows");
    assert_eq!(rows.len(), 2 * 4, "the tenant, a set and two rings, twice");
    assert_eq!((rows[0].ring_set, rows[0].counts.devices), (None, 60));
    assert_eq!(rows[1].name, "Rings");
    let of_rings: u32 = rows[2..4].iter().map(|row| row.counts.devices).sum();
    assert_eq!(of_rings, 60);
    store.fleet_snapshot_take(tenant, hour(24 * 740)).await.expect("taken");
    assert_eq!(store.fleet_snapshots(tenant, since).await.expect("rows").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_reason_is_the_same_in_the_database() {
    let world = World::of(3).await;
    let raw = &mut world.database.raw().await;
    for one in Reason::ALL {
        for other in Reason::ALL {
            let bits = (1_i32 << one.code()) | (1 << other.code());
            let first = number(raw, &format!("select reason_first({bits})::int8")).await;
            let decided = [Reason::Excluded, Reason::GroupConflict];
            let expected = decided.iter().find(|reason| [one, other].contains(reason));
            let expected = expected.unwrap_or(one.min(other));
            assert_eq!(first, i64::from(expected.code()), "{one:?} and {other:?}");
        }
    }
}
