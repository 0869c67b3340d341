//! Conditions of a gate in words, with their numbers.

use api_types as wire;
use domain::evidence::Level;
use domain::gate::policy::Policy;
use domain::gate::weigh::{Culprit, Weighed};
use domain::gate::{Condition, Evidence, GateReport, Verdict};

use super::Rings;
use super::evidence::evidence;

/// One condition as it goes over the wire.
#[must_use]
pub fn condition(condition: &Condition, policy: &Policy, rings: &Rings) -> wire::Condition {
    let (verdict, until) = match condition.verdict {
        Verdict::Pass => (wire::Verdict::Pass, None),
        Verdict::Wait { until } => (wire::Verdict::Wait, until),
        Verdict::Fail => (wire::Verdict::Fail, None),
        Verdict::Unknown => (wire::Verdict::Unknown, None),
    };
    let (mut upper_percent, mut weight) = (None, None);
    let counted = match &condition.evidence {
        Evidence::Exposure { judged, of, needed, .. } => Some((*judged, *of, *needed)),
        Evidence::Success { failed, lost, of, most, upper, .. } => {
            upper_percent = Some(upper.get() * 100.0);
            Some((failed + lost, *of, *most))
        }
        Evidence::Stall { lost, of, most, .. } => Some((*lost, *of, *most)),
        Evidence::Weighed(weighed) => {
            weight = Some(weighed_out(weighed, policy, rings));
            None
        }
        Evidence::Approvals(tally) => {
            let counted = u32::try_from(tally.counted.len()).unwrap_or(u32::MAX);
            Some((counted, tally.needed.into(), tally.needed.into()))
        }
        Evidence::Bake { .. } | Evidence::Signals { .. } | Evidence::Calendar { .. } => None,
    };
    wire::Condition {
        name: condition.kind.name().to_owned(),
        verdict,
        until,
        text: evidence(condition, rings),
        count: counted.map(|(count, ..)| count),
        of: counted.map(|(_, of, _)| of),
        limit: counted.map(|(.., limit)| limit),
        upper_percent,
        evidence: weight,
    }
}

/// All evidence about a release, for programs.
fn weighed_out(weighed: &Weighed, policy: &Policy, rings: &Rings) -> wire::Evidence {
    let culprit = weighed.culprit.map(|culprit| {
        let (signal, segment) = match culprit {
            Culprit::Release { signal } => (signal, None),
            Culprit::Segment { segment, signal } => (signal, Some(segment)),
        };
        wire::Culprit {
            signal: signal.name().to_owned(),
            segment: segment.map(|position| rings.segment(position)),
        }
    });
    wire::Evidence {
        ln_e: weighed.evidence.ln(),
        level: level_out(weighed.level),
        watch_at: policy.levels.watch().ln().exp(),
        pause_at: policy.levels.pause().ln().exp(),
        roll_back_at: policy.levels.roll_back().ln().exp(),
        formula: weighed.formula,
        culprit,
        suspects: weighed.suspects.iter().map(|position| rings.segment(*position)).collect(),
        signals: weighed
            .signals
            .iter()
            .map(|one| wire::SignalEvidence {
                signal: one.signal.name().to_owned(),
                count: one.count,
                of: one.of,
                ln_e: one.evidence.ln(),
                limit_percent: policy.limit(one.signal).map(|limit| limit.get() * 100.0),
                share: policy.share(one.signal).get(),
            })
            .collect(),
    }
}

/// How far the evidence has come.
#[must_use]
pub fn level_out(level: Level) -> wire::EvidenceLevel {
    match level {
        Level::Calm => wire::EvidenceLevel::Calm,
        Level::Watch => wire::EvidenceLevel::Watch,
        Level::Pause => wire::EvidenceLevel::Pause,
        Level::RollBack => wire::EvidenceLevel::RollBack,
    }
}

/// The conditions that hold a ring back, in words: `exposure: ...; bake: ...`.
#[must_use]
pub fn holding(report: &GateReport, rings: &Rings) -> String {
    let holds = report.conditions.iter().filter(|one| match one.verdict {
        Verdict::Pass => false,
        Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => true,
    });
    let texts: Vec<_> =
        holds.map(|one| format!("{}: {}", one.kind.name(), evidence(one, rings))).collect();
    texts.join("; ")
}
