//! Which reports there are, and their columns. The table of all of them is docs/reports.md.

use api_types::{ReportColumn, ReportDescription};

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    QualityStatus,
    FeatureStatus,
    Ineligible,
    Trending,
    Releases,
    Compliance,
    Exposure,
    Holds,
    Reliability,
    Conflicts,
}

/// Where its rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Devices(Devices),
    Whole(Whole),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Devices {
    Quality,
    Feature,
    Ineligible,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    Trending,
    Releases,
    Compliance,
    Exposure,
    Holds,
    Reliability,
    Conflicts,
}

/// Name, what it holds.
pub(super) type Column = (&'static str, &'static str);

const DEVICE: [Column; 6] = [
    ("device_id", "Concentric's id of the device"),
    ("name", "its name"),
    ("serial", "its serial number"),
    ("model", "manufacturer and model"),
    ("ring_set", "the ring set it is in"),
    ("ring", "its ring"),
];

const REASON: [Column; 6] = [
    ("reason", "the one reason why not: a word of docs/reasons.md"),
    ("owner", "whose turn it is"),
    ("why", "the reason in words"),
    ("evidence", "what it was found by"),
    ("since", "since when"),
    ("age_days", "for how many days"),
];

const fn joined<const N: usize>(parts: &[&[Column]]) -> [Column; N] {
    let mut all = [("", ""); N];
    let (mut at, mut part) = (0, 0);
    while part < parts.len() {
        let mut one = 0;
        while one < parts[part].len() {
            all[at] = parts[part][one];
            at += 1;
            one += 1;
        }
        part += 1;
    }
    all
}

const CLIENT: [Column; 3] = [
    ("client_state", "where it stands in the rollout"),
    ("client_state_at", "since when"),
    ("error_code", "what a failed device reported"),
];

static QUALITY: [Column; 23] = joined(&[
    &DEVICE,
    &[
        ("entra_device_id", "its device id in Entra"),
        ("status", "up_to_date, in_progress, paused, not_up_to_date, not_ready, not_registered"),
        ("build", "the build it runs"),
        ("latest_revision", "revision of the newest quality update of its Windows version"),
        ("readiness", "how registration found it"),
        ("last_check_in", "when it was last in contact with Intune"),
    ],
    &REASON,
    &CLIENT,
    &[("rollout_id", "the rollout of what it should have"), ("category", "Intune's category")],
]);

static FEATURE: [Column; 22] = joined(&[
    &DEVICE,
    &[
        ("status", "up_to_date or not_up_to_date"),
        ("build", "the build it runs"),
        ("version", "the Windows version of that"),
        ("in_service", "whether Microsoft services it"),
        ("serviced_to", "the last day of that, of Enterprise and Education"),
        ("target", "the release of a Windows version that is rolled out over its ring set"),
    ],
    &REASON,
    &CLIENT,
    &[("readiness", "how registration found it")],
]);

static INELIGIBLE: [Column; 16] = joined(&[
    &DEVICE,
    &[
        (
            "readiness",
            "not_ready, prerequisite_failed, group_conflict, excluded; empty: not judged",
        ),
        ("all_reasons", "everything that stands against it"),
        ("last_check_in", "when it was last in contact with Intune"),
        ("fix", "what to do about the first reason"),
    ],
    &REASON,
]);

const STATUSES: [Column; 7] = [
    ("devices", "all of them"),
    ("up_to_date", "on the newest quality update"),
    ("in_progress", "behind it, and in time"),
    ("paused", "behind it, and their ring stands still"),
    ("not_up_to_date", "behind what they should have"),
    ("not_ready", "registered, and not served for now"),
    ("not_registered", "not registered"),
];

static TRENDING: [Column; 13] = joined(&[
    &[
        ("day", "how it stood at midnight (UTC), when this day began"),
        ("ring_set", "empty: the tenant"),
        ("ring", "empty: all rings of the set"),
    ],
    &STATUSES,
    &[
        ("latest_percent", "registered devices on the newest quality update"),
        ("quality_percent", "devices on the newest quality update they had time for"),
        ("feature_percent", "devices on a Windows version in service"),
    ],
]);

static RELEASES: [Column; 19] = [
    ("release", "name of the release"),
    ("kind", "quality, feature, driver, edge, microsoft_365_apps"),
    ("update", "the update in the catalogue"),
    ("released_at", "when Microsoft released it"),
    ("ring_set", "the ring set it went over"),
    ("rollout_id", "id of the rollout"),
    ("phase", "where it stands"),
    ("created_at", "when the rollout was made"),
    ("changed_at", "of the last decision"),
    ("devices", "all devices of the rollout"),
    ("offered", "those that may have it, or had the offer"),
    ("confirmed", "installed, and healthy hours later"),
    ("failed", "failed"),
    ("lost", "went silent while they installed"),
    ("unresolved", "did not begin"),
    ("removed", "had it taken back"),
    ("excluded", "left out"),
    ("complete_percent", "confirmed, of those that are not left out"),
    ("superseded_by", "the rollout of the newer release"),
];

static COMPLIANCE: [Column; 10] = [
    ("objective", "quality, feature, microsoft_365_apps"),
    ("ring_set", "empty: the tenant"),
    ("ring", "empty: all rings of the set"),
    ("target_percent", "what must be reached"),
    ("percent", "what is, rounded down"),
    ("holds", "whether it is reached"),
    ("met", "devices that meet it"),
    ("eligible", "devices it is about"),
    ("excluded", "devices it is not about"),
    ("excluded_why", "those by reason"),
];

