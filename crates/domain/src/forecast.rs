//! When the rings of a rollout open, and when it is through: as early as the plan permits, and as is likely.
//!
//! **Earliest**: every device comes to a good outcome in the moment it is offered the update, and every gate
//! passes as soon as its plan lets it; only calendars, rates, deferrals and bake times take time. Nothing
//! comes earlier. **Likely**: devices come to their outcomes at a [`Pace`] that was measured, waves are sent as
//! room is made, and nothing goes wrong. Both ask the functions that the planner asks.
//!
//! # Invariants
//!
//! 1. Nothing that is still to come is before now, and the earliest is not after the likely.
//! 2. No ring opens, nor passes, before the one before it.
//! 3. Cost: rings, waves (64 of a ring are walked one by one, later ones go on at their pace) and stretches
//!    between closed times; never devices.

mod ideal;
mod likely;
mod pace;
mod scene;
mod stand;
mod walk;

use chrono::{DateTime, TimeDelta, Utc};

use crate::calendar::Why;
use crate::evidence::coverage::Offers;
use crate::ring::RingIndex;
use crate::rollout::observations::Observations;
use crate::rollout::phase::Phase;
use crate::rollout::plan::Plan;

pub use pace::{Basis, LEAST_OUTCOMES, Pace, PastPace};
use scene::Scene;
use walk::{Mode, Path, walk};

/// The share of devices that the service promises to have on the update, in percent (facts/autopatch.md 9).
pub const COMPLIANT_PERCENT: u32 = 95;

/// When something happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// It happened; none: when is not known here.
    Past(Option<DateTime<Utc>>),
    At(DateTime<Utc>),
    /// So long after something that nobody can date.
    After {
        awaited: Awaited,
        lasts: TimeDelta,
    },
    /// It cannot be said.
    Unknown(Unknown),
}

/// What a person has to do, at a time of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// To resume the rollout, which a person paused.
    Resume,
    /// To look at why the service paused it, and to resume it.
    Review,
    /// To lift the standing pauses that cover `ring`.
    PauseLifted { ring: RingIndex },
    /// To agree that the ring after `ring` opens.
    Approval { ring: RingIndex },
}

/// Why it cannot be said when something happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// The rollout was cancelled or rolled back.
    Ended,
    RollingBack,
    /// A newer release takes its place.
    Superseded,
    /// The evidence against the update stops offers.
    Watched,
    /// The ring has no members.
    NoMembers {
        ring: RingIndex,
    },
    /// Devices that are held would have to be released first.
    Held,
    /// The gate of the ring cannot pass, by its limits or by what its devices can prove.
    CannotPass {
        ring: RingIndex,
    },
    /// Nobody knows when that ends.
    Calendar {
        ring: RingIndex,
        why: Why,
    },
    /// The budget of the tenant is 0.
    NoBudget,
    /// Even when all devices that will have had an outcome, fewer than 95 % have the update.
    TooFew,
}

/// One moment, twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    pub earliest: Expected,
    pub likely: Expected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingForecast {
    pub ring: RingIndex,
    pub opens: Estimate,
    /// The last of its devices that wait is offered the update.
    pub last_offer: Estimate,
    pub gate_passes: Estimate,
    /// 95 % of its devices that are not excluded have the update.
    pub compliant: Estimate,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    pub at: DateTime<Utc>,
    /// What the likely dates rest on; the earliest rest on the plan alone.
    pub basis: Basis,
    pub rings: Vec<RingForecast>,
    /// Every gate passed, every device was offered the update.
    pub finished: Estimate,
    /// 95 % of the devices of all rings that are not excluded have the update.
    pub compliant: Estimate,
}

/// The offers of one ring so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RingOffers {
    pub first: Option<DateTime<Utc>>,
    pub last: Option<DateTime<Utc>>,
    /// When devices were offered the update, roughly.
    pub times: Vec<Offers>,
}

/// Says when the rings of a rollout that stands at `phase` open and are through. `offers` in the order of the
/// rings; a ring left out was offered nothing.
#[must_use]
pub fn forecast(
    plan: &Plan,
    phase: Phase,
    seen: &Observations,
    (pace, offers): (&Pace, &[RingOffers]),
    now: DateTime<Utc>,
) -> Forecast {
    let pace = pace.measured(seen, offers, now, plan);
    let scene = Scene { plan, phase, seen, offers, pace: &pace, now };
    let (earliest, likely) = (walk(&scene, Mode::Earliest), walk(&scene, Mode::Likely));
    let rings = earliest.rings.into_iter().zip(likely.rings).zip(plan.indices());
    let rings = rings.map(|((earliest, likely), ring)| {
        let Path { opens, last_offer, passes, compliant } = earliest;
        RingForecast {
            ring,
            opens: estimate(opens, likely.opens),
            last_offer: estimate(last_offer, likely.last_offer),
            gate_passes: estimate(passes, likely.passes),
            compliant: estimate(compliant, likely.compliant),
        }
    });
    Forecast {
        at: now,
        basis: pace.basis(),
        rings: rings.collect(),
        finished: estimate(earliest.finished, likely.finished),
        compliant: estimate(earliest.compliant, likely.compliant),
    }
}

/// What is likely is no earlier than what is possible: expected devices are not whole ones.
fn estimate(earliest: Expected, likely: Expected) -> Estimate {
    let likely = match (&earliest, likely) {
        (Expected::At(least), Expected::At(at)) => Expected::At(at.max(*least)),
        (Expected::After { awaited: of, lasts: least }, Expected::After { awaited, lasts })
            if *of == awaited =>
        {
            Expected::After { awaited, lasts: lasts.max(*least) }
        }
        (_, likely) => likely,
    };
    Estimate { earliest, likely }
}
