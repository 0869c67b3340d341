//! The evidence behind each condition, in words.

use domain::approval;
use domain::calendar::{Held, Why};
use domain::evidence::Level;
use domain::gate::success::SuccessBy;
use domain::gate::weigh::{Culprit, Weighed};
use domain::gate::{Condition, Evidence, Verdict};
use domain::signal::Answer;

use super::{Rings, devices, length, level, moment, number};

/// What a condition looked at, and what that means.
#[must_use]
pub fn evidence(condition: &Condition, rings: &Rings) -> String {
    let verdict = condition.verdict;
    let seen = &condition.evidence;
    match seen {
        Evidence::Exposure { of: 0, .. } => "no device of the ring can be judged".to_owned(),
        Evidence::Exposure { .. } => exposure(verdict, seen),
        Evidence::Bake { .. } => bake(verdict, seen),
        Evidence::Success { .. } => success(verdict, seen),
        Evidence::Weighed(weighed) => weighing(weighed, rings),
        Evidence::Stall { .. } => stall(verdict, seen),
        Evidence::Signals { answers } => signals(answers),
        Evidence::Approvals(tally) => approvals(tally),
        Evidence::Calendar { opens_at: None, .. } => "no later ring".to_owned(),
        Evidence::Calendar { opens_at: Some(at), held: None } => {
            format!("the next ring may open from {} on", moment(*at))
        }
        Evidence::Calendar { held: Some(Held { until: Some(at), why: Why::Deferral }), .. } => {
            format!("the next ring may open from {} on", moment(*at))
        }
        Evidence::Calendar { held: Some(of), .. } => {
            format!("the next ring may not open {}", super::calendar::held(of))
        }
    }
}

fn exposure(verdict: Verdict, seen: &Evidence) -> String {
    let Evidence::Exposure { judged, of, needed, in_install } = seen else {
        return String::new();
    };
    let text =
        format!("{} of {} judged, {} needed", number(*judged), devices(*of), number(*needed));
    match verdict {
        Verdict::Wait { .. } if judged >= needed => {
            format!("{text}; {} in the middle of an install", devices(*in_install))
        }
        Verdict::Pass | Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => text,
    }
}

fn bake(verdict: Verdict, seen: &Evidence) -> String {
    let Evidence::Bake { since, lasts, device_hours, needed_hours } = seen else {
        return String::new();
    };
    let lasts_words = length(*lasts);
    let Some(since) = since else {
        return format!("{lasts_words} of watching begin once enough are judged");
    };
    let ran = format!("{} of {} device hours", number(*device_hours), number(*needed_hours));
    match verdict {
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

fn success(verdict: Verdict, seen: &Evidence) -> String {
    let Evidence::Success { failed, lost, confirmed, of, limit_bp, most, upper, by } = seen else {
        return String::new();
    };
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
        SuccessBy::Wilson => {
            format!("with 95 % confidence at most {} fail, {limit} may", percent(upper.get()))
        }
        SuccessBy::Certificate => match verdict {
            Verdict::Pass => format!("certified to be below {limit}"),
            Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => {
                format!("not certified to be below {limit} yet")
            }
        },
    };
    let hold = match verdict {
        Verdict::Unknown => "; it cannot pass any more by itself: a person decides",
        Verdict::Fail => "; that is beyond chance",
        Verdict::Pass | Verdict::Wait { .. } => "",
    };
    format!("{counted}; {rule}{hold}")
}

fn stall(verdict: Verdict, seen: &Evidence) -> String {
    let Evidence::Stall { observed_at, heard_at, max_age, lost, of, most, silent } = seen else {
        return String::new();
    };
    let age = length(*max_age);
    let gone = format!(
        "{} of {} went silent during the install, at most {} may",
        number(*lost),
        devices(*of),
        number(*most)
    );
    let Some(observed_at) = observed_at else {
        return "the fleet was never read completely".to_owned();
    };
    let unusual = silent.filter(|silent| silent.is_unusual());
    if let (Verdict::Unknown, Some(silent)) = (verdict, unusual) {
        return format!(
            "{} offered the update have not come to an end, and going by past releases at most {} \
             would be so far behind by now: devices, or our own reading of them, stand still",
            devices(silent.devices),
            number(silent.most)
        );
    }
    match verdict {
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
        Verdict::Pass | Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => {
            format!("{gone}; last read completely at {}, it may be {age} old", moment(*observed_at))
        }
    }
}

fn weighing(weighed: &Weighed, rings: &Rings) -> String {
    let signals: Vec<String> = weighed
        .signals
        .iter()
        .filter(|one| one.of > 0)
        .map(|one| format!("{} of {} {}", number(one.count), number(one.of), one.signal.name()))
        .collect();
    let counted =
        if signals.is_empty() { "nothing was offered yet".to_owned() } else { signals.join(", ") };
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

fn signals(answers: &[Answer]) -> String {
    if answers.is_empty() {
        return "no signal looks at it".to_owned();
    }
    let holding: Vec<String> = answers
        .iter()
        .filter(|one| one.verdict != Verdict::Pass)
        .map(|one| format!("{}: {}", one.name, super::signals::why(one)))
        .collect();
    if holding.is_empty() { format!("all {} pass", answers.len()) } else { holding.join(", ") }
}

fn approvals(tally: &approval::Tally) -> String {
    if tally.needed == 0 {
        return "nobody has to agree".to_owned();
    }
    let mut text = format!("{} of {} approved", tally.counted.len(), tally.needed);
    if !tally.counted.is_empty() {
        text = format!("{text} ({})", tally.counted.join(", "));
    }
    for (name, why) in &tally.ignored {
        text = format!("{text}; {name} does not count: {why}");
    }
    text
}

/// `3.4 %`.
fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
