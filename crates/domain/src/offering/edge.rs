//! Versions of Microsoft Edge.

use super::{Offering, Pair, Way};
use crate::update::Strategy;

static POLICY: Offering = Offering {
    way: Way::EdgePolicy,
    offered: "settings catalogue policy (`configurationPolicies`) with *Target version override*, assigned to \
        the ring's group and away from groups of newer rollouts",
    wave: "devices added to the ring's group",
    paused: "the policy made anew with *Update policy override*: updates disabled",
    withdrawn: "as paused, away from those told to go back; the devices of a held segment leave the group",
    rolled_back: "a second policy with *Rollback to Target version*, *Target version override* of the version \
        before (the highest declared one below in the same channel) and updates allowed, assigned to a group of \
        the devices told to go back",
    state: "version in export `AppInvRawData`, read every four hours",
    limits: &[
        super::INVENTORY,
        super::UNKNOWN_FAILURES,
        super::CONFLICT,
        super::UNPINNED,
        super::LEFT_STILL,
        super::LATENCY,
        "Edge Update looks for what it is told every 10 hours",
        "Microsoft keeps a list of versions that can be gone back to; what is not on it leaves the device as it is. \
            Without a snapshot of the version before (three are kept) and without sync, browsing data are lost",
        "setting ids of *Target version override* and *Rollback to Target version* follow the pattern of published \
            ones and are not confirmed on a tenant; that of *Update policy override* is published",
    ],
};

pub(super) const fn pair(strategy: Strategy) -> Pair {
    match strategy {
        Strategy::DeploymentService => Err("the deployment service has Windows updates only"),
        Strategy::Intune => Ok(&POLICY),
    }
}
