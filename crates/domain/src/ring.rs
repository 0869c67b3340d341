//! Rings and ring sets: who is served in which order, and how quickly.

mod lint;
mod rules;

use std::collections::HashSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::approval::Quorum;
use crate::calendar::{CalendarError, RingCalendar};
use crate::gate::Gate;
use crate::ids::DirectoryObjectId;

pub use lint::{Lint, RingCount, minimum_members};
pub use rules::{MAX_SOURCES, PlacementRules, Stratum};

/// Ring sets a tenant may have, and rings a set may have: what Autopatch allows
/// (facts/autopatch.md 4.4).
pub const MAX_RING_SETS: usize = 300;
pub const MAX_RINGS: usize = 15;

/// Position of a ring in its set; the first ring is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RingIndex(pub u8);

impl RingIndex {
    pub const FIRST: Self = Self(0);

    /// The ring after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// This ring and all before it, first ring first.
    pub fn up_to_here(self) -> impl DoubleEndedIterator<Item = Self> {
        (0..=self.0).map(Self)
    }

    /// The position as an index into a slice.
    #[must_use]
    pub fn slot(self) -> usize {
        usize::from(self.0)
    }
}

/// When Windows takes an offered update by itself, in days, as Windows Update for Business
/// counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cadence {
    /// Days after the release before the ring may open.
    pub deferral_days: u8,
    /// Days after the offer before a restart is forced.
    pub deadline_days: u8,
    /// Least days between download and forced restart; protects people coming back from leave.
    pub grace_days: u8,
}

/// How many devices of a ring may be between offer and outcome: the blast radius of a pause,
/// since a pause reaches devices only at their next check-in (up to 8 hours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveLimit {
    pub least: u32,
    pub most: u32,
    /// Share of the ring, in percent.
    pub percent: u8,
}

impl WaveLimit {
    /// `max(50, min(500, 5 % of the ring))` (quality.md A5).
    pub const DEFAULT: Self = Self { least: 50, most: 500, percent: 5 };

    /// The limit for a ring of `members` devices.
    #[must_use]
    pub fn for_ring(self, members: u32) -> u32 {
        let share = u64::from(members) * u64::from(self.percent) / 100;
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        share.min(self.most).max(self.least).max(1)
    }
}

/// Who belongs to a ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Share of the devices that no group assigns, in percent. All rings of a set add up to 100,
    /// or all have 0: then a device that no group assigns is in no ring. A ring of 0 percent is
    /// never filled: it holds whom groups and pins give it, for as long as they do.
    pub percent: u8,
    /// Members of these Entra groups belong here whatever the percentages say (assigned beats
    /// dynamic, also in a ring that has both). Of several rings that name groups of a device, the
    /// later one wins (facts/autopatch.md 3.5).
    pub groups: Vec<DirectoryObjectId>,
}

/// One stage of a ring set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    pub name: String,
    pub membership: Membership,
    pub cadence: Cadence,
    pub gate: Gate,
    pub waves: WaveLimit,
    /// Who has to agree before the next ring opens, besides the gate; none: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Quorum>,
    /// When it may open, and when its devices may be offered an update; none: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<RingCalendar>,
}

/// An ordered list of rings that share a fleet between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct RingSet {
    name: String,
    rings: Vec<Ring>,
    rules: PlacementRules,
}

#[derive(Deserialize)]
struct Unchecked {
    name: String,
    rings: Vec<Ring>,
    #[serde(default)]
    rules: PlacementRules,
}

impl TryFrom<Unchecked> for RingSet {
    type Error = RingSetError;
    fn try_from(set: Unchecked) -> Result<Self, RingSetError> {
        Self::new(set.name, set.rings)?.with_rules(set.rules)
    }
}

/// Why a ring set is refused. `ring` is the position of the offender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingSetError {
    #[error("a ring set needs between 2 and 15 rings, this one has {0}")]
    Count(usize),
    #[error("a name needs 1 to 64 characters; {0:?} has not")]
    Name(String),
    #[error("ring {ring} repeats the name {name:?}")]
    RepeatedName { ring: usize, name: String },
    #[error("the percentages add up to {0}, they must add up to 100 or all be 0")]
    Percentages(u32),
    #[error("ring {ring} can never have a device: it has 0 percent and no group")]
    Empty { ring: usize },
    #[error("ring {ring} names group {group}, which an earlier ring already names")]
    RepeatedGroup { ring: usize, group: DirectoryObjectId },
    #[error("ring {ring}: the deferral must be 0 to 30 days")]
    Deferral { ring: usize },
    #[error(
        "ring {ring}: the wave limit must be at least 1, least no more than most, percent 1 to 100"
    )]
    Waves { ring: usize },
    #[error("ring {ring} is the last one: no ring opens after it that could be approved")]
    ApprovalsOfLast { ring: usize },
    #[error("ring {ring}: {why}")]
    Gate { ring: usize, why: &'static str },
    #[error("ring {ring}: {why}")]
    Calendar { ring: usize, why: CalendarError },
    #[error("the first {cover} rings are to cover the fleet, but there are only {rings}")]
    CoverRings { rings: usize, cover: u8 },
    #[error("the fleet is to be covered by {0:?} twice")]
    RepeatedStratum(Stratum),
    #[error("a ring set may have at most 50 source groups, this one has {0}")]
    Sources(usize),
    #[error("group {0} is a source twice")]
    RepeatedSource(DirectoryObjectId),
    #[error("ring {ring} names group {group}, which is a source of the whole set")]
    SourceOfRing { ring: usize, group: DirectoryObjectId },
    #[error("there are source groups, but no ring has a percentage to share them out by")]
    SourcesUnshared,
}

