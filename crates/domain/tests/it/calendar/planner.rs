//! The planner under a calendar: nothing is offered and no ring opens outside of a window, in a freeze, on a
//! holiday or above the rate (I10), and it wakes when it may go on.
//!
//! Judges with a notebook of its own: windows are read off a clock, hours are added up from what was offered.

use std::num::NonZeroU32;

use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc, Weekday};
use domain::attempt::AttemptState as S;
use domain::calendar::{
    Anchor, Crossing, Freeze, Holidays, Known, Offered, Offset, Opening, RingCalendar, Scope, Why,
};
use domain::ids::RingSetId;
use domain::ring::{Ring, RingIndex, RingSet};
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{Intent, Observations, Wish};
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::TestCaseResult;
use uuid::Uuid;

use super::{calendar, freeze, holiday, window, zone};
use crate::fleet::Fleet;
use crate::world::{hour, policy, ring, running, wish};

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

/// What the notebook knows of the calendar of a ring. Windows begin at a full hour and end before midnight.
#[derive(Debug, Clone)]
struct Rules {
    zone: &'static str,
    window: Option<(Vec<usize>, u32, u32)>,
    opening: Vec<usize>,
    business_days: u16,
    rate: Option<u32>,
    has_holidays: bool,
}

impl Rules {
    fn calendar(&self) -> RingCalendar {
        let windows = self.window.iter().map(|(days, start, hours)| {
            let days: Vec<&str> = days.iter().map(|day| DAYS[*day].0).collect();
            let rule = format!("FREQ=WEEKLY;BYDAY={}", days.join(","));
            window(&rule, &format!("{start:02}:00"), u16::try_from(hours * 60).expect("short"))
        });
        RingCalendar {
            opening: Opening {
                from: Anchor::PatchTuesday,
                offset: Offset::BusinessDays(self.business_days),
                weekdays: self.opening.iter().map(|day| DAYS[*day].1).collect(),
                ..Opening::ANY
            },
            max_per_hour: self.rate.and_then(NonZeroU32::new),
            holidays: self.has_holidays.then(|| "Site".to_owned()),
            ..calendar(self.zone, windows.collect())
        }
    }

    /// In a window and on no holiday, by the clock of the zone.
    fn open(&self, holidays: &[i64], now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&zone(self.zone).tz());
        let in_window = self.window.as_ref().is_none_or(|(days, start, hours)| {
            let today = usize::try_from(local.weekday().num_days_from_monday()).expect("small");
            days.contains(&today) && (*start..start + hours).contains(&local.hour())
        });
        let is_holiday = holidays.contains(&days_from_start(local.date_naive()));
        in_window && !(self.has_holidays && is_holiday)
    }

    fn opens_on(&self, now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&zone(self.zone).tz());
        let today = usize::try_from(local.weekday().num_days_from_monday()).expect("small");
        self.opening.is_empty() || self.opening.contains(&today)
    }
}

/// Days since the rollout of these tests starts.
fn days_from_start(day: chrono::NaiveDate) -> i64 {
    (day - hour(0).date_naive()).num_days()
}

fn rules() -> impl Strategy<Value = Rules> {
    let days = || subsequence((0..7).collect::<Vec<usize>>(), 1..=7);
    // Zones whose clocks are not changed in these weeks: what they do then is tested elsewhere.
    let zones = select(vec!["Asia/Kolkata", "UTC", "America/Sao_Paulo", "Asia/Tokyo"]);
    let window = proptest::option::weighted(0.8, (days(), 0_u32..20, 1_u32..5));
    let opening =
        prop_oneof![1 => Just(Vec::new()), 1 => subsequence((0..7).collect::<Vec<usize>>(), 4..=7)];
    let rate = proptest::option::weighted(0.5, 1_u32..40);
    (zones, window, opening, 0_u16..4, rate, any::<bool>()).prop_map(
        |(zone, window, opening, business_days, rate, has_holidays)| {
            // A ring that opens only where no window is would be refused.
            let opening = if window.is_some() { Vec::new() } else { opening };
            Rules { zone, window, opening, business_days, rate, has_holidays }
        },
    )
}

