//! What a calendar says of a moment: open or closed, why, and until when.

use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::freeze::Freeze;
use super::holidays::Holidays;
use super::window::Look;
use super::{Known, RingCalendar, Zone, local};
use crate::ids::FreezeId;

/// How far ahead is looked.
const AHEAD: TimeDelta = TimeDelta::days(800);
/// Reasons after each other that are looked through, for a ring that opens again only after many.
const LOOKS: u16 = 4_000;

/// Why nothing is offered, or no ring opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Why {
    /// The ring's day after the release has not come.
    Deferral,
    /// The ring does not open on such a day of the week or the month.
    Day,
    /// It is outside of every window.
    Window,
    Freeze {
        freeze: FreezeId,
        scope: String,
        owner: String,
        reason: String,
    },
    Holiday {
        calendar: String,
        name: String,
    },
    /// The ring names a holiday calendar that is not there.
    UnknownHolidays {
        calendar: String,
    },
    /// As many devices as may be were offered the update in the last hour.
    Rate {
        per_hour: u32,
    },
}

/// Something is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// When it may happen, as far as is known now; none: when somebody ends what holds it.
    pub until: Option<DateTime<Utc>>,
    /// What holds it at this moment; something else may hold it afterwards.
    #[serde(flatten)]
    pub why: Why,
}

/// Whether offers may be made at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Until then for certain; none: for as long as nothing changes.
    Open { until: Option<DateTime<Utc>> },
    /// `until` is when this one reason ends.
    Closed(Held),
}

/// A stretch of time in which offers may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub from: DateTime<Utc>,
    /// None: no end is known.
    pub until: Option<DateTime<Utc>>,
    /// What held offers back just before; none: nothing, it is open now.
    pub after: Option<Why>,
}

/// The calendar of one ring with all that is known of freezes and holidays.
#[derive(Debug, Clone, Copy)]
pub struct Times<'a> {
    /// None: open at any time but in a freeze.
    pub calendar: Option<&'a RingCalendar>,
    /// The name of the ring.
    pub ring: &'a str,
    pub known: &'a Known,
}

