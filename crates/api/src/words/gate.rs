//! Conditions of a gate in words, with their numbers.

use api_types as wire;
use domain::gate::{Condition, ConditionKind, Evidence, GateReport, Verdict};

use super::{devices, length, moment, number};

/// One condition as it goes over the wire.
#[must_use]
pub fn condition(condition: &Condition) -> wire::Condition {
    let (verdict, until) = match condition.verdict {
        Verdict::Pass => (wire::Verdict::Pass, None),
        Verdict::Wait { until } => (wire::Verdict::Wait, until),
        Verdict::Fail => (wire::Verdict::Fail, None),
        Verdict::Unknown => (wire::Verdict::Unknown, None),
    };
    let (count, of, limit) = match condition.evidence {
        Evidence::Devices { count, of, limit } => (Some(count), Some(of), Some(limit)),
        Evidence::Time { .. } => (None, None, None),
    };
    wire::Condition {
        name: condition.kind.name().to_owned(),
        verdict,
        until,
        text: evidence(condition),
        count,
        of,
        limit,
    }
}

/// The conditions that hold a ring back, in words: `exposure: ...; bake: ...`.
#[must_use]
pub fn holding(report: &GateReport) -> String {
    let holds = report.conditions.iter().filter(|one| match one.verdict {
        Verdict::Pass => false,
        Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => true,
    });
    let texts: Vec<_> =
        holds.map(|one| format!("{}: {}", one.kind.name(), evidence(one))).collect();
    texts.join("; ")
}

fn evidence(condition: &Condition) -> String {
    match condition.evidence {
        Evidence::Devices { of: 0, .. } => "no device of the ring can be judged".to_owned(),
        Evidence::Devices { count, of, limit } => {
            let counted = format!("{} of {}", number(count), devices(of));
            match condition.kind {
                ConditionKind::Exposure => format!("{counted} judged, {} needed", number(limit)),
                ConditionKind::Success => {
                    format!("{counted} failed, at most {} may", number(limit))
                }
                ConditionKind::Silence => {
                    format!(
                        "{counted} went silent during the install, at most {} may",
                        number(limit)
                    )
                }
                ConditionKind::Bake | ConditionKind::Data => counted,
            }
        }
        Evidence::Time { since, lasts } => {
            let lasts_words = length(lasts);
            match (condition.kind, since) {
                (ConditionKind::Data, None) => "the fleet was never read completely".to_owned(),
                (ConditionKind::Data, Some(at)) => match condition.verdict {
                    Verdict::Unknown => format!(
                        "the fleet was last read completely at {}: that is before the ring opened \
                         or more than {lasts_words} ago",
                        moment(at)
                    ),
                    Verdict::Pass | Verdict::Wait { .. } | Verdict::Fail => format!(
                        "the fleet was last read completely at {}, it may be {lasts_words} old",
                        moment(at)
                    ),
                },
                (_, None) => format!("{lasts_words} of watching begin once enough are judged"),
                (_, Some(at)) => match condition.verdict {
                    Verdict::Pass => format!("watched for {lasts_words} since {}", moment(at)),
                    Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => format!(
                        "watched since {}, until {} ({lasts_words})",
                        moment(at),
                        moment(at + lasts)
                    ),
                },
            }
        }
    }
}
