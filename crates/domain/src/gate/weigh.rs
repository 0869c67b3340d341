//! The evidence against a release, all of it, from counters alone.
//!
//! Failed and lost devices are counted against all devices that were offered the update and may
//! still install it. A device in flight so counts as good until it says otherwise: the evidence is
//! never above what it would be with every outcome known, counting as failed who ever failed, so
//! neither early failures nor slow successes can raise it (quality.md A2, "Report-delay bias"; docs/gate-statistics.md says why
//! that keeps the promise of the test).

use serde::{Deserialize, Serialize};

use super::policy::{FALSE_SUSPECTS, OnSuspect, Policy, Segment, Signal};
use crate::evidence::combine::strongest;
use crate::evidence::control::Stream;
use crate::evidence::rate::RateTest;
use crate::evidence::verdict::{self, Setting, Source};
use crate::evidence::{EValue, Level};
use crate::rollout::observations::{Observations, SegmentCount};
use crate::rollout::plan::Plan;
use crate::tally::Tally;

/// What the strongest evidence speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Culprit {
    /// The whole release.
    Release { signal: Signal },
    /// One segment of it: its position in the policy.
    Segment { segment: u16, signal: Signal },
}

/// One signal over the whole release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalWeight {
    pub signal: Signal,
    /// Devices it was seen on.
    pub count: u64,
    /// Of so many.
    pub of: u64,
    /// The evidence of this signal with all of the error to itself.
    pub evidence: EValue,
}

/// All evidence about a release at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighed {
    pub formula: u16,
    /// A healthy release reaches x at any time with probability at most 1/x.
    pub evidence: EValue,
    pub level: Level,
    pub culprit: Option<Culprit>,
    /// Segments to suspect, strongest first: positions in the policy.
    pub suspects: Vec<u16>,
    pub signals: Vec<SignalWeight>,
}

/// Devices that count, and those of them that were seen with each signal.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    devices: u64,
    failed: u64,
    lost: u64,
}

impl Count {
    fn of_tally(tally: &Tally) -> Self {
        Self {
            devices: tally.exposed().into(),
            failed: tally.failed().into(),
            lost: tally.lost().into(),
        }
    }

    fn of_segment(count: SegmentCount) -> Self {
        Self { devices: count.offered.into(), failed: count.failed.into(), lost: count.lost.into() }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            devices: self.devices + other.devices,
            failed: self.failed + other.failed,
            lost: self.lost + other.lost,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            devices: self.devices.saturating_sub(other.devices),
            failed: self.failed.saturating_sub(other.failed),
            lost: self.lost.saturating_sub(other.lost),
        }
    }
}

/// The tests of one policy, with what does not depend on counts worked out.
struct Tests {
    failed: RateTest,
    lost: RateTest,
}

impl Tests {
    fn new(policy: &Policy) -> Self {
        Self { failed: RateTest::new(policy.failed.limit()), lost: RateTest::new(policy.lost) }
    }

    fn evidence(&self, signal: Signal, count: Count) -> EValue {
        let good = |bad: u64| count.devices.saturating_sub(bad);
        match signal {
            Signal::Failed => self.failed.evidence(count.failed, good(count.failed)),
            Signal::Lost => self.lost.evidence(count.lost, good(count.lost)),
            // Counted in intervals against a control, not device by device.
            Signal::Dark => EValue::ONE,
        }
    }
}

/// Weighs what is known of a release. Rings that a person vouched for are left out: their evidence
/// stays on record, and the later rings start anew. Cost: signals times (rings + segments).
#[must_use]
pub fn weigh(plan: &Plan, seen: &Observations) -> Weighed {
    let policy = plan.policy();
    let tests = Tests::new(policy);
    let rings: Vec<Count> = counted(plan, seen).map(|tally| Count::of_tally(&tally)).collect();
    let pooled = rings.iter().copied().fold(Count::default(), Count::plus);
    let segments = segment_counts(plan, seen);
    let dark = dark(policy, seen);
    let weighed: Vec<verdict::Signal> = Signal::ALL
        .into_iter()
        .map(|signal| {
            let of = |count: &Count| tests.evidence(signal, *count);
            match signal {
                Signal::Failed | Signal::Lost => verdict::Signal {
                    weight: signal.weight(),
                    pooled: of(&pooled),
                    rings: rings.iter().map(of).collect(),
                    segments: segments.iter().map(of).collect(),
                },
                // What is seen of all updated devices together is no ring's.
                Signal::Dark => verdict::Signal {
                    weight: signal.weight(),
                    pooled: dark.evidence,
                    rings: Vec::new(),
                    segments: Vec::new(),
                },
            }
        })
        .collect();
    let setting = Setting {
        levels: policy.levels,
        planned_rings: plan.rings().len(),
        planned_segments: policy.segments.len(),
        false_suspects: FALSE_SUSPECTS,
    };
    let judged = verdict::judge(&weighed, &setting);
    let signals = Signal::ALL
        .into_iter()
        .zip(&weighed)
        .map(|(signal, weighed)| {
            let (count, of) = match signal {
                Signal::Failed => (pooled.failed, pooled.devices),
                Signal::Lost => (pooled.lost, pooled.devices),
                Signal::Dark => (dark.count, dark.of),
            };
            SignalWeight { signal, count, of, evidence: weighed.pooled }
        })
        .collect();
    Weighed {
        formula: judged.formula,
        evidence: judged.evidence,
        level: judged.level,
        culprit: judged.source.and_then(culprit),
        suspects: judged.suspects.iter().filter_map(|at| u16::try_from(*at).ok()).collect(),
        signals,
    }
}

