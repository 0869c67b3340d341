use chrono::TimeDelta;
use domain::attempt::AttemptState as S;
use domain::calendar::{Freeze, Known, Scope, Why};
use domain::forecast::{Awaited, Basis, Expected, Forecast, Pace, RingOffers, Unknown, forecast};
use domain::ids::FreezeId;
use domain::pause::{Scope as PauseScope, StandingPause};
use domain::ring::{RingIndex, RingSet};
use domain::rollout::budget::Budget;
use domain::rollout::observations::{Intent, Observations, Wish};
use domain::rollout::phase::{PausedBy, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use uuid::Uuid;

use crate::world::{counted, hour, observed, plan, policy, ring, running, wish};

fn waiting(intent: Intent) -> Observations {
    let rings = [40, 120, 240].map(|devices| counted(&[(S::Assigned, devices)]));
    observed(intent, rings.to_vec(), Some(hour(0)))
}

/// Of a plan whose rings open 0, 1 and 2 days after hour 0 and bake for a day.
fn said(phase: Phase, seen: &Observations, at: i64) -> Forecast {
    let plan = plan(OnGateFailure::Pause);
    forecast(&plan, phase, seen, (&Pace::usual(), &[]), hour(at))
}

#[test]
fn a_scheduled_rollout_is_told_from_its_plan() {
    let said = said(Phase::Scheduled, &waiting(running(0)), 0);
    let earliest: Vec<&Expected> = said.rings.iter().map(|ring| &ring.opens.earliest).collect();
    // The gate of each bakes for a day; the deferral of Early is over just then.
    assert_eq!(earliest, [0, 24, 48].map(|at| Expected::At(hour(at))).iter().collect::<Vec<_>>());
    assert_eq!(said.finished.earliest, Expected::At(hour(72)));
    assert_eq!(said.compliant.earliest, Expected::At(hour(48)));
    assert_eq!(said.basis, Basis::Usual);
    let Expected::At(likely) = said.rings[1].opens.likely else { panic!("{said:?}") };
    // 36 of 40 in waves of at most 10, nine in ten of them within five days or given up; and a day.
    assert!((hour(24 * 5)..hour(24 * 16)).contains(&likely), "{likely}");
}

#[test]
fn what_a_person_has_to_do_first_has_no_date() {
    let paused = Phase::Paused { ring: Some(RingIndex(0)), since: hour(1), by: PausedBy::Person };
    let mut seen = waiting(wish(Wish::Hold, 1));
    seen.rings[0] = counted(&[(S::Confirmed, 40)]);
    let resumed = said(paused, &seen, 30);
    let after =
        |hours| Expected::After { awaited: Awaited::Resume, lasts: TimeDelta::hours(hours) };
    // Somebody did, and nobody decided yet.
    seen.intent = running(29);
    assert_eq!(said(paused, &seen, 30).finished.earliest, Expected::At(hour(30 + 72)));
    seen.intent = running(0);
    assert_eq!(said(paused, &seen, 30).finished.earliest, after(72));
    assert_eq!(resumed.rings[0].opens.earliest, Expected::Past(None));
    assert_eq!(resumed.rings[0].last_offer.earliest, Expected::Past(None));
    // It bakes anew.
    assert_eq!(resumed.rings[1].opens.earliest, after(24));
    assert_eq!(resumed.rings[2].opens.earliest, after(48));
    assert_eq!(resumed.finished.earliest, after(72));
    // Of the ring itself everybody has the update.
    assert_eq!(resumed.rings[0].compliant.likely, Expected::Past(None));
    let Expected::After { awaited: Awaited::Resume, lasts } = resumed.compliant.likely else {
        panic!("{resumed:?}")
    };
    assert!(lasts > TimeDelta::hours(48));
}

#[test]
fn a_standing_pause_of_a_later_ring_leaves_earlier_ones_their_dates() {
    let mut seen = waiting(running(0));
    seen.pauses = vec![StandingPause {
        scope: PauseScope::Ring { ring: RingIndex(1) },
        at: hour(0),
        by: "ana".to_owned(),
        reason: None,
        take_back: false,
    }];
    let said = said(Phase::Scheduled, &seen, 0);
    assert_eq!(said.rings[0].gate_passes.earliest, Expected::At(hour(24)));
    let lifted = |hours| Expected::After {
        awaited: Awaited::PauseLifted { ring: RingIndex(1) },
        lasts: TimeDelta::hours(hours),
    };
    assert_eq!(said.rings[1].opens.earliest, lifted(0));
    assert_eq!(said.rings[2].opens.earliest, lifted(24));
    assert_eq!(said.finished.earliest, lifted(48));
}

#[test]
fn an_approval_is_given_at_once_at_the_earliest_and_nobody_knows_when_likely() {
    let mut canary = ring("Canary", 10, 0);
    canary.approvals = Some(domain::approval::Quorum::new(1, Vec::new()).expect("one"));
    let rings = vec![canary, ring("Early", 30, 1), ring("Broad", 60, 2)];
    let set = RingSet::new("Three".to_owned(), rings).expect("a good set");
    let plan = Plan::new(&set, hour(0), OnGateFailure::Pause, policy());
    let seen = waiting(running(0));
    let said = forecast(&plan, Phase::Scheduled, &seen, (&Pace::usual(), &[]), hour(0));
    assert_eq!(said.rings[1].opens.earliest, Expected::At(hour(24)));
    assert_eq!(
        said.rings[1].opens.likely,
        Expected::After {
            awaited: Awaited::Approval { ring: RingIndex(0) },
            lasts: TimeDelta::zero()
        }
    );
    assert!(matches!(said.rings[0].compliant.likely, Expected::At(_)));
}

#[test]
fn what_cannot_be_said_says_why() {
    let unknown = |said: &Forecast, ring: usize| match &said.rings[ring].opens {
        domain::forecast::Estimate { earliest: Expected::Unknown(one), likely } => {
            assert!(matches!(likely, Expected::Unknown(_)), "{likely:?}");
            one.clone()
        }
        other => panic!("{other:?}"),
    };
    // A freeze that somebody has to end, of all but the first ring's time.
    let mut seen = waiting(running(0));
    seen.calendar = Known {
        freezes: vec![Freeze {
            id: FreezeId(Uuid::from_u128(1)),
            scope: Scope::Tenant,
            from: hour(12),
            until: None,
            owner: "ana".to_owned(),
            reason: "moving house".to_owned(),
        }],
        ..Known::default()
    };
    let frozen = said(Phase::Scheduled, &seen, 0);
    assert_eq!(frozen.rings[0].opens.earliest, Expected::At(hour(0)));
    let Unknown::Calendar { ring: RingIndex(1), why: Why::Freeze { .. } } = unknown(&frozen, 1)
    else {
        panic!("{frozen:?}")
    };
    // An empty ring, a budget of nothing, a newer release.
    let mut seen = waiting(running(0));
    seen.rings[1] = counted(&[]);
    let empty = said(Phase::Scheduled, &seen, 0);
    assert_eq!(unknown(&empty, 2), Unknown::NoMembers { ring: RingIndex(1) });
    let budget = Some(Budget { limit: 0, in_flight: 0 });
    let none = said(Phase::Scheduled, &Observations { budget, ..waiting(running(0)) }, 0);
    assert_eq!(unknown(&none, 0), Unknown::NoBudget);
    let ended = Phase::Cancelled { ring: None, since: hour(0) };
    assert_eq!(unknown(&said(ended, &waiting(running(0)), 0), 0), Unknown::Ended);
    // Three of forty failed: the gate allows two, and that may be chance.
    let mut seen = waiting(running(0));
    seen.rings[0] = counted(&[(S::Confirmed, 37), (S::Failed, 3)]);
    let soaking = Phase::Soaking { ring: RingIndex(0), opened_at: hour(0), since: hour(1) };
    assert_eq!(unknown(&said(soaking, &seen, 2), 1), Unknown::CannotPass { ring: RingIndex(0) });
    // A person vouched for it: it opens with its deferral.
    seen.intent.promoted = Some(RingIndex(0));
    assert_eq!(said(soaking, &seen, 2).rings[1].opens.likely, Expected::At(hour(24)));
}

#[test]
fn a_completed_rollout_still_tells_of_95_percent() {
    let done = Phase::Completed { ring: RingIndex(2), since: hour(100) };
    let mut seen = waiting(running(0));
    seen.rings = vec![
        counted(&[(S::Confirmed, 40)]),
        counted(&[(S::Confirmed, 120)]),
        counted(&[(S::Confirmed, 200), (S::Offered, 40)]),
    ];
    let offers = [0, 24, 98].map(|at| RingOffers {
        first: Some(hour(at)),
        last: Some(hour(at)),
        times: vec![domain::evidence::coverage::Offers { at: hour(at), devices: 240 }],
    });
    let plan = plan(OnGateFailure::Pause);
    let said = forecast(&plan, done, &seen, (&Pace::usual(), &offers), hour(100));
    assert_eq!(said.finished.likely, Expected::Past(Some(hour(100))));
    assert_eq!(said.rings[2].last_offer.likely, Expected::Past(Some(hour(98))));
    let Expected::At(likely) = said.compliant.likely else { panic!("{said:?}") };
    assert!(likely > hour(100) && likely < hour(24 * 30), "{likely}");
}

/// A million devices in one ring cost as much as a thousand.
#[test]
fn a_ring_of_a_million_is_told_of_as_well() {
    let plan = plan(OnGateFailure::Pause);
    let rings = [1_000, 100_000, 1_000_000].map(|devices| counted(&[(S::Assigned, devices)]));
    let seen = observed(running(0), rings.to_vec(), Some(hour(0)));
    let said = forecast(&plan, Phase::Scheduled, &seen, (&Pace::usual(), &[]), hour(0));
    // At most 100 in flight of a ring here: a million take years.
    let Expected::At(opens) = said.rings[2].opens.likely else { panic!("{said:?}") };
    assert!(opens > hour(24 * 365), "{opens}");
}
