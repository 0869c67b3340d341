//! When things are expected, in words.

use chrono::TimeDelta;
use domain::forecast::{Awaited, Basis, Expected, Unknown};

use super::{Rings, calendar, moment, number};

/// `from 3 earlier rollouts`.
#[must_use]
pub fn basis(basis: Basis) -> String {
    match basis {
        Basis::Measured { outcomes } => {
            format!("measured in this rollout, from {} outcomes", number(outcomes))
        }
        Basis::Earlier { rollouts: 1 } => "from 1 earlier rollout".to_owned(),
        Basis::Earlier { rollouts } => format!("from {rollouts} earlier rollouts"),
        Basis::Usual => "usual: nothing is measured yet".to_owned(),
    }
}

/// `2026-11-10 18:00 UTC`, `2 days after somebody resumes it`.
#[must_use]
pub fn expected(expected: &Expected, rings: &Rings) -> String {
    match expected {
        Expected::Past(None) => "done".to_owned(),
        Expected::Past(Some(at)) => format!("done, {}", moment(*at)),
        Expected::At(at) => moment(*at).to_string(),
        Expected::After { awaited: of, lasts } if lasts.num_minutes() == 0 => {
            format!("when {}", awaited(*of, rings))
        }
        Expected::After { awaited: of, lasts } => {
            format!("{} after {}", lasting(*lasts), awaited(*of, rings))
        }
        Expected::Unknown(why) => format!("unknown: {}", unknown(why, rings)),
    }
}

/// What a person has to do.
#[must_use]
pub fn awaited(awaited: Awaited, rings: &Rings) -> String {
    match awaited {
        Awaited::Resume => "somebody resumes it".to_owned(),
        Awaited::Review => "somebody looked at why it paused, and resumes it".to_owned(),
        Awaited::PauseLifted { ring } => {
            format!("somebody lifts the pause of {}", rings.name(ring))
        }
        Awaited::Approval { ring } => format!("people approve of {}", rings.name(ring)),
    }
}

/// Why it cannot be said.
#[must_use]
pub fn unknown(why: &Unknown, rings: &Rings) -> String {
    match why {
        Unknown::Ended => "it has ended".to_owned(),
        Unknown::RollingBack => "it is being rolled back".to_owned(),
        Unknown::Superseded => "a newer release takes its place".to_owned(),
        Unknown::Watched => "the evidence against the update stops offers".to_owned(),
        Unknown::NoMembers { ring } => format!("{} has no members", rings.name(*ring)),
        Unknown::Held => "devices of held segments or cohorts are left".to_owned(),
        Unknown::CannotPass { ring } => {
            format!("the gate of {} cannot be expected to pass", rings.name(*ring))
        }
        Unknown::Calendar { ring, why } => {
            format!("nobody knows when {} may go on: {}", rings.name(*ring), calendar::why(why))
        }
        Unknown::NoBudget => "the budget of the tenant is 0".to_owned(),
        Unknown::TooFew => {
            "fewer devices than that are expected to have the update in the end".to_owned()
        }
    }
}

/// `2 days 4 hours`, `5 hours`, `20 minutes`: no more exact than a forecast is.
fn lasting(length: TimeDelta) -> String {
    let some = |count: i64, unit: &str| {
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {unit}{plural}"))
    };
    let hours = (length + TimeDelta::minutes(30)).num_hours();
    let parts = if length < TimeDelta::hours(1) {
        [some(length.num_minutes(), "minute"), None]
    } else {
        [some(hours / 24, "day"), some(hours % 24, "hour")]
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
