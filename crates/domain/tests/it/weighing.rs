//! What all evidence comes to, and which part of a fleet is set aside.

use domain::attempt::AttemptState as S;
use domain::evidence::control::{Interval, Side};
use domain::evidence::{EValue, Level, Limit, rate};
use domain::gate::policy::{OnSuspect, Policy, Signal};
use domain::gate::weigh::{Culprit, Weighed, cohort, weigh};
use domain::ring::RingIndex;
use domain::rollout::observations::{Intent, Observations, RingObservation, SegmentCount};
use domain::rollout::plan::{OnGateFailure, Plan};
use proptest::prelude::*;

use crate::world::{counted, hour, models, observed, plan_by, policy, running, segmented};

fn plan(policy: Policy) -> Plan {
    plan_by(OnGateFailure::Pause, policy)
}

fn seen(rings: Vec<RingObservation>) -> Observations {
    observed(running(0), rings, Some(hour(1)))
}

fn weighed(policy: Policy, rings: Vec<RingObservation>) -> Weighed {
    weigh(&plan(policy), &seen(rings))
}

fn close(found: EValue, expected: f64) {
    let found = found.value();
    assert!((found - expected).abs() <= expected * 1e-12, "{found} is not {expected}");
}

#[test]
fn a_ring_alone_has_the_shares_that_were_planned() {
    let ring = counted(&[(S::Failed, 4), (S::Lost, 1), (S::Confirmed, 25), (S::Offered, 20)]);
    let alone = rate::ln_e(4, 46, Limit::TWO_PERCENT).value();
    let found = weighed(policy(), vec![ring.clone()]);
    // Of the quarter that goes to three rings the two that have not opened keep theirs.
    let whole = 0.7 * (0.75 * alone + 0.25 * (alone + 1.0 + 1.0) / 3.0);
    close(found.evidence, whole);
    close(found.signals[0].evidence, alone);
    assert_eq!((found.signals[0].count, found.signals[0].of), (4, 50));
    close(found.signals[1].evidence, rate::ln_e(1, 49, Limit::ONE_PERCENT).value());
    assert_eq!(found.culprit, Some(Culprit::Release { signal: Signal::Failed }));
    // Where there are segments, half of it is theirs.
    let found = weighed(models(OnSuspect::Pause, &[10, 10]), vec![ring]);
    close(found.evidence, whole / 2.0);
}

#[test]
fn a_segment_has_half_of_the_error_shared_with_all_segments() {
    let ring = segmented(&[(20, 8), (180, 0)]);
    let found = weighed(models(OnSuspect::Pause, &[20, 180]), vec![ring]);
    close(found.evidence, 0.5 * 0.5 * 0.7 * rate::ln_e(8, 12, Limit::TWO_PERCENT).value());
    let culprit = Culprit::Segment { segment: 0, signal: Signal::Failed };
    assert_eq!((found.culprit, found.suspects), (Some(culprit), vec![0]));
}

#[test]
fn who_fails_as_often_as_is_healthy_is_calm() {
    for devices in [50, 100, 1_000, 100_000] {
        let ring = segmented(&[(devices / 2, devices / 100), (devices / 2, devices / 100)]);
        let found = weighed(models(OnSuspect::Pause, &[devices / 2; 2]), vec![ring]);
        assert_eq!((found.level, found.suspects), (Level::Calm, vec![]), "{devices}");
    }
}

#[test]
fn rings_that_a_person_vouched_for_are_left_out() {
    let bad = segmented(&[(100, 30)]);
    let mut seen = seen(vec![bad.clone(), bad, segmented(&[(100, 1)])]);
    let plan = plan(models(OnSuspect::Pause, &[300]));
    assert_eq!(weigh(&plan, &seen).level, Level::RollBack);
    seen.intent.promoted = Some(RingIndex(0));
    let found = weigh(&plan, &seen);
    assert_eq!((found.level, found.signals[0].count), (Level::RollBack, 31));
    seen.intent.promoted = Some(RingIndex(1));
    let found = weigh(&plan, &seen);
    assert_eq!((found.level, found.signals[0].of), (Level::Calm, 100));
}

/// 300 updated and 300 other devices, of which so many went dark.
fn darkness(updated: u64, control: u64) -> Interval {
    let side = |incidents| Side { exposure: 300, incidents };
    Interval { updated: side(updated), control: side(control) }
}

#[test]
fn going_dark_counts_against_those_that_were_not_offered() {
    let plan = plan(policy());
    let mut seen = seen(vec![counted(&[(S::Confirmed, 300)])]);
    seen.intervals = vec![darkness(40, 40)];
    assert_eq!(weigh(&plan, &seen).level, Level::Calm);
    // What makes no sense says nothing.
    let nobody = Side { exposure: 0, incidents: 90 };
    seen.intervals.push(Interval { updated: nobody, control: nobody });
    assert_eq!(weigh(&plan, &seen).level, Level::Calm);
    seen.intervals = vec![darkness(40, 5)];
    let found = weigh(&plan, &seen);
    assert_eq!(found.level, Level::Pause);
    assert_eq!(found.culprit, Some(Culprit::Release { signal: Signal::Dark }));
}

#[test]
fn no_fleet_is_too_large() {
    let most = u32::MAX;
    let ring = RingObservation {
        segments: vec![SegmentCount { offered: most, failed: most, lost: most }],
        ..counted(&S::ALL.map(|state| (state, most)))
    };
    let rings = vec![ring.clone(), ring.clone(), ring];
    let found = weighed(models(OnSuspect::Hold, &[most]), rings);
    assert_eq!(found.level, Level::RollBack);
    let ring = counted(&[(S::Confirmed, most)]);
    assert_eq!(weighed(policy(), vec![ring]).level, Level::Calm);
}

