//! Custom signals: what other systems say of a rollout, as one more condition of its gates.
//!
//! A signal can hold a ring or stop it; it never opens one by itself. What could not be measured is
//! never a pass (quality.md A5). Pure: who asks the other system, and when, is decided elsewhere.

mod judge;
mod number;
mod placeholder;
mod read;
mod rule;
mod seen;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{RingSetId, RolloutId, SignalId, TenantId};
use crate::ring::RingIndex;
use crate::seconds;

pub use judge::{Answer, Why, judge, judge_one};
pub use number::Number;
pub use placeholder::{Language, Misplaced, Words};
pub use read::{Counts, Outcome, Reading};
pub use rule::{CountRule, Measure, Threshold};
pub use seen::{History, Policy, Seen};

/// Where a signal comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// A Prometheus, or what speaks its query API, at this address.
    Prometheus { url: String, measure: Measure },
    /// A service of one's own that answers with a verdict.
    Webhook { url: String },
    /// A Log Analytics workspace.
    Kql {
        workspace: Uuid,
        /// The application that asks, with a secret of its own; none: the tenant's.
        client: Option<Uuid>,
        measure: Measure,
    },
}

impl Source {
    /// What is measured; none of a source that gives a verdict.
    #[must_use]
    pub fn measure(&self) -> Option<&Measure> {
        match self {
            Self::Prometheus { measure, .. } | Self::Kql { measure, .. } => Some(measure),
            Self::Webhook { .. } => None,
        }
    }

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Prometheus { .. } => "prometheus",
            Self::Webhook { .. } => "webhook",
            Self::Kql { .. } => "kql",
        }
    }

    /// Whether a secret that was given for `self` may be used for `other` too: a new address does
    /// not get the secret of an old one.
    #[must_use]
    pub fn shares_secret_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Prometheus { url: one, .. }, Self::Prometheus { url: two, .. })
            | (Self::Webhook { url: one }, Self::Webhook { url: two }) => one == two,
            (Self::Kql { client: one, .. }, Self::Kql { client: two, .. }) => {
                one.is_some() && one == two
            }
            (Self::Prometheus { .. } | Self::Webhook { .. } | Self::Kql { .. }, _) => false,
        }
    }
}

/// What to make of a source that answers and has nothing to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoData {
    /// The gate waits.
    #[default]
    Hold,
    /// It counts as a failed reading.
    Fail,
    /// The gate goes on as if there were no such signal.
    Ignore,
}

/// A signal as a person wants it; [`Signal::new`] checks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub name: String,
    pub source: Source,
    /// Between two readings.
    #[serde(with = "seconds")]
    pub interval: TimeDelta,
    /// After a rollout has started (or the signal was changed), before the first reading.
    #[serde(with = "seconds")]
    pub initial_delay: TimeDelta,
    /// A reading older than this says nothing any more.
    #[serde(with = "seconds")]
    pub max_age: TimeDelta,
    pub no_data: NoData,
    /// So many failed readings are put up with; one more fails the gate. Of counts none is.
    pub failure_limit: u32,
    /// So many passes in a row are needed, and wipe out the failures before them.
    pub passes_in_a_row: u32,
    /// So many errors in a row are put up with while the last good reading is not too old.
    pub consecutive_error_limit: u32,
    /// Who is asked when it holds a ring.
    pub owner: String,
    /// Where it says what to do then.
    pub runbook: Option<String>,
    /// Rollouts over this ring set; none: every rollout of the tenant.
    pub ring_set: Option<RingSetId>,
}

/// A checked signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Definition", into = "Definition")]
pub struct Signal(Definition);

/// Which field is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct SignalError {
    pub field: Field,
    pub what: String,
}

/// A field of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Name,
    Url,
    Query,
    FailuresQuery,
    DevicesQuery,
    Threshold,
    Interval,
    InitialDelay,
    MaxAge,
    FailureLimit,
    PassesInARow,
    ConsecutiveErrorLimit,
    Owner,
    Runbook,
}

