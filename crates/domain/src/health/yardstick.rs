//! What a device of a ring should have: the newest update there is, and the newest it had time for.

use chrono::{DateTime, TimeDelta, Utc};

use crate::build::Build;
use crate::ring::Cadence;

/// Devices have so long to report what they have done (facts/autopatch.md 5.4).
pub const REPORTING: TimeDelta = TimeDelta::days(5);

/// A quality update of one Windows version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The lowest revision that it brings: of one with a hotpatch, that of either.
    pub build: Build,
    pub released_at: DateTime<Utc>,
}

/// What the devices of one Windows version in one ring are held against. Revisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Yardstick {
    /// None: the catalogue has nothing for the version.
    pub latest: Option<u32>,
    /// The newest whose time has run out; none: none has.
    pub due: Option<u32>,
}

impl Yardstick {
    #[must_use]
    pub fn is_latest(self, build: Build) -> bool {
        self.latest.is_some_and(|latest| build.revision >= latest)
    }

    /// Whether a device has what it had time for. What the catalogue knows nothing of is in time for
    /// nothing: such a version gets no updates.
    #[must_use]
    pub fn is_in_time(self, build: Build) -> bool {
        self.latest.is_some() && self.due.is_none_or(|due| build.revision >= due)
    }
}

/// The yardstick of the Windows version of `build`, in a ring of this cadence at `now`. `paused_since`:
/// since when the ring stands still, and with it its time. Without a cadence (a device in no ring)
/// an update is due five days after its release.
#[must_use]
pub fn yardstick(
    published: &[Published],
    build: Build,
    cadence: Option<Cadence>,
    paused_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Yardstick {
    let allowed = cadence.map_or(TimeDelta::zero(), |cadence| {
        TimeDelta::days(i64::from(cadence.deferral_days) + i64::from(cadence.deadline_days))
    }) + REPORTING;
    let clock = paused_since.map_or(now, |since| since.min(now));
    let version = |one: &&Published| {
        (one.build.major, one.build.minor, one.build.build)
            == (build.major, build.minor, build.build)
            && one.released_at <= now
    };
    let of_version = || published.iter().filter(version);
    Yardstick {
        latest: of_version().map(|one| one.build.revision).max(),
        due: of_version()
            .filter(|one| one.released_at + allowed <= clock)
            .map(|one| one.build.revision)
            .max(),
    }
}
