//! The reasons, one row each: the word, whose turn it is, what is wrong, what to do, and what Autopatch
//! calls it (facts/autopatch.md 6.2 and 6.3). Never decides whether a reason applies; [`find`](super::find)
//! does.

use super::FailureClass;
use crate::registration;

pub use crate::registration::Turn as Owner;

/// The one reason why a device is not up to date. What is wrong with the device itself is told before
/// what a rollout waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrimaryReason {
    /// The first reason of its registration.
    Registration(registration::Reason),
    NotJudged,
    NoRing,
    NoContent,
    NotReleased,
    SafeguardHold,
    SegmentHeld,
    Failed(FailureClass),
    Lost,
    NoStart,
    Silent,
    Installing,
    Offered,
    WentBack,
    TakenBack,
    OfferTakenBack,
    BelowFloor,
    LeftOut,
    JoinedLater,
    Superseded,
    Cancelled,
    TenantPaused,
    ReleasePaused,
    RingPaused,
    PausedByPerson,
    PausedByService,
    Frozen,
    Holiday,
    OutsideWindow,
    Deferral,
    Budget,
    RingNotOpen,
    InQueue,
}

/// What is told of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The word in JSON, filters and pages.
    pub word: &'static str,
    pub owner: Owner,
    pub title: &'static str,
    pub fix: &'static str,
    /// Autopatch's names for it; empty: it has none.
    pub alerts: &'static [&'static str],
}

const fn row(
    word: &'static str,
    owner: Owner,
    title: &'static str,
    fix: &'static str,
    alerts: &'static [&'static str],
) -> Row {
    Row { word, owner, title, fix, alerts }
}

impl PrimaryReason {
    /// Those that are neither of registration nor failures.
    const OTHERS: [Self; 31] = [
        Self::NotJudged,
        Self::NoRing,
        Self::NoContent,
        Self::NotReleased,
        Self::SafeguardHold,
        Self::SegmentHeld,
        Self::Lost,
        Self::NoStart,
        Self::Silent,
        Self::Installing,
        Self::Offered,
        Self::WentBack,
        Self::TakenBack,
        Self::OfferTakenBack,
        Self::BelowFloor,
        Self::LeftOut,
        Self::JoinedLater,
        Self::Superseded,
        Self::Cancelled,
        Self::TenantPaused,
        Self::ReleasePaused,
        Self::RingPaused,
        Self::PausedByPerson,
        Self::PausedByService,
        Self::Frozen,
        Self::Holiday,
        Self::OutsideWindow,
        Self::Deferral,
        Self::Budget,
        Self::RingNotOpen,
        Self::InQueue,
    ];

    /// Every reason there is: of registration, of failures, and the others.
    pub fn all() -> impl Iterator<Item = Self> {
        let registration = registration::Reason::ALL.iter().copied().map(Self::Registration);
        let failures = FailureClass::ALL.into_iter().map(Self::Failed);
        registration.chain(failures).chain(Self::OTHERS)
    }

