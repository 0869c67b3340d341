use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::attempt::AttemptState::{Assigned, Confirmed, Failed, Offered};
use crate::gate::Gate;
use crate::ids::PlanId;
use crate::ring::{Cadence, Membership, Ring, RingSet, WaveLimit};
use crate::rollout::observations::{Intent, RingObservation, Wish};
use crate::rollout::plan::OnGateFailure;

fn hour(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

fn plan() -> Plan {
    let ring = |name: &str| Ring {
        name: name.to_owned(),
        membership: Membership { percent: 50, groups: Vec::new() },
        cadence: Cadence { deferral_days: 0, deadline_days: 2, grace_days: 2 },
        gate: Gate::DEFAULT,
        waves: WaveLimit { least: 60, most: 60, percent: 10 },
        approvals: None,
        calendar: None,
    };
    let set =
        RingSet::new("Two".to_owned(), vec![ring("First"), ring("Second")]).expect("a good set");
    let policy = Policy::settle(Choices::default(), &[], Vec::new());
    Plan::new(&set, hour(0), OnGateFailure::Pause, policy)
}

/// 200 devices of which one in four fails: 60 at a time are offered the update, until the
/// plan pauses the release. As the scheduler would: each decision recorded, and its event applied.
fn record(plan: &Plan) -> Vec<Recorded> {
    let (mut phase, mut level, mut watched_at) = (Phase::Scheduled, Level::Calm, None);
    let (mut waves, mut offered, mut failed, mut confirmed) = (0, 0, 0, 0);
    let mut recorded = Vec::new();
    for at in 0..200 {
        let tally = Tally::of([
            (Assigned, 200 - offered - failed - confirmed),
            (Offered, offered),
            (Failed, failed),
            (Confirmed, confirmed),
        ]);
        let confirmed_seconds = i64::from(confirmed) * hour(0).timestamp();
        let ring = RingObservation { tally, waves, confirmed_seconds, ..Default::default() };
        let observations = Observations {
            intent: Intent {
                wish: Wish::Run,
                given_at: hour(0),
                promoted: None,
                held: Vec::new(),
                released: Vec::new(),
            },
            rings: vec![ring, RingObservation::default()],
            observed_at: Some(hour(at)),
            heard_at: Some(hour(at)),
            held: Vec::new(),
            intervals: Vec::new(),
            level,
            watched_at,
            signals: Vec::new(),
            plan_id: PlanId(Uuid::nil()),
            author: "ana".to_owned(),
            approvals: Vec::new(),
            calendar: crate::calendar::Known::default(),
        };
        match decide(plan, phase, &observations, hour(at)) {
            Decision::Act(event) => {
                if let Event::WaveOffered { devices, .. } = event {
                    (waves, offered) = (waves + 1, devices);
                }
                if let Event::EvidenceMoved { level: to } = event {
                    watched_at = if level == Level::Calm { Some(hour(at)) } else { watched_at };
                    level = to;
                }
                let now = hour(at);
                recorded.push(Recorded { seq: at, event, phase, observations, now });
                phase = phase.apply(event, now).expect("a legal move");
            }
            Decision::Wait(_) if offered > 0 => {
                let bad = u32::from(offered.is_multiple_of(4));
                (offered, failed, confirmed) = (offered - 1, failed + bad, confirmed + 1 - bad);
            }
            Decision::Wait(_) => break,
        }
    }
    recorded
}

#[test]
fn the_same_policy_decides_the_same() {
    let plan = plan();
    let same = plan.changed(&Changes::default()).expect("levels in order");
    assert_eq!(same, plan);
    let recorded = record(&plan);
    let replay = replay(&same, &recorded);
    assert_eq!((replay.steps.len(), replay.beyond), (recorded.len(), 0));
    assert_eq!(replay.differences().next(), None);
    assert_eq!(replay.stops, replay.stopped);
    assert!(replay.stopped.is_some(), "one in four failing is stopped");
}

#[test]
fn a_stricter_policy_stops_earlier_with_fewer_devices() {
    let plan = plan();
    let recorded = record(&plan);
    let changes = Changes { watch: Some(2.0), pause: Some(3.0), ..Changes::default() };
    let replay = replay(&plan.changed(&changes).expect("levels in order"), &recorded);
    let (stopped, stops) = (replay.stopped.clone().expect("on record"), replay.stops.clone());
    let stops = stops.expect("stricter");
    assert!(stops.at < stopped.at && stops.offered <= stopped.offered, "{stops:?} {stopped:?}");
    let last = replay.steps.last().expect("a step");
    assert_eq!((last.seq, &last.would), (stops.seq, &Outcome::Event(stops.event)));
    assert_eq!(replay.steps.len() + replay.beyond, recorded.len());
}

#[test]
fn a_looser_policy_goes_on_where_the_record_stops() {
    let plan = plan();
    let recorded = record(&plan);
    let changes = Changes { failed: Limit::new(0.4).ok(), ..Changes::default() };
    let replay = replay(&plan.changed(&changes).expect("levels in order"), &recorded);
    let stopped = replay.stopped.clone().expect("on record");
    // The limit of the ring is no part of the policy, and holds as it did.
    assert!(replay.stops.is_none_or(|stops| stops.at >= stopped.at));
    let first = recorded.iter().position(|one| matches!(one.event, Event::EvidenceMoved { .. }));
    let step = &replay.steps[first.expect("evidence moved")];
    assert_ne!(step.would, Outcome::Same);
}

#[test]
fn levels_have_to_stay_in_order() {
    let changes = Changes { pause: Some(5.0), ..Changes::default() };
    assert_eq!(plan().changed(&changes), Err(LevelsError));
}
