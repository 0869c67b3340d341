//! What is known of the world when a decision is made: dated, and distrusted when old.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ring::RingIndex;
use crate::tally::Tally;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub wish: Wish,
    pub given_at: DateTime<Utc>,
    /// Rings up to and including this one count as passed on a person's word. Their gates no
    /// longer hold the rollout, nor pause it.
    pub promoted: Option<RingIndex>,
}

impl Intent {
    /// Whether a person vouched for `ring`.
    #[must_use]
    pub fn vouches_for(&self, ring: RingIndex) -> bool {
        self.promoted.is_some_and(|promoted| ring <= promoted)
    }
}

/// One ring, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingObservation {
    pub tally: Tally,
    /// Waves of offers decided so far.
    pub waves: u32,
    /// Waves of removals decided so far.
    pub removal_waves: u32,
}

/// Everything a decision may look at besides plan, phase and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observations {
    pub intent: Intent,
    /// One entry for each ring of the plan, in order.
    pub rings: Vec<RingObservation>,
    /// When the fleet was last read completely; none if never.
    pub observed_at: Option<DateTime<Utc>>,
}

impl Observations {
    /// What is known of `ring`; nothing known is an empty ring.
    #[must_use]
    pub fn ring(&self, ring: RingIndex) -> RingObservation {
        self.rings.get(ring.slot()).copied().unwrap_or_default()
    }
}
