//! Decisions are stored with what they were made from, and have to come out the same again.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState as S;
use domain::evidence::baseline::Baseline;
use domain::evidence::control::{Interval, Ratio, Side};
use domain::evidence::coverage::{Offers, usual};
use domain::evidence::{Level, Levels, Limit};
use domain::gate::ConditionKind;
use domain::gate::policy::{OnSuspect, Policy};
use domain::gate::weigh::weigh;
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, decide, report};
use domain::rollout::observations::{Intent, Observations, RingObservation, SegmentCount, Wish};
use domain::rollout::phase::{PauseCause, PausedBy, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::tally::Tally;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::world::{RINGS, hour, models, plan_by};

fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("JSON");
    serde_json::from_str(&text).expect("the same")
}

/// Mostly what a fleet has, now and then what no fleet has.
fn count() -> impl Strategy<Value = u32> {
    prop_oneof![20 => 0_u32..300, 1 => any::<u32>()]
}

fn tally() -> impl Strategy<Value = Tally> {
    proptest::collection::vec((select(S::ALL.to_vec()), count()), 0..6).prop_map(Tally::of)
}

fn ring() -> impl Strategy<Value = RingObservation> {
    let segment = (count(), count(), count()).prop_map(|(offered, failed, lost)| SegmentCount {
        offered,
        failed,
        lost,
    });
    let segments = proptest::collection::vec(segment, 0..4);
    (tally(), tally(), 0_u32..9, 0_u32..3, -100_i64..100, segments).prop_map(
        |(tally, aside, waves, removal_waves, ago, segments)| {
            let confirmed_seconds =
                i64::from(tally.confirmed()).saturating_mul(hour(ago).timestamp());
            let offered = Offers { at: hour(ago), devices: tally.exposed() };
            let offer_times = if waves > 0 { vec![offered] } else { Vec::new() };
            RingObservation {
                tally,
                aside,
                waves,
                removal_waves,
                confirmed_seconds,
                offer_times,
                segments,
                offered: Vec::new(),
            }
        },
    )
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..400_000).prop_map(|seconds| hour(0) + TimeDelta::seconds(seconds))
}

fn intent() -> impl Strategy<Value = Intent> {
    let wish = prop_oneof![
        9 => Just(Wish::Run), 1 => Just(Wish::Hold), 1 => Just(Wish::Cancel), 1 => Just(Wish::Withdraw)
    ];
    let promoted = proptest::option::weighted(0.2, select(RINGS.to_vec()));
    // Never the same segment in both.
    let words = proptest::collection::vec(proptest::option::weighted(0.1, any::<bool>()), 4);
    (wish, moment(), promoted, words).prop_map(|(wish, given_at, promoted, words)| {
        let of = |word| {
            let asked = |(at, found): (u16, &Option<bool>)| (*found == Some(word)).then_some(at);
            (0..).zip(&words).filter_map(asked).collect()
        };
        Intent { wish, given_at, promoted, held: of(true), released: of(false), take_back: false }
    })
}

fn observations() -> impl Strategy<Value = Observations> {
    let side =
        || (0_u64..500, 0_u64..50).prop_map(|(exposure, incidents)| Side { exposure, incidents });
    let interval = (side(), side()).prop_map(|(updated, control)| Interval { updated, control });
    let level = select(vec![Level::Calm, Level::Watch, Level::Pause, Level::RollBack]);
    (
        intent(),
        proptest::collection::vec(ring(), 0..4),
        proptest::option::weighted(0.9, moment()),
        proptest::option::weighted(0.9, moment()),
        proptest::collection::vec(0_u16..4, 0..2),
        proptest::collection::vec(interval, 0..6),
        level,
    )
        .prop_map(|(intent, rings, observed_at, heard_at, held, intervals, level)| {
            let counted = Observations::new(intent, rings);
            Observations { observed_at, heard_at, held, intervals, level, ..counted }
        })
}

