//! Rollouts of one tenant share a budget (I18).

use domain::attempt::AttemptState as S;
use domain::rollout::budget::Budget;
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::fleet::Fleet;
use crate::world::{RINGS, hour, plan, running};

const IN_FLIGHT: [S; 3] = [S::Offered, S::Installing, S::Installed];

fn in_flight(fleets: &[(Fleet, Phase)]) -> u32 {
    let each = fleets.iter().flat_map(|(fleet, _)| RINGS.map(|ring| fleet.count(ring, &IN_FLIGHT)));
    u32::try_from(each.sum::<usize>()).expect("small")
}

/// What the planner of one of `fleets` makes of the budget at `now`.
fn asked(
    plan: &Plan,
    fleets: &[(Fleet, Phase)],
    which: usize,
    limit: Option<u32>,
    now: i64,
) -> Decision {
    let (fleet, phase) = &fleets[which];
    let mut seen = fleet.observe(running(0), Some(hour(now)));
    seen.budget = limit.map(|limit| Budget { limit, in_flight: in_flight(fleets) });
    decide(plan, *phase, &seen, hour(now))
}

/// One rollout after the other acts until it waits; the reasons they end with.
fn turn(
    plan: &Plan,
    fleets: &mut [(Fleet, Phase)],
    limit: u32,
    now: i64,
) -> Result<Vec<WaitingOn>, TestCaseError> {
    let mut reasons = Vec::new();
    for which in 0..fleets.len() {
        loop {
            match asked(plan, fleets, which, Some(limit), now) {
                Decision::Wait(reason) => {
                    reasons.push(reason);
                    break;
                }
                Decision::Act(event) => {
                    let (fleet, phase) = &mut fleets[which];
                    let moved = phase.apply(event, hour(now));
                    *phase = moved.map_err(|error| TestCaseError::fail(error.to_string()))?;
                    fleet.act(event, now);
                    if matches!(event, Event::WaveOffered { .. }) {
                        let taken = in_flight(fleets);
                        prop_assert!(taken <= limit, "I18: {taken} of {limit}");
                    }
                }
            }
        }
    }
    Ok(reasons)
}

/// Who waits for the budget has too little of it, and would offer without one.
fn check(
    plan: &Plan,
    fleets: &[(Fleet, Phase)],
    reasons: &[WaitingOn],
    now: i64,
) -> TestCaseResult {
    for (which, reason) in reasons.iter().enumerate() {
        if let WaitingOn::Budget { limit, .. } = reason {
            let free = limit.saturating_sub(in_flight(fleets));
            prop_assert!(free < limit.div_ceil(10).max(1), "waits with {free} of {limit} free");
            let without = asked(plan, fleets, which, None, now);
            let wave = matches!(without, Decision::Act(Event::WaveOffered { .. }));
            prop_assert!(wave, "{without:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_wave_lifts_all_rollouts_together_above_the_budget(
        sizes in proptest::collection::vec((1_usize..60, 1_usize..120, 1_usize..200), 2..5),
        limit in 0_u32..80,
        lives in proptest::collection::vec((0_usize..5, 2_usize..80), 1..60),
    ) {
        let plan = plan(OnGateFailure::Pause);
        let fleet = |(first, second, third)| (Fleet::new([first, second, third], 0), Phase::Scheduled);
        let mut fleets: Vec<(Fleet, Phase)> = sizes.into_iter().map(fleet).collect();
        for (now, (which, fail_each)) in (1..).map(|step| step * 30).zip(lives) {
            let reasons = turn(&plan, &mut fleets, limit, now)?;
            check(&plan, &fleets, &reasons, now)?;
            let count = fleets.len();
            fleets[which % count].0.live(now, fail_each, S::Failed);
        }
    }
}

/// Nothing is lost by a budget but time.
#[test]
fn a_healthy_release_completes_within_a_small_budget() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleets = vec![
        (Fleet::new([40, 120, 240], 0), Phase::Scheduled),
        (Fleet::new([40, 120, 240], 0), Phase::Scheduled),
    ];
    for step in 1..600 {
        turn(&plan, &mut fleets, 12, step * 5).expect("within the budget");
        for (fleet, _) in &mut fleets {
            fleet.live(step * 5, 100, S::Failed);
        }
    }
    let names: Vec<_> = fleets.iter().map(|(_, phase)| phase.name()).collect();
    assert_eq!(names, ["completed", "completed"]);
}
