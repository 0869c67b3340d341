//! Until when Microsoft services a Windows version.
//!
//! Dates of the Enterprise and Education editions, from Microsoft's release information for Windows 10 and
//! Windows 11 (learn.microsoft.com/windows/release-health); long-term servicing has dates of its own.
//! What is newer than the table is in service: nothing unknown is held against a device.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::build::Build;

/// One Windows version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The build number, which stands for it.
    pub build: u32,
    pub name: &'static str,
    /// The last day of service of the Enterprise and Education editions.
    pub serviced_to: (i32, u32, u32),
    /// The same of the long-term channel; none: there is none of this version.
    pub long_term_to: Option<(i32, u32, u32)>,
}

const fn version(
    build: u32,
    name: &'static str,
    serviced_to: (i32, u32, u32),
    long_term_to: Option<(i32, u32, u32)>,
) -> Version {
    Version { build, name, serviced_to, long_term_to }
}

/// In order of build numbers.
static VERSIONS: [Version; 16] = [
    version(14393, "Windows 10 1607", (2019, 4, 9), Some((2026, 10, 13))),
    version(15063, "Windows 10 1703", (2019, 10, 8), None),
    version(16299, "Windows 10 1709", (2020, 10, 13), None),
    version(17134, "Windows 10 1803", (2021, 5, 11), None),
    version(17763, "Windows 10 1809", (2021, 5, 11), Some((2029, 1, 9))),
    version(18362, "Windows 10 1903", (2020, 12, 8), None),
    version(18363, "Windows 10 1909", (2022, 5, 10), None),
    version(19041, "Windows 10 2004", (2021, 12, 14), None),
    version(19042, "Windows 10 20H2", (2023, 5, 9), None),
    version(19043, "Windows 10 21H1", (2022, 12, 13), None),
    version(19044, "Windows 10 21H2", (2024, 6, 11), Some((2027, 1, 12))),
    version(19045, "Windows 10 22H2", (2025, 10, 14), None),
    version(22000, "Windows 11 21H2", (2024, 10, 8), None),
    version(22621, "Windows 11 22H2", (2025, 10, 14), None),
    version(22631, "Windows 11 23H2", (2026, 11, 10), None),
    version(26100, "Windows 11 24H2", (2027, 10, 12), Some((2029, 10, 9))),
];

/// The version of a build number, if the table has it.
#[must_use]
pub fn version_of(build: u32) -> Option<&'static Version> {
    VERSIONS.iter().find(|version| version.build == build)
}

/// Whether a device on this build gets security updates at `now`. `long_term`: it is of the long-term
/// channel.
#[must_use]
pub fn in_service(build: Build, long_term: bool, now: DateTime<Utc>) -> bool {
    let Some(version) = version_of(build.build) else {
        // Newer than all that are known, or of a branch that never was released.
        return VERSIONS.last().is_some_and(|last| build.build > last.build);
    };
    let long = version.long_term_to.filter(|_| long_term);
    let (year, month, day) = long.unwrap_or(version.serviced_to);
    let last = NaiveDate::from_ymd_opt(year, month, day).and_then(|day| day.succ_opt());
    last.is_some_and(|end| now < end.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_order_and_their_days_exist() {
        assert!(VERSIONS.windows(2).all(|pair| pair[0].build < pair[1].build));
        for version in &VERSIONS {
            for (year, month, day) in version.long_term_to.into_iter().chain([version.serviced_to])
            {
                assert!(NaiveDate::from_ymd_opt(year, month, day).is_some(), "{version:?}");
            }
        }
    }

    #[test]
    fn the_last_day_is_served_and_the_next_is_not() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let build = |build| Build { major: 10, minor: 0, build, revision: 1 };
        assert!(in_service(build(22631), false, at("2026-11-10T23:59:59Z")));
        assert!(!in_service(build(22631), false, at("2026-11-11T00:00:00Z")));
        assert!(in_service(build(19044), true, at("2026-11-11T00:00:00Z")));
        assert!(!in_service(build(19044), false, at("2026-11-11T00:00:00Z")));
        assert!(in_service(build(30000), false, at("2050-01-01T00:00:00Z")), "not known yet");
        assert!(!in_service(build(20000), false, at("2020-01-01T00:00:00Z")), "never released");
    }
}
