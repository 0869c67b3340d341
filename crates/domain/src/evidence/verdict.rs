//! All evidence about a release as one verdict: how far it has come, why, and where.

use serde::{Deserialize, Serialize};

use super::FORMULA;
use super::combine::{self, strongest};
use super::level::{Level, Levels};
use super::value::{EValue, Weight};

/// One signal (failed installs, lost devices, crashes, ...) over a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Its share of the error; all shares together are at most 1.
    pub weight: Weight,
    /// All rings together.
    pub pooled: EValue,
    /// Each ring that has opened, first ring first.
    pub rings: Vec<EValue>,
    /// Each segment (model, build, site, ...), in the order of all other signals. The list is
    /// settled when the release starts: segments that appear with their failures prove nothing.
    pub segments: Vec<EValue>,
}

/// What shares the error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    pub levels: Levels,
    /// Rings of the plan, opened or not.
    pub planned_rings: usize,
    /// Segments of the release, with reports or without.
    pub planned_segments: usize,
    /// Most innocents among the segments named, as a share.
    pub false_suspects: Weight,
}

impl Setting {
    /// What the pooled evidence of one signal has of the error of the release. A plan is asked what it
    /// can prove with alpha times this share.
    #[must_use]
    pub fn share_of_pooled(&self, signal: Weight) -> Weight {
        let rings = signal.times(Weight::THREE_QUARTERS);
        if self.planned_segments == 0 { rings } else { rings.times(Weight::HALF) }
    }
}

/// Where the strongest evidence is. Positions are those of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Signal { signal: usize },
    Segment { segment: usize, signal: usize },
}

/// What the evidence comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub formula: u16,
    /// For the whole release; a healthy one reaches x with probability at most 1/x.
    pub evidence: EValue,
    pub level: Level,
    /// None while there is no signal.
    pub source: Option<Source>,
    /// Segments to suspect, strongest first.
    pub suspects: Vec<usize>,
}

/// Judges a release. Half of the error goes to its rings, half to its segments; all of it to the
/// rings where there are no segments (quality.md A3). Cost: signals times (rings + segments).
#[must_use]
pub fn judge(signals: &[Signal], setting: &Setting) -> Verdict {
    let whole: Vec<(Weight, EValue)> = signals
        .iter()
        .map(|signal| {
            (signal.weight, combine::rings(signal.pooled, &signal.rings, setting.planned_rings))
        })
        .collect();
    let rings = strongest(&whole);
    let source = rings.position.map(|signal| Source::Signal { signal });
    let found = signals.iter().map(|signal| signal.segments.len()).max().unwrap_or(0);
    let planned = setting.planned_segments.max(found);
    if planned == 0 {
        return verdict(rings.evidence, source, Vec::new(), setting);
    }
    let segments: Vec<_> = (0..found).map(|segment| of_segment(signals, segment)).collect();
    let mut evidence: Vec<EValue> = segments.iter().map(|segment| segment.evidence).collect();
    // Those without reports stand at 1 and count all the same.
    evidence.resize(planned, EValue::ONE);
    let suspects = combine::suspects(&evidence, setting.false_suspects);
    let equal: Vec<(Weight, EValue)> =
        evidence.iter().map(|evidence| (Weight::one_of(planned), *evidence)).collect();
    let worst = strongest(&equal);
    let halves = [(Weight::HALF, rings.evidence), (Weight::HALF, worst.evidence)];
    let overall = strongest(&halves);
    let segment = worst.position.and_then(|segment| {
        let signal = segments.get(segment)?.position?;
        Some(Source::Segment { segment, signal })
    });
    let source = if overall.position == Some(1) { segment.or(source) } else { source };
    verdict(overall.evidence, source, suspects, setting)
}

fn of_segment(signals: &[Signal], segment: usize) -> combine::Strongest {
    let parts: Vec<(Weight, EValue)> = signals
        .iter()
        .map(|signal| (signal.weight, signal.segments.get(segment).copied().unwrap_or(EValue::ONE)))
        .collect();
    strongest(&parts)
}

fn verdict(
    evidence: EValue,
    source: Option<Source>,
    suspects: Vec<usize>,
    setting: &Setting,
) -> Verdict {
    let level = setting.levels.of(evidence);
    Verdict { formula: FORMULA, evidence, level, source, suspects }
}
