//! Feature updates: one version of Windows.

use super::{Offering, Way};
use crate::update::Strategy;

const ROLLED_BACK: &str = "`windowsUpdateForBusinessConfiguration` with `featureUpdatesWillBeRolledBack`, \
    assigned to a group of the devices told to go back, within the uninstall window that the ring's \
    own configuration set before the upgrade (`featureUpdatesRollbackWindowInDays`)";

const STATE: &str = "OS build at check-in";

const WINDOW: &str =
    "the window counts as it stood at the upgrade; after it nothing takes a version off";

const FAILURES: &str = "failed upgrades and Microsoft's safeguard holds are not known: Intune's reports are about \
    its own profiles, and Graph has none of deployments. Such a device is unresolved when its window closes";

static DEPLOYMENT: Offering = Offering {
    way: Way::FeatureDeployment,
    offered: "`deployment` of the catalogue entry",
    wave: "devices enrolled for feature, added to the ring's group (which has the uninstall window), then \
        to the deployment's audience",
    paused: "`state.requestedValue` `paused`; resumed with `none`",
    withdrawn: "`state.requestedValue` `archived`, which is final; the devices of a held segment leave \
        audience and group",
    rolled_back: ROLLED_BACK,
    state: STATE,
    limits: &[WINDOW, FAILURES],
};

static PROFILE: Offering = Offering {
    way: Way::FeatureProfile,
    offered: "`windowsFeatureUpdateProfile` with the version, assigned to the ring's group",
    wave: "devices added to the ring's group, which has the uninstall window too",
    paused: "`featureUpdatesPaused` on the ring's configuration. Microsoft ends it after 35 days: it is \
        made anew when 7 are left",
    withdrawn: "the profile is assigned to nobody; the devices of a held segment leave the group",
    rolled_back: ROLLED_BACK,
    state: "OS build at check-in; export `FeatureUpdateDeviceState` for installs under way and failures, and for \
        devices that Microsoft holds (`SafeguardHold`); `DeviceFailuresByFeatureUpdatePolicy` for error codes \
        and the ids of holds",
    limits: &[
        WINDOW,
        "devices report installs only where a Windows health monitoring profile collects them, and up to two \
            days late; safeguard holds are known without",
        "the pause reaches a device at its next check-in, up to 8 hours later",
        "a pause of the configuration holds back every version, not this one alone",
    ],
};

pub(super) const fn by(strategy: Strategy) -> &'static Offering {
    match strategy {
        Strategy::DeploymentService => &DEPLOYMENT,
        Strategy::Intune => &PROFILE,
    }
}
