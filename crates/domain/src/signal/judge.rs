//! The condition of a gate: every signal passes, freshly, often enough in a row (quality.md A5, 6).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::NoData;
use super::read::{Outcome, Reading};
use super::seen::Seen;
use crate::evidence::{EValue, Level};
use crate::gate::Verdict;

/// Why a signal answers as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Why {
    /// It passes.
    Passes,
    /// Passes are not enough in a row yet.
    TooFewPasses { passes: u32, needed: u32 },
    /// Its first reading is not due yet.
    NotDue,
    /// Its first reading is due and was not taken.
    NeverRead,
    /// The newest good reading ran out then.
    Stale { since: DateTime<Utc> },
    /// The source has nothing to say.
    NoData,
    /// The source has nothing to say, which this signal is told to pass over.
    NoDataIgnored,
    /// The source could not be asked so often in a row.
    Errors { in_a_row: u32 },
    /// The source asks to wait.
    Held,
    /// Fewer failed readings than it takes to fail.
    Failing { failures: u32, limit: u32 },
    /// More failed readings than are put up with.
    Failed { failures: u32, limit: u32 },
    /// Counts make it likely that too many devices fail.
    Evidence { level: Level, evidence: EValue },
}

/// What one signal answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub name: String,
    pub verdict: Verdict,
    pub why: Why,
    /// When the reading behind it was taken; none: there is none.
    pub at: Option<DateTime<Utc>>,
}

/// Judges all signals of a rollout at one moment. One that fails fails them all; without one, one
/// that cannot be told leaves it untold; without that, one that waits makes all wait. No signals
/// pass: they can only hold and stop, so a ring without any has nothing to wait for.
#[must_use]
pub fn judge(seen: &[Seen], now: DateTime<Utc>) -> (Verdict, Vec<Answer>) {
    let answers: Vec<Answer> = seen.iter().map(|one| judge_one(one, now)).collect();
    let verdict = answers.iter().map(|answer| answer.verdict).fold(Verdict::Pass, worse);
    (verdict, answers)
}

/// Judges one signal.
#[must_use]
pub fn judge_one(seen: &Seen, now: DateTime<Utc>) -> Answer {
    let (verdict, why) = answer(seen, now);
    let at = seen.history.measured.as_ref().or(seen.history.last.as_ref()).map(|read| read.at);
    Answer { name: seen.name.clone(), verdict, why, at }
}

/// The verdict that counts of two. Of two waits the one that ends first: time is looked at again
/// then, and the other is still there.
fn worse(one: Verdict, two: Verdict) -> Verdict {
    match (one, two) {
        (Verdict::Fail, _) | (_, Verdict::Fail) => Verdict::Fail,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::Wait { until: Some(one) }, Verdict::Wait { until: Some(two) }) => {
            Verdict::Wait { until: Some(one.min(two)) }
        }
        (Verdict::Wait { until: one }, Verdict::Wait { until: two }) => {
            Verdict::Wait { until: one.or(two) }
        }
        (Verdict::Wait { until }, Verdict::Pass) | (Verdict::Pass, Verdict::Wait { until }) => {
            Verdict::Wait { until }
        }
        (Verdict::Pass, Verdict::Pass) => Verdict::Pass,
    }
}

/// Until something else is read.
const WAIT: Verdict = Verdict::Wait { until: None };

fn answer(seen: &Seen, now: DateTime<Utc>) -> (Verdict, Why) {
    let (policy, history) = (&seen.policy, &seen.history);
    // Silence cures nothing: failures stand until there are passes enough, however old they are.
    // Counts have an error control of their own, so the first failure of theirs counts.
    let limit = if policy.counts.is_some() { 0 } else { policy.failure_limit };
    if history.failures > limit {
        let why = evidence(seen).filter(|(_, level)| *level >= Level::Pause);
        let failed = Why::Failed { failures: history.failures, limit };
        let why = why.map_or(failed, |(evidence, level)| Why::Evidence { level, evidence });
        return (Verdict::Fail, why);
    }
    if history.errors_in_a_row > policy.consecutive_error_limit {
        return (Verdict::Unknown, Why::Errors { in_a_row: history.errors_in_a_row });
    }
    let Some(measured) = &history.measured else {
        return match history.errors_in_a_row {
            0 if now < seen.first_due => {
                (Verdict::Wait { until: Some(seen.first_due) }, Why::NotDue)
            }
            0 => (Verdict::Unknown, Why::NeverRead),
            in_a_row => (Verdict::Unknown, Why::Errors { in_a_row }),
        };
    };
    let good_until = good_until(measured, seen);
    if now >= good_until {
        return (Verdict::Unknown, Why::Stale { since: good_until });
    }
    match measured.outcome {
        Outcome::Pass if history.passes >= policy.passes_in_a_row => (Verdict::Pass, Why::Passes),
        Outcome::Pass => {
            let (passes, needed) = (history.passes, policy.passes_in_a_row);
            (WAIT, Why::TooFewPasses { passes, needed })
        }
        Outcome::Fail => (WAIT, Why::Failing { failures: history.failures, limit }),
        Outcome::Hold => match evidence(seen) {
            Some((evidence, level)) => (WAIT, Why::Evidence { level, evidence }),
            None => (WAIT, Why::Held),
        },
        Outcome::NoData => match policy.no_data {
            NoData::Hold => (Verdict::Unknown, Why::NoData),
            NoData::Fail => (WAIT, Why::Failing { failures: history.failures, limit }),
            NoData::Ignore => (Verdict::Pass, Why::NoDataIgnored),
        },
        // `History::after` keeps errors out of what was measured; a stored one is no pass either.
        Outcome::Error => (Verdict::Unknown, Why::Errors { in_a_row: history.errors_in_a_row }),
    }
}

/// What the counts of the newest good reading say, of a signal that counts.
fn evidence(seen: &Seen) -> Option<(EValue, Level)> {
    let counts = seen.history.measured.as_ref()?.counts?;
    let evidence = seen.policy.counts?.evidence(counts);
    Some((evidence, seen.policy.counts?.levels.of(evidence)))
}

/// A source may shorten the life of what it says, never prolong it.
fn good_until(reading: &Reading, seen: &Seen) -> DateTime<Utc> {
    let oldest =
        reading.at.checked_add_signed(seen.policy.max_age).unwrap_or(DateTime::<Utc>::MAX_UTC);
    reading.valid_until.map_or(oldest, |until| until.min(oldest))
}
