//! Counters equal a recount after anything that can happen, in any order (I13).

use chrono::TimeDelta;
use domain::attempt::AttemptState;
use domain::rollout::decide::{Decision, decide};
use domain::rollout::observations::Wish;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::StoreError;
use store::events::ChainState;
use store::ingest::{CheckIn, Report};
use store::rollouts::Request;

use crate::world::{NEW, OLD, World, device, hour};

#[derive(Debug, Clone)]
enum Step {
    /// The planner looks, and does up to so many things.
    Plan(u8),
    Report {
        device: u8,
        state: u8,
    },
    CheckIn {
        device: u8,
        new: bool,
    },
    Observed,
    Sweep,
    Ask(u8),
    Pass {
        hours: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..6_u8).prop_map(Step::Plan),
        4 => (any::<u8>(), 0..13_u8).prop_map(|(device, state)| Step::Report { device, state }),
        4 => (any::<u8>(), any::<bool>()).prop_map(|(device, new)| Step::CheckIn { device, new }),
        2 => Just(Step::Observed),
        1 => Just(Step::Sweep),
        1 => (0..8_u8).prop_map(Step::Ask),
        2 => (1..60_u8).prop_map(|hours| Step::Pass { hours }),
    ]
}

async fn take(world: &World, step: &Step, now: &mut i64) -> Result<(), StoreError> {
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let at = hour(*now);
    // Neighbours go the same way, so that a step moves something.
    let some = |first: u8| (0..40_u128).map(move |next| device((u128::from(first) + next) % 256));
    match step {
        Step::Plan(times) => {
            for _ in 0..*times {
                let seen = store.rollout_snapshot(tenant, rollout).await?;
                match decide(&seen.plan, seen.phase, &seen.observations, at) {
                    Decision::Act(event) => {
                        store.rollout_record(tenant, rollout, &seen, event, at).await?;
                    }
                    Decision::Wait(waiting) => {
                        store.rollout_waits(tenant, rollout, &waiting, at).await?;
                    }
                }
            }
        }
        Step::Report { device, state } => {
            let state = AttemptState::ALL[usize::from(*state)];
            let report = |entra| Report { device: entra, state, code: None, at };
            let reports: Vec<_> =
                some(*device).filter_map(|device| device.entra_device).map(report).collect();
            store.report_ingest(tenant, rollout, &reports, at).await?;
        }
        Step::CheckIn { device, new } => {
            let build = Some(if *new { NEW } else { OLD });
            let checkins: Vec<_> =
                some(*device).map(|device| CheckIn { intune: device.intune, build, at }).collect();
            store.checkin_ingest(tenant, &checkins, TimeDelta::hours(4), at).await?;
        }
        Step::Observed => store.observed(tenant, at, at).await?,
        Step::Sweep => drop(store.rollout_sweep(tenant, rollout, at).await?),
        Step::Ask(what) => {
            // Withdrawing is rare, for it ends everything.
            let wish = match what {
                0 => Wish::Withdraw,
                1 | 2 => Wish::Hold,
                _ => Wish::Run,
            };
            let request = Request {
                wish,
                promoted: None,
                take_back: false,
                actor: "ana".into(),
                reason: None,
            };
            match store.rollout_request(tenant, rollout, &request, at).await {
                Ok(_) | Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Step::Pass { hours } => *now += i64::from(*hours),
    }
    Ok(())
}

#[test]
fn counters_equal_a_recount_after_anything() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 8, failure_persistence: None, ..Config::default() };
    let steps = proptest::collection::vec(step(), 10..40);
    let ran = TestRunner::new(config).run(&steps, |steps| {
        runtime.block_on(async {
            let world = World::of(256).await;
            let mut now = 2;
            for step in &steps {
                take(&world, step, &mut now)
                    .await
                    .map_err(|error| TestCaseError::fail(format!("{step:?}: {error:?}")))?;
                world.check_tally().await;
            }
            let chain = world.store.chain_verify(world.tenant).await;
            prop_assert!(matches!(chain, Ok(ChainState::Intact { .. })), "{:?}", chain);
            Ok(())
        })
    });
    ran.expect("counters equal a recount");
}
