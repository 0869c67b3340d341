//! The update catalogue: one security update per Patch Tuesday, a preview between two of them,
//! and a feature update.

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::{DAY, HOUR, Seconds, moment, stamp};
use crate::tenant::drivers::Driver;

/// Level of the security update that is current at the start. Security updates have even levels,
/// two per month; the preview of a month has the odd level after it.
pub(crate) const CURRENT: u8 = 6;
/// What the fleet runs at the start: last month's security update.
pub(crate) const BASELINE: u8 = 4;
/// Level of the feature update: after every quality update.
pub(crate) const FEATURE: u8 = 31;
/// What Intune calls the version it brings.
pub(crate) const FEATURE_VERSION: &str = "Windows 11, version 25H2";
const FIRST: u8 = 2;
const LAST: u8 = 30;

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) level: u8,
    pub(crate) released: Seconds,
    month: NaiveDate,
}

#[derive(Debug)]
pub(crate) struct Catalog {
    entries: Vec<Entry>,
    feature_released: Seconds,
}

/// The two Windows 11 builds of the fleet, and the one it may be brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    Windows25H2,
    Windows24H2,
    Windows23H2,
}

impl Release {
    pub(crate) const fn build(self) -> u16 {
        match self {
            Self::Windows25H2 => 26_200,
            Self::Windows24H2 => 26_100,
            Self::Windows23H2 => 22_631,
        }
    }

    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::Windows25H2 => "25H2",
            Self::Windows24H2 => "24H2",
            Self::Windows23H2 => "23H2",
        }
    }

    fn revision(self, level: u8) -> i32 {
        let steps = i32::from(level) - i32::from(CURRENT);
        match self {
            // Both are serviced by the same updates.
            Self::Windows25H2 | Self::Windows24H2 => 7171 + 136 * steps,
            Self::Windows23H2 => 6199 + 65 * steps,
        }
    }

    /// `10.0.26100.7171`, as Intune reports it and as product revisions are named.
    pub(crate) fn os_version(self, level: u8) -> String {
        format!("10.0.{}.{}", self.build(), self.revision(level))
    }
}

fn second_tuesday(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Tue, 2).unwrap_or_default()
}

fn months_after(month: NaiveDate, count: i32) -> NaiveDate {
    let number = month.year() * 12 + month.month0().cast_signed() + count;
    let month = u32::try_from(number.rem_euclid(12)).unwrap_or(0) + 1;
    second_tuesday(number.div_euclid(12), month)
}

impl Catalog {
    pub(crate) fn new(start: Seconds) -> Self {
        let today = moment(start).date_naive();
        let mut current = second_tuesday(today.year(), today.month());
        if current > today {
            current = months_after(current, -1);
        }
        let released = |date: NaiveDate, hour: Seconds| {
            date.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc().timestamp() + hour * HOUR
        };
        let entries = (FIRST..=LAST)
            .map(|level| {
                let month =
                    months_after(current, (i32::from(level) - i32::from(CURRENT)).div_euclid(2));
                let preview = level % 2 == 1;
                let date = if preview { month + TimeDelta::days(14) } else { month };
                let kind = if preview { "D" } else { "B" };
                let name = format!("quality/{}/{kind}", month.format("%Y-%m"));
                Entry { id: digest(&name), level, released: released(date, 17), month }
            })
            .collect();
        let feature_released = released(current, 17) - 40 * DAY;
        Self { entries, feature_released }
    }

    /// Security updates, without previews, those to come too.
    pub(crate) fn security_ever(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.level % 2 == 0)
    }

    pub(crate) fn id_of(&self, level: u8) -> Option<String> {
        if level == FEATURE {
            return Some(digest("feature/25H2"));
        }
        if let Some(program) = super::programs::entry(level) {
            return Some(program);
        }
        if let Some(driver) = Driver::of_level(level) {
            return Some(driver.entry());
        }
        self.at(level).map(|entry| entry.id.clone())
    }

    pub(crate) fn at(&self, level: u8) -> Option<&Entry> {
        self.entries.get(usize::from(level.checked_sub(FIRST)?))
    }

    /// The quality entry of that name, once it is released.
    pub(crate) fn find(&self, id: &str, now: Seconds) -> Option<&Entry> {
        self.released(now).find(|entry| entry.id == id)
    }

    /// The security updates that are released, oldest first.
    pub(crate) fn security(&self, now: Seconds) -> impl Iterator<Item = &Entry> {
        self.released(now).filter(|entry| entry.is_security())
    }

    /// The level of an entry that can be deployed, once it is released.
    pub(crate) fn level_of(&self, id: &str, now: Seconds) -> Option<u8> {
        if id == digest("feature/25H2") {
            return (self.feature_released <= now).then_some(FEATURE);
        }
        self.find(id, now).map(|entry| entry.level)
    }

    /// When the content of a level was released.
    pub(crate) fn released_at(&self, level: u8) -> Option<Seconds> {
        if level == FEATURE {
            return Some(self.feature_released);
        }
        self.at(level).map(|entry| entry.released)
    }

    fn released(&self, now: Seconds) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.released <= now)
    }

    /// The entries as Graph shows them, newest first.
    pub(crate) fn list(&self, now: Seconds) -> Vec<Value> {
        let mut entries: Vec<&Entry> = self.released(now).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.released));
        let mut shown: Vec<Value> = entries.into_iter().map(Entry::json).collect();
        shown.push(self.feature());
        shown
    }

    fn feature(&self) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.windowsUpdates.featureUpdateCatalogEntry",
            "id": digest("feature/25H2"),
            "displayName": FEATURE_VERSION,
            "deployableUntilDateTime": stamp(self.feature_released + 1095 * DAY),
            "releaseDateTime": stamp(self.feature_released),
            "version": FEATURE_VERSION,
            "buildNumber": "26200",
        })
    }
}

