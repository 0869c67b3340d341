//! What one evaluation costs as a rollout makes it: `weigh` on a plan of 6 rings and 50 segments.

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::attempt::AttemptState;
use domain::evidence::control::{Interval, Side};
use domain::gate::Gate;
use domain::gate::policy::{Choices, Policy, Segment, SegmentKind};
use domain::gate::weigh::weigh;
use domain::ring::{Cadence, Membership, Ring, RingSet, RingSetError, WaveLimit};
use domain::rollout::observations::{Intent, Observations, RingObservation, SegmentCount, Wish};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::tally::Tally;

use crate::report::Report;

/// Rings, each twice as large as the one before it.
const RINGS: [u32; 6] = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000];
const SEGMENTS: u16 = 50;
/// Days in which updated devices were held against the others.
const DAYS: usize = 30;

pub(crate) fn play(report: &mut Report) {
    let plan = plan();
    let mut best = Duration::MAX;
    for failed in 0..20 {
        let seen = seen(failed);
        let start = Instant::now();
        black_box(weigh(black_box(&plan), black_box(&seen)));
        best = best.min(start.elapsed());
    }
    // What a debug build costs says nothing.
    let met = best < Duration::from_millis(1) || cfg!(debug_assertions);
    let what = "cost of one evaluation: 3 signals, 6 rings, 50 segments, 30 days, from counts";
    report.check(what, "< 1 ms", "-", (format!("{} us", best.as_micros()), met));
}

/// Times play no part in what evidence weighs, so they are left at their beginning.
fn plan() -> Plan {
    let segments = (0..SEGMENTS).map(|number| Segment {
        kind: SegmentKind::Model,
        name: format!("Model {number}"),
        members: 1_260,
    });
    let policy = Policy::settle(Choices::default(), &[], segments.collect());
    #[allow(clippy::expect_used, reason = "a scenario without rings cannot be played")]
    let set = rings().expect("a good set");
    Plan::new(&set, <_>::default(), OnGateFailure::Pause, policy)
}

fn rings() -> Result<RingSet, RingSetError> {
    let rings = [1, 3, 6, 13, 26, 51].map(|percent| Ring {
        name: format!("{percent} percent"),
        membership: Membership { percent, groups: Vec::new() },
        cadence: Cadence { deferral_days: 0, deadline_days: 2, grace_days: 2 },
        gate: Gate::DEFAULT,
        waves: WaveLimit::DEFAULT,
        approvals: None,
        calendar: None,
    });
    RingSet::new("Six".to_owned(), rings.to_vec())
}

/// What a release looks like of which so many in a thousand failed.
fn seen(failed: u32) -> Observations {
    let ring = |devices: u32| {
        let bad = devices / 1_000 * failed;
        let count = SegmentCount { offered: devices / 50, failed: bad / 50, lost: failed % 2 };
        RingObservation {
            tally: Tally::of([
                (AttemptState::Confirmed, devices - bad),
                (AttemptState::Failed, bad),
            ]),
            segments: vec![count; SEGMENTS.into()],
            ..RingObservation::default()
        }
    };
    let side = |incidents| Side { exposure: 10_000, incidents };
    let day = Interval { updated: side(failed.into()), control: side(10) };
    let intent = Intent {
        wish: Wish::Run,
        given_at: <_>::default(),
        promoted: None,
        held: Vec::new(),
        released: Vec::new(),
        take_back: false,
    };
    let counted = Observations::new(intent, RINGS.map(ring).to_vec());
    Observations { intervals: vec![day; DAYS], ..counted }
}
