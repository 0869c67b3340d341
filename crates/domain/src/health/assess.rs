//! From counters to what is shown: by ring, by ring set, and for the tenant.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Published, Status, Yardstick, in_service, status, yardstick};
use crate::build::Build;
use crate::ids::RingSetId;
use crate::registration::{Reason, Standing};
use crate::ring::{Cadence, RingIndex};

/// Devices that are alike in everything that decides their status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// None: all devices of the tenant, in whatever ring.
    pub place: Option<(RingSetId, RingIndex)>,
    /// None: not looked at yet.
    pub standing: Option<Standing>,
    /// The reason of registration that is told first.
    pub reason: Option<Reason>,
    pub build: Option<Build>,
    /// Of the long-term channel.
    pub long_term: bool,
    pub devices: u32,
}

/// A ring, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingFacts {
    pub name: String,
    pub cadence: Cadence,
    /// Its updates are installed at set times, so that no objective holds for it.
    pub is_scheduled: bool,
    /// Since when it stands still.
    pub paused_since: Option<DateTime<Utc>>,
}

/// A ring set, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFacts {
    pub id: RingSetId,
    pub name: String,
    pub rings: Vec<RingFacts>,
}

/// Devices with a version of Microsoft 365 Apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppCount {
    pub version: Vec<i64>,
    pub devices: u32,
}

/// What health is computed from.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub sets: Vec<SetFacts>,
    pub buckets: Vec<Bucket>,
    pub published: Vec<Published>,
    pub apps: Vec<AppCount>,
    /// The oldest version of Microsoft 365 Apps that is supported; none: the catalogue has none.
    pub oldest_app: Option<Vec<i64>>,
}

/// Devices that an objective is about, and those of them that meet it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    pub eligible: u32,
    pub met: u32,
}

impl Measure {
    fn count(&mut self, devices: u32, met: bool) {
        self.eligible += devices;
        if met {
            self.met += devices;
        }
    }

    fn add(&mut self, other: Self) {
        self.eligible += other.eligible;
        self.met += other.met;
    }

    /// The share that meets it, in tenths of a percent, rounded down: 94.96 % is not 95 %. None of nobody.
    #[must_use]
    pub fn per_mille(self) -> Option<u32> {
        let share = u64::from(self.met) * 1000;
        share.checked_div(self.eligible.into()).and_then(|share| u32::try_from(share).ok())
    }

    /// Whether the share is at least `percent`. Nobody misses no objective.
    #[must_use]
    pub fn holds(self, percent: u32) -> bool {
        u64::from(self.met) * 100 >= u64::from(self.eligible) * u64::from(percent)
    }
}

/// Devices by status, and what they are measured by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub devices: u32,
    by_status: [u32; Status::ALL.len()],
    /// Registered devices, and those of them on the newest quality update.
    pub latest: Measure,
    /// On the newest quality update they had time for.
    pub quality: Measure,
    /// On a Windows version in service.
    pub feature: Measure,
    /// Not part of the objectives, by why: a reason of registration, `not_judged` or `scheduled_install`.
    pub excluded: BTreeMap<String, u32>,
}

impl Counts {
    #[must_use]
    pub fn of(&self, status: Status) -> u32 {
        self.by_status[status as usize]
    }

