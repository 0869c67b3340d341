//! Drivers and firmware. Nothing takes them back: Windows keeps no older driver for Graph to name.

use super::Pair;
use crate::update::Strategy;

pub(super) const fn pair(strategy: Strategy) -> Pair {
    Err(match strategy {
        Strategy::DeploymentService => {
            "an update policy approves content for an audience for good (revoking an approval is \
             final), and Graph lists no driver of a device. Not built"
        }
        Strategy::Intune => {
            "a driver profile approves by its own inventory, which fills when it likes and counts \
             devices without naming them. Not built"
        }
    })
}
