//! The transition and access tables, whole. A change of a rule shows here as a changed line.

use domain::evidence::Level;
use domain::gate::ConditionKind;
use domain::ids::RolloutId;
use domain::ring::RingIndex;
use domain::rollout::access::access;
use domain::rollout::phase::{Event, PauseCause, PausedBy, Pauser, Phase};

use crate::world::{RINGS, hour};

const CAUSE: PauseCause =
    PauseCause { ring: RingIndex(1), condition: ConditionKind::Success, culprit: None };

fn phases() -> Vec<(&'static str, Phase)> {
    let (ring, since) = (RingIndex(1), hour(1));
    let paused = |ring, by| Phase::Paused { ring, since, by };
    vec![
        ("scheduled", Phase::Scheduled),
        ("offering-1", Phase::Offering { ring, since }),
        ("soaking-1", Phase::Soaking { ring, opened_at: hour(0), since }),
        ("paused-early", paused(None, PausedBy::Person)),
        ("paused-person", paused(Some(ring), PausedBy::Person)),
        ("paused-service", paused(Some(ring), PausedBy::Service(CAUSE))),
        ("paused-both", paused(Some(ring), PausedBy::Both(CAUSE))),
        ("completed", Phase::Completed { ring, since }),
        ("rolling-back", Phase::RollingBack { ring, since }),
        ("rolled-back", Phase::RolledBack { ring, since }),
        ("cancelled", Phase::Cancelled { ring: Some(ring), since }),
        ("cancelled-early", Phase::Cancelled { ring: None, since }),
    ]
}

fn events() -> Vec<(String, Event)> {
    let mut events = vec![
        ("pause-person".to_owned(), Event::Paused { by: Pauser::Person }),
        ("pause-service".to_owned(), Event::Paused { by: Pauser::Service(CAUSE) }),
        ("resume".to_owned(), Event::Resumed),
        ("complete".to_owned(), Event::Completed),
        ("roll-back".to_owned(), Event::RollbackStarted),
        ("rolled-back".to_owned(), Event::RolledBack),
        ("cancel".to_owned(), Event::Cancelled),
        ("supersede".to_owned(), Event::Superseded { by: RolloutId(uuid::Uuid::nil()) }),
        ("evidence".to_owned(), Event::EvidenceMoved { level: Level::Watch }),
        ("hold-segment".to_owned(), Event::SegmentHeld { segment: 3 }),
        ("release-segment".to_owned(), Event::SegmentReleased { segment: 3 }),
    ];
    events.push(("open-3".to_owned(), Event::RingOpened { ring: RingIndex(3) }));
    for ring in RINGS {
        let (wave, devices) = (0, 5);
        events.push((format!("open-{}", ring.0), Event::RingOpened { ring }));
        events.push((format!("wave-{}", ring.0), Event::WaveOffered { ring, wave, devices }));
        events.push((format!("soak-{}", ring.0), Event::SoakStarted { ring }));
        events.push((format!("take-back-{}", ring.0), Event::OffersTakenBack { ring }));
        events.push((format!("return-{}", ring.0), Event::OffersReturned { ring }));
        events.push((format!("remove-{}", ring.0), Event::RemovalWave { ring, wave, devices }));
    }
    events
}

fn describe(phase: Phase) -> String {
    let ring = phase.ring().map_or(String::new(), |ring| format!(" {}", ring.0));
    let by = match phase {
        Phase::Paused { by: PausedBy::Person, .. } => " by person",
        Phase::Paused { by: PausedBy::Service(_), .. } => " by service",
        Phase::Paused { by: PausedBy::Both(_), .. } => " by both",
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => "",
        Phase::Completed { .. } | Phase::RollingBack { .. } => "",
        Phase::RolledBack { .. } | Phase::Cancelled { .. } => "",
    };
    format!("{}{ring}{by}", phase.name())
}

#[test]
fn every_legal_move() {
    let mut table = Vec::new();
    for (name, phase) in phases() {
        for (event_name, event) in events() {
            if let Ok(next) = phase.apply(event, hour(2)) {
                table.push(format!("{name} --{event_name}--> {}", describe(next)));
            }
        }
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn an_illegal_move_names_both_halves_and_changes_nothing() {
    for (_, phase) in phases() {
        for (_, event) in events() {
            if let Err(refusal) = phase.apply(event, hour(2)) {
                assert_eq!((refusal.phase, refusal.event), (phase, event));
            }
        }
    }
}

#[test]
fn what_each_ring_is_told() {
    let mut table = Vec::new();
    for (name, phase) in phases() {
        let told: Vec<String> =
            RINGS.iter().map(|ring| format!("{:?}", access(phase, &[], *ring))).collect();
        table.push(format!("{name}: {}", told.join(" ")));
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn times_are_kept() {
    let offering = Phase::Offering { ring: RingIndex(0), since: hour(1) };
    let soaking = offering.apply(Event::SoakStarted { ring: RingIndex(0) }, hour(5));
    let expected = Phase::Soaking { ring: RingIndex(0), opened_at: hour(1), since: hour(5) };
    assert_eq!(soaking, Ok(expected));
    // A resumed ring gathers anew: what it heard before the pause must not be the last word.
    let paused = expected.apply(Event::Paused { by: Pauser::Person }, hour(6)).unwrap();
    let resumed = paused.apply(Event::Resumed, hour(9));
    assert_eq!(resumed, Ok(Phase::Offering { ring: RingIndex(0), since: hour(9) }));
}
