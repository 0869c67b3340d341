//! One device with its ring and its attempt, as COPY writes it: fields between tabs.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::health::{Status, in_service, status};
use domain::ids::{DeviceId, RingSetId, RolloutId};
use domain::primary::{Attempt, Finding, Stands, Wanted, find};
use domain::registration::{Reasons, Standing};
use domain::ring::RingIndex;
use uuid::Uuid;

use super::scene::Scene;
use crate::StoreError;
use crate::convert::{build, ring, standing, state};

/// In the order in which [`parse`] takes them.
pub(super) const COLUMNS: &str = "d.id, d.name, d.entra_device_id, d.serial, d.manufacturer, d.model, \
     d.category, d.os_major, d.os_minor, d.os_build, d.os_revision, d.last_sync, d.standing, d.reasons, \
     d.quality_only, d.standing_at, m.ring_set_id, m.ring, a.rollout_id, a.state, a.state_at, a.code, \
     a.aside, a.safeguard";

/// A device in one ring set, or in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: DeviceId,
    pub name: String,
    pub entra_device: Option<Uuid>,
    pub serial: String,
    pub manufacturer: String,
    pub model: String,
    pub category: String,
    pub build: Option<Build>,
    pub last_sync: Option<DateTime<Utc>>,
    pub standing: Option<(Standing, Reasons)>,
    /// Long-term servicing.
    pub long_term: bool,
    pub standing_at: Option<DateTime<Utc>>,
    pub place: Option<(RingSetId, RingIndex)>,
    pub attempt: Option<LineAttempt>,
}

/// What became of the device in the rollout of what it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAttempt {
    pub rollout: RolloutId,
    pub state: AttemptState,
    pub state_at: DateTime<Utc>,
    pub code: Option<String>,
    pub aside: bool,
    pub safeguard: Option<String>,
}

impl Line {
    /// Where the device stands with the newest quality update.
    #[must_use]
    pub fn quality_status(&self, scene: &Scene) -> Status {
        let yardstick = self.build.map(|build| scene.yardstick(build, self.place));
        let ring = self.place.and_then(|(set, ring)| scene.ring(set, ring));
        let is_paused = ring.is_some_and(|ring| ring.paused_since.is_some());
        let standing = self.standing.map(|(standing, _)| standing);
        status(standing, self.build, yardstick.unwrap_or_default(), is_paused)
    }

    /// Why it is not up to date; none: it is.
    #[must_use]
    pub fn quality_finding(&self, scene: &Scene) -> Option<Finding> {
        match self.quality_status(scene) {
            Status::UpToDate => None,
            Status::InProgress | Status::Paused | Status::NotUpToDate | Status::NotReady => {
                Some(self.found(scene, scene.quality_wanted(self.build, self.place)))
            }
            Status::NotRegistered => {
                Some(self.found(scene, scene.quality_wanted(self.build, self.place)))
            }
        }
    }

    /// Whether it is on the Windows version that is rolled out over its ring set, or, where none is, on one in
    /// service; why not, if it is not.
    #[must_use]
    pub fn feature_finding(&self, scene: &Scene) -> Option<Finding> {
        let rollout = self.place.and_then(|(set, _)| scene.feature_rollout(set));
        let registered = match self.standing {
            Some((Standing::Ready | Standing::NotReady, _)) => true,
            Some((Standing::PrerequisiteFailed | Standing::GroupConflict, _)) => false,
            Some((Standing::Excluded, _)) | None => false,
        };
        let is_there = self.build.is_some_and(|build| match rollout {
            Some(rollout) => rollout.builds.iter().any(|target| build.has_version(*target)),
            None => in_service(build, self.long_term, scene.now),
        });
        if is_there && registered {
            return None;
        }
        let wanted = match (rollout, self.place) {
            (Some(rollout), Some((_, ring))) => Wanted::Rollout(scene.stage(rollout, ring)),
            (_, _) => Wanted::Nothing,
        };
        Some(self.found(scene, wanted))
    }

    fn found(&self, scene: &Scene, wanted: Wanted<'_>) -> Finding {
        let attempt = self.attempt.as_ref().map(|attempt| Attempt {
            state: attempt.state,
            state_at: attempt.state_at,
            code: attempt.code.as_deref(),
            aside: attempt.aside,
            safeguard: attempt.safeguard.as_deref(),
        });
        let stands = Stands {
            standing: self.standing,
            standing_at: self.standing_at,
            last_sync: self.last_sync,
            has_ring: self.place.is_some(),
            wanted,
            attempt,
        };
        find(&stands, scene.now)
    }
}

