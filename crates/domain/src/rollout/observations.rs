//! What is known of the world when a decision is made: dated, and distrusted when old.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::approval::Approval;
use crate::calendar::{Known, Offered};
use crate::evidence::Level;
use crate::evidence::control::Interval;
use crate::evidence::coverage::Offers;
use crate::ids::{PlanId, RolloutId};
use crate::pause::StandingPause;
use crate::ring::RingIndex;
use crate::signal::Seen;
use crate::tally::Tally;

use super::budget::Budget;

/// What a person last asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Go on as the gates allow.
    Run,
    /// Stay where you are; nothing new is offered.
    Hold,
    /// Stop for good; devices keep what they have.
    Cancel,
    /// Take the update back from every device that has it.
    Withdraw,
}

/// A person's word, with its time and what they vouched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub wish: Wish,
    pub given_at: DateTime<Utc>,
    /// Rings up to and including this one count as passed on a person's word. Their gates no
    /// longer hold the rollout, nor pause it.
    pub promoted: Option<RingIndex>,
    /// Segments that a person wants held, and those that a person wants to go on: positions in
    /// the policy of the plan. No segment is in both.
    #[serde(default)]
    pub held: Vec<u16>,
    #[serde(default)]
    pub released: Vec<u16>,
    /// With hold: offers that no device has acted on are taken back too.
    #[serde(default)]
    pub take_back: bool,
}

impl Intent {
    /// Whether a person vouched for `ring`.
    #[must_use]
    pub fn vouches_for(&self, ring: RingIndex) -> bool {
        self.promoted.is_some_and(|promoted| ring <= promoted)
    }
}

/// One segment of one ring, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentCount {
    /// As `Tally::exposed` counts them.
    pub offered: u32,
    pub failed: u32,
    pub lost: u32,
}

/// One ring, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingObservation {
    /// Without the devices of held segments.
    pub tally: Tally,
    /// The devices of held segments.
    #[serde(default)]
    pub aside: Tally,
    /// Waves of offers decided so far.
    pub waves: u32,
    /// Waves of removals decided so far.
    pub removal_waves: u32,
    /// The moments at which devices were confirmed, added up: seconds since 1970, of as many devices
    /// as `tally` says are confirmed.
    #[serde(default)]
    pub confirmed_seconds: i64,
    /// When devices were offered the update, roughly; empty where the plan does not know what is usual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offer_times: Vec<Offers>,
    /// In the order of the policy's segments; short of those of which nothing is known.
    #[serde(default)]
    pub segments: Vec<SegmentCount>,
    /// Of a ring with a rate: its latest waves of offers, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<Offered>,
}

/// Everything a decision may look at besides plan, phase and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observations {
    pub intent: Intent,
    /// One entry for each ring of the plan, in order.
    pub rings: Vec<RingObservation>,
    /// When the fleet was last read completely; none if never.
    pub observed_at: Option<DateTime<Utc>>,
    /// The newest sign of life of any device of the tenant; none if there never was one.
    #[serde(default)]
    pub heard_at: Option<DateTime<Utc>>,
    /// Segments that are held.
    #[serde(default)]
    pub held: Vec<u16>,
    /// Updated devices against devices not offered yet, a week at a time, in order of time.
    #[serde(default)]
    pub intervals: Vec<Interval>,
    /// The level of the evidence that was recorded last.
    #[serde(default = "calm")]
    pub level: Level,
    /// When it last left the calm; what was approved up to then is void.
    #[serde(default)]
    pub watched_at: Option<DateTime<Utc>>,
    /// Custom signals that look at this rollout.
    #[serde(default)]
    pub signals: Vec<Seen>,
    /// The plan that is followed, who made it, and what people said of its rings.
    #[serde(default = "no_plan")]
    pub plan_id: PlanId,
    #[serde(default)]
    pub author: String,
    #[serde(default)]
    pub approvals: Vec<Approval>,
    /// Freezes and holidays that touch the rollout.
    #[serde(default, skip_serializing_if = "Known::is_empty")]
    pub calendar: Known,
    /// Pauses that stand beside the intent, oldest first.
    #[serde(default)]
    pub pauses: Vec<StandingPause>,
    /// The rollout of a newer release that takes this one's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<RolloutId>,
    /// Of the tenant, over all its rollouts; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

fn no_plan() -> PlanId {
    PlanId(Uuid::nil())
}

fn calm() -> Level {
    Level::Calm
}

impl Observations {
    /// Counters alone: nothing was read, nobody said anything, all is calm.
    #[must_use]
    pub fn new(intent: Intent, rings: Vec<RingObservation>) -> Self {
        Self {
            intent,
            rings,
            observed_at: None,
            heard_at: None,
            held: Vec::new(),
            intervals: Vec::new(),
            level: Level::Calm,
            watched_at: None,
            signals: Vec::new(),
            plan_id: no_plan(),
            author: String::new(),
            approvals: Vec::new(),
            calendar: Known::default(),
            pauses: Vec::new(),
            superseded_by: None,
            budget: None,
        }
    }

    /// Whether a standing pause covers `ring`.
    #[must_use]
    pub fn is_paused(&self, ring: RingIndex) -> bool {
        self.pauses.iter().any(|pause| pause.covers(ring))
    }

    /// What is known of `ring`; nothing known is an empty ring.
    #[must_use]
    pub fn ring(&self, ring: RingIndex) -> RingObservation {
        self.rings.get(ring.slot()).cloned().unwrap_or_default()
    }

    /// What is known of `ring`, without a copy of it.
    #[must_use]
    pub fn tally(&self, ring: RingIndex) -> Tally {
        self.rings.get(ring.slot()).map_or_else(Tally::default, |ring| ring.tally)
    }
}
