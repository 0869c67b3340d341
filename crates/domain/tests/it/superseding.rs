//! A newer release ends an older one, whatever that stands at, except what is being taken back.

use domain::attempt::AttemptState as S;
use domain::gate::ConditionKind;
use domain::ids::RolloutId;
use domain::ring::RingIndex;
use domain::rollout::access::{Access, access};
use domain::rollout::decide::{Decision, decide};
use domain::rollout::observations::{Observations, Wish};
use domain::rollout::phase::{Event, PauseCause, PausedBy, Phase};
use domain::rollout::plan::OnGateFailure;
use uuid::Uuid;

use crate::world::{counted, hour, observed, plan, wish};

const NEWER: RolloutId = RolloutId(Uuid::from_u128(9));
const WISHES: [Wish; 4] = [Wish::Run, Wish::Hold, Wish::Cancel, Wish::Withdraw];

fn seen(asked: Wish) -> Observations {
    let rings = [40, 120, 240].map(|devices| counted(&[(S::Assigned, devices)])).to_vec();
    let seen = observed(wish(asked, 0), rings, Some(hour(10)));
    Observations { superseded_by: Some(NEWER), ..seen }
}

fn decided(phase: Phase, asked: Wish) -> Decision {
    decide(&plan(OnGateFailure::Pause), phase, &seen(asked), hour(10))
}

/// Phases in which something may still be offered, now or after a word.
fn under_way() -> Vec<Phase> {
    let (ring, since) = (RingIndex(1), hour(1));
    let cause = PauseCause { ring, condition: ConditionKind::Success, culprit: None };
    let paused = |ring, by| Phase::Paused { ring, since, by };
    vec![
        Phase::Scheduled,
        Phase::Offering { ring, since },
        Phase::Soaking { ring, opened_at: since, since },
        paused(None, PausedBy::Person),
        paused(Some(ring), PausedBy::Person),
        paused(Some(ring), PausedBy::Service(cause)),
        paused(Some(ring), PausedBy::Both(cause)),
    ]
}

#[test]
fn what_may_still_be_offered_ends_and_offers_nothing_more() {
    for phase in under_way() {
        for asked in WISHES {
            let event = Event::Superseded { by: NEWER };
            if asked == Wish::Withdraw && phase.ring().is_some() {
                assert_eq!(decided(phase, asked), Decision::Act(Event::RollbackStarted));
                continue;
            }
            assert_eq!(decided(phase, asked), Decision::Act(event), "{phase:?} {asked:?}");
            let after = phase.apply(event, hour(10)).expect("a legal move");
            assert_eq!(after, Phase::Cancelled { ring: phase.ring(), since: hour(10) });
            // Those who have not begun are stopped on Graph; who has it, keeps it.
            if let Some(ring) = after.ring() {
                assert_eq!(access(after, &[], ring), Access::Held);
            }
            // It is over: nothing follows by itself.
            let next = decided(after, Wish::Run);
            assert!(matches!(next, Decision::Wait(_)), "{next:?}");
        }
    }
}

#[test]
fn what_has_ended_or_is_taken_back_is_left_alone() {
    let (ring, since) = (RingIndex(1), hour(1));
    let phases = [
        Phase::Completed { ring, since },
        Phase::RollingBack { ring, since },
        Phase::RolledBack { ring, since },
        Phase::Cancelled { ring: Some(ring), since },
    ];
    for phase in phases {
        assert!(phase.apply(Event::Superseded { by: NEWER }, hour(10)).is_err(), "{phase:?}");
        for asked in WISHES {
            let decision = decided(phase, asked);
            let superseded = matches!(decision, Decision::Act(Event::Superseded { .. }));
            assert!(!superseded, "{phase:?} {asked:?}: {decision:?}");
        }
    }
}

#[test]
fn evidence_recorded_before_there_was_superseding_reads_as_none() {
    let before = Observations { superseded_by: None, ..seen(Wish::Run) };
    let text = serde_json::to_value(&before).expect("JSON");
    assert!(text.get("superseded_by").is_none(), "{text}");
    assert_eq!(serde_json::from_value::<Observations>(text).expect("it reads"), before);
}