fn plan_of(rules: &[Rules]) -> Plan {
    let names = ["Canary", "Early", "Broad"];
    let ring = |(name, (rules, percent)): (&&str, (&Rules, u8))| Ring {
        calendar: Some(rules.calendar()),
        ..ring(name, percent, 0)
    };
    let rings = names.iter().zip(rules.iter().zip([10, 30, 60])).map(ring).collect();
    let set = RingSet::new("Three".to_owned(), rings).expect("a good set");
    Plan::new(&set, hour(0), OnGateFailure::Pause, policy())
}

/// A freeze of hours: from, how long, and of which ring; none: of all.
type Span = (i64, i64, Option<usize>);

fn freezes(spans: &[Span]) -> Vec<Freeze> {
    let names = ["Canary", "Early", "Broad"];
    let set = RingSetId(Uuid::from_u128(1));
    let one = |((from, length, ring), number): (&Span, u128)| {
        let scope = ring.map_or(Scope::Tenant, |ring| Scope::Ring {
            ring_set: set,
            ring: names[ring].to_owned(),
        });
        freeze(number, scope, hour(*from), Some(hour(from + length)))
    };
    spans.iter().zip(1..).map(one).collect()
}

struct Notebook<'a> {
    rules: &'a [Rules],
    spans: &'a [Span],
    holidays: &'a [i64],
    offered: Vec<Vec<Offered>>,
}

impl Notebook<'_> {
    fn frozen(&self, ring: RingIndex, now: DateTime<Utc>) -> bool {
        self.spans.iter().any(|(from, length, of)| {
            of.is_none_or(|of| of == ring.slot()) && hour(*from) <= now && now < hour(from + length)
        })
    }

    fn open(&self, ring: RingIndex, now: DateTime<Utc>) -> bool {
        self.rules[ring.slot()].open(self.holidays, now) && !self.frozen(ring, now)
    }

    fn allow(&mut self, event: Event, now: DateTime<Utc>) -> TestCaseResult {
        match event {
            Event::RingOpened { ring } => {
                prop_assert!(self.open(ring, now), "{ring:?} opened at {now}");
                prop_assert!(self.rules[ring.slot()].opens_on(now), "{ring:?} opened at {now}");
            }
            Event::WaveOffered { ring, devices, .. } => {
                prop_assert!(self.open(ring, now), "{ring:?} was offered at {now}");
                let waves = &mut self.offered[ring.slot()];
                waves.push(Offered { at: now, devices });
                if let Some(rate) = self.rules[ring.slot()].rate {
                    let hour = waves.iter().filter(|wave| now - wave.at < TimeDelta::hours(1));
                    let sum: u32 = hour.map(|wave| wave.devices).sum();
                    prop_assert!(sum <= rate, "{sum} in an hour, {rate} may");
                }
            }
            Event::SoakStarted { .. } | Event::Paused { .. } | Event::Resumed => {}
            Event::Completed | Event::RollbackStarted | Event::RolledBack => {}
            Event::RemovalWave { .. } | Event::Cancelled | Event::EvidenceMoved { .. } => {}
            Event::SegmentHeld { .. } | Event::SegmentReleased { .. } => {}
            Event::OffersTakenBack { .. } | Event::OffersReturned { .. } => {}
            Event::Superseded { .. } => {}
        }
        Ok(())
    }
}

fn known(spans: &[Span], holidays: &[i64]) -> Known {
    let day = |days: &i64| {
        let day = (hour(0) + TimeDelta::days(*days)).date_naive().to_string();
        holiday(&day, &day, "A holiday")
    };
    let holidays = Holidays { name: "Site".to_owned(), days: holidays.iter().map(day).collect() };
    Known { freezes: freezes(spans), crossings: Vec::new(), holidays: vec![holidays] }
}

