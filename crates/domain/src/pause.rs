//! Standing pauses: what a person wants to stand still until a person lets it go on.
//!
//! A rollout has a wish of its own (run, hold, ...). Beside it stand pauses of the whole tenant, of a
//! release, and of single rings. None of them clears another, none runs out by itself, and the service
//! sets none.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::duty::RingDuty;
use crate::ring::RingIndex;
use crate::rollout::access::Access;

/// The longest until a device has heard of a change: it checks in with Intune every 8 hours
/// (facts/autopatch.md 5.5). One that is switched off hears later.
pub const CHECK_IN: TimeDelta = TimeDelta::hours(8);

/// Microsoft ends the pause of an Intune update ring by itself so long after it began
/// (facts/graph.md 4.3).
pub const INTUNE_PAUSE: TimeDelta = TimeDelta::days(35);

/// A week before that, so that a Graph that is away for some days lets no device go.
const RENEW_AFTER: TimeDelta = TimeDelta::days(28);

/// What a pause covers, as one rollout sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum Scope {
    /// Everything of the tenant.
    Tenant,
    /// Every rollout of the release.
    Release,
    /// One ring of this rollout, and the opening of the next.
    Ring { ring: RingIndex },
}

/// One standing pause that covers a rollout, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingPause {
    #[serde(flatten)]
    pub scope: Scope,
    pub at: DateTime<Utc>,
    pub by: String,
    pub reason: Option<String>,
    /// Offers that no device has acted on are taken back too.
    #[serde(default)]
    pub take_back: bool,
}

impl StandingPause {
    #[must_use]
    pub fn covers(&self, ring: RingIndex) -> bool {
        match self.scope {
            Scope::Tenant | Scope::Release => true,
            Scope::Ring { ring: paused } => paused == ring,
        }
    }
}

/// What a ring is to be told and what Graph has accepted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub wanted: Access,
    pub accepted: Access,
    pub accepted_at: Option<DateTime<Utc>>,
}

/// The second and the third clock of a pause that was decided at some time: when Graph has accepted
/// it for the last of the rings it covers, and by when devices that are switched on know of it. None
/// while Graph has not accepted it for all of them.
#[must_use]
pub fn clocks(
    decided_at: DateTime<Utc>,
    rings: impl IntoIterator<Item = Told>,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let mut accepted_at = decided_at;
    for ring in rings {
        match ring.wanted {
            // Never told anything, so there is nothing to stop.
            Access::Closed => continue,
            // Acknowledged, and not turned into what is wanted yet.
            Access::Open => return None,
            Access::Held | Access::Withdrawn => {}
        }
        if ring.accepted != ring.wanted {
            return None;
        }
        accepted_at = accepted_at.max(ring.accepted_at?);
    }
    Some((accepted_at, accepted_at + CHECK_IN))
}

/// When a hold that Graph accepted (or that was renewed) at `since` has to be told anew, so that no
/// pause of Intune's runs out.
#[must_use]
pub fn renew_at(since: DateTime<Utc>) -> DateTime<Utc> {
    since + RENEW_AFTER
}

/// When the hold of `ring` has to be told anew; none: it is not held.
#[must_use]
pub fn renewal(ring: &RingDuty) -> Option<DateTime<Utc>> {
    let is_held = match ring.accepted {
        Access::Held | Access::Withdrawn => ring.accepted == ring.wanted,
        Access::Closed | Access::Open => false,
    };
    ring.held_since.filter(|_| is_held).map(renew_at)
}
