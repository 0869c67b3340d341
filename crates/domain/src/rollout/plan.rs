//! The immutable plan a rollout follows.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::{Held, Known, Times};
use crate::gate::policy::Policy;
use crate::ring::{Ring, RingIndex, RingSet};

/// What happens by itself after the service paused a rollout because a gate failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnGateFailure {
    /// Stay paused until a person decides.
    Pause,
    /// Take the update back from every device that has it, once the evidence is enough for that: it
    /// takes more than a pause does.
    RollBack,
}

/// One revision of a plan. A change is a new revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    rings: Vec<Ring>,
    starts_at: DateTime<Utc>,
    on_gate_failure: OnGateFailure,
    policy: Policy,
}

impl Plan {
    /// A plan over the rings of `set`. Deferrals count from `starts_at`, the release date of the
    /// update (for a monthly update, Patch Tuesday) or the day a person chose.
    #[must_use]
    pub fn new(
        set: &RingSet,
        starts_at: DateTime<Utc>,
        on_gate_failure: OnGateFailure,
        policy: Policy,
    ) -> Self {
        Self { rings: set.rings().to_vec(), starts_at, on_gate_failure, policy }
    }

    /// The same rings and days under another policy.
    #[must_use]
    pub fn with_policy(&self, policy: Policy) -> Self {
        Self { policy, ..self.clone() }
    }

    /// What evidence is held against.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The rings by their place, first ring first.
    pub fn indices(&self) -> impl Iterator<Item = RingIndex> + use<> {
        let rings = u8::try_from(self.rings.len()).unwrap_or(u8::MAX);
        (0..rings).map(RingIndex)
    }

    /// The rings, first ring first; never empty.
    #[must_use]
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    #[must_use]
    pub fn starts_at(&self) -> DateTime<Utc> {
        self.starts_at
    }

    #[must_use]
    pub fn on_gate_failure(&self) -> OnGateFailure {
        self.on_gate_failure
    }

    /// The ring at `index`, if the plan has it.
    #[must_use]
    pub fn ring(&self, index: RingIndex) -> Option<&Ring> {
        self.rings.get(index.slot())
    }

    /// The ring after `index`, if there is one.
    #[must_use]
    pub fn after(&self, index: RingIndex) -> Option<RingIndex> {
        self.ring(index.next()).map(|_| index.next())
    }

    /// When the deferral of `ring` is over; a ring the plan does not have never opens early.
    #[must_use]
    pub fn opens_at(&self, ring: RingIndex) -> DateTime<Utc> {
        self.starts_at + self.deferral(ring)
    }

    fn deferral(&self, ring: RingIndex) -> TimeDelta {
        TimeDelta::days(self.ring(ring).map_or(0, |ring| ring.cadence.deferral_days).into())
    }

    /// The calendar of `ring` with what is known of freezes and holidays; a ring the plan does not have
    /// has none.
    #[must_use]
    pub fn times<'a>(&'a self, ring: RingIndex, known: &'a Known) -> Times<'a> {
        let ring = self.ring(ring);
        Times {
            calendar: ring.and_then(|ring| ring.calendar.as_ref()),
            ring: ring.map_or("", |ring| &ring.name),
            known,
        }
    }

    /// What holds `ring` closed at `now`, when its gate does not; none: it may open.
    #[must_use]
    pub fn opening(&self, ring: RingIndex, known: &Known, now: DateTime<Utc>) -> Option<Held> {
        self.times(ring, known).opening(self.starts_at, self.deferral(ring), now)
    }
}