    /// The reason of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::all().find(|reason| reason.row().word == word)
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// What is told of it.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one table, a row for each reason")]
    pub fn row(self) -> Row {
        match self {
            Self::Registration(reason) => Row {
                word: reason.word(),
                owner: reason.turn(),
                title: reason.title(),
                fix: reason.remedy(),
                alerts: of_registration(reason),
            },
            Self::Failed(class) => failed(class),
            Self::NotJudged => row(
                "not_judged",
                Owner::Concentric,
                "Not looked at yet",
                "Wait for the next pass of registration, or ask for one: `concentric tenant registration --run`.",
                &[],
            ),
            Self::NoRing => row(
                "no_ring",
                Owner::Administrator,
                "In no ring",
                "Give the device a ring: by a group of the set, by its percentages, or with `concentric device move`.",
                &["Not Deployed"],
            ),
            Self::NoContent => row(
                "no_content",
                Owner::Administrator,
                "No update for its Windows version",
                "Move the device to a Windows version in service, by a feature update or a new installation.",
                &["EndOfService"],
            ),
            Self::NotReleased => row(
                "not_released",
                Owner::Administrator,
                "The newest update is not released to its ring set",
                "Start a rollout of it (`concentric rollout create`), or let a rule approve it (`concentric rule create`).",
                &["Not Offered"],
            ),
            Self::SafeguardHold => row(
                "safeguard_hold",
                Owner::Microsoft,
                "Held back by Microsoft",
                "Wait until Microsoft lifts the safeguard hold; `concentric rollout explain` names the known issue.",
                &["SafeguardHold"],
            ),
            Self::SegmentHeld => row(
                "segment_held",
                Owner::Administrator,
                "Its model, build or category is held",
                "Look at why the segment failed, then let it go on: `concentric rollout release-segment`.",
                &["FailureResponseThreshold"],
            ),
            Self::Lost => row(
                "lost",
                Owner::Administrator,
                "Went silent while it installed",
                "Look at the device: it began to install and was not heard of since. Offer it again with `concentric device retry` when it is back.",
                &["UnexpectedShutdown"],
            ),
            Self::NoStart => row(
                "no_start",
                Owner::User,
                "Had the offer, and did not begin",
                "Leave the device switched on and connected for two hours at a stretch, six in all, with 1 GB free; then `concentric device retry`.",
                &["Insufficient Usage", "No Heartbeat"],
            ),
            Self::Silent => row(
                "silent",
                Owner::User,
                "Not heard of for five days",
                "Switch the device on and connect it to the internet.",
                &["Intune Sync Older Than 5 Days", "Low Connectivity"],
            ),
            Self::Installing => row(
                "installing",
                Owner::User,
                "Installing, or waiting for the restart",
                "Restart the device; Windows does by itself when the deadline of the ring has passed.",
                &["In Progress"],
            ),
            Self::Offered => row(
                "offered",
                Owner::User,
                "Offered, and waiting for the device",
                "Nothing: the device takes it at its next scan, and installs it by the deadline of the ring.",
                &["In Progress"],
            ),
            Self::WentBack => row(
                "went_back",
                Owner::Administrator,
                "Had the update, and runs an older build again",
                "Find out who or what removed it, then offer it again: `concentric device retry`.",
                &["RollbackInitiated"],
            ),
            Self::TakenBack => row(
                "taken_back",
                Owner::Administrator,
                "The update was rolled back",
                "Wait for a release that mends what was wrong, and start that.",
                &["RollbackInitiated"],
            ),
            Self::OfferTakenBack => row(
                "offer_taken_back",
                Owner::Administrator,
                "Its offer was taken back",
                "Let the ring go on (`concentric resume`): the offers that were taken back are given again.",
                &["InstalledCancelled"],
            ),
            Self::BelowFloor => row(
                "below_floor",
                Owner::Administrator,
                "The update is below the version floor",
                "Release an update at or above the floor, or lower the floor: `concentric update floor`.",
                &[],
            ),
            Self::LeftOut => row(
                "left_out",
                Owner::Administrator,
                "Was left out when the rollout was made",
                "Start a rollout of the update for those who have come since; the reason then is beside it.",
                &["Not Deployed"],
            ),
            Self::JoinedLater => row(
                "joined_later",
                Owner::Administrator,
                "Came to the ring after the rollout was made",
                "Start a rollout of the update for those who have come since, or wait for the next update.",
                &["Not Deployed"],
            ),
            Self::Superseded => row(
                "superseded",
                Owner::Concentric,
                "Left to a newer release",
                "Nothing: the rollout of the newer release serves it.",
                &["CancelledByUser"],
            ),
            Self::Cancelled => row(
                "cancelled",
                Owner::Administrator,
                "The rollout was cancelled",
                "Start a new rollout of the update, if it is still wanted.",
                &["CancelledByUser"],
            ),
            Self::TenantPaused => row(
                "tenant_paused",
                Owner::Administrator,
                "The tenant is paused",
                "Let it go on: `concentric resume --all`.",
                &["Paused", "PolicyConflictPause"],
            ),
            Self::ReleasePaused => row(
                "release_paused",
                Owner::Administrator,
                "The release is paused",
                "Let it go on: `concentric resume --release NAME`.",
                &["Paused"],
            ),
            Self::RingPaused => row(
                "ring_paused",
                Owner::Administrator,
                "The ring is paused",
                "Let it go on: `concentric resume --rollout NAME --ring RING`.",
                &["Paused"],
            ),
            Self::PausedByPerson => row(
                "paused_by_person",
                Owner::Administrator,
                "The rollout is paused",
                "Let it go on: `concentric resume --rollout NAME`.",
                &["Paused"],
            ),
            Self::PausedByService => row(
                "paused_by_service",
                Owner::Administrator,
                "Paused by the service, because a gate failed",
                "Look at the evidence (`concentric rollout explain`), then let it go on or roll it back.",
                &["FailureResponseThreshold"],
            ),
            Self::Frozen => row(
                "frozen",
                Owner::Administrator,
                "A freeze stands",
                "Wait for its end, end it, or let this rollout cross it: `concentric freeze`.",
                &[],
            ),
            Self::Holiday => row(
                "holiday",
                Owner::Concentric,
                "A holiday of its site",
                "Nothing: offers go on after it.",
                &[],
            ),
            Self::OutsideWindow => row(
                "outside_window",
                Owner::Concentric,
                "Outside of the windows of its ring",
                "Nothing: offers go on in the next window; `concentric calendar next` says when.",
                &[],
            ),
            Self::Deferral => row(
                "deferral",
                Owner::Concentric,
                "The deferral of its ring runs",
                "Nothing: the ring opens when it ends.",
                &["PolicyConflictDeferral"],
            ),
            Self::Budget => row(
                "budget",
                Owner::Concentric,
                "The budget of the tenant is used up",
                "Wait for outcomes of devices in flight, or raise the budget: `concentric tenant budget`.",
                &[],
            ),
            Self::RingNotOpen => row(
                "ring_not_open",
                Owner::Concentric,
                "Its ring has not opened",
                "Nothing: it opens when the rings before it passed their gates; `concentric rollout explain` says what is missing.",
                &["In Progress"],
            ),
            Self::InQueue => row(
                "in_queue",
                Owner::Concentric,
                "Waits for its wave",
                "Nothing: waves of its ring go on; `concentric device expedite` puts it first.",
                &["In Progress"],
            ),
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one table, a row for each class")]
const fn failed(class: FailureClass) -> Row {
    use Owner::{Administrator, Microsoft, User};
    match class {
        FailureClass::DiskFull => row(
            "failed_disk_full",
            User,
            "Failed: the disk is full",
            "Free at least 1 GB on the system drive, 64 GB for a new Windows version; then `concentric device retry`.",
            &["DiskFull", "WUDiskError"],
        ),
        FailureClass::Download => row(
            "failed_download",
            User,
            "Failed: the download did not come through",
            "Connect the device to a network that reaches Windows Update; look at proxies and Delivery Optimization.",
            &[
                "DownloadIssue",
                "DownloadConnectionIssue",
                "DownloadTimeout",
                "DownloadCancelled",
                "DownloadCredentialsIssue",
            ],
        ),
        FailureClass::DownloadService => row(
            "failed_service_disabled",
            Administrator,
            "Failed: a service that updates need is disabled",
            "Enable Windows Update, BITS and Delivery Optimization on the device; a policy may have disabled them.",
            &["DownloadIssueServiceDisabled"],
        ),
        FailureClass::AccessDenied => row(
            "failed_access_denied",
            Administrator,
            "Failed: access was denied",
            "Look at security software and at rights on system folders and the registry.",
            &["InstallAccessDenied"],
        ),
        FailureClass::FileLocked => row(
            "failed_file_locked",
            User,
            "Failed: a program keeps a file open",
            "Restart the device; exclude the update folders from virus scanners.",
            &["InstallFileLocked", "WUBusy"],
        ),
        FailureClass::FileMissing => row(
            "failed_file_missing",
            Administrator,
            "Failed: a file is missing",
            "Repair the component store: `DISM /Online /Cleanup-Image /RestoreHealth`.",
            &["FileNotFound", "InstallMissingInfo", "WUComponentMissing"],
        ),
        FailureClass::OutOfMemory => row(
            "failed_out_of_memory",
            User,
            "Failed: out of memory",
            "Restart the device and close programs; look at its memory.",
            &["InstallOutOfMemory"],
        ),
        FailureClass::Damaged => row(
            "failed_damaged",
            Administrator,
            "Failed: the component store is damaged",
            "Repair it: `DISM /Online /Cleanup-Image /RestoreHealth`, then `sfc /scannow`; else install Windows in place.",
            &["WUDamaged", "DamagedMedia", "WindowsRepairRequired", "WUDecryptionIssue"],
        ),
        FailureClass::Installer => row(
            "failed_installer",
            Administrator,
            "Failed: the installer of the update failed",
            "Read its log on the device (CBS.log); a full system partition is the usual cause.",
            &["InstallIssue", "InstallSetupError", "InstallIssueRedirection"],
        ),
        FailureClass::Incompatible => row(
            "failed_incompatible",
            Administrator,
            "Failed: the device or a program is not compatible",
            "Update or remove what stands in the way; setup names it in its compatibility report.",
            &[
                "Incompatible",
                "IncompatibleArchitecture",
                "IncompatibleServicingChannel",
                "InstallSetupBlock",
            ],
        ),
        FailureClass::NotApplicable => row(
            "failed_not_applicable",
            Microsoft,
            "Failed: the update does not apply",
            "Look at the Windows version of the device; report it to Microsoft if it is right.",
            &["VersionMismatch"],
        ),
        FailureClass::RolledBack => row(
            "failed_rolled_back",
            Administrator,
            "Failed: Windows went back to what it was",
            "Mostly a driver: update drivers and firmware, then `concentric device retry`.",
            &["RollbackInitiated"],
        ),
        FailureClass::RestartPending => row(
            "failed_restart_pending",
            User,
            "Failed: a restart is still to come",
            "Restart the device.",
            &["PostRestartIssue"],
        ),
        FailureClass::TimedOut => row(
            "failed_timed_out",
            Administrator,
            "Failed: the install came to no end",
            "Look at the device; it is heard of, and its install is under way far too long.",
            &["In Progress - Stuck"],
        ),
        FailureClass::Other => row(
            "failed",
            Administrator,
            "Failed",
            "Look up the error code, and the log of Windows Update on the device.",
            &["WUIssue"],
        ),
    }
}

const fn of_registration(reason: registration::Reason) -> &'static [&'static str] {
    use registration::Reason;
    match reason {
        Reason::NotInIntune | Reason::ConfigurationManagerOnly => &["DeviceRegistrationIssue"],
        Reason::NotInEntra => {
            &["DeviceRegistrationInvalidAzureADDeviceId", "DeviceRegistrationInvalidGlobalDeviceId"]
        }
        Reason::EntraDisabled => &["DeviceRegistrationIssue"],
        Reason::JoinUnsupported => &["DeviceRegistrationNoTrustType"],
        Reason::Inactive => &["No Heartbeat", "Intune Sync Older Than 5 Days"],
        Reason::EditionUnsupported | Reason::MultiSession => {
            &["Not On Supported on Windows Edition"]
        }
        Reason::BuildUnsupported => &["Not On Supported Windows Build", "EndOfService"],
        Reason::ArchitectureUnsupported => &["IncompatibleArchitecture"],
        Reason::UpdatesNotInIntune | Reason::ConfigurationNotInIntune => &["PolicyConflict"],
        Reason::OfficeNotInIntune => &["PolicyConflict"],
        Reason::GroupConflict => &["DeploymentConflict"],
        Reason::Excluded | Reason::Held => &["CancelledByUser"],
        Reason::MissingSerial | Reason::MissingModel | Reason::MissingManufacturer => &[],
        Reason::Personal | Reason::NotWindows | Reason::DuplicateSerial => &[],
    }
}