fn seen(
    fleet: &Fleet,
    intent: &Intent,
    known: &Known,
    offered: &[Vec<Offered>],
    now: DateTime<Utc>,
) -> Observations {
    let mut seen = fleet.observe(intent.clone(), Some(now));
    for (ring, waves) in seen.rings.iter_mut().zip(offered) {
        ring.offered = waves.iter().rev().take(128).rev().copied().collect();
    }
    seen.calendar = known.clone();
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// I10, and that the planner asks to be woken no later than it could go on: a rollout that looks only
    /// when it said it would ends up where one does that looks every minute.
    #[test]
    fn nothing_happens_outside_of_the_calendar(
        rules in proptest::collection::vec(rules(), 3),
        spans in proptest::collection::vec(
            (0_i64..500, 1_i64..80, proptest::option::of(0_usize..3)), 0..4),
        holidays in proptest::collection::vec(0_i64..40, 0..6),
        sizes in (1_usize..50, 1_usize..60, 1_usize..70),
        promoted in proptest::option::weighted(0.2, select(crate::world::RINGS.to_vec())),
    ) {
        let plan = plan_of(&rules);
        let known = known(&spans, &holidays);
        let mut fleet = Fleet::new([sizes.0, sizes.1, sizes.2], 0);
        let intent = Intent { promoted, ..running(0) };
        let mut notes = Notebook { rules: &rules, spans: &spans, holidays: &holidays, offered: vec![Vec::new(); 3] };
        let mut phase = Phase::Scheduled;
        let mut now = hour(0);
        for _ in 0..4_000 {
            let hours = (now - hour(0)).num_hours();
            let observed = seen(&fleet, &intent, &known, &notes.offered, now);
            match decide(&plan, phase, &observed, now) {
                Decision::Act(event) => {
                    notes.allow(event, now)?;
                    phase = phase.apply(event, now).map_err(|e| TestCaseError::fail(e.to_string()))?;
                    fleet.act(event, hours);
                }
                Decision::Wait(reason) => {
                    let in_flight = (0..3).any(|ring| {
                        fleet.count(RingIndex(ring), &[S::Offered, S::Installing, S::Installed]) > 0
                    });
                    // Reports come in a while after an offer; they wake it too.
                    let report = in_flight.then(|| now + TimeDelta::minutes(50));
                    let next = reason.next_look().into_iter().chain(report).min();
                    let Some(next) = next else { break };
                    prop_assert!(next > now, "{reason:?} at {now}");
                    now = next;
                    if report == Some(next) {
                        fleet.live((now - hour(0)).num_hours(), usize::MAX, S::Failed);
                    }
                }
            }
        }
        // Nobody stood in the way, so it came to its end.
        prop_assert!(matches!(phase, Phase::Completed { .. }), "{:?} at {}", phase, now);
    }
}

fn small_plan(calendar: &RingCalendar) -> Plan {
    let of = |name, percent| Ring { calendar: Some(calendar.clone()), ..ring(name, percent, 0) };
    let rings = vec![of("Canary", 10), of("Early", 30), of("Broad", 60)];
    let set = RingSet::new("Three".to_owned(), rings).expect("a good set");
    Plan::new(&set, hour(0), OnGateFailure::Pause, policy())
}

#[test]
fn a_closing_window_stops_offers_and_leaves_devices_at_work() {
    // hour(0) is midnight.
    let plan = small_plan(&calendar("UTC", vec![window("FREQ=DAILY", "00:00", 60)]));
    let mut fleet = Fleet::new([40, 10, 10], 0);
    let phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    fleet.set(0, &[(S::Offered, 5), (S::Assigned, 35)]);
    let decided =
        |fleet: &Fleet, now| decide(&plan, phase, &fleet.observe(running(0), Some(now)), now);
    let before = hour(1) - TimeDelta::seconds(1);
    let wave = Event::WaveOffered { ring: RingIndex(0), wave: 0, devices: 5 };
    assert_eq!(decided(&fleet, before), Decision::Act(wave));
    let Decision::Wait(WaitingOn::Offers { ring, held, then }) = decided(&fleet, hour(1)) else {
        panic!("offers outside of the window")
    };
    assert_eq!((ring, held.why, held.until), (RingIndex(0), Why::Window, Some(hour(24))));
    assert!(matches!(*then, WaitingOn::Gate { .. }), "{then:?}");
    // Those at work go on, and what they say still starts the soak.
    fleet.set(0, &[(S::Confirmed, 36), (S::Assigned, 4)]);
    assert_eq!(decided(&fleet, hour(2)), Decision::Act(Event::SoakStarted { ring: RingIndex(0) }));
}

