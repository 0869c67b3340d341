//! Quality updates: one cumulative update, named by its catalogue entry.

use super::{Offering, Pair, Way};
use crate::update::Strategy;

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

static RING: Offering = Offering {
    way: Way::QualityRing,
    offered: "`windowsUpdateForBusinessConfiguration` with the ring's deadline and no deferral, assigned to the ring's \
        group. From the moment the rollout is made, all of its other devices are in a group *waiting*, whose \
        configuration has `qualityUpdatesPaused`; the ring's excludes that group",
    wave: "devices added to the ring's group, then removed from *waiting*",
    paused: "`qualityUpdatesPaused` on the ring's configuration too. Microsoft ends either pause after 35 days: it is \
        made anew when 7 are left",
    withdrawn: "as paused; the devices of a held segment are added to *waiting*, then removed from the ring's group",
    rolled_back: ROLLED_BACK,
    state: "OS build at check-in",
    limits: &[
        "what is older than the latest quality update of a device cannot be taken off",
        "a ring names no update: its devices take the newest security update. One that is published while the \
            rollout runs goes out with it, to devices whose turn comes after; they count as updated, since their \
            build is a later one. The catalogue then shows the release's update as superseded",
        "updates that Microsoft calls optional (previews) are not offered by a ring: such a release waits in vain",
        "until the rollout is made nothing keeps the update from its devices but the organisation's own deferral",
        "no other update ring may be assigned to the devices: refused in a tenant that Concentric enrolled, whose \
            rings have one each",
        "whatever changes reaches a device at its next check-in, up to 8 hours later; what began before ends",
        "all quality updates stand still for a device that waits, not this one alone. After a cancellation *waiting* \
            is assigned to nobody; after a completion or a rollback it keeps those that were never offered the \
            update, until a newer rollout has them",
        "no report says that an install failed: such a device is unresolved when its window closes",
    ],
};

pub(super) const fn monthly(strategy: Strategy) -> &'static Offering {
    match strategy {
        Strategy::DeploymentService => &POLICY,
        Strategy::Intune => &RING,
    }
}

pub(super) const fn expedited(strategy: Strategy) -> Pair {
    match strategy {
        Strategy::DeploymentService => Ok(&EXPEDITED),
        Strategy::Intune => Err("a quality update profile names a date, not an update. Not built"),
    }
}
