//! What a calendar holds back, and why.

use domain::calendar::{Held, Why};

use super::{devices, moment};

/// `a freeze of the tenant by ana (year end)`.
#[must_use]
pub fn why(why: &Why) -> String {
    match why {
        Why::Deferral => "its day after the release has not come".to_owned(),
        Why::Day => "it opens on other days of the week or the month".to_owned(),
        Why::Window => "it is outside of its windows".to_owned(),
        Why::Freeze { scope, owner, reason, .. } => {
            format!("a freeze of the {} by {owner} ({reason})", scope.replace('_', " "))
        }
        Why::Holiday { calendar, name } => format!("it is a holiday: {name} ({calendar})"),
        Why::UnknownHolidays { calendar } => {
            format!("it looks at the holidays of {calendar}, which nobody imported")
        }
        Why::Rate { per_hour } => {
            format!("at most {} an hour may be offered the update", devices(*per_hour))
        }
    }
}

/// `until 2026-11-10 18:00 UTC: it is outside of its windows`.
#[must_use]
pub fn held(held: &Held) -> String {
    match held.until {
        Some(until) => format!("until {}: {}", moment(until), why(&held.why)),
        None => format!("until somebody changes that: {}", why(&held.why)),
    }
}
