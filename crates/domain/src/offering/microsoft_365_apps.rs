//! Versions of Microsoft 365 Apps.

use super::Pair;
use crate::update::Strategy;

pub(super) const fn pair(strategy: Strategy) -> Pair {
    Err(match strategy {
        Strategy::DeploymentService => "the deployment service has Windows updates only",
        Strategy::Intune => {
            "a settings catalogue policy can name a target version, but which version a device runs \
             is only in the inventory of discovered applications, which is not read yet. Not built"
        }
    })
}
