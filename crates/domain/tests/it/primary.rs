//! Every device that is not up to date has exactly one primary reason, whatever is stored of it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::ids::RolloutId;
use domain::primary::{
    Attempt, Course, Finding, Pause, PauseScope, PrimaryReason, Stage, Stands, Wait, Wanted, find,
};
use domain::registration::{Reason, Reasons, Standing};
use uuid::Uuid;

fn hour(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

const NOW: i64 = 1_000;
const CODES: [Option<&str>; 12] = [
    None,
    Some("0x80070070"),
    Some("0x800f0922"),
    Some("nonsense"),
    Some("superseded"),
    Some("below_floor"),
    Some("no_content"),
    Some("already_current"),
    Some("inactive"),
    Some("held"),
    Some("left"),
    Some("0xc1900101"),
];

fn courses() -> [Course; 6] {
    let since = hour(5);
    [
        Course::Running,
        Course::PausedByPerson { since },
        Course::PausedByService { since },
        Course::TakenBack { since },
        Course::Cancelled { since },
        Course::Superseded { since },
    ]
}

fn pauses() -> [Option<Pause<'static>>; 4] {
    let pause = |scope| Some(Pause { scope, at: hour(4), by: "ana", reason: Some("lunch") });
    [None, pause(PauseScope::Tenant), pause(PauseScope::Release), pause(PauseScope::Ring)]
}

const WAITS: [Option<Wait<'static>>; 6] = [
    None,
    Some(Wait::Deferral),
    Some(Wait::Window),
    Some(Wait::Freeze { owner: "ben", reason: "year end" }),
    Some(Wait::Holiday { name: "Oslo" }),
    Some(Wait::Budget),
];

/// Every stage there is.
fn stages() -> Vec<Stage<'static>> {
    let mut stages = Vec::new();
    for course in courses() {
        for pause in pauses() {
            for wait in WAITS {
                for opened_at in [None, Some(hour(3))] {
                    let rollout = RolloutId(Uuid::from_u128(1));
                    let created_at = hour(1);
                    stages.push(Stage { rollout, created_at, course, pause, wait, opened_at });
                }
            }
        }
    }
    stages
}

fn ready() -> Stands<'static> {
    Stands {
        standing: Some((Standing::Ready, Reasons::empty())),
        standing_at: Some(hour(0)),
        last_sync: Some(hour(NOW)),
        has_ring: true,
        wanted: Wanted::Nothing,
        attempt: None,
    }
}

#[test]
fn every_combination_has_one_reason_and_every_reason_is_found() {
    let mut found = BTreeSet::new();
    let mut note = |stands: &Stands<'_>| {
        let finding = find(stands, hour(NOW));
        let row = finding.reason.row();
        assert!(!row.title.is_empty() && !row.fix.is_empty(), "{row:?}");
        assert_eq!(PrimaryReason::from_word(row.word), Some(finding.reason));
        assert_eq!(finding, find(stands, hour(NOW)), "it is always the same");
        found.insert(finding.reason);
    };
    note(&Stands { standing: None, ..ready() });
    for reason in Reason::ALL {
        let standing = Some((Standing::PrerequisiteFailed, Reasons::empty().with(*reason)));
        note(&Stands { standing, ..ready() });
    }
    note(&Stands { has_ring: false, ..ready() });
    note(&ready());
    note(&Stands { wanted: Wanted::Unreleased { released_at: hour(0) }, ..ready() });
    let attempts = |codes: &[Option<&'static str>]| {
        let mut attempts = Vec::new();
        for state in AttemptState::ALL {
            for (aside, safeguard) in [(false, None), (true, None), (false, Some("41332279"))] {
                let state_at = hour(2);
                let of = |code: &_| Attempt { state, state_at, code: *code, aside, safeguard };
                attempts.extend(codes.iter().map(of));
            }
        }
        attempts
    };
    let every_stage = stages();
    for (attempt, stage) in attempts(&CODES)
        .into_iter()
        .flat_map(|one| every_stage.iter().map(move |stage| (one, *stage)))
    {
        let last_sync = Some(hour(NOW - 24 * 6 * i64::from(attempt.code.is_none())));
        let wanted = Wanted::Rollout(stage);
        note(&Stands { wanted, attempt: Some(attempt), last_sync, ..ready() });
    }
    let known: Vec<_> = domain::failure::KNOWN.iter().map(|known| Some(known.code)).collect();
    for attempt in attempts(&known) {
        for last_sync in [None, Some(hour(NOW))] {
            let wanted = Wanted::Rollout(every_stage[0]);
            note(&Stands { wanted, attempt: Some(attempt), last_sync, ..ready() });
        }
    }
    for stage in &every_stage {
        note(&Stands { wanted: Wanted::Rollout(*stage), ..ready() });
    }
    let all: BTreeSet<PrimaryReason> = PrimaryReason::all().collect();
    assert_eq!(all.difference(&found).collect::<Vec<_>>(), Vec::<&PrimaryReason>::new());
    assert_eq!(all.len(), PrimaryReason::all().count(), "none is listed twice");
    let words: BTreeSet<&str> = all.iter().map(|reason| reason.word()).collect();
    assert_eq!(words.len(), all.len(), "each has a word of its own");
}

