//! Why a rollout does what it does: the answer to "why is it not advancing?".

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{Forecast, KnownIssue, PauseState, Phase};

/// The moment to explain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainQuery {
    /// A moment in the past; now if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    pub rollout_id: Uuid,
    /// The moment this answers for, by the service's clock. Of a moment in the past: when the last
    /// decision by then was made.
    pub at: DateTime<Utc>,
    /// Of a moment in the past: as the decision found it.
    pub phase: Phase,
    /// One sentence: what it waits for, or what it does next; of a moment in the past, what was
    /// decided.
    pub summary: String,
    /// When the passage of time alone may change that.
    pub next_look: Option<DateTime<Utc>>,
    /// Every pause that holds it, or a ring of it, oldest first; of a moment in the past: nothing.
    pub pauses: Vec<PauseState>,
    /// The gate of every ring opened so far, all conditions answered.
    pub gates: Vec<RingGate>,
    /// When its rings open and it is through; nothing in the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// What Microsoft says is wrong with the update and has not ended yet; nothing in the past.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_issues: Vec<KnownIssue>,
    /// Devices that Microsoft holds back from the version, the largest hold first; nothing in the past.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safeguards: Vec<SafeguardHold>,
    /// What a person can do, and whether they can now; nothing in the past.
    pub actions: Vec<ActionState>,
}

/// A safeguard hold of Microsoft's, and the devices of the rollout under it. They are in no count and no
/// evidence, and go on when the hold is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SafeguardHold {
    /// The id by which Microsoft speaks of it; none: no report names it.
    pub id: Option<String>,
    pub devices: u32,
    pub text: String,
    /// The known issue that it is for, if Microsoft's list has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RingGate {
    pub ring: u8,
    pub name: String,
    /// A person vouched for the ring: its gate holds nothing any more.
    pub vouched: bool,
    pub conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Condition {
    /// `exposure`, `bake`, `success`, `no_halt`, `stall`, `signals`, `approvals`, `calendar`.
    pub name: String,
    pub verdict: Verdict,
    /// With `wait`: when time alone makes it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// The evidence in words: `812 of 1,000 devices judged, 800 needed`.
    pub text: String,
    /// Devices counted, out of how many, against which limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The failure rate that is not exceeded with 95 % confidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper_percent: Option<f64>,
    /// Of `no_halt`: what speaks against the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// All evidence against a release. A healthy one reaches e = x at any time with probability at most 1/x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The natural logarithm of e.
    pub ln_e: f64,
    pub level: EvidenceLevel,
    /// The evidence at which nothing new is offered.
    pub watch_at: f64,
    /// The evidence at which the release is paused.
    pub pause_at: f64,
    /// The evidence at which a rollback is proposed, or started where the plan says so.
    pub roll_back_at: f64,
    /// The version of the formulas.
    pub formula: u16,
    /// What the strongest evidence speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub culprit: Option<Culprit>,
    /// Segments to suspect, strongest first.
    pub suspects: Vec<String>,
    pub signals: Vec<SignalEvidence>,
}

/// What evidence is enough for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceLevel {
    /// Nothing to act on.
    Calm,
    /// Nothing new is offered; a person is asked.
    Watch,
    /// The release is paused.
    Pause,
    /// A rollback is proposed, or started where the plan says so.
    RollBack,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Culprit {
    /// `failed`, `lost`, `dark`.
    pub signal: String,
    /// None: the whole release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
}

/// One signal over the whole release, with all of the error to itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignalEvidence {
    /// `failed`, `lost`, `dark`.
    pub signal: String,
    /// Devices it was seen on, and of how many.
    pub count: u64,
    pub of: u64,
    pub ln_e: f64,
    /// The largest share that is healthy; none of `dark`, which is held against other devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_percent: Option<f64>,
    /// Its part of the error: alone it pauses the release when e times this reaches `pause_at`.
    pub share: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Wait,
    Fail,
    Unknown,
}

/// One action, and why it cannot be taken if it cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActionState {
    /// `pause`, `resume`, `promote`, `rollback`, `cancel`.
    pub action: String,
    pub allowed: bool,
    /// What it will do, or why it cannot be done.
    pub text: String,
}