impl<'a> Times<'a> {
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.calendar.map_or(Zone::UTC, |calendar| calendar.zone)
    }

    /// Whether offers may be made at `at`. Pure; cost: the freezes, holidays and windows.
    #[must_use]
    pub fn state(&self, at: DateTime<Utc>) -> State {
        let mut ends: Vec<DateTime<Utc>> = Vec::new();
        let found = self
            .freezes(at, &mut ends)
            .or_else(|| self.holidays(at, &mut ends))
            .or_else(|| self.windows(at, &mut ends));
        found.map_or(State::Open { until: ends.into_iter().min() }, State::Closed)
    }

    /// Whether offers are held at `at`, and until when they are.
    #[must_use]
    pub fn offers(&self, at: DateTime<Utc>) -> Option<Held> {
        match self.state(at) {
            State::Open { .. } => None,
            State::Closed(Held { why, .. }) => Some(Held { until: self.first(at, |_| None), why }),
        }
    }

    /// Whether the ring may not open at `at`, and when it may: on a day of its opening, and when offers may
    /// be made. `starts_at` and `deferral`: of the rollout.
    #[must_use]
    pub fn opening(
        &self,
        starts_at: DateTime<Utc>,
        deferral: TimeDelta,
        at: DateTime<Utc>,
    ) -> Option<Held> {
        let earliest = self.earliest(starts_at, deferral);
        let wrong_day = |at: DateTime<Utc>| self.wrong_day(at);
        let why = if at < earliest {
            Why::Deferral
        } else if wrong_day(at).is_some() {
            Why::Day
        } else {
            match self.state(at) {
                State::Open { .. } => return None,
                State::Closed(held) => held.why,
            }
        };
        Some(Held { until: self.first(at.max(earliest), wrong_day), why })
    }

    /// The moment before which the ring does not open, whatever else.
    #[must_use]
    pub fn earliest(&self, starts_at: DateTime<Utc>, deferral: TimeDelta) -> DateTime<Utc> {
        let deferred = starts_at + deferral;
        let Some(calendar) = self.calendar else { return deferred };
        let first = calendar.opening.first_day(calendar.zone, starts_at, self.site(calendar));
        deferred.max(local::start_of(calendar.zone, first))
    }

    /// The next stretches of time in which offers may be made, from `from` on: at most `count`, and none
    /// that begins more than two years ahead.
    #[must_use]
    pub fn periods(&self, from: DateTime<Utc>, count: usize) -> Vec<Period> {
        let mut found: Vec<Period> = Vec::new();
        let mut after = None;
        self.walk(from, |at, state| {
            match state {
                State::Open { until } => {
                    let full = found.len() == count;
                    match found.last_mut().filter(|last| last.until == Some(at)) {
                        Some(last) => last.until = until,
                        None if full => return ControlFlow::Break(()),
                        None => found.push(Period { from: at, until, after: after.take() }),
                    }
                }
                State::Closed(held) => after = Some(held.why),
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// The first moment from `at` on at which offers may be made and `skip` has nothing against it; it
    /// says from when on it has not.
    fn first(
        &self,
        at: DateTime<Utc>,
        skip: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let (mut at, end) = (at, at + AHEAD);
        for _ in 0..LOOKS {
            let next = match skip(at) {
                Some(next) => next,
                None => match self.state(at) {
                    State::Open { .. } => return Some(at),
                    State::Closed(held) => held.until?,
                },
            };
            if next > end {
                return None;
            }
            at = next;
        }
        None
    }

    /// State after state, each from where the one before ended.
    fn walk(
        &self,
        from: DateTime<Utc>,
        mut see: impl FnMut(DateTime<Utc>, State) -> ControlFlow<()>,
    ) {
        let (mut at, end) = (from, from + AHEAD);
        for _ in 0..LOOKS {
            let state = self.state(at);
            let next = match &state {
                State::Open { until } => *until,
                State::Closed(held) => held.until,
            };
            let goes_on = see(at, state).is_continue();
            match next {
                Some(next) if goes_on && next <= end => at = next,
                Some(_) | None => return,
            }
        }
    }

    /// The start of the next day on which the ring may open, if it may not on this one.
    fn wrong_day(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let calendar = self.calendar?;
        let today = local::day(calendar.zone, at);
        if calendar.opening.allows(today) {
            return None;
        }
        let next = today.iter_days().skip(1).take(100).find(|day| calendar.opening.allows(*day));
        next.map(|day| local::start_of(calendar.zone, day))
    }

    /// The holidays of the ring's site, if they are known.
    fn site(&self, calendar: &RingCalendar) -> Option<&'a Holidays> {
        let name = calendar.holidays.as_ref()?;
        self.known.holidays.iter().find(|holidays| holidays.name == *name)
    }

    fn freezes(&self, at: DateTime<Utc>, ends: &mut Vec<DateTime<Utc>>) -> Option<Held> {
        let crossed =
            |freeze: &Freeze| self.known.crossings.iter().any(|one| one.freeze == freeze.id);
        let touching: Vec<&Freeze> = self
            .known
            .freezes
            .iter()
            .filter(|freeze| freeze.scope.covers(self.ring) && !crossed(freeze))
            .collect();
        ends.extend(touching.iter().map(|freeze| freeze.from).filter(|from| *from > at));
        let standing = touching.into_iter().filter(|freeze| freeze.stands(at));
        standing.min_by(|one, other| one.order(other)).map(|freeze| Held {
            until: freeze.until,
            why: Why::Freeze {
                freeze: freeze.id,
                scope: freeze.scope.name().to_owned(),
                owner: freeze.owner.clone(),
                reason: freeze.reason.clone(),
            },
        })
    }

    fn holidays(&self, at: DateTime<Utc>, ends: &mut Vec<DateTime<Utc>>) -> Option<Held> {
        let calendar = self.calendar?;
        let named = calendar.holidays.as_ref()?;
        let Some(holidays) = self.site(calendar) else {
            let why = Why::UnknownHolidays { calendar: named.clone() };
            return Some(Held { until: None, why });
        };
        for holiday in &holidays.days {
            let (from, until) = holiday.when.span(calendar.zone);
            if from > at {
                ends.push(from);
            } else if at < until {
                let why = Why::Holiday { calendar: named.clone(), name: holiday.name.clone() };
                return Some(Held { until: Some(until), why });
            }
        }
        None
    }

    fn windows(&self, at: DateTime<Utc>, ends: &mut Vec<DateTime<Utc>>) -> Option<Held> {
        let calendar = self.calendar.filter(|calendar| !calendar.windows.is_empty())?;
        let looks: Vec<Look> =
            calendar.windows.iter().filter_map(|window| window.look(calendar.zone, at)).collect();
        let open = looks.iter().filter_map(|look| match look {
            Look::Open { until } => Some(*until),
            Look::Closed { .. } => None,
        });
        if let Some(until) = open.max() {
            ends.push(until);
            return None;
        }
        let opens = looks.iter().map(|look| match look {
            Look::Closed { until } | Look::Open { until } => *until,
        });
        Some(Held { until: opens.min(), why: Why::Window })
    }
}