/// Twenty models of 100 devices; the first fails at `bad`, the others at `rest` percent.
fn twenty(bad: u32, rest: u32) -> (Vec<u32>, Observations) {
    let mut models = vec![(100, rest); 20];
    models[0] = (100, bad);
    (vec![100; 20], seen(vec![segmented(&models)]))
}

fn held(on_suspect: OnSuspect, members: &[u32], seen: &Observations) -> Option<u16> {
    let plan = plan(models(on_suspect, members));
    let weighed = weigh(&plan, seen);
    assert!(weighed.level >= Level::Pause, "there is something to do");
    cohort(&plan, seen, &weighed)
}

#[test]
fn one_bad_model_is_a_cohort() {
    let (members, seen) = twenty(30, 1);
    assert_eq!(held(OnSuspect::Hold, &members, &seen), Some(0));
    assert_eq!(held(OnSuspect::Pause, &members, &seen), None);
    // Several are held one after the other, the worst first.
    let mut models = vec![(100, 1); 20];
    (models[7], models[9]) = ((100, 40), (100, 30));
    let two = observed(running(0), vec![segmented(&models)], None);
    assert_eq!(held(OnSuspect::Hold, &members, &two), Some(7));
}

#[test]
fn a_release_that_is_bad_everywhere_is_no_cohort() {
    // The rest is bad, though no model of it stands out.
    let (members, seen) = twenty(30, 6);
    assert_eq!(held(OnSuspect::Hold, &members, &seen), None);
    // All stand out: without the suspects there is no rest to be calm.
    let (members, seen) = twenty(40, 30);
    assert_eq!(held(OnSuspect::Hold, &members, &seen), None);
    // More than half of the fleet is not a cohort.
    let half = observed(running(0), vec![segmented(&[(100, 30), (100, 1)])], None);
    assert_eq!(held(OnSuspect::Hold, &[100, 100], &half), Some(0));
    let more = observed(running(0), vec![segmented(&[(101, 30), (99, 1)])], None);
    assert_eq!(held(OnSuspect::Hold, &[101, 99], &more), None);
}

#[test]
fn what_no_model_explains_is_not_held_away() {
    // Updated devices of all models go dark: holding one of them cures nothing.
    let (members, mut seen) = twenty(30, 1);
    seen.intervals = vec![darkness(40, 5)];
    assert_eq!(held(OnSuspect::Hold, &members, &seen), None);
}

#[test]
fn a_persons_word_about_a_segment_stands() {
    let (members, mut seen) = twenty(30, 1);
    seen.intent = Intent { released: vec![0], ..running(0) };
    assert_eq!(held(OnSuspect::Hold, &members, &seen), None);
    // Held already, and bad all the same: something else is wrong.
    let (members, mut seen) = twenty(30, 1);
    seen.held = vec![0];
    assert_eq!(held(OnSuspect::Hold, &members, &seen), None);
}

const MODELS: usize = 4;

fn devices() -> impl Strategy<Value = Vec<(usize, usize, S)>> {
    let states = [S::Assigned, S::Offered, S::Installing, S::Failed, S::Lost, S::Confirmed];
    let state = proptest::sample::select(states.to_vec());
    proptest::collection::vec((0_usize..3, 0..MODELS, state), 0..200)
}

fn counted_one_by_one(devices: &[(usize, usize, S)]) -> Weighed {
    let rings = (0..3).map(|ring| {
        let here = devices.iter().filter(|device| device.0 == ring);
        let states: Vec<(S, u32)> = here.clone().map(|device| (device.2, 1)).collect();
        let mut segments = vec![SegmentCount::default(); MODELS];
        for (_, model, state) in here.filter(|device| device.2 != S::Assigned) {
            segments[*model].offered += 1;
            segments[*model].failed += u32::from(*state == S::Failed);
            segments[*model].lost += u32::from(*state == S::Lost);
        }
        RingObservation { segments, ..counted(&states) }
    });
    weighed(models(OnSuspect::Pause, &[50; MODELS]), rings.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_order_of_reports_does_not_matter(
        (devices, shuffled) in devices().prop_flat_map(|devices| {
            (Just(devices.clone()), Just(devices).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(counted_one_by_one(&devices), counted_one_by_one(&shuffled));
    }

    /// Offers alone never raise evidence, and failures never lower it.
    #[test]
    fn evidence_follows_failures_only(
        devices in devices(),
        fails in any::<proptest::sample::Index>(),
        offer in (0_usize..3, 0..MODELS),
        lost: bool,
    ) {
        let before = counted_one_by_one(&devices);
        let mut more = devices.clone();
        more.push((offer.0, offer.1, S::Offered));
        prop_assert!(counted_one_by_one(&more).evidence <= before.evidence);
        let good = [S::Offered, S::Installing, S::Confirmed];
        let at: Vec<usize> =
            (0..devices.len()).filter(|at| good.contains(&devices[*at].2)).collect();
        if !at.is_empty() {
            let mut worse = devices;
            worse[at[fails.index(at.len())]].2 = if lost { S::Lost } else { S::Failed };
            let after = counted_one_by_one(&worse);
            prop_assert!(after.evidence >= before.evidence && after.level >= before.level);
        }
    }
}
