//! On which days a window begins: a recurrence rule of RFC 5545.
//!
//! Rules are asked for days alone, in UTC, where no clock is ever changed; which moment of the day is meant is
//! a matter of [`super::local`].

use std::fmt;

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime};
use rrule::{Frequency, RRule, RRuleSet, Tz, Unvalidated};
use serde::{Deserialize, Serialize};

use super::days::later;

/// The longest rule, in characters.
pub(super) const LONGEST_RULE: usize = 200;

/// A recurrence rule that names days and goes on for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule(String);

/// Why a rule is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("a rule of more than 200 characters")]
    Long,
    #[error("this is no recurrence rule as RFC 5545 has it, such as FREQ=WEEKLY;BYDAY=MO,TU: {0}")]
    Unreadable(String),
    #[error("a rule of days is right: FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY")]
    Frequency,
    #[error(
        "the time of day is said by the start: BYHOUR, BYMINUTE and BYSECOND have no place here"
    )]
    TimeOfDay,
    #[error("windows go on until somebody changes the ring: COUNT and UNTIL have no place here")]
    Ends,
    #[error("INTERVAL must be 1 to 366")]
    Interval,
}

impl Rule {
    pub fn new(text: &str) -> Result<Self, RuleError> {
        let rule = parse(text)?;
        if rule.get_count().is_some() || rule.get_until().is_some() {
            return Err(RuleError::Ends);
        }
        Ok(Self(text.trim().to_owned()))
    }

    /// How often, and every how many of those.
    pub(super) fn pace(&self) -> Option<(Frequency, u16)> {
        parse(&self.0).ok().map(|rule| (rule.get_freq(), rule.get_interval()))
    }

    /// The days of the rule from `from` on, counted from `first_day`. Cost: the days asked for, however long
    /// ago `first_day` is.
    pub(super) fn days(
        &self,
        first_day: NaiveDate,
        from: NaiveDate,
    ) -> Box<dyn Iterator<Item = NaiveDate>> {
        let set = parse(&self.0).ok().and_then(|rule| {
            let start = near(first_day, from, rule.get_freq(), rule.get_interval());
            rule.build(midnight(start)).ok()
        });
        match set {
            Some(set) => Box::new(days_of(set).skip_while(move |day| *day < from)),
            None => Box::new(std::iter::empty()),
        }
    }
}

/// The days of a set, one after the other.
pub(super) fn days_of(set: RRuleSet) -> impl Iterator<Item = NaiveDate> {
    (&set.limit()).into_iter().map(|at| at.date_naive())
}

pub(super) fn midnight(day: NaiveDate) -> DateTime<Tz> {
    day.and_time(NaiveTime::MIN).and_utc().with_timezone(&Tz::UTC)
}

/// A rule of days.
pub(super) fn parse(text: &str) -> Result<RRule<Unvalidated>, RuleError> {
    if text.len() > LONGEST_RULE {
        return Err(RuleError::Long);
    }
    let rule: RRule<Unvalidated> = text.trim().to_ascii_uppercase().parse().map_err(unreadable)?;
    match rule.get_freq() {
        Frequency::Daily | Frequency::Weekly | Frequency::Monthly | Frequency::Yearly => {}
        Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => {
            return Err(RuleError::Frequency);
        }
    }
    let times = [rule.get_by_hour(), rule.get_by_minute(), rule.get_by_second()];
    if times.iter().any(|times| !times.is_empty()) {
        return Err(RuleError::TimeOfDay);
    }
    if !(1..=366).contains(&rule.get_interval()) {
        return Err(RuleError::Interval);
    }
    if rule.get_count().is_none() && rule.get_until().is_none() {
        // Whether its numbers can be.
        rule.clone().validate(midnight(NaiveDate::default())).map_err(unreadable)?;
    }
    Ok(rule)
}

fn unreadable(error: impl fmt::Display) -> RuleError {
    RuleError::Unreadable(error.to_string())
}

/// A day near `from`, and not after it, from which the rule brings the same days as from `first_day`: whole
/// intervals later.
fn near(first_day: NaiveDate, from: NaiveDate, freq: Frequency, interval: u16) -> NaiveDate {
    let apart = u64::try_from((from - first_day).num_days()).unwrap_or(0);
    let whole = |units: u64| units / u64::from(interval) * u64::from(interval);
    let month = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    let months = u64::try_from(month(from) - month(first_day) - 1).unwrap_or(0);
    let months_on = |months: u64| {
        let months = u32::try_from(months).unwrap_or(0);
        first_day.checked_add_months(Months::new(months)).unwrap_or(first_day)
    };
    match freq {
        Frequency::Daily => later(first_day, whole(apart)),
        // A week earlier, since weeks may begin on another day than this one.
        Frequency::Weekly => later(first_day, 7 * whole((apart / 7).saturating_sub(1))),
        Frequency::Monthly => months_on(whole(months)),
        Frequency::Yearly => months_on(12 * whole((months / 12).saturating_sub(1))),
        Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => first_day,
    }
}

/// The day after which a rule that has not come again never does, for our purposes.
pub(super) fn two_years(from: NaiveDate) -> NaiveDate {
    from.checked_add_days(Days::new(731)).unwrap_or(NaiveDate::MAX)
}

impl TryFrom<String> for Rule {
    type Error = RuleError;
    fn try_from(text: String) -> Result<Self, RuleError> {
        Self::new(&text)
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.0
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