impl Field {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Url => "url",
            Self::Query => "query",
            Self::FailuresQuery => "failures query",
            Self::DevicesQuery => "devices query",
            Self::Threshold => "threshold",
            Self::Interval => "interval",
            Self::InitialDelay => "initial delay",
            Self::MaxAge => "maximum age",
            Self::FailureLimit => "failure limit",
            Self::PassesInARow => "passes in a row",
            Self::ConsecutiveErrorLimit => "consecutive error limit",
            Self::Owner => "owner",
            Self::Runbook => "runbook",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl Signal {
    /// Five minutes between readings.
    pub const DEFAULT_INTERVAL: TimeDelta = TimeDelta::minutes(5);
    /// Rows of Log Analytics come hours late, so what was read of them stays good for longer.
    pub const DEFAULT_KQL_MAX_AGE: TimeDelta = TimeDelta::hours(36);
    /// The longest query, in bytes.
    pub const MOST_QUERY: usize = 8_192;
    /// The longest address, in bytes.
    pub const MOST_URL: usize = 2_000;

    pub fn new(definition: Definition) -> Result<Self, SignalError> {
        let d = &definition;
        text(Field::Name, &d.name, 64)?;
        text(Field::Owner, &d.owner, 100)?;
        if let Some(runbook) = &d.runbook {
            url(Field::Runbook, runbook)?;
        }
        match &d.source {
            Source::Prometheus { url: address, measure } => {
                url(Field::Url, address)?;
                rule::check(measure, Language::PromQl)?;
            }
            Source::Webhook { url: address } => url(Field::Url, address)?,
            Source::Kql { measure, .. } => rule::check(measure, Language::Kql)?,
        }
        between(Field::Interval, d.interval, TimeDelta::minutes(1), TimeDelta::days(1))?;
        between(Field::InitialDelay, d.initial_delay, TimeDelta::zero(), TimeDelta::days(30))?;
        // Shorter than two intervals and one late reading would hold the ring.
        between(Field::MaxAge, d.max_age, d.interval * 2, TimeDelta::days(30))?;
        count(Field::FailureLimit, d.failure_limit, 0)?;
        count(Field::PassesInARow, d.passes_in_a_row, 1)?;
        count(Field::ConsecutiveErrorLimit, d.consecutive_error_limit, 0)?;
        Ok(Self(definition))
    }

    #[must_use]
    pub fn definition(&self) -> &Definition {
        &self.0
    }

    /// What judging its readings needs.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let d = &self.0;
        Policy {
            max_age: d.max_age,
            no_data: d.no_data,
            failure_limit: d.failure_limit,
            passes_in_a_row: d.passes_in_a_row,
            consecutive_error_limit: d.consecutive_error_limit,
            counts: d.source.measure().and_then(Measure::count_rule).copied(),
        }
    }

    /// Whether rollouts over `ring_set` listen to it.
    #[must_use]
    pub fn applies_to(&self, ring_set: RingSetId) -> bool {
        self.0.ring_set.is_none_or(|only| only == ring_set)
    }
}

impl TryFrom<Definition> for Signal {
    type Error = SignalError;
    fn try_from(definition: Definition) -> Result<Self, SignalError> {
        Self::new(definition)
    }
}

impl From<Signal> for Definition {
    fn from(signal: Signal) -> Self {
        signal.0
    }
}

/// What a reading is about: goes to webhooks, and into the placeholders of queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub tenant: TenantId,
    pub tenant_name: String,
    pub rollout: RolloutId,
    pub release_name: String,
    /// The phase of the rollout, by its word.
    pub phase: String,
    /// The last ring that opened; the first one before any did.
    pub ring: RingIndex,
    pub ring_name: String,
}

/// A signal to be read now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub id: SignalId,
    /// Counts changes of the signal: a reading of an older one says nothing of this one.
    pub generation: i64,
    pub signal: Signal,
}

/// What there is to read for one rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// None when nothing is due.
    pub context: Option<Context>,
    pub due: Vec<Due>,
    /// When the first of the others is due; none: nothing will be, unless something changes.
    pub next: Option<DateTime<Utc>>,
}

fn wrong(field: Field, what: impl Into<String>) -> SignalError {
    SignalError { field, what: what.into() }
}

fn text(field: Field, text: &str, most: usize) -> Result<(), SignalError> {
    let good =
        !text.trim().is_empty() && text.chars().count() <= most && !text.contains(char::is_control);
    if good {
        Ok(())
    } else {
        Err(wrong(field, format!("1 to {most} printable characters are right")))
    }
}

/// Only the looks of it: whether it may be called is the outbound client's to say, each time.
fn url(field: Field, text: &str) -> Result<(), SignalError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let good = rest.is_some_and(|rest| !rest.is_empty())
        && text.len() <= Signal::MOST_URL
        && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    if good { Ok(()) } else { Err(wrong(field, "an address with https:// (or http://) is right")) }
}

fn between(
    field: Field,
    length: TimeDelta,
    least: TimeDelta,
    most: TimeDelta,
) -> Result<(), SignalError> {
    if (least..=most).contains(&length) {
        return Ok(());
    }
    let (least, most) = (least.num_minutes(), most.num_minutes());
    Err(wrong(field, format!("{least} to {most} minutes are right")))
}

fn count(field: Field, count: u32, least: u32) -> Result<(), SignalError> {
    const MOST: u32 = 1_000;
    if (least..=MOST).contains(&count) {
        return Ok(());
    }
    Err(wrong(field, format!("{least} to {MOST} is right")))
}