    fn add(&mut self, other: &Self) {
        self.devices += other.devices;
        for (sum, count) in self.by_status.iter_mut().zip(other.by_status) {
            *sum += count;
        }
        self.latest.add(other.latest);
        self.quality.add(other.quality);
        self.feature.add(other.feature);
        for (why, devices) in &other.excluded {
            *self.excluded.entry(why.clone()).or_default() += devices;
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingHealth {
    pub name: String,
    pub counts: Counts,
    pub paused_since: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetHealth {
    pub id: RingSetId,
    pub name: String,
    pub counts: Counts,
    pub rings: Vec<RingHealth>,
}

/// How the fleet of a tenant stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Members of rings, and devices in no ring. A device of two ring sets counts in each.
    pub counts: Counts,
    /// Devices in no ring.
    pub unplaced: Counts,
    pub sets: Vec<SetHealth>,
    pub apps: Measure,
}

impl Health {
    /// At least 95 % on the newest quality update they had time for.
    pub const QUALITY_PERCENT: u32 = 95;
    /// At least 99 % on a Windows version in service.
    pub const FEATURE_PERCENT: u32 = 99;
    /// At least 90 % on a supported version of Microsoft 365 Apps.
    pub const APPS_PERCENT: u32 = 90;
}

/// Cost: buckets times updates of a Windows version, never devices.
#[must_use]
pub fn assess(facts: &Facts, now: DateTime<Utc>) -> Health {
    let mut yardsticks = Yardsticks { facts, now, known: HashMap::new() };
    let mut sets: Vec<SetHealth> = facts
        .sets
        .iter()
        .map(|set| SetHealth {
            id: set.id,
            name: set.name.clone(),
            counts: Counts::default(),
            rings: set
                .rings
                .iter()
                .map(|ring| RingHealth {
                    name: ring.name.clone(),
                    counts: Counts::default(),
                    paused_since: ring.paused_since,
                })
                .collect(),
        })
        .collect();
    let mut loose: HashMap<Kind, (Bucket, i64)> = HashMap::new();
    for bucket in &facts.buckets {
        let (_, left) = loose.entry(kind(bucket)).or_insert((Bucket { place: None, ..*bucket }, 0));
        let Some((set, ring)) = bucket.place else {
            *left += i64::from(bucket.devices);
            continue;
        };
        *left -= i64::from(bucket.devices);
        let at = facts.sets.iter().position(|one| one.id == set);
        let of = at.and_then(|at| Some((at, facts.sets[at].rings.get(ring.slot())?)));
        // A ring that the set no longer has: the next pass moves its members.
        let Some((at, ring_facts)) = of else { continue };
        let measured = yardsticks.of(bucket.build, Some((at, ring, ring_facts)));
        count(&mut sets[at].rings[ring.slot()].counts, bucket, (measured, Some(ring_facts)), now);
    }
    let mut unplaced = Counts::default();
    for (bucket, left) in loose.into_values() {
        let devices = u32::try_from(left).unwrap_or(0);
        let measured = yardsticks.of(bucket.build, None);
        count(&mut unplaced, &Bucket { devices, ..bucket }, (measured, None), now);
    }
    let mut counts = unplaced.clone();
    for set in &mut sets {
        for ring in &set.rings {
            set.counts.add(&ring.counts);
        }
        counts.add(&set.counts);
    }
    Health { counts, unplaced, sets, apps: apps(facts) }
}

type Kind = (Option<Standing>, Option<Reason>, Option<Build>, bool);

fn kind(bucket: &Bucket) -> Kind {
    (bucket.standing, bucket.reason, bucket.build, bucket.long_term)
}

fn apps(facts: &Facts) -> Measure {
    let mut measure = Measure::default();
    if let Some(oldest) = &facts.oldest_app {
        for app in &facts.apps {
            measure.count(app.devices, app.version >= *oldest);
        }
    }
    measure
}

fn count(
    counts: &mut Counts,
    bucket: &Bucket,
    (measured, ring): (Yardstick, Option<&RingFacts>),
    now: DateTime<Utc>,
) {
    let devices = bucket.devices;
    if devices == 0 {
        return;
    }
    let is_paused = ring.is_some_and(|ring| ring.paused_since.is_some());
    let stands = status(bucket.standing, bucket.build, measured, is_paused);
    counts.devices += devices;
    counts.by_status[stands as usize] += devices;
    let is_latest = bucket.build.is_some_and(|build| measured.is_latest(build));
    let excluded = match stands {
        Status::NotRegistered | Status::NotReady => {
            Some(bucket.reason.map_or("not_judged", Reason::word))
        }
        Status::UpToDate | Status::InProgress | Status::Paused | Status::NotUpToDate => {
            ring.filter(|ring| ring.is_scheduled).map(|_| "scheduled_install")
        }
    };
    if stands != Status::NotRegistered {
        counts.latest.count(devices, is_latest);
    }
    if let Some(why) = excluded {
        *counts.excluded.entry(why.to_owned()).or_default() += devices;
        return;
    }
    let in_time = bucket.build.is_some_and(|build| measured.is_in_time(build));
    counts.quality.count(devices, in_time);
    let serviced = bucket.build.is_some_and(|build| in_service(build, bucket.long_term, now));
    counts.feature.count(devices, serviced);
}

/// Major, minor and build.
type WindowsVersion = (u32, u32, u32);

/// Yardsticks that were made already: buckets are many, Windows versions in rings are few.
struct Yardsticks<'a> {
    facts: &'a Facts,
    now: DateTime<Utc>,
    known: HashMap<(WindowsVersion, Option<(usize, RingIndex)>), Yardstick>,
}

impl Yardsticks<'_> {
    fn of(
        &mut self,
        build: Option<Build>,
        ring: Option<(usize, RingIndex, &RingFacts)>,
    ) -> Yardstick {
        let Some(build) = build else { return Yardstick::default() };
        let version = (build.major, build.minor, build.build);
        let place = ring.map(|(set, index, _)| (set, index));
        let cadence = ring.map(|(_, _, facts)| facts.cadence);
        let paused = ring.and_then(|(_, _, facts)| facts.paused_since);
        let (facts, now) = (self.facts, self.now);
        *self
            .known
            .entry((version, place))
            .or_insert_with(|| yardstick(&facts.published, build, cadence, paused, now))
    }
}