static EXPOSURE: [Column; 11] = [
    ("update", "the update that closes it"),
    ("released_at", "when it was released"),
    ("severity", "of the worst it closes: critical, important, moderate; empty: not said"),
    ("base_score", "highest CVSS base score of what it closes"),
    ("exploited", "how many that are being exploited"),
    ("exploited_cves", "which"),
    ("ring_set", "the ring set"),
    ("ring", "the ring"),
    ("exposed", "registered devices without it"),
    ("devices", "registered devices whose Windows version it is made for"),
    ("exposed_days", "days since its release"),
];

static HOLDS: [Column; 9] = [
    ("kind", "hold, exclude, pin, cohort_hold, freeze, pause"),
    ("subject", "the device, the filter, or what stands still"),
    ("owner", "who decided it"),
    ("reason", "why"),
    ("since", "since when"),
    ("age_days", "for how many days"),
    ("expires_at", "when it ends; empty: when somebody ends it"),
    ("devices", "how many it concerns, where that is counted"),
    ("id", "its id, or that of the device"),
];

static RELIABILITY: [Column; 14] = [
    ("release", "name of the release"),
    ("update", "the update in the catalogue"),
    ("ring_set", "the ring set it went over"),
    ("ring", "the ring"),
    ("rollout_id", "id of the rollout"),
    ("result", "confirmed, failed or lost; failed and lost by code"),
    ("code", "what devices reported; empty: nothing"),
    ("meaning", "what the code means, where that is known"),
    ("devices", "devices it came to so"),
    ("judged", "devices of the ring whose outcome is known"),
    ("percent", "those, of these"),
    ("level", "how far the evidence against the release is from what healthy ones show"),
    ("phase", "where the rollout stands"),
    ("created_at", "when the rollout was made"),
];

static CONFLICTS: [Column; 8] = [
    ("kind", "changed, missing, update_ring, conditional_access"),
    ("object", "the policy or group: its key in the enrollment, or its name"),
    ("object_id", "its id on Graph, where it is ours"),
    ("setting", "what differs"),
    ("expected", "as enrollment wrote it"),
    ("found", "as it is"),
    ("seen_at", "when it was looked at last"),
    ("fix", "what to do"),
];

impl Report {
    pub(super) const ALL: [Self; 10] = [
        Self::QualityStatus,
        Self::FeatureStatus,
        Self::Ineligible,
        Self::Trending,
        Self::Releases,
        Self::Compliance,
        Self::Exposure,
        Self::Holds,
        Self::Reliability,
        Self::Conflicts,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::QualityStatus => "quality-status",
            Self::FeatureStatus => "feature-status",
            Self::Ineligible => "ineligible-devices",
            Self::Trending => "trending",
            Self::Releases => "release-history",
            Self::Compliance => "compliance",
            Self::Exposure => "exposure",
            Self::Holds => "holds",
            Self::Reliability => "reliability",
            Self::Conflicts => "policy-conflicts",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|report| report.name() == name)
    }

    const fn title(self) -> &'static str {
        match self {
            Self::QualityStatus => "Every device and its quality updates",
            Self::FeatureStatus => "Every device and its Windows version",
            Self::Ineligible => "Devices that are not served, and why",
            Self::Trending => "How the fleet stood each day, for two years",
            Self::Releases => "Every rollout, and what came of it",
            Self::Compliance => "Objectives, and who is excluded from them",
            Self::Exposure => "Rings without updates that close vulnerabilities",
            Self::Reliability => "What became of devices that took an update, by ring and code",
            Self::Conflicts => "Policies that others changed, or that stand against ours",
            Self::Holds => "What people hold, exclude, freeze and pause, by age and owner",
        }
    }

    pub(super) const fn sort(self) -> Sort {
        match self {
            Self::QualityStatus => Sort::Devices(Devices::Quality),
            Self::FeatureStatus => Sort::Devices(Devices::Feature),
            Self::Ineligible => Sort::Devices(Devices::Ineligible),
            Self::Trending => Sort::Whole(Whole::Trending),
            Self::Releases => Sort::Whole(Whole::Releases),
            Self::Compliance => Sort::Whole(Whole::Compliance),
            Self::Exposure => Sort::Whole(Whole::Exposure),
            Self::Holds => Sort::Whole(Whole::Holds),
            Self::Reliability => Sort::Whole(Whole::Reliability),
            Self::Conflicts => Sort::Whole(Whole::Conflicts),
        }
    }

    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::QualityStatus => &QUALITY,
            Self::FeatureStatus => &FEATURE,
            Self::Ineligible => &INELIGIBLE,
            Self::Trending => &TRENDING,
            Self::Releases => &RELEASES,
            Self::Compliance => &COMPLIANCE,
            Self::Exposure => &EXPOSURE,
            Self::Holds => &HOLDS,
            Self::Reliability => &RELIABILITY,
            Self::Conflicts => &CONFLICTS,
        }
    }

    /// Where a column stands.
    pub(super) fn column(self, name: &str) -> Option<usize> {
        self.columns().iter().position(|(column, _)| *column == name)
    }

    pub(super) fn description(self) -> ReportDescription {
        ReportDescription {
            name: self.name().to_owned(),
            title: self.title().to_owned(),
            of_devices: match self.sort() {
                Sort::Devices(_) => true,
                Sort::Whole(_) => false,
            },
            columns: self
                .columns()
                .iter()
                .map(|&(name, meaning)| ReportColumn {
                    name: name.to_owned(),
                    meaning: meaning.to_owned(),
                })
                .collect(),
        }
    }
}