#[test]
fn no_calendar_stops_a_removal_or_a_pause() {
    let plan = small_plan(&calendar("UTC", vec![window("FREQ=DAILY", "00:00", 60)]));
    let mut fleet = Fleet::new([40, 10, 10], 0);
    fleet.set(0, &[(S::Confirmed, 20), (S::Assigned, 20)]);
    let known = Known { freezes: freezes(&[(0, 1_000, None)]), ..Known::default() };
    let decided = |phase, intent: &Intent| {
        let observed = seen(&fleet, intent, &known, &[], hour(10));
        decide(&plan, phase, &observed, hour(10))
    };
    let offering = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    assert_eq!(decided(offering, &wish(Wish::Withdraw, 9)), Decision::Act(Event::RollbackStarted));
    let rolling_back = Phase::RollingBack { ring: RingIndex(0), since: hour(9) };
    let removal = Event::RemovalWave { ring: RingIndex(0), wave: 0, devices: 10 };
    assert_eq!(decided(rolling_back, &wish(Wish::Withdraw, 9)), Decision::Act(removal));
    let held = decided(offering, &wish(Wish::Hold, 9));
    assert!(matches!(held, Decision::Act(Event::Paused { .. })), "{held:?}");
}

#[test]
fn a_promoted_ring_waits_for_its_calendar_all_the_same() {
    let plan = small_plan(&RingCalendar::ALWAYS);
    let mut fleet = Fleet::new([40, 10, 10], 0);
    fleet.set(0, &[(S::Confirmed, 40)]);
    let vouched = Intent { promoted: Some(RingIndex(2)), ..running(0) };
    let phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    let spans = [(0, 48, Some(1))];
    let held = Known { freezes: freezes(&spans), ..Known::default() };
    let decided = |known: &Known, now: i64| {
        decide(&plan, phase, &seen(&fleet, &vouched, known, &[], hour(now)), hour(now))
    };
    let Decision::Wait(waiting) = decided(&held, 10) else { panic!("it opened in a freeze") };
    let WaitingOn::Calendar { ring, held: of } = &waiting else { panic!("{waiting:?}") };
    assert_eq!(
        (*ring, of.until, waiting.next_look()),
        (RingIndex(1), Some(hour(48)), Some(hour(48)))
    );
    let opened = Decision::Act(Event::RingOpened { ring: RingIndex(1) });
    assert_eq!(decided(&held, 48), opened);
    let crossing = Crossing {
        freeze: held.freezes[0].id,
        by: "bob".to_owned(),
        reason: "exploited".to_owned(),
        at: hour(9),
    };
    assert_eq!(decided(&Known { crossings: vec![crossing], ..held }, 10), opened);
}

#[test]
fn a_rate_holds_whatever_the_waves_allow() {
    let rate = RingCalendar { max_per_hour: NonZeroU32::new(15), ..RingCalendar::ALWAYS };
    let plan = small_plan(&rate);
    let fleet = Fleet::new([400, 10, 10], 0);
    let phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    let at = |minutes| hour(0) + TimeDelta::minutes(minutes);
    let decided = |waves: &[(i64, u32)], now: i64| {
        let waves =
            waves.iter().map(|(minute, devices)| Offered { at: at(*minute), devices: *devices });
        let waves = vec![waves.collect()];
        decide(
            &plan,
            phase,
            &seen(&fleet, &running(0), &Known::default(), &waves, at(now)),
            at(now),
        )
    };
    // The waves of the ring would be 40 devices.
    let wave = |devices| Decision::Act(Event::WaveOffered { ring: RingIndex(0), wave: 0, devices });
    assert_eq!(decided(&[], 0), wave(15));
    assert_eq!(decided(&[(0, 15)], 60), wave(15));
    assert_eq!(decided(&[(0, 7)], 59), wave(8));
    let Decision::Wait(WaitingOn::Offers { held, .. }) = decided(&[(0, 5), (20, 10)], 59) else {
        panic!("above the rate")
    };
    // Five are free after an hour, not worth a wave; eight are after twenty minutes more.
    assert_eq!((held.why, held.until), (Why::Rate { per_hour: 15 }, Some(at(80))));
    // More waves than are remembered are not offered within an hour.
    let many: Vec<(i64, u32)> = (0..128).map(|wave| (wave / 10, 0)).collect();
    assert!(matches!(decided(&many, 30), Decision::Wait(_)));
    assert_eq!(decided(&many, 60), wave(15));
}