fn stage() -> Stage<'static> {
    Stage {
        rollout: RolloutId(Uuid::from_u128(1)),
        created_at: hour(1),
        course: Course::Running,
        pause: None,
        wait: None,
        opened_at: Some(hour(3)),
    }
}

fn of(state: AttemptState, sees: Stage<'_>, code: Option<&str>) -> Finding {
    let state_at = hour(10);
    let attempt = Some(Attempt { state, state_at, code, aside: false, safeguard: None });
    find(&Stands { wanted: Wanted::Rollout(sees), attempt, ..ready() }, hour(NOW))
}

#[test]
fn what_is_wrong_with_the_device_comes_before_what_the_rollout_waits_for() {
    let frozen = Stage { wait: Some(Wait::Freeze { owner: "ben", reason: "year end" }), ..stage() };
    let found = of(AttemptState::Assigned, frozen, None);
    assert_eq!(found.reason, PrimaryReason::Frozen);
    assert_eq!(found.evidence.as_deref(), Some("ben: year end"));
    assert_eq!(found.age_days(hour(NOW)), Some((NOW - 3) / 24));
    let failed = of(AttemptState::Failed, frozen, Some("0x80070070"));
    assert_eq!(failed.reason.word(), "failed_disk_full");
    assert_eq!((failed.since, failed.evidence.as_deref()), (Some(hour(10)), Some("0x80070070")));
    let paused = Stage { pause: pauses()[1], ..frozen };
    assert_eq!(of(AttemptState::Assigned, paused, None).reason, PrimaryReason::TenantPaused);
    let closed = Stage { opened_at: None, ..stage() };
    assert_eq!(of(AttemptState::Assigned, closed, None).reason, PrimaryReason::RingNotOpen);
    assert_eq!(of(AttemptState::Assigned, stage(), None).reason, PrimaryReason::InQueue);
    // An administrator's word is told before everything that was read.
    let reasons = Reasons::empty().with(Reason::Inactive).with(Reason::Excluded);
    let excluded = Stands { standing: Some((Standing::Excluded, reasons)), ..ready() };
    let found = find(&excluded, hour(NOW));
    assert_eq!(found.reason, PrimaryReason::Registration(Reason::Excluded));
}

/// The 45 names of facts/autopatch.md 6.3, and the sub-statuses of 6.2.
const AUTOPATCH: &str = "CancelledByUser DamagedMedia DeploymentConflict \
    DeviceRegistrationInvalidAzureADDeviceId DeviceRegistrationInvalidGlobalDeviceId DeviceRegistrationIssue \
    DeviceRegistrationNoTrustType DiskFull DownloadCancelled DownloadConnectionIssue DownloadCredentialsIssue \
    DownloadIssue DownloadIssueServiceDisabled DownloadTimeout EndOfService EndOfServiceApproaching \
    FailureResponseThreshold FileNotFound Incompatible IncompatibleArchitecture IncompatibleServicingChannel \
    InstallAccessDenied InstalledCancelled InstallFileLocked InstallIssue InstallIssueRedirection \
    InstallMissingInfo InstallOutOfMemory InstallSetupBlock InstallSetupError PolicyConflict \
    PolicyConflictDeferral PolicyConflictPause PostRestartIssue RollbackInitiated SafeguardHold \
    UnexpectedShutdown VersionMismatch WindowsRepairRequired WUBusy WUComponentMissing WUDamaged \
    WUDecryptionIssue WUDiskError WUIssue";

const SUB_STATUSES: [&str; 11] = [
    "In Progress",
    "Paused",
    "No Heartbeat",
    "Not Offered",
    "In Progress - Stuck",
    "Insufficient Usage",
    "Low Connectivity",
    "Not Deployed",
    "Not On Supported on Windows Edition",
    "Not On Supported Windows Build",
    "Intune Sync Older Than 5 Days",
];

#[test]
fn every_alert_of_autopatch_is_some_reason_and_no_other_name_is_used() {
    let names: BTreeSet<&str> = AUTOPATCH.split_whitespace().collect();
    assert_eq!(names.len(), 45);
    let used: BTreeSet<&str> =
        PrimaryReason::all().flat_map(|reason| reason.row().alerts.iter().copied()).collect();
    let unknown: Vec<_> = used
        .iter()
        .filter(|name| !names.contains(*name) && !SUB_STATUSES.contains(*name))
        .collect();
    assert_eq!(unknown, Vec::<&&str>::new());
    let missing: Vec<_> = names.difference(&used).copied().collect();
    // Of a device that is up to date: the objective for Windows versions tells of it.
    assert_eq!(missing, ["EndOfServiceApproaching"]);
}