/// One row without its end.
pub(super) fn parse(row: &[u8]) -> Result<Line, StoreError> {
    let row = std::str::from_utf8(row).map_err(StoreError::corrupt)?;
    let mut fields = Fields(row.split('\t'));
    let id = DeviceId(fields.required()?);
    let name = fields.text()?.unwrap_or_default();
    let entra_device = fields.value()?;
    let [serial, manufacturer, model, category] = [(); 4].map(|()| fields.text());
    let numbers = (fields.value()?, fields.value()?, fields.value()?, fields.value()?);
    let last_sync = fields.time()?;
    let stands: Option<i16> = fields.value()?;
    let reasons = Reasons(fields.required()?);
    let long_term = fields.flag()?;
    let standing_at = fields.time()?;
    let (set, in_ring): (Option<Uuid>, Option<i16>) = (fields.value()?, fields.value()?);
    let place = match (set, in_ring) {
        (Some(set), Some(of)) => Some((RingSetId(set), ring(of)?)),
        (_, _) => None,
    };
    let (rollout, attempt): (Option<Uuid>, Option<i16>) = (fields.value()?, fields.value()?);
    let (state_at, code) = (fields.time()?, fields.text()?);
    let (aside, safeguard) = (fields.flag()?, fields.text()?);
    let attempt = match (rollout, attempt, state_at) {
        (Some(rollout), Some(of), Some(state_at)) => Some(LineAttempt {
            rollout: RolloutId(rollout),
            state: state(of)?,
            state_at,
            code,
            aside,
            safeguard,
        }),
        (_, _, _) => None,
    };
    Ok(Line {
        id,
        name,
        entra_device,
        serial: serial?.unwrap_or_default(),
        manufacturer: manufacturer?.unwrap_or_default(),
        model: model?.unwrap_or_default(),
        category: category?.unwrap_or_default(),
        build: build(numbers)?,
        last_sync,
        standing: stands.map(|code| Ok::<_, StoreError>((standing(code)?, reasons))).transpose()?,
        long_term,
        standing_at,
        place,
        attempt,
    })
}

struct Fields<'a>(std::str::Split<'a, char>);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<&'a str>, StoreError> {
        let field =
            self.0.next().ok_or_else(|| StoreError::corrupt("a row without its columns"))?;
        Ok((field != "\\N").then_some(field))
    }

    fn text(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.next()?.map(unescaped))
    }

    fn value<T: FromStr>(&mut self) -> Result<Option<T>, StoreError> {
        let Some(field) = self.next()? else { return Ok(None) };
        field.parse().map(Some).map_err(|_| StoreError::corrupt(format_args!("column {field:?}")))
    }

    fn required<T: FromStr>(&mut self) -> Result<T, StoreError> {
        self.value()?.ok_or_else(|| StoreError::corrupt("a column is empty"))
    }

    fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.next()? == Some("t"))
    }

    fn time(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let Some(field) = self.next()? else { return Ok(None) };
        let read = time(field).ok_or_else(|| StoreError::corrupt(format_args!("time {field:?}")));
        read.map(Some)
    }
}

/// `2026-11-29 00:43:41.123456+00`, as PostgreSQL writes times in UTC.
fn time(field: &str) -> Option<DateTime<Utc>> {
    let text = field.strip_suffix("+00")?;
    let (day, clock) = text.split_once(' ')?;
    let mut parts = day.split('-').map(str::parse::<u32>);
    let mut number = || parts.next()?.ok();
    let (year, month, of_month) = (number()?, number()?, number()?);
    let day = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, of_month)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':').map(str::parse::<u32>);
    let mut number = || parts.next()?.ok();
    let (hour, minute, second) = (number()?, number()?, number()?);
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 6)?;
    let fraction: u32 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let micros = fraction * 10_u32.pow(6 - digits);
    let clock = NaiveTime::from_hms_micro_opt(hour, minute, second, micros)?;
    Some(NaiveDateTime::new(day, clock).and_utc())
}

/// Undoes what COPY writes in place of tabs, ends of lines and backslashes.
fn unescaped(field: &str) -> String {
    if !field.contains('\\') {
        return field.to_owned();
    }
    let mut text = String::with_capacity(field.len());
    let mut letters = field.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (letter, false) => text.push(letter),
            (_, true) => text.push(match letters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('v') => '\u{b}',
                Some(other) => other,
                None => '\\',
            }),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_postgresql_writes_them() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().ok();
        assert_eq!(time("2026-11-29 00:43:41+00"), at("2026-11-29T00:43:41Z"));
        assert_eq!(time("2026-11-29 00:43:41.5+00"), at("2026-11-29T00:43:41.5Z"));
        assert_eq!(time("2026-11-29 00:43:41.000001+00"), at("2026-11-29T00:43:41.000001Z"));
        assert_eq!(time("2026-11-29 00:43:41+01"), None);
        assert_eq!(time("infinity"), None);
    }

    #[test]
    fn what_copy_escapes_comes_back() {
        assert_eq!(unescaped(r"a\tb\\c\nd\re"), "a\tb\\c\nd\re");
        assert_eq!(unescaped("plain"), "plain");
    }
}
