//! When a device is switched on: office hours in its own time zone, or always.

use crate::choice::{Choices, Purpose};
use crate::clock::{DAY, HOUR, Packed, Seconds};

/// Time zones of the sites, in minutes east of Greenwich.
const SITES: [(&str, i16); 6] = [
    ("London", 0),
    ("Berlin", 60),
    ("New York", -300),
    ("Chicago", -360),
    ("Singapore", 480),
    ("Bengaluru", 330),
];

#[derive(Debug, Clone, Copy)]
pub(crate) struct Hours {
    /// Away from the network before this time.
    away_until: Packed,
    /// Kept awake until this time, as after an update.
    awake_until: Packed,
    /// Minutes east of Greenwich.
    offset: i16,
    /// Minutes after local midnight.
    from: i16,
    to: i16,
    always: bool,
}

impl Hours {
    pub(crate) fn new(choices: Choices, index: u32) -> Self {
        let minutes = |extra, bound| {
            i16::try_from(choices.below(index, Purpose::Hours, extra, bound)).unwrap_or(0)
        };
        Self {
            away_until: Packed::LONG_AGO,
            awake_until: Packed::LONG_AGO,
            offset: site(choices, index).1,
            from: 8 * 60 - 90 + minutes(1, 181),
            to: 18 * 60 - 90 + minutes(2, 181),
            always: choices.chance(index, Purpose::Hours, 3, 10_000),
        }
    }

    pub(crate) fn away_until(&mut self, at: Seconds) {
        self.away_until = at.into();
    }

    pub(crate) fn stay_awake(&mut self, until: Seconds) {
        self.awake_until = until.into();
    }

    /// The first moment from `at` on at which the device is on.
    pub(crate) fn next_on(&self, at: Seconds) -> Seconds {
        let at = at.max(self.away_until.seconds());
        if self.always || at < self.awake_until.seconds() {
            return at;
        }
        let shift = Seconds::from(self.offset) * 60;
        let local = at + shift;
        let today = local.div_euclid(DAY);
        (today..today + 4)
            .filter(|day| is_weekday(*day))
            .find_map(|day| {
                let opens = day * DAY + Seconds::from(self.from) * 60;
                let closes = day * DAY + Seconds::from(self.to) * 60;
                (local < closes).then(|| local.max(opens) - shift)
            })
            .unwrap_or(at)
    }

    /// The last moment up to `at` at which the device was on.
    pub(crate) fn last_on(&self, at: Seconds) -> Seconds {
        if self.always {
            return at;
        }
        let shift = Seconds::from(self.offset) * 60;
        let local = at + shift;
        let today = local.div_euclid(DAY);
        (today - 3..=today)
            .rev()
            .filter(|day| is_weekday(*day))
            .find_map(|day| {
                let opens = day * DAY + Seconds::from(self.from) * 60;
                let closes = day * DAY + Seconds::from(self.to) * 60;
                (local > opens).then(|| local.min(closes - HOUR) - shift)
            })
            .unwrap_or(at)
    }
}

pub(crate) fn site(choices: Choices, index: u32) -> (&'static str, i16) {
    let drawn = choices.below(index, Purpose::Site, 0, 6);
    usize::try_from(drawn).ok().and_then(|at| SITES.get(at)).copied().unwrap_or(SITES[0])
}

/// Day 0 of the epoch was a Thursday.
fn is_weekday(day: i64) -> bool {
    (1..=5).contains(&(day + 4).rem_euclid(7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn office_hours_skip_the_weekend() {
        let hours = Hours {
            away_until: Packed::LONG_AGO,
            awake_until: Packed::LONG_AGO,
            offset: 60,
            from: 480,
            to: 1080,
            always: false,
        };
        // Friday 2026-11-13 20:00Z is 21:00 in Berlin; Monday 08:00 there is 07:00Z.
        let friday_evening = 1_794_600_000;
        assert_eq!(hours.next_on(friday_evening), friday_evening + 2 * DAY + 11 * HOUR);
        let monday_noon = friday_evening + 2 * DAY + 16 * HOUR;
        assert_eq!(hours.next_on(monday_noon), monday_noon);
    }
}
