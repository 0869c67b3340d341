//! Between columns and the domain's types. A value that the domain does not know is damage, never
//! a guess.

use domain::attempt::AttemptState;
use domain::build::Build;
use domain::evidence::Level;
use domain::placement::Why;
use domain::registration::{Reasons, Registration, Sort, Standing};
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::observations::Wish;
use domain::rollout::phase::Phase;
use domain::rollout::plan::Plan;
use domain::tally::Tally;
use domain::update::{Delivery, Strategy, UpdateKind};
use serde_json::Value;

use crate::StoreError;

pub(crate) const STATES: usize = AttemptState::ALL.len();

pub(crate) const fn access_word(access: Access) -> &'static str {
    match access {
        Access::Closed => "closed",
        Access::Open => "open",
        Access::Held => "held",
        Access::Withdrawn => "withdrawn",
    }
}

pub(crate) fn access(word: &str) -> Result<Access, StoreError> {
    [Access::Closed, Access::Open, Access::Held, Access::Withdrawn]
        .into_iter()
        .find(|access| access_word(*access) == word)
        .ok_or_else(|| StoreError::corrupt(format_args!("access {word:?}")))
}

pub(crate) const fn wish_word(wish: Wish) -> &'static str {
    match wish {
        Wish::Run => "run",
        Wish::Hold => "hold",
        Wish::Cancel => "cancel",
        Wish::Withdraw => "withdraw",
    }
}

pub(crate) fn wish(word: &str) -> Result<Wish, StoreError> {
    [Wish::Run, Wish::Hold, Wish::Cancel, Wish::Withdraw]
        .into_iter()
        .find(|wish| wish_word(*wish) == word)
        .ok_or_else(|| StoreError::corrupt(format_args!("wish {word:?}")))
}

pub(crate) fn level(word: &str) -> Result<Level, StoreError> {
    [Level::Calm, Level::Watch, Level::Pause, Level::RollBack]
        .into_iter()
        .find(|level| level.name() == word)
        .ok_or_else(|| StoreError::corrupt(format_args!("level {word:?}")))
}

/// Positions of segments.
pub(crate) fn positions(columns: &[i16]) -> Result<Vec<u16>, StoreError> {
    columns.iter().map(|at| u16::try_from(*at).map_err(StoreError::corrupt)).collect()
}

pub(crate) fn ring_column(ring: RingIndex) -> i16 {
    i16::from(ring.0)
}

pub(crate) fn ring(column: i16) -> Result<RingIndex, StoreError> {
    u8::try_from(column).map(RingIndex).map_err(StoreError::corrupt)
}

pub(crate) fn state(code: i16) -> Result<AttemptState, StoreError> {
    AttemptState::from_code(code)
        .ok_or_else(|| StoreError::corrupt(format_args!("attempt state {code}")))
}

/// A counter, which PostgreSQL keeps signed.
pub(crate) fn count(column: i32) -> Result<u32, StoreError> {
    u32::try_from(column).map_err(StoreError::corrupt)
}

/// A number for a column; what no fleet reaches is the greatest number there is.
pub(crate) fn column(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(crate) fn phase(stored: Value) -> Result<Phase, StoreError> {
    serde_json::from_value(stored).map_err(StoreError::corrupt)
}

pub(crate) fn plan(stored: Value) -> Result<Plan, StoreError> {
    serde_json::from_value(stored).map_err(StoreError::corrupt)
}

pub(crate) fn delivery(stored: Value) -> Result<Delivery, StoreError> {
    serde_json::from_value(stored).map_err(StoreError::corrupt)
}

pub(crate) fn update_kind(word: &str) -> Result<UpdateKind, StoreError> {
    UpdateKind::of_name(word)
        .ok_or_else(|| StoreError::corrupt(format_args!("kind of update {word:?}")))
}

pub(crate) fn strategy(word: &str) -> Result<Strategy, StoreError> {
    Strategy::of_name(word).ok_or_else(|| StoreError::corrupt(format_args!("strategy {word:?}")))
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(StoreError::corrupt)
}

/// The tally of one ring from its counters in order of state.
pub(crate) fn tally(counters: &[i32]) -> Result<Tally, StoreError> {
    if counters.len() != STATES {
        return Err(StoreError::corrupt(format_args!("{} counters of a ring", counters.len())));
    }
    let counts: Result<Vec<_>, _> = counters.iter().map(|devices| count(*devices)).collect();
    Ok(Tally::of(AttemptState::ALL.into_iter().zip(counts?)))
}

/// The four columns of a build; all null when there is none.
pub(crate) type BuildColumns = (Option<i32>, Option<i32>, Option<i32>, Option<i32>);

pub(crate) fn build(columns: BuildColumns) -> Result<Option<Build>, StoreError> {
    let (Some(major), Some(minor), Some(build), Some(revision)) = columns else { return Ok(None) };
    Ok(Some(Build {
        major: count(major)?,
        minor: count(minor)?,
        build: count(build)?,
        revision: count(revision)?,
    }))
}

pub(crate) fn build_columns(build: Option<Build>) -> [Option<i32>; 4] {
    match build {
        None => [None; 4],
        Some(Build { major, minor, build, revision }) => {
            [major, minor, build, revision].map(|number| Some(column(number)))
        }
    }
}

pub(crate) const fn standing_column(standing: Standing) -> i16 {
    match standing {
        Standing::Ready => 0,
        Standing::NotReady => 1,
        Standing::PrerequisiteFailed => 2,
        Standing::GroupConflict => 3,
        Standing::Excluded => 4,
    }
}

pub(crate) fn standing(code: i16) -> Result<Standing, StoreError> {
    STANDINGS
        .into_iter()
        .find(|standing| standing_column(*standing) == code)
        .ok_or_else(|| StoreError::corrupt(format_args!("standing {code}")))
}

pub(crate) const STANDINGS: [Standing; 5] = [
    Standing::Ready,
    Standing::NotReady,
    Standing::PrerequisiteFailed,
    Standing::GroupConflict,
    Standing::Excluded,
];

/// The standings of devices that are in rings.
pub(crate) const REGISTERED: [i16; 2] =
    [standing_column(Standing::Ready), standing_column(Standing::NotReady)];

pub(crate) const fn sort_column(sort: Sort) -> i16 {
    match sort {
        Sort::Physical => 0,
        Sort::CloudPc => 1,
        Sort::VirtualDesktop => 2,
        Sort::Virtual => 3,
    }
}

pub(crate) fn sort(code: i16) -> Result<Sort, StoreError> {
    [Sort::Physical, Sort::CloudPc, Sort::VirtualDesktop, Sort::Virtual]
        .into_iter()
        .find(|sort| sort_column(*sort) == code)
        .ok_or_else(|| StoreError::corrupt(format_args!("sort {code}")))
}

/// Standing, reasons, sort and whether only quality updates are served; none when nobody has looked
/// at the device yet.
pub(crate) fn registration(
    columns: (Option<i16>, i32, Option<i16>, bool),
) -> Result<Option<Registration>, StoreError> {
    let (Some(stands), reasons, Some(of_sort), quality_only) = columns else { return Ok(None) };
    Ok(Some(Registration {
        standing: standing(stands)?,
        reasons: Reasons(reasons),
        sort: sort(of_sort)?,
        quality_only,
    }))
}

pub(crate) fn why(code: i16) -> Result<Why, StoreError> {
    Why::from_code(code).ok_or_else(|| StoreError::corrupt(format_args!("placement reason {code}")))
}
