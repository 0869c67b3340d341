//! Versions of Microsoft 365 Apps.

use super::{Offering, Pair, Way};
use crate::update::Strategy;

static POLICY: Offering = Offering {
    way: Way::OfficePolicy,
    offered: "settings catalogue policy (`configurationPolicies`) with *Target Version* and *Update Deadline*, \
        assigned to the ring's group and away from groups of newer rollouts; the channel is the enrollment's",
    wave: "devices added to the ring's group",
    paused: "the policy made anew with *Enable Automatic Updates* disabled",
    withdrawn: "as paused, away from those told to go back; the devices of a held segment leave the group",
    rolled_back: "a second policy with *Target Version* of the version before (the highest declared one below in \
        the same channel), assigned to a group of the devices told to go back",
    state: "version in export `AppInvRawData`, read every four hours",
    limits: &[
        super::INVENTORY,
        super::UNKNOWN_FAILURES,
        super::CONFLICT,
        super::UNPINNED,
        super::LEFT_STILL,
        super::LATENCY,
        "the version has to be one of the channel that the device is on; which that is, the inventory does not tell",
        "an enrollment that sets another deadline is such a conflict: give the release the same",
        "the setting id of *Target Version* follows the pattern of published ones and is not confirmed on a tenant; \
            that of *Enable Automatic Updates* is published",
    ],
};

pub(super) const fn pair(strategy: Strategy) -> Pair {
    match strategy {
        Strategy::DeploymentService => Err("the deployment service has Windows updates only"),
        Strategy::Intune => Ok(&POLICY),
    }
}
