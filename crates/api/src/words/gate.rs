//! Conditions of a gate in words, with their numbers.

use api_types as wire;
use domain::evidence::Level;
use domain::gate::success::SuccessBy;
use domain::gate::weigh::{Culprit, Weighed};
use domain::gate::{Condition, Evidence, GateReport, Verdict};

use super::{Rings, devices, length, level, moment, number};

/// One condition as it goes over the wire.
#[must_use]
pub fn condition(condition: &Condition, rings: &Rings) -> wire::Condition {
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
            weight = Some(weighed_out(weighed, rings));
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
fn weighed_out(weighed: &Weighed, rings: &Rings) -> wire::Evidence {
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

fn evidence(condition: &Condition, rings: &Rings) -> String {
    match &condition.evidence {
        Evidence::Exposure { of: 0, .. } => "no device of the ring can be judged".to_owned(),
        Evidence::Exposure { judged, of, needed, in_install } => {
            let text = format!(
                "{} of {} judged, {} needed",
                number(*judged),
                devices(*of),
                number(*needed)
            );
            match condition.verdict {
                Verdict::Wait { .. } if judged >= needed => {
                    format!("{text}; {} in the middle of an install", devices(*in_install))
                }
                Verdict::Pass | Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => text,
            }
        }
        Evidence::Bake { since, lasts, device_hours, needed_hours } => {
            let lasts_words = length(*lasts);
            let Some(since) = since else {
                return format!("{lasts_words} of watching begin once enough are judged");
            };
            let ran =
                format!("{} of {} device hours", number(*device_hours), number(*needed_hours));
            match condition.verdict {
                Verdict::Pass => {
                    format!("watched for {lasts_words} since {}, {ran}", moment(*since))
                }
                Verdict::Wait { until } => {
                    let until = until.unwrap_or(*since + *lasts);
                    let (since, until) = (moment(*since), moment(until));
                    format!("watched since {since}, until {until} ({lasts_words}), {ran}")
                }
                Verdict::Fail | Verdict::Unknown => ran,
            }
        }
        Evidence::Success { failed, lost, confirmed, of, limit_bp, most, upper, by } => {
            let counted = format!(
                "{} failed and {} lost of {}, {} confirmed",
                number(*failed),
                number(*lost),
                devices(*of),
                number(*confirmed)
            );
            let limit = percent(f64::from(*limit_bp) / 10_000.0);
            let rule = match by {
                SuccessBy::Rate => {
                    format!("at most {} may: too few devices for a bound of {limit}", number(*most))
                }
                SuccessBy::Wilson => format!(
                    "with 95 % confidence at most {} fail, {limit} may",
                    percent(upper.get())
                ),
                SuccessBy::Certificate => match condition.verdict {
                    Verdict::Pass => format!("certified to be below {limit}"),
                    Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => {
                        format!("not certified to be below {limit} yet")
                    }
                },
            };
            let hold = match condition.verdict {
                Verdict::Unknown => "; it cannot pass any more by itself: a person decides",
                Verdict::Fail => "; that is beyond chance",
                Verdict::Pass | Verdict::Wait { .. } => "",
            };
            format!("{counted}; {rule}{hold}")
        }
        Evidence::Weighed(weighed) => {
            let signals: Vec<String> = weighed
                .signals
                .iter()
                .filter(|one| one.of > 0)
                .map(|one| {
                    format!("{} of {} {}", number(one.count), number(one.of), one.signal.name())
                })
                .collect();
            let counted = if signals.is_empty() {
                "nothing was offered yet".to_owned()
            } else {
                signals.join(", ")
            };
            let who = match (weighed.level, weighed.culprit) {
                (Level::Watch | Level::Pause | Level::RollBack, Some(culprit)) => match culprit {
                    Culprit::Release { signal } => {
                        format!(", because of devices {}", signal.name())
                    }
                    Culprit::Segment { segment, signal } => {
                        format!(", because of {} {}", rings.segment(segment), signal.name())
                    }
                },
                (Level::Calm, _) | (_, None) => String::new(),
            };
            let e = weighed.evidence.value();
            let e = if e < 1_000_000.0 { format!("{e:.1}") } else { format!("{e:.0e}") };
            format!("{counted}; evidence {e}{who}: this {}", level(weighed.level))
        }
        Evidence::Stall { observed_at, heard_at, max_age, lost, of, most } => {
            let age = length(*max_age);
            let silent = format!(
                "{} of {} went silent during the install, at most {} may",
                number(*lost),
                devices(*of),
                number(*most)
            );
            let Some(observed_at) = observed_at else {
                return "the fleet was never read completely".to_owned();
            };
            match condition.verdict {
                Verdict::Unknown if lost <= most => match heard_at {
                    None => "no device was ever heard of: look at our own reading first".to_owned(),
                    Some(heard_at) => format!(
                        "the fleet was last read completely at {}, and a device last heard of at {}: \
                         one is before the ring opened or more than {age} ago, so our own reading \
                         may be what stands still",
                        moment(*observed_at),
                        moment(*heard_at)
                    ),
                },
                Verdict::Pass | Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => format!(
                    "{silent}; last read completely at {}, it may be {age} old",
                    moment(*observed_at)
                ),
            }
        }
        Evidence::Signals { answers } if answers.is_empty() => "no signal looks at it".to_owned(),
        Evidence::Signals { answers } => {
            let of = |wanted: fn(Verdict) -> bool| -> Vec<String> {
                answers
                    .iter()
                    .filter(|one| wanted(one.verdict))
                    .map(|one| format!("{}: {}", one.name, super::signals::why(one)))
                    .collect()
            };
            let holding = of(|verdict| verdict != Verdict::Pass);
            if holding.is_empty() {
                format!("all {} pass", answers.len())
            } else {
                holding.join(", ")
            }
        }
        Evidence::Approvals(tally) if tally.needed == 0 => "nobody has to agree".to_owned(),
        Evidence::Approvals(tally) => {
            let mut text = format!("{} of {} approved", tally.counted.len(), tally.needed);
            if !tally.counted.is_empty() {
                text = format!("{text} ({})", tally.counted.join(", "));
            }
            for (name, why) in &tally.ignored {
                text = format!("{text}; {name} does not count: {why}");
            }
            text
        }
        Evidence::Calendar { opens_at } => match opens_at {
            None => "no later ring".to_owned(),
            Some(at) => format!("the next ring may open from {} on", moment(*at)),
        },
    }
}

/// `3.4 %`.
fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
