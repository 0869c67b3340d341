//! Reports and check-ins: each counts once, in whatever order it comes (I12).

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::ids::{EntraDeviceId, IntuneDeviceId};
use domain::rollout::phase::Event;
use domain::work::WorkKind;
use store::ingest::{CheckIn, Report};
use uuid::Uuid;

use crate::world::{FIRST, NEW, OLD, World, execute, hour, number};

const FOUR_HOURS: TimeDelta = TimeDelta::hours(4);

/// Reports about every kind of device, most of them several times.
fn random_reports(devices: u128, random: &mut fastrand::Rng) -> Vec<Report> {
    (0..devices * 4)
        .map(|_| {
            let number = random.u128(0..devices);
            let state = AttemptState::ALL[random.usize(0..13)];
            Report {
                device: EntraDeviceId(Uuid::from_u128(0x2_0000_0000 + number)),
                state,
                code: (state == AttemptState::Failed).then(|| "0x80070002".to_owned()),
                at: hour(3),
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_end_as_the_rule_says_in_every_order() {
    for seed in 0..4 {
        let mut random = fastrand::Rng::with_seed(seed);
        let world = World::of(120).await;
        let waiting = world.tally(FIRST).await.waiting();
        world.offer(waiting - 5, hour(2)).await.unwrap();
        let before: HashMap<_, _> =
            world.attempts().await.into_iter().map(|(device, state, _)| (device, state)).collect();
        let mut reports = random_reports(120, &mut random);
        let model = |reports: &[Report]| -> HashMap<EntraDeviceId, AttemptState> {
            let mut states = before.clone();
            for report in reports {
                if let Some(state) = states.get_mut(&report.device) {
                    *state = state.after_report(report.state);
                }
            }
            states
        };
        let expected = model(&reports);
        // The rule itself does not mind the order; the database must not either.
        random.shuffle(&mut reports);
        assert_eq!(model(&reports), expected);
        let (some, rest) = reports.split_at(reports.len() / 3);
        let ingest =
            |reports| world.store.report_ingest(world.tenant, world.rollout, reports, hour(3));
        let (one, other) = tokio::join!(ingest(some), ingest(rest));
        let moved = one.unwrap().moved + other.unwrap().moved;
        assert!(moved > 0);
        let after: HashMap<_, _> =
            world.attempts().await.into_iter().map(|(device, state, _)| (device, state)).collect();
        assert_eq!(after, expected, "seed {seed}");
        world.check_tally().await;
        let mut again = reports.clone();
        random.shuffle(&mut again);
        assert_eq!(ingest(&again).await.unwrap().moved, 0, "a repeated report changes nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_wakes_the_planner_only_when_it_moves_something() {
    let world = World::of(200).await;
    world.offer(5, hour(2)).await.unwrap();
    let lease = std::time::Duration::from_mins(1);
    let claimed = async || {
        let claims = world.store.work_claim(&[WorkKind::Decide], 9, lease, hour(9)).await.unwrap();
        for claim in &claims {
            world.store.work_finish(claim, None, None).await.unwrap();
        }
        claims.len()
    };
    claimed().await;
    let (device, ..) = world.attempts().await[0];
    let report = |device, state| Report { device, state, code: None, at: hour(3) };
    let ingest = async |report| {
        world.store.report_ingest(world.tenant, world.rollout, &[report], hour(3)).await.unwrap()
    };
    let counts = ingest(report(EntraDeviceId(Uuid::nil()), AttemptState::Failed)).await;
    assert_eq!((counts.read, counts.moved, counts.unknown), (1, 0, 1));
    assert_eq!(claimed().await, 0);
    let counts = ingest(report(device, AttemptState::Installing)).await;
    assert_eq!((counts.read, counts.moved, counts.unknown), (1, 1, 0));
    assert_eq!(claimed().await, 1);
    ingest(report(device, AttemptState::Installing)).await;
    assert_eq!(claimed().await, 0);
}

fn checkin(device: EntraDeviceId, build: Build, at: i64) -> CheckIn {
    let number = device.0.as_u128() - 0x2_0000_0000;
    let intune = IntuneDeviceId(Uuid::from_u128(0x1_0000_0000 + number));
    CheckIn { intune, build: Some(build), at: hour(at) }
}

impl World {
    async fn check_in(&self, checkins: &[CheckIn]) -> u64 {
        let counts = self.store.checkin_ingest(self.tenant, checkins, FOUR_HOURS, hour(100)).await;
        counts.expect("it works").moved
    }

    pub(crate) async fn state_of(&self, device: EntraDeviceId) -> AttemptState {
        let attempts = self.attempts().await;
        attempts.iter().find(|(one, ..)| *one == device).expect("an attempt").1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_confirmed_by_a_later_check_in_only() {
    let world = World::of(200).await;
    world.offer(6, hour(2)).await.unwrap();
    let (device, ..) = world.attempts().await[0];
    let cases = [
        (OLD, 3, AttemptState::Offered),
        (NEW, 4, AttemptState::Installed),
        (NEW, 4, AttemptState::Installed),
        (NEW, 7, AttemptState::Installed),
        (NEW, 8, AttemptState::Confirmed),
        (OLD, 9, AttemptState::Confirmed),
    ];
    for (build, at, expected) in cases {
        world.check_in(&[checkin(device, build, at)]).await;
        assert_eq!(world.state_of(device).await, expected, "at {at}");
    }
    world.check_tally().await;
    // Never offered: nothing it runs is this rollout's doing.
    let (waiting, ..) = world.attempts().await[6];
    world.check_in(&[checkin(waiting, NEW, 9), checkin(waiting, NEW, 30)]).await;
    assert_eq!(world.state_of(waiting).await, AttemptState::Assigned);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_ins_end_the_same_in_every_order() {
    let world = World::of(200).await;
    world.offer(12, hour(2)).await.unwrap();
    let devices: Vec<_> = world.attempts().await.iter().take(12).map(|one| one.0).collect();
    let orders = [[3, 5, 9], [3, 9, 5], [5, 3, 9], [5, 9, 3], [9, 3, 5], [9, 5, 3]];
    for (device, order) in devices.iter().zip(orders) {
        for at in order {
            world.check_in(&[checkin(*device, NEW, at)]).await;
        }
        assert_eq!(world.state_of(*device).await, AttemptState::Confirmed, "{order:?}");
    }
    for (device, order) in devices[6..].iter().zip(orders) {
        let all = order.map(|at| checkin(*device, NEW, at));
        world.check_in(&all).await;
        assert_eq!(world.state_of(*device).await, AttemptState::Confirmed, "{order:?} at once");
    }
    world.check_tally().await;
    let mut raw = world.database.raw().await;
    let sql = format!("select count(*) from device where last_sync = '{}'", hour(9));
    assert_eq!(number(&mut raw, &sql).await, 12, "the latest check-in counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_has_removed_the_update_only_since_it_was_told_to() {
    let world = World::of(200).await;
    world.offer(5, hour(2)).await.unwrap();
    let devices: Vec<_> = world.attempts().await.iter().take(2).map(|one| one.0).collect();
    world.check_in(&devices.iter().map(|one| checkin(*one, NEW, 3)).collect::<Vec<_>>()).await;
    world.record(Event::RollbackStarted, hour(10)).await.unwrap();
    let wave = Event::RemovalWave { ring: FIRST, wave: 0, devices: 2 };
    world.record(wave, hour(11)).await.unwrap();
    world.check_in(&[checkin(devices[0], OLD, 10), checkin(devices[1], NEW, 12)]).await;
    assert_eq!(world.state_of(devices[0]).await, AttemptState::Removing, "from before");
    assert_eq!(world.state_of(devices[1]).await, AttemptState::Removing, "still on it");
    world.check_in(&[checkin(devices[0], OLD, 12)]).await;
    assert_eq!(world.state_of(devices[0]).await, AttemptState::Removed);
    // Given up, and back on the old build after all.
    assert_eq!(world.store.rollout_sweep(world.tenant, world.rollout, hour(500)).await.unwrap(), 1);
    assert_eq!(world.state_of(devices[1]).await, AttemptState::Stranded);
    world.check_in(&[checkin(devices[1], OLD, 501)]).await;
    assert_eq!(world.state_of(devices[1]).await, AttemptState::Removed);
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_given_up_after_the_observation_window() {
    let world = World::of(200).await;
    world.offer(4, hour(2)).await.unwrap();
    let devices: Vec<_> = world.attempts().await.iter().take(4).map(|one| one.0).collect();
    let installing =
        Report { device: devices[1], state: AttemptState::Installing, code: None, at: hour(3) };
    let reports = [installing.clone(), Report { device: devices[2], ..installing }];
    world.store.report_ingest(world.tenant, world.rollout, &reports, hour(3)).await.unwrap();
    // Heard of again, still on the old build; the offered one as well, which does not help it.
    world.check_in(&[checkin(devices[2], OLD, 100), checkin(devices[3], OLD, 100)]).await;
    let sweep =
        async |at| world.store.rollout_sweep(world.tenant, world.rollout, hour(at)).await.unwrap();
    let window = 5 * 24;
    assert_eq!(sweep(window + 1).await, 0, "the window is still open");
    assert_eq!(sweep(window + 3).await, 3);
    let states = [
        AttemptState::Unresolved,
        AttemptState::Lost,
        AttemptState::Installing,
        AttemptState::Unresolved,
    ];
    for (device, expected) in devices.iter().zip(states) {
        assert_eq!(world.state_of(*device).await, expected);
    }
    assert_eq!(sweep(window + 3).await, 0);
    assert_eq!(sweep(window + 100).await, 1, "silent since its last check-in");
    // A lost device that comes back healthy is confirmed.
    world
        .check_in(&[checkin(devices[1], NEW, window + 4), checkin(devices[1], NEW, window + 7)])
        .await;
    assert_eq!(world.state_of(devices[1]).await, AttemptState::Confirmed);
    world.check_tally().await;
}

/// An install that stopped half way, on a device that is heard of every day.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_no_end_is_given_up_after_two_windows() {
    let world = World::of(200).await;
    world.offer(2, hour(2)).await.unwrap();
    let devices: Vec<_> = world.attempts().await.iter().take(2).map(|one| one.0).collect();
    let report =
        |device| [Report { device, state: AttemptState::Installing, code: None, at: hour(3) }];
    let store = &world.store;
    store.report_ingest(world.tenant, world.rollout, &report(devices[0]), hour(3)).await.unwrap();
    let (sweep, windows) =
        (async |at| store.rollout_sweep(world.tenant, world.rollout, hour(at)).await.unwrap(), 240);
    world.check_in(&[checkin(devices[0], OLD, windows)]).await;
    assert_eq!(sweep(windows + 2).await, 1, "only the one that never started");
    assert_eq!(world.state_of(devices[0]).await, AttemptState::Installing);
    assert_eq!(sweep(windows + 3).await, 1);
    assert_eq!(world.state_of(devices[0]).await, AttemptState::Failed);
    // A later try that succeeds heals it.
    world
        .check_in(&[checkin(devices[0], NEW, windows + 4), checkin(devices[0], NEW, windows + 9)])
        .await;
    assert_eq!(world.state_of(devices[0]).await, AttemptState::Confirmed);
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_plans_the_sweep_that_ends_its_window() {
    let world = World::of(200).await;
    let next = async || world.store.work_upcoming(&[WorkKind::Sweep]).await.unwrap().due;
    assert_eq!(next().await, None);
    world.offer(2, hour(2)).await.unwrap();
    assert_eq!(next().await, Some(hour(2 + 5 * 24)));
    world.offer(2, hour(50)).await.unwrap();
    assert_eq!(next().await, Some(hour(2 + 5 * 24)), "the first window closes first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_read_dates_every_open_rollout() {
    let world = World::of(200).await;
    let rollout = async || world.store.rollout_fetch(world.tenant, world.rollout).await.unwrap();
    assert_eq!(rollout().await.observed_at, None);
    world.store.observed(world.tenant, hour(5), hour(4)).await.unwrap();
    world.store.observed(world.tenant, hour(3), hour(2)).await.unwrap();
    assert_eq!(rollout().await.observed_at, Some(hour(5)), "an older read does not count");
    let tenant = world.store.tenant_fetch(world.tenant).await.unwrap();
    assert_eq!(tenant.observed_to, Some(hour(4)));
    world.record(Event::Cancelled, hour(6)).await.unwrap();
    world.store.observed(world.tenant, hour(7), hour(7)).await.unwrap();
    assert_eq!(rollout().await.observed_at, Some(hour(5)), "a cancelled one is not observed");
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_follow_concurrent_ingests_of_one_rollout() {
    let world = World::of(2_000).await;
    let waiting = world.tally(FIRST).await.waiting();
    world.offer(waiting, hour(2)).await.unwrap();
    let devices: Vec<_> = world.attempts().await.into_iter().map(|one| one.0).collect();
    let step = |state| -> Vec<Report> {
        let report =
            |device: &EntraDeviceId| Report { device: *device, state, code: None, at: hour(3) };
        devices.iter().map(report).collect()
    };
    let (installing, installed, failed) =
        (step(AttemptState::Installing), step(AttemptState::Installed), step(AttemptState::Failed));
    let checkins: Vec<_> = devices.iter().map(|one| checkin(*one, NEW, 3)).collect();
    let ingest = |reports| world.store.report_ingest(world.tenant, world.rollout, reports, hour(3));
    let (one, two, three, four) = tokio::join!(
        ingest(&installing),
        ingest(&installed),
        ingest(&failed),
        world.store.checkin_ingest(world.tenant, &checkins, FOUR_HOURS, hour(3)),
    );
    for outcome in [one, two, three, four] {
        outcome.expect("no ingest gives up");
    }
    assert_eq!(world.tally(FIRST).await.failed(), waiting);
    world.check_tally().await;
    let mut raw = world.database.raw().await;
    execute(&mut raw, "vacuum analyze attempt").await.unwrap();
}
