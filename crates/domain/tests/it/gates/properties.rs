//! What holds of a gate for any counts.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn counts(most: u32) -> impl Strategy<Value = Vec<(S, u32)>> {
    let each = proptest::sample::select(S::ALL.to_vec());
    proptest::collection::vec((each, 0..most), 0..8)
}

/// The same with `devices` of those that can be judged moved to `to`.
fn moved(counts: &[(S, u32)], devices: u32, to: S) -> Vec<(S, u32)> {
    let mut left = devices;
    let mut moved: Vec<(S, u32)> = counts
        .iter()
        .map(|(state, count)| {
            let movable = match state {
                S::Assigned | S::Offered | S::Installing | S::Installed => true,
                S::Confirmed => to != S::Confirmed,
                S::Unresolved | S::Withdrawn | S::Lost | S::Failed | S::Removing => false,
                S::Removed | S::Stranded | S::Excluded => false,
            };
            let gone = if movable { left.min(*count) } else { 0 };
            left -= gone;
            (*state, count - gone)
        })
        .collect();
    moved.push((to, devices - left));
    moved
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Failing more never helps a ring, by any rule.
    #[test]
    fn more_failures_never_help(
        counts in counts(400),
        devices in 0_u32..50,
        lost: bool,
        certified: bool,
    ) {
        let success = if certified { SuccessRule::Certified } else { SuccessRule::Point };
        let gate = Gate { success, ..Gate::DEFAULT };
        let rank = |verdict: Verdict| match verdict {
            Verdict::Pass => 2,
            Verdict::Wait { .. } | Verdict::Unknown => 1,
            Verdict::Fail => 0,
        };
        let worse = moved(&counts, devices, if lost { S::Lost } else { S::Failed });
        let before = Told::of(&counts).judged_by(&gate, hour(34));
        let after = Told::of(&worse).judged_by(&gate, hour(34));
        for kind in [ConditionKind::Success, ConditionKind::Stall] {
            let (before, after) = (verdict(&before, kind), verdict(&after, kind));
            prop_assert!(rank(after) <= rank(before), "{kind:?}: {before:?} to {after:?}");
        }
    }

    /// A ring that has enough outcomes still has with more.
    #[test]
    fn more_outcomes_keep_exposure(counts in counts(60), devices in 0_u32..50) {
        let more = moved(&counts, devices, S::Confirmed);
        let of = |counts: &[(S, u32)]| {
            verdict(&Told::of(counts).judged(34), ConditionKind::Exposure)
        };
        prop_assert!(of(&counts) != Verdict::Pass || of(&more) == Verdict::Pass);
    }

    /// Time alone ends a bake and never undoes it, at the moment that was told.
    #[test]
    fn time_only_ends_a_bake(
        confirmed in 0_u32..=100,
        ago in -5_i64..200,
        soaking in proptest::option::of(0_i64..100),
        now in 0_i64..200,
        later in 0_i64..400_000,
    ) {
        let mut told = Told::of(&[(S::Confirmed, confirmed), (S::Offered, 100 - confirmed)]);
        told.soaking = soaking;
        told.ring.confirmed_seconds = i64::from(confirmed) * hour(now - ago).timestamp();
        let at = |time| verdict(&told.judged_by(&Gate::DEFAULT, time), ConditionKind::Bake);
        let now = hour(now);
        match at(now) {
            Verdict::Pass => prop_assert_eq!(at(now + TimeDelta::seconds(later)), Verdict::Pass),
            Verdict::Wait { until: Some(until) } => {
                prop_assert!(until > now);
                // A confirmation from the future, by a wrong clock, is waited for again.
                prop_assert!(ago < 0 || at(until) == Verdict::Pass);
            }
            Verdict::Wait { until: None } => prop_assert_eq!(soaking, None),
            Verdict::Fail | Verdict::Unknown => prop_assert!(false, "a bake only waits"),
        }
    }

    /// What is not known lets nothing pass, and what failed pauses.
    #[test]
    fn only_passes_pass(
        counts in counts(200),
        observed in proptest::option::of(0_i64..40),
        heard in proptest::option::of(0_i64..40),
        level in proptest::sample::select(vec![Level::Calm, Level::Watch, Level::Pause]),
    ) {
        let mut told = Told { observed, heard, ..Told::of(&counts) };
        told.weighed = weighed(level);
        let report = told.judged(34);
        let all = |of: Verdict| report.conditions.iter().any(|found| found.verdict == of);
        prop_assert_eq!(report.conditions.len(), 8);
        prop_assert!(!report.passes() || !all(Verdict::Unknown) && !all(Verdict::Fail));
        prop_assert_eq!(report.failure().is_some(), all(Verdict::Fail));
    }

    /// Any counts that fit are answered.
    #[test]
    fn no_count_is_too_large(counts in counts(u32::MAX), most in 0_u16..10_000) {
        let gate = Gate { max_failed_bp: most, max_lost_bp: most, ..Gate::DEFAULT };
        let told = Told::of(&counts);
        let _ = told.judged_by(&gate, hour(34));
        let _ = gate.within_limits(&told.ring.tally);
    }
}
