//! Random walks of whole rollouts: a random fleet, random people, random times.
//!
//! Judges with its own bookkeeping (which rings opened, who vouched, what is in flight, what
//! failed), never with the function under test.

use chrono::TimeDelta;
use domain::attempt::AttemptState as S;
use domain::evidence::{Level, Limit, rate};
use domain::gate::policy::OnSuspect;
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, decide};
use domain::rollout::observations::{Intent, Wish};
use domain::rollout::phase::{Event, PausedBy, Pauser, Phase};
use domain::rollout::plan::OnGateFailure;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::fleet::Fleet;
use crate::world::{RINGS, hour, models, plan_by, running};

const MODELS: u16 = 5;

#[derive(Debug, Clone, Copy)]
enum Step {
    Live { fail_each: usize, lost: bool },
    LiveWithBadModel { model: u16 },
    Pass { hours: i64 },
    Wish(Wish),
    Vouch,
    Segment { model: u16, hold: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wish = prop_oneof![
        6 => Just(Wish::Run), 3 => Just(Wish::Hold), 1 => Just(Wish::Cancel), 1 => Just(Wish::Withdraw)
    ];
    let step = prop_oneof![
        6 => (2_usize..60, any::<bool>()).prop_map(|(fail_each, lost)| Step::Live { fail_each, lost }),
        2 => (0..MODELS).prop_map(|model| Step::LiveWithBadModel { model }),
        6 => (1_i64..40).prop_map(|hours| Step::Pass { hours }),
        2 => wish.prop_map(Step::Wish),
        1 => Just(Step::Vouch),
        1 => (0..MODELS, any::<bool>()).prop_map(|(model, hold)| Step::Segment { model, hold }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// What happened so far, as an onlooker with a notebook knows it.
struct Notes {
    on_failure: OnGateFailure,
    on_suspect: OnSuspect,
    intent: Intent,
    now: i64,
}

impl Notes {
    fn vouched(&self, ring: RingIndex) -> bool {
        self.intent.promoted.is_some_and(|promoted| ring <= promoted)
    }

    /// Whether `event` may happen in `phase`, before it does.
    fn allow(&self, fleet: &Fleet, phase: Phase, event: Event) -> TestCaseResult {
        let run = self.intent.wish == Wish::Run;
        match event {
            Event::RingOpened { ring } if ring.0 > 0 => {
                // I1: the ring before was judged and baked, or a person vouched for it.
                let previous = RingIndex(ring.0 - 1);
                let baked = matches!(phase, Phase::Soaking { ring, since, .. }
                    if ring == previous && hour(self.now) - since >= TimeDelta::hours(24));
                prop_assert!(self.vouched(previous) || baked, "{phase:?} opened {ring:?}");
                prop_assert!(run);
                prop_assert!(self.vouched(previous) || !self.watched(fleet));
            }
            Event::WaveOffered { ring, .. } => {
                prop_assert!(run);
                prop_assert!(Some(ring) <= phase.ring());
                prop_assert!(self.vouched(ring) || below_ceiling(fleet, ring), "{ring:?}");
                prop_assert!(self.vouched(ring) || !self.watched(fleet));
            }
            Event::Resumed => {
                // I3: only a newer word of a person clears a pause.
                let given_at = self.intent.given_at;
                let newer = matches!(phase, Phase::Paused { since, .. } if given_at > since);
                prop_assert!(newer && run);
            }
            Event::Paused { by: Pauser::Person } => prop_assert_eq!(self.intent.wish, Wish::Hold),
            Event::Paused { by: Pauser::Service(_) } => prop_assert!(run),
            Event::RollbackStarted => {
                // By itself only if the plan says so, and the evidence is enough for that.
                let paused = matches!(
                    phase,
                    Phase::Paused { by: PausedBy::Service(_) | PausedBy::Both(_), .. }
                );
                let by_itself = self.on_failure == OnGateFailure::RollBack
                    && paused
                    && fleet.level == Level::RollBack;
                prop_assert!(self.intent.wish == Wish::Withdraw || run && by_itself);
            }
            Event::SegmentHeld { segment } => {
                let asked = self.intent.held.contains(&segment);
                let released = self.intent.released.contains(&segment);
                let by_itself = self.on_suspect == OnSuspect::Hold && !released && run;
                prop_assert!(asked || by_itself);
            }
            Event::SegmentReleased { segment } => {
                prop_assert!(self.intent.released.contains(&segment));
            }
            Event::RingOpened { .. } | Event::SoakStarted { .. } | Event::Completed => {}
            Event::OffersTakenBack { .. } | Event::OffersReturned { .. } => {
                prop_assert!(false, "nobody asked for it");
            }
            Event::RemovalWave { .. } | Event::EvidenceMoved { .. } => {}
            Event::RolledBack | Event::Cancelled | Event::Superseded { .. } => {}
        }
        Ok(())
    }

    /// Whether the failures of all rings that nobody vouched for are enough to be watched: the least
    /// that the evidence can be.
    fn watched(&self, fleet: &Fleet) -> bool {
        let open = RINGS.into_iter().filter(|ring| !self.vouched(*ring));
        let of =
            |states: &[S]| -> usize { open.clone().map(|ring| fleet.count(ring, states)).sum() };
        let failed = of(&[S::Failed]);
        let good = of(&[S::Offered, S::Installing, S::Installed, S::Lost, S::Confirmed]);
        let counts = [failed, good].map(|count| u64::try_from(count).expect("small"));
        let alone = rate::ln_e(counts[0], counts[1], Limit::TWO_PERCENT).value();
        // Half beside the segments, seven tenths of the signals, three quarters beside the rings.
        alone * 0.5 * 0.7 * 0.75 >= 10.0
    }
}

/// At most 5 % of the ring bad and 2 % silent.
fn below_ceiling(fleet: &Fleet, ring: RingIndex) -> bool {
    let lost = fleet.count(ring, &[S::Lost]);
    let bad = lost + fleet.count(ring, &[S::Failed]);
    let of = fleet.count(ring, &S::ALL) - fleet.count(ring, &[S::Excluded, S::Unresolved]);
    bad <= of * 5 / 100 && lost <= of * 2 / 100
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// I1, I3, I4, I11 and I18 over random fleets, people and times.
    #[test]
    fn invariants_hold_on_every_walk(
        sizes in (1_usize..60, 1_usize..120, 1_usize..200),
        on_failure in prop_oneof![Just(OnGateFailure::Pause), Just(OnGateFailure::RollBack)],
        on_suspect in prop_oneof![Just(OnSuspect::Pause), Just(OnSuspect::Hold)],
        steps in steps(),
    ) {
        let mut fleet = Fleet::new([sizes.0, sizes.1, sizes.2], MODELS);
        let plan = plan_by(on_failure, models(on_suspect, &fleet.members()));
        let mut notes = Notes { on_failure, on_suspect, intent: running(0), now: 0 };
        let mut phase = Phase::Scheduled;
        for step in steps {
            notes.now += 1;
            match step {
                Step::Live { fail_each, lost } => {
                    fleet.live(notes.now, fail_each, if lost { S::Lost } else { S::Failed });
                }
                Step::LiveWithBadModel { model: bad } => {
                    let fail_each = |model| if model == bad { 1 } else { 60 };
                    fleet.live_by(notes.now, S::Failed, fail_each);
                }
                Step::Pass { hours } => notes.now += hours,
                Step::Wish(wish) => {
                    let given_at = hour(notes.now);
                    notes.intent = Intent { wish, given_at, ..notes.intent.clone() };
                    notes.now += 1;
                }
                Step::Vouch => notes.intent.promoted = phase.ring(),
                Step::Segment { model, hold } => {
                    let Intent { held, released, .. } = &mut notes.intent;
                    let (to, from) = if hold { (held, released) } else { (released, held) };
                    from.retain(|other| *other != model);
                    if !to.contains(&model) {
                        to.push(model);
                    }
                }
            }
            let now = hour(notes.now);
            for _ in 0..60 {
                let seen = fleet.observe(notes.intent.clone(), Some(now));
                let Decision::Act(event) = decide(&plan, phase, &seen, now) else { break };
                notes.allow(&fleet, phase, event)?;
                phase = phase.apply(event, now).map_err(|e| TestCaseError::fail(e.to_string()))?;
                fleet.act(event, notes.now);
                if let Event::WaveOffered { ring, .. } = event {
                    let in_flight = fleet.count(ring, &[S::Offered, S::Installing, S::Installed]);
                    let limit = (fleet.count(ring, &S::ALL) / 10).clamp(10, 100);
                    prop_assert!(in_flight <= limit, "I18: {in_flight} of {limit}");
                }
            }
            // Deciding again after acting gives nothing new.
            let seen = fleet.observe(notes.intent.clone(), Some(now));
            let again = decide(&plan, phase, &seen, now);
            prop_assert!(matches!(again, Decision::Wait(_)), "{again:?}");
        }
    }
}
