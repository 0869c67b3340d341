//! How each kind of update is expressed on Microsoft Graph by each strategy, and what is impossible.
//!
//! Data, one file per kind: `docs/kinds.md` is made from it, and what is enforced follows it. A pair
//! that stands here as impossible is refused before anything is made.

mod driver;
mod edge;
mod feature;
mod microsoft_365_apps;
mod quality;

use crate::update::{Delivery, Strategy, UpdateKind};

/// One way of telling devices, each with code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A quality update policy with an approval, for the members of a group.
    QualityPolicy,
    /// An expedited deployment to an audience.
    QualityExpedited,
    /// An Intune update ring for those whose turn it is, and one that keeps back all others.
    QualityRing,
    /// A deployment of a Windows version to an audience.
    FeatureDeployment,
    /// An Intune profile that names a Windows version, for the members of a group.
    FeatureProfile,
    /// A settings catalogue policy that names a version of Microsoft Edge, for the members of a group.
    EdgePolicy,
    /// The same for Microsoft 365 Apps.
    OfficePolicy,
    /// An update policy with an approval of a driver, for an audience.
    DriverPolicy,
}

/// What a way is made of on Graph, in the words of Microsoft's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offering {
    pub way: Way,
    pub offered: &'static str,
    pub wave: &'static str,
    pub paused: &'static str,
    pub withdrawn: &'static str,
    pub rolled_back: &'static str,
    /// Where it is seen how far a device is.
    pub state: &'static str,
    /// What cannot be done, or not be known.
    pub limits: &'static [&'static str],
}

/// Why a kind is not delivered by a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be delivered by {}: {reason}", strategy.name())]
pub struct Impossible {
    /// `feature updates`.
    pub what: &'static str,
    pub strategy: Strategy,
    pub reason: &'static str,
}

// What is the same for all programs.
const INVENTORY: &str = "Intune collects programs from a device once a day and dates no row: a device counts as \
    updated, or gone back, up to a day and four hours after it is";
const UNKNOWN_FAILURES: &str =
    "nothing says that an update failed: such a device is unresolved when its window closes";
const CONFLICT: &str = "where a policy of the organisation sets the same otherwise, Intune reports a conflict and \
    applies neither: then a pause does not hold";
const UNPINNED: &str = "devices that no release was offered to yet follow their channel by themselves until their \
    turn; those of an earlier release stay on its version until then";
const LEFT_STILL: &str = "devices of a release that was cancelled or taken back get no updates of the program until a newer \
    release is offered to them";
const LATENCY: &str =
    "a policy reaches a device at its next check-in, up to 8 hours later; what began before ends";

type Pair = Result<&'static Offering, &'static str>;

/// How a release is told to devices, if it can be.
pub fn offering(delivery: Delivery, strategy: Strategy) -> Result<&'static Offering, Impossible> {
    let (what, pair): (_, Pair) = match delivery {
        Delivery::Quality { expedite: None } => ("quality updates", Ok(quality::monthly(strategy))),
        Delivery::Quality { expedite: Some(_) } => {
            ("expedited quality updates", quality::expedited(strategy))
        }
        Delivery::Feature { .. } => ("feature updates", Ok(feature::by(strategy))),
        Delivery::Driver => ("drivers", driver::pair(strategy)),
        Delivery::Edge => ("versions of Microsoft Edge", edge::pair(strategy)),
        Delivery::Microsoft365Apps { .. } => {
            ("versions of Microsoft 365 Apps", microsoft_365_apps::pair(strategy))
        }
    };
    pair.map_err(|reason| Impossible { what, strategy, reason })
}

/// The strategy of a kind for tenants that chose none.
#[must_use]
pub const fn usual(kind: UpdateKind) -> Strategy {
    match kind {
        UpdateKind::Quality | UpdateKind::Feature | UpdateKind::Driver => {
            Strategy::DeploymentService
        }
        UpdateKind::Edge | UpdateKind::Microsoft365Apps => Strategy::Intune,
    }
}

/// Whether releases of a kind can be delivered by a strategy, as they are when nobody chooses more.
pub fn possible(kind: UpdateKind, strategy: Strategy) -> Result<(), Impossible> {
    offering(Delivery::of(kind), strategy).map(|_| ())
}
