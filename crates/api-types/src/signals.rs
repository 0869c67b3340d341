//! Custom signals.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What other systems say of a rollout, as one more condition of its gates. It can hold a ring or
/// stop it, never open one.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSignal {
    /// Unique in the tenant.
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    pub name: String,
    pub source: SignalSource,
    /// The token of a Prometheus, the key that signs what a webhook is told (`whsec_...`), or the
    /// secret of the application that asks a workspace. Never shown again. When a signal is replaced
    /// without one, it keeps the one it has, if its source stays the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1000)]
    pub secret: Option<String>,
    /// When a signal is replaced: it has no secret any more.
    #[serde(default)]
    pub forget_secret: bool,
    /// Between two readings; 5 if not given.
    #[serde(default = "five")]
    #[schema(minimum = 1, maximum = 1440)]
    pub interval_minutes: u32,
    /// After a rollout has started, before the first reading.
    #[serde(default)]
    #[schema(maximum = 43200)]
    pub initial_delay_minutes: u32,
    /// A reading older than this says nothing; two intervals at least. 30 minutes or three intervals
    /// if not given; 36 hours for a workspace, whose rows come late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 2, maximum = 43200)]
    pub max_age_minutes: Option<u32>,
    #[serde(default)]
    pub no_data: NoDataPolicy,
    /// So many failed readings are put up with; one more fails the gate. Of counts none is.
    #[serde(default)]
    #[schema(maximum = 1000)]
    pub failure_limit: u32,
    /// So many passes in a row are needed, and wipe out the failures before them; 1 if not given.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1000)]
    pub passes_in_a_row: u32,
    /// So many errors in a row are put up with while the last good reading is not too old; 3 if not
    /// given.
    #[serde(default = "three")]
    #[schema(maximum = 1000)]
    pub consecutive_error_limit: u32,
    /// Who is asked when it holds a ring.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub owner: String,
    /// Address of what to do then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub runbook: Option<String>,
    /// Only rollouts over this ring set listen; none: every rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_set_id: Option<Uuid>,
    /// Why it is made, or changed; for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: Option<String>,
}

impl fmt::Debug for CreateSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = self.secret.as_ref().map(|_| "..");
        f.debug_struct("CreateSignal")
            .field("name", &self.name)
            .field("source", &self.source)
            .field("secret", &secret)
            .finish_non_exhaustive()
    }
}

fn one() -> u32 {
    1
}

fn three() -> u32 {
    3
}

fn five() -> u32 {
    5
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignalSource {
    /// Instant queries of a Prometheus, or of what speaks its API.
    Prometheus {
        /// What comes before `/api/v1/query`.
        #[schema(max_length = 2000)]
        url: String,
        measure: SignalMeasure,
    },
    /// A service of your own, which is told where the rollout stands and answers
    /// `{"verdict": "pass" | "fail" | "hold", "reason", "evidence_url", "valid_until"}`.
    Webhook {
        #[schema(max_length = 2000)]
        url: String,
    },
    /// A Log Analytics workspace.
    Kql {
        workspace_id: Uuid,
        /// The application that asks, with `secret`; none: the tenant's own, which must then have a
        /// client secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<Uuid>,
        measure: SignalMeasure,
    },
}

/// Queries may hold `${tenant}`, `${rollout}`, `${release}` and `${ring}`, inside of quotes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignalMeasure {
    /// One number, which passes inside of a range.
    Value {
        #[schema(min_length = 1, max_length = 8192)]
        query: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        least: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<f64>,
    },
    /// Devices that failed, and all of them: whole numbers that only grow. Judged with error control,
    /// so that looking often stops no healthy release.
    Counts {
        #[schema(min_length = 1, max_length = 8192)]
        failures_query: String,
        #[schema(min_length = 1, max_length = 8192)]
        devices_query: String,
        /// The largest healthy share of failed devices.
        #[schema(minimum = 0.01, maximum = 99.99)]
        limit_percent: f64,
    },
}

/// What to make of a source that answers and has nothing to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoDataPolicy {
    /// The gate waits.
    #[default]
    Hold,
    /// It counts as a failed reading.
    Fail,
    /// The gate goes on as if there were no such signal.
    Ignore,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Signal {
    pub id: Uuid,
    pub name: String,
    pub source: SignalSource,
    pub has_secret: bool,
    pub interval_minutes: u32,
    pub initial_delay_minutes: u32,
    pub max_age_minutes: u32,
    pub no_data: NoDataPolicy,
    pub failure_limit: u32,
    pub passes_in_a_row: u32,
    pub consecutive_error_limit: u32,
    pub owner: String,
    pub runbook: Option<String>,
    pub ring_set_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalOutcome {
    Pass,
    Fail,
    /// The source asks to wait.
    Hold,
    /// The source answered and has nothing to say.
    NoData,
    /// The source could not be asked, or what it said cannot be used.
    Error,
}

/// What a source said at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignalReading {
    pub at: DateTime<Utc>,
    pub outcome: SignalOutcome,
    pub value: Option<f64>,
    pub failures: Option<u64>,
    pub devices: Option<u64>,
    pub reason: String,
    pub evidence_url: Option<String>,
    pub valid_until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalVerdict {
    Pass,
    /// The gate waits.
    Wait,
    /// The gate fails.
    Fail,
    /// Cannot be told; the gate waits.
    Unknown,
}

/// What a gate makes of a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignalAnswer {
    pub verdict: SignalVerdict,
    pub why: String,
}

/// Which rollout a test is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestSignal {
    /// None: the newest that listens to the signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_id: Option<Uuid>,
}

/// What a reading would come to. Nothing was kept of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignalTest {
    /// None: no rollout listens to the signal, and the source was told so.
    pub rollout_id: Option<Uuid>,
    pub reading: SignalReading,
    pub answer: SignalAnswer,
}

/// What the gates of one rollout see of one signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeenSignal {
    pub name: String,
    pub owner: String,
    pub runbook: Option<String>,
    pub answer: SignalAnswer,
    /// The newest reading; none: not read yet.
    pub last: Option<SignalReading>,
    /// Readings in a row that came to the same as the last.
    pub streak: u32,
    pub passes_in_a_row: u32,
    /// Failed readings since there were passes enough in a row.
    pub failures: u32,
    pub errors_in_a_row: u32,
    /// Nothing is expected of it before.
    pub first_due: DateTime<Utc>,
}

/// All signals of one rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeenSignals {
    /// Of all of them together.
    pub verdict: SignalVerdict,
    pub signals: Vec<SeenSignal>,
}

/// Why something is taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReasonQuery {
    /// For the history.
    #[param(min_length = 1, max_length = 500)]
    pub reason: String,
}