impl Entry {
    const fn is_security(&self) -> bool {
        self.level.is_multiple_of(2)
    }

    pub(crate) const fn month(&self) -> NaiveDate {
        self.month
    }

    /// The article of what it brings to one Windows version.
    pub(crate) fn article(&self, release: Release) -> String {
        format!("KB{}", self.knowledge(release))
    }

    fn knowledge(&self, release: Release) -> u32 {
        5_060_000 + 1000 * u32::from(self.level) + u32::from(release.build() % 1000)
    }

    /// Windows 11 24H2 has hotpatches, in the two months after each baseline (January, April, July,
    /// October).
    fn has_hotpatch(&self) -> bool {
        self.is_security() && !self.month.month0().is_multiple_of(3)
    }

    fn json(&self) -> Value {
        let (letter, class, label) = if self.is_security() {
            ("B", "security", "SecurityUpdate")
        } else {
            ("D", "nonSecurity", "NonSecurityUpdate")
        };
        let month = self.month.format("%Y.%m");
        let dashed = self.month.format("%Y-%m");
        let day = moment(self.released).format("%m/%d/%Y");
        let releases = [Release::Windows24H2, Release::Windows23H2];
        let mut revisions = releases.map(|release| self.revision(release, false)).to_vec();
        if self.has_hotpatch() {
            revisions.push(self.revision(Release::Windows24H2, true));
        }
        // Every third month something is being exploited.
        let exploited: Vec<Value> = (self.is_security() && self.month.month0() % 3 == 1)
            .then(|| self.cve())
            .into_iter()
            .collect();
        json!({
            "@odata.type": "#microsoft.graph.windowsUpdates.qualityUpdateCatalogEntry",
            "id": self.id,
            "displayName": format!("{day} - {month} {letter} {label} for Windows 11 and later"),
            "deployableUntilDateTime": null,
            "releaseDateTime": stamp(self.released),
            "isExpeditable": letter == "B",
            "qualityUpdateClassification": class,
            "qualityUpdateCadence": "monthly",
            "catalogName": format!("{dashed} Cumulative Update for Windows 11 and later"),
            "shortName": format!("{month} {letter}"),
            "cveSeverityInformation": (letter == "B").then(|| json!({
                "maxSeverity": "critical", "maxBaseScore": 8.8, "exploitedCves": exploited,
            })),
            "productRevisions": revisions,
        })
    }

    fn cve(&self) -> Value {
        let number = format!("CVE-{}-{}", self.month.year(), 20_000 + u32::from(self.level));
        json!({
            "url": format!("https://msrc.microsoft.com/update-guide/vulnerability/{number}"),
            "number": number,
        })
    }

    fn revision(&self, release: Release, hotpatch: bool) -> Value {
        // A hotpatch has a revision of its own, below that of the update with a restart.
        let number = release.revision(self.level) - if hotpatch { 20 } else { 0 };
        let build = release.build();
        let knowledge = self.knowledge(release) + u32::from(hotpatch);
        json!({
            "id": format!("10.0.{build}.{number}"),
            "displayName": format!(
                "Windows 11, version {}, build {build}.{number}", release.version()
            ),
            "releaseDateTime": stamp(self.released),
            "version": release.version(),
            "product": "Windows 11",
            "isHotpatchUpdate": hotpatch,
            "osBuild": {
                "majorVersion": 10, "minorVersion": 0,
                "buildNumber": build, "updateBuildRevision": number,
            },
            "knowledgeBaseArticle": {
                "id": format!("KB{knowledge}"),
                "url": format!("https://support.microsoft.com/help/{knowledge}"),
            },
        })
    }
}

pub(crate) fn digest(name: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(name.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