impl RingSet {
    /// A ring set, checked. Fifteen rings and 64 characters are Autopatch's limits
    /// (facts/autopatch.md 4.4); 30 days is what Windows Update for Business takes.
    pub fn new(name: String, rings: Vec<Ring>) -> Result<Self, RingSetError> {
        check_name(&name)?;
        if !(2..=MAX_RINGS).contains(&rings.len()) {
            return Err(RingSetError::Count(rings.len()));
        }
        let total: u32 = rings.iter().map(|ring| u32::from(ring.membership.percent)).sum();
        if total != 100 && total != 0 {
            return Err(RingSetError::Percentages(total));
        }
        let mut names = HashSet::new();
        let mut groups = HashSet::new();
        for (index, ring) in rings.iter().enumerate() {
            check_ring(index, ring)?;
            if !names.insert(ring.name.to_lowercase()) {
                return Err(RingSetError::RepeatedName { ring: index, name: ring.name.clone() });
            }
            for group in &ring.membership.groups {
                if !groups.insert(*group) {
                    return Err(RingSetError::RepeatedGroup { ring: index, group: *group });
                }
            }
        }
        if rings.last().is_some_and(|last| last.approvals.is_some()) {
            return Err(RingSetError::ApprovalsOfLast { ring: rings.len() - 1 });
        }
        Ok(Self { name, rings, rules: PlacementRules::default() })
    }

    /// The set with these rules for how its rings get their members, checked against its rings.
    pub fn with_rules(self, rules: PlacementRules) -> Result<Self, RingSetError> {
        rules::check(&rules, &self.rings)?;
        Ok(Self { rules, ..self })
    }

    /// The five rings of Windows Autopatch with its 2023 values (facts/autopatch.md 4.1 and
    /// 3.5): deferral, deadline, grace of 0/0/0, 1/2/2, 6/2/2, 9/5/2, 11/3/2 days; 1, 9 and 90
    /// percent for First, Fast and Broad (5, 15 and 80 up to 200 devices); Test and Last hold
    /// only the groups an administrator gives them.
    pub fn autopatch(
        devices: u32,
        test: DirectoryObjectId,
        last: DirectoryObjectId,
    ) -> Result<Self, RingSetError> {
        let (first, fast, broad) = if devices <= 200 { (5, 15, 80) } else { (1, 9, 90) };
        let ring = |name: &str, percent, group: Option<_>, days: (u8, u8, u8), bake| Ring {
            name: name.to_owned(),
            membership: Membership { percent, groups: group.into_iter().collect() },
            cadence: Cadence { deferral_days: days.0, deadline_days: days.1, grace_days: days.2 },
            gate: Gate { bake: TimeDelta::hours(bake), ..Gate::DEFAULT },
            waves: WaveLimit::DEFAULT,
            approvals: None,
            calendar: None,
        };
        let rings = vec![
            ring("Test", 0, Some(test), (0, 0, 0), 24),
            ring("First", first, None, (1, 2, 2), 24),
            ring("Fast", fast, None, (6, 2, 2), 48),
            ring("Broad", broad, None, (9, 5, 2), 24),
            ring("Last", 0, Some(last), (11, 3, 2), 24),
        ];
        Self::new("Autopatch".to_owned(), rings)
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rings, first ring first; never fewer than two.
    #[must_use]
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// The rings with their positions, first ring first.
    pub fn indexed(&self) -> impl Iterator<Item = (RingIndex, &Ring)> {
        (0..).map(RingIndex).zip(&self.rings)
    }

    #[must_use]
    pub fn rules(&self) -> &PlacementRules {
        &self.rules
    }

    /// Whether this ring should hold a device of every stratum.
    #[must_use]
    pub fn covers(&self, ring: RingIndex) -> bool {
        !self.rules.cover.is_empty() && ring.0 < self.rules.cover_rings
    }
}

fn check_name(name: &str) -> Result<(), RingSetError> {
    let good = !name.trim().is_empty() && name.chars().count() <= 64;
    if good { Ok(()) } else { Err(RingSetError::Name(name.to_owned())) }
}

fn check_ring(index: usize, ring: &Ring) -> Result<(), RingSetError> {
    check_name(&ring.name)?;
    if ring.membership.percent == 0 && ring.membership.groups.is_empty() {
        return Err(RingSetError::Empty { ring: index });
    }
    if ring.cadence.deferral_days > 30 {
        return Err(RingSetError::Deferral { ring: index });
    }
    let waves = ring.waves;
    if waves.least == 0 || waves.least > waves.most || !(1..=100).contains(&waves.percent) {
        return Err(RingSetError::Waves { ring: index });
    }
    if let Some(calendar) = &ring.calendar {
        calendar.check().map_err(|why| RingSetError::Calendar { ring: index, why })?;
    }
    ring.gate.check().map_err(|why| RingSetError::Gate { ring: index, why })
}
