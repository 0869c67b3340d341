//! Quality updates: one cumulative update, named by its catalogue entry.

use super::{Offering, Pair, Way};
use crate::update::Strategy;

const RING: &str = "an update ring cannot name an update: it offers whatever is newest to all of its \
    devices, and those whose turn has not come would have to be kept back by a second ring, which \
    conflicts with the first. Not built";

const ROLLED_BACK: &str = "`windowsUpdateForBusinessConfiguration` with `qualityUpdatesWillBeRolledBack`, \
    assigned to a group of the devices told to uninstall; takes off the latest quality update";

static POLICY: Offering = Offering {
    way: Way::QualityPolicy,
    offered: "`qualityUpdatePolicy` with one ring and one approval of the catalogue entry",
    wave: "devices enrolled for quality, then added to the ring's group",
    paused: "approval `suspended`, then the ring `isPaused`",
    withdrawn: "as paused; the devices of a held segment leave the group",
    rolled_back: ROLLED_BACK,
    state: "OS build at check-in; export `QualityUpdateDeviceStatusByPolicy` for installs under way and failures",
    limits: &["what is older than the latest quality update of a device cannot be taken off"],
};

static EXPEDITED: Offering = Offering {
    way: Way::QualityExpedited,
    offered: "`deployment` of the catalogue entry with `expedite.isExpedited` and \
        `userExperience.daysUntilForcedReboot`",
    wave: "devices added to the deployment's audience",
    paused: "`state.requestedValue` `paused`; resumed with `none`",
    withdrawn: "`state.requestedValue` `archived`, which is final; the devices of a held segment leave the audience",
    rolled_back: ROLLED_BACK,
    state: "OS build at check-in",
    limits: &[
        "only what the catalogue lists as expeditable",
        "devices may receive a newer update than the one named",
        "no report says that an install failed: such a device is lost when its window closes",
    ],
};

pub(super) const fn monthly(strategy: Strategy) -> Pair {
    match strategy {
        Strategy::DeploymentService => Ok(&POLICY),
        Strategy::Intune => Err(RING),
    }
}

pub(super) const fn expedited(strategy: Strategy) -> Pair {
    match strategy {
        Strategy::DeploymentService => Ok(&EXPEDITED),
        Strategy::Intune => Err("a quality update profile names a date, not an update. Not built"),
    }
}