fn plan() -> impl Strategy<Value = Plan> {
    let on_failure = select(vec![OnGateFailure::Pause, OnGateFailure::RollBack]);
    let on_suspect = select(vec![OnSuspect::Pause, OnSuspect::Hold]);
    let limit = || (0.000_1..0.3_f64).prop_map(|limit| Limit::new(limit).expect("a share"));
    let levels = (1.1..50.0_f64, 1.0..50.0_f64, 1.0..50.0_f64).prop_map(|(watch, pause, back)| {
        Levels::new(watch, watch * pause, watch * pause * back).expect("in order")
    });
    let dark = (0.5..3.0_f64).prop_map(|ratio| Ratio::new(ratio).expect("a ratio"));
    let members = proptest::collection::vec(0_u32..400, 0..4);
    (on_failure, on_suspect, limit(), limit(), levels, dark, members, 0_usize..20).prop_map(
        |(on_failure, on_suspect, limit, lost, levels, dark, members, releases)| {
            let failed = Baseline::History { limit, releases };
            let models = models(on_suspect, &members);
            let past = [[1_234, 2_345, 3_456, 5_678, 8_765, 9_000, 9_200, 9_300]; 3];
            let reported = usual(&past).filter(|_| releases % 2 == 0);
            plan_by(on_failure, Policy { failed, lost, levels, dark, reported, ..models })
        },
    )
}

fn phase() -> impl Strategy<Value = Phase> {
    let ring = || select(RINGS.to_vec());
    let cause = (ring(), select(vec![ConditionKind::NoHalt, ConditionKind::Success]))
        .prop_map(|(ring, condition)| PauseCause { ring, condition, culprit: None });
    let by = cause.prop_flat_map(|cause| {
        select(vec![PausedBy::Person, PausedBy::Service(cause), PausedBy::Both(cause)])
    });
    let paused = (proptest::option::weighted(0.8, ring()), moment(), by)
        .prop_map(|(ring, since, by)| Phase::Paused { ring, since, by });
    prop_oneof![
        1 => Just(Phase::Scheduled),
        4 => (ring(), moment()).prop_map(|(ring, since)| Phase::Offering { ring, since }),
        4 => (ring(), moment(), moment())
            .prop_map(|(ring, opened_at, since)| Phase::Soaking { ring, opened_at, since }),
        4 => paused,
        1 => (ring(), moment()).prop_map(|(ring, since)| Phase::RollingBack { ring, since }),
        1 => (ring(), moment()).prop_map(|(ring, since)| Phase::Completed { ring, since }),
        1 => (proptest::option::of(ring()), moment())
            .prop_map(|(ring, since)| Phase::Cancelled { ring, since }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever is known and wherever a rollout stands, there is one answer, it is a legal move if
    /// it is one, and it comes out of the record as it went in.
    #[test]
    fn a_decision_comes_out_of_its_record_again(
        plan in plan(),
        phase in phase(),
        seen in observations(),
        now in moment(),
    ) {
        let (plan_again, seen_again) = (again(&plan), again(&seen));
        prop_assert_eq!(&plan_again, &plan);
        prop_assert_eq!(&seen_again, &seen);
        prop_assert_eq!(again(&phase), phase);
        let decision = decide(&plan, phase, &seen, now);
        prop_assert_eq!(&decide(&plan_again, again(&phase), &seen_again, now), &decision);
        match decision {
            Decision::Act(event) => {
                prop_assert!(phase.apply(event, now).is_ok(), "{event:?} in {phase:?}");
                prop_assert_eq!(again(&event), event);
            }
            Decision::Wait(reason) => prop_assert_eq!(again(&reason), reason),
        }
        let weighed = weigh(&plan, &seen);
        prop_assert_eq!(&again(&weighed), &weighed);
        let ring = RingIndex(0);
        let found = report(&plan, (ring, now, Some(now)), ring, &seen, &weighed, now);
        prop_assert_eq!(again(&found), found);
    }
}
