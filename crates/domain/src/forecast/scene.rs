//! All that a forecast looks at, and what both kinds of it ask.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Pace, RingOffers, Unknown};
use crate::attempt::AttemptState;
use crate::evidence::Level;
use crate::gate::weigh::weigh;
use crate::ring::{Ring, RingIndex};
use crate::rollout::observations::{Observations, RingObservation};
use crate::rollout::phase::Phase;
use crate::rollout::plan::Plan;
use crate::tally::Tally;

#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    pub(super) phase: Phase,
    pub(super) seen: &'a Observations,
    pub(super) offers: &'a [RingOffers],
    pub(super) pace: &'a Pace,
    pub(super) now: DateTime<Utc>,
}

/// How one ring goes on.
#[derive(Debug, Clone)]
pub(super) struct Course<S> {
    /// When the last device that waits is offered the update.
    pub(super) last_offer: Result<DateTime<Utc>, Unknown>,
    pub(super) passes: Result<DateTime<Utc>, Unknown>,
    /// Devices that have the update by a moment.
    pub(super) having: S,
}

/// Devices that have the update by a moment, and those that count.
pub(super) trait Having {
    fn having(&self, at: DateTime<Utc>) -> f64;
}

/// What is looked ahead: a ring of a million with a small limit takes years.
const AHEAD: TimeDelta = TimeDelta::days(36_500);

impl<'a> Scene<'a> {
    pub(super) fn ring(&self, ring: RingIndex) -> Option<&'a Ring> {
        self.plan.ring(ring)
    }

    pub(super) fn offers(&self, ring: RingIndex) -> Option<&'a RingOffers> {
        self.offers.get(ring.slot())
    }

    pub(super) fn vouched(&self, ring: RingIndex) -> bool {
        self.seen.intent.vouches_for(ring)
    }

    /// The first moment from `at` on at which `ring` may open, gate aside.
    pub(super) fn opening(
        &self,
        ring: RingIndex,
        at: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Unknown> {
        match self.plan.opening(ring, &self.seen.calendar, at) {
            None => Ok(at),
            Some(held) => held.until.ok_or(Unknown::Calendar { ring, why: held.why }),
        }
    }

    /// The first moment from `at` on at which devices of `ring` may be offered the update.
    pub(super) fn offering(
        &self,
        ring: RingIndex,
        at: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Unknown> {
        match self.plan.times(ring, &self.seen.calendar).offers(at) {
            None => Ok(at),
            Some(held) => held.until.ok_or(Unknown::Calendar { ring, why: held.why }),
        }
    }

    /// The most devices in flight of a ring, and in an hour.
    pub(super) fn limits(ring: &Ring, members: u32) -> (u32, Option<NonZeroU32>) {
        let most = ring.calendar.as_ref().and_then(|calendar| calendar.max_per_hour);
        let limit = ring.waves.for_ring(members);
        (most.map_or(limit, |most| limit.min(most.get())), most)
    }

    /// What stands against every offer, whatever the ring.
    pub(super) fn obstacle(&self) -> Option<Unknown> {
        if self.seen.superseded_by.is_some() {
            return Some(Unknown::Superseded);
        }
        if self.phase.ring().is_some() && weigh(self.plan, self.seen).level > Level::Calm {
            return Some(Unknown::Watched);
        }
        self.seen.budget.is_some_and(|budget| budget.limit == 0).then_some(Unknown::NoBudget)
    }

    /// The confirmed devices that `ring` needs to pass, if no other one fails.
    pub(super) fn needs_confirmed(&self, ring: RingIndex) -> Result<u32, Unknown> {
        let policy = self.plan.policy();
        let (healthy, pause) = (policy.failed.limit(), policy.levels.pause());
        let (planned, tally) = (self.ring(ring), self.seen.tally(ring));
        planned
            .filter(|planned| planned.gate.within_limits(&tally))
            .and_then(|planned| planned.gate.confirmed_to_pass(&tally, healthy, pause))
            .ok_or(Unknown::CannotPass { ring })
    }

    /// The first second from `from` on at which `holds`, which goes on holding; none within the time that is
    /// looked ahead.
    pub(super) fn first(
        from: DateTime<Utc>,
        holds: impl Fn(DateTime<Utc>) -> bool,
    ) -> Option<DateTime<Utc>> {
        if holds(from) {
            return Some(from);
        }
        let at = |seconds: i64| from + TimeDelta::seconds(seconds);
        let (mut low, mut high) = (0, AHEAD.num_seconds());
        if !holds(at(high)) {
            return None;
        }
        while high - low > 1 {
            let middle = low.midpoint(high);
            if holds(at(middle)) { high = middle } else { low = middle }
        }
        Some(at(high))
    }
}

/// Devices that count for compliance: all that are not excluded.
pub(super) fn counted(observed: &RingObservation) -> u32 {
    let of = |tally: &Tally| tally.members() - tally.in_state(AttemptState::Excluded);
    of(&observed.tally).saturating_add(of(&observed.aside))
}

/// Devices of a tally that have the update now.
pub(super) fn have(tally: &Tally) -> u32 {
    tally.confirmed().saturating_add(tally.in_state(AttemptState::Installed))
}
