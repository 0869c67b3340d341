//! Simulated time: the wall clock, stretched from an anchor.

use std::time::SystemTime;

use chrono::{DateTime, Datelike, TimeDelta, Utc};

/// Simulated seconds since the Unix epoch; all bookkeeping of the fleet is in these.
pub(crate) type Seconds = i64;

pub(crate) const MINUTE: Seconds = 60;
pub(crate) const HOUR: Seconds = 3600;
pub(crate) const DAY: Seconds = 86_400;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) start: DateTime<Utc>,
    pub(crate) anchor: SystemTime,
    pub(crate) speed: f64,
}

impl Clock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let wall = SystemTime::now().duration_since(self.anchor).unwrap_or_default();
        // `try_from_secs_f64` refuses what does not fit; such a clock stays at its start.
        let passed = std::time::Duration::try_from_secs_f64(wall.as_secs_f64() * self.speed)
            .unwrap_or_default();
        TimeDelta::from_std(passed)
            .ok()
            .and_then(|passed| self.start.checked_add_signed(passed))
            .unwrap_or(self.start)
    }
}

/// A moment in four bytes, for what a million devices hold: whole seconds until the year 2106.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Packed(u32);

impl Packed {
    pub(crate) const LONG_AGO: Self = Self(0);
    pub(crate) const NEVER: Self = Self(u32::MAX);

    pub(crate) fn seconds(self) -> Seconds {
        Seconds::from(self.0)
    }
}

impl From<Seconds> for Packed {
    fn from(at: Seconds) -> Self {
        Self(u32::try_from(at.max(0)).unwrap_or(u32::MAX))
    }
}

/// A moment as Graph writes it.
pub(crate) fn stamp(at: Seconds) -> String {
    let mut text = String::with_capacity(20);
    write_stamp(&mut text, at);
    text
}

pub(crate) fn write_stamp(out: &mut String, at: Seconds) {
    write_moment(out, at, 'T');
    out.push('Z');
}

/// Year to second. By hand: a page of devices holds a thousand moments, and a format string is
/// read anew for each of them.
pub(crate) fn write_moment(out: &mut String, at: Seconds, between: char) {
    let day = moment(at).date_naive();
    let second = u32::try_from(at.rem_euclid(DAY)).unwrap_or(0);
    let year = u32::try_from(day.year()).unwrap_or(0);
    two(out, year / 100);
    two(out, year % 100);
    out.push('-');
    two(out, day.month());
    out.push('-');
    two(out, day.day());
    out.push(between);
    two(out, second / 3600);
    out.push(':');
    two(out, second / 60 % 60);
    out.push(':');
    two(out, second % 60);
}

fn two(out: &mut String, number: u32) {
    for digit in [number / 10 % 10, number % 10] {
        out.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

pub(crate) fn moment(at: Seconds) -> DateTime<Utc> {
    DateTime::from_timestamp(at, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_read_as_the_library_writes_them() {
        for at in [0, 951_827_696, 1_794_333_600, 4_102_444_799, 1_709_164_800] {
            assert_eq!(stamp(at), moment(at).format("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
    }
}
