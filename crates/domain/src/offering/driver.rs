//! Drivers and firmware. Nothing takes them back: Windows keeps no older driver for Graph to name.
//!
//! What Microsoft documents of them, and what it leaves out: concepts/windowsupdates-manage-driver-update of
//! the Graph documentation.

use super::{Offering, Pair, Way};
use crate::update::Strategy;

static POLICY: Offering = Offering {
    way: Way::DriverPolicy,
    offered: "`updatePolicy` without rules for an audience of the devices offered so far, with a \
        `contentApproval` of the catalogue entry among its `complianceChanges`",
    wave: "devices enrolled for driver, then added to the policy's audience",
    paused: "the approval gets `isRevoked`, which is final; a new one is made to go on, as Microsoft documents it",
    withdrawn: "as paused; the devices of a held segment leave the audience",
    rolled_back: "impossible: nothing on Graph takes a driver off a device. A rollback is refused; cancel the rollout instead",
    state: "`applicableContent` of an audience of all devices whose drivers are managed: a device that was offered \
        a driver is listed under it (`matchedDevices`) until it no longer needs it",
    limits: &[
        "only where the strategy was chosen: from then on the devices of the ring sets are enrolled for driver, and \
            receive no driver from Windows Update but those that are approved here",
        "drivers are known once devices have scanned, hours after they were enrolled",
        "a device that no longer needs the driver is taken for updated; it may have got a better one by other means",
        "no report says that an install failed: such a device is unresolved when its window closes. One that \
            needs the driver again after it had it has failed (`applicable_again`)",
        "the approval that is revoked for a pause does not stop a device that has begun to install",
    ],
};

pub(super) const fn pair(strategy: Strategy) -> Pair {
    match strategy {
        Strategy::DeploymentService => Ok(&POLICY),
        Strategy::Intune => Err(
            "a driver profile has an inventory of its own (`driverInventories`), which counts devices \
             without naming them: nobody could say which device a wave should have, or which one has the \
             driver. Not built",
        ),
    }
}