/// The segment to hold instead of pausing the whole release: the strongest suspect, if the plan
/// says so, no person let it go on, and the release is calm without the suspects of its kind.
#[must_use]
pub fn cohort(plan: &Plan, seen: &Observations, weighed: &Weighed) -> Option<u16> {
    let policy = plan.policy();
    match policy.on_suspect {
        OnSuspect::Pause => return None,
        OnSuspect::Hold => {}
    }
    let index = *weighed.suspects.first()?;
    let strongest_of = policy.segment(index)?;
    if seen.intent.released.contains(&index) || seen.held.contains(&index) {
        return None;
    }
    // Those of one kind do not overlap, so they can be added up and taken away.
    let suspects = || {
        let of_kind = |at: &u16| {
            let segment = policy.segment(*at)?;
            (segment.kind == strongest_of.kind).then_some((*at, segment))
        };
        weighed.suspects.iter().filter_map(of_kind)
    };
    let members: u64 = seen.rings.iter().map(|ring| u64::from(ring.tally.members())).sum();
    let suspected: u64 = suspects().map(|(_, segment)| u64::from(segment.members)).sum();
    // More than half is not a cohort, it is the release.
    if suspected * 2 > members {
        return None;
    }
    let counts = segment_counts(plan, seen);
    let pooled = counted(plan, seen)
        .map(|tally| Count::of_tally(&tally))
        .fold(Count::default(), Count::plus);
    let rest = suspects()
        .filter_map(|(at, _)| counts.get(usize::from(at)))
        .fold(pooled, |rest, count| rest.minus(*count));
    let tests = Tests::new(policy);
    let left = Signal::ALL.map(|signal| {
        let evidence = match signal {
            Signal::Failed | Signal::Lost => tests.evidence(signal, rest),
            // Of no segment, so holding one does not change it.
            Signal::Dark => dark(policy, seen).evidence,
        };
        (signal.weight(), evidence)
    });
    (policy.levels.of(strongest(&left).evidence) == Level::Calm).then_some(index)
}

/// The tallies of the rings, those that a person vouched for left empty.
fn counted<'a>(plan: &'a Plan, seen: &'a Observations) -> impl Iterator<Item = Tally> + 'a {
    plan.indices().zip(&seen.rings).map(|(ring, observed)| {
        if seen.intent.vouches_for(ring) { Tally::default() } else { observed.tally }
    })
}

/// One segment, counted and weighed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeighedSegment<'a> {
    pub position: u16,
    pub segment: &'a Segment,
    pub count: SegmentCount,
    /// With all of the error to itself; the strongest of its signals.
    pub evidence: EValue,
}

/// Every segment of the policy, for people. Rings that a person vouched for are left out.
#[must_use]
pub fn segments<'a>(plan: &'a Plan, seen: &Observations) -> Vec<WeighedSegment<'a>> {
    let tests = Tests::new(plan.policy());
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    (0..)
        .zip(&plan.policy().segments)
        .zip(segment_counts(plan, seen))
        .map(|((position, segment), count)| {
            let parts = [Signal::Failed, Signal::Lost]
                .map(|signal| (signal.weight(), tests.evidence(signal, count)));
            WeighedSegment {
                position,
                segment,
                count: SegmentCount {
                    offered: small(count.devices),
                    failed: small(count.failed),
                    lost: small(count.lost),
                },
                evidence: strongest(&parts).evidence,
            }
        })
        .collect()
}

fn segment_counts(plan: &Plan, seen: &Observations) -> Vec<Count> {
    let mut sums = vec![Count::default(); plan.policy().segments.len()];
    for (ring, observed) in plan.indices().zip(&seen.rings) {
        if seen.intent.vouches_for(ring) {
            continue;
        }
        for (sum, count) in sums.iter_mut().zip(&observed.segments) {
            *sum = sum.plus(Count::of_segment(*count));
        }
    }
    sums
}

struct Dark {
    count: u64,
    of: u64,
    evidence: EValue,
}

fn dark(policy: &Policy, seen: &Observations) -> Dark {
    let mut stream = Stream::new(policy.dark);
    let mut dark = Dark { count: 0, of: 0, evidence: EValue::ONE };
    for interval in &seen.intervals {
        // One that makes no sense says nothing.
        if stream.add(interval).is_ok() {
            dark.count += interval.updated.incidents;
            dark.of += interval.updated.exposure;
        }
    }
    dark.evidence = stream.evidence();
    dark
}

fn culprit(source: Source) -> Option<Culprit> {
    match source {
        Source::Signal { signal } => {
            Signal::ALL.get(signal).map(|signal| Culprit::Release { signal: *signal })
        }
        Source::Segment { segment, signal } => {
            let signal = *Signal::ALL.get(signal)?;
            Some(Culprit::Segment { segment: u16::try_from(segment).ok()?, signal })
        }
    }
}
