//! Freezes, holidays and windows together, rules that are refused, and what JSON they are.

use chrono::{NaiveTime, TimeDelta, Weekday};
use domain::calendar::{
    Crossing, Freeze, Held, Holidays, Known, Opening, Period, RingCalendar, Rule, RuleError, Scope,
    State, Times, UnknownZone, When, Why, Window, WindowError, Zone, crossable,
};
use domain::ids::{FreezeId, RingSetId};
use domain::ring::{RingSet, RingSetError};
use proptest::prelude::*;
use uuid::Uuid;

use super::{at, calendar, day, freeze, frozen, holiday, minutes, window, zone};
use crate::world::ring;

const SET: RingSetId = RingSetId(Uuid::from_u128(1));

fn of_ring(name: &str) -> Scope {
    Scope::Ring { ring_set: SET, ring: name.to_owned() }
}

fn why(held: Option<Held>) -> Option<Why> {
    held.map(|held| held.why)
}

#[test]
fn the_widest_freeze_is_named_and_each_has_to_end() {
    let (start, end) = (at("2026-12-18T17:00:00Z"), at("2027-01-04T06:00:00Z"));
    let tenant = freeze(2, Scope::Tenant, start, Some(end));
    let ring = freeze(1, of_ring("Broad"), start - minutes(60), Some(end + minutes(60)));
    let known = frozen(vec![ring.clone(), tenant.clone()]);
    let times = |ring| Times { calendar: None, ring, known: &known };
    let named = |freeze: &Freeze, scope: &str| Why::Freeze {
        freeze: freeze.id,
        scope: scope.to_owned(),
        owner: "ana".to_owned(),
        reason: freeze.reason.clone(),
    };
    assert_eq!(times("Broad").offers(start - minutes(61)), None);
    assert_eq!(why(times("Broad").offers(start - minutes(60))), Some(named(&ring, "ring")));
    // Names of rings do not differ by case, and other rings are not touched.
    assert_eq!(why(times("BROAD").offers(start - minutes(60))), Some(named(&ring, "ring")));
    assert_eq!(times("Fast").offers(start - minutes(60)), None);
    let both = times("Broad").offers(start).expect("two freezes");
    assert_eq!(both, Held { until: Some(end + minutes(60)), why: named(&tenant, "tenant") });
    let fast = times("Fast").offers(start).expect("a freeze");
    assert_eq!(fast.until, Some(end));
    assert_eq!(times("Fast").offers(end), None);
}

#[test]
fn a_freeze_without_an_end_holds_until_somebody_ends_it() {
    let start = at("2026-12-18T17:00:00Z");
    let known = frozen(vec![freeze(1, Scope::Tenant, start, None)]);
    let times = Times { calendar: None, ring: "Broad", known: &known };
    assert_eq!(times.offers(start).map(|held| held.until), Some(None));
    assert_eq!(times.state(start - minutes(1)), State::Open { until: Some(start) });
}

#[test]
fn what_may_cross_one_freeze_does_not_cross_another() {
    let start = at("2026-12-18T17:00:00Z");
    let (one, two) =
        (freeze(1, Scope::Tenant, start, None), freeze(2, of_ring("Broad"), start, None));
    let crossing = |freeze: &Freeze| Crossing {
        freeze: freeze.id,
        by: "bob".to_owned(),
        reason: "exploited".to_owned(),
        at: start,
    };
    let held = |crossings: Vec<Crossing>| {
        let known = Known { crossings, ..frozen(vec![one.clone(), two.clone()]) };
        Times { calendar: None, ring: "Broad", known: &known }.offers(start).is_some()
    };
    assert!(held(vec![]) && held(vec![crossing(&one)]) && held(vec![crossing(&two)]));
    assert!(!held(vec![crossing(&one), crossing(&two)]));
    assert!(crossable("security", "monthly") && crossable("nonSecurity", "outOfBand"));
    assert!(!crossable("nonSecurity", "monthly"));
}

#[test]
fn holidays_are_local_days_and_hours_are_the_same_for_all() {
    let half_day =
        When::Hours { from: at("2026-12-24T11:00:00Z"), until: at("2026-12-24T23:00:00Z") };
    let half_day = domain::calendar::Holiday { when: half_day, name: "Christmas Eve".to_owned() };
    let holidays = Holidays {
        name: "Site".to_owned(),
        days: vec![half_day, holiday("2026-12-25", "2026-12-26", "Christmas")],
    };
    let known = Known { holidays: vec![holidays], ..Known::default() };
    let named = |zone_name: &str, site: &str| RingCalendar {
        holidays: Some(site.to_owned()),
        ..calendar(zone_name, Vec::new())
    };
    let closed = |calendar: &RingCalendar, now: &str| {
        let times = Times { calendar: Some(calendar), ring: "", known: &known };
        let held = times.offers(at(now))?;
        let Why::Holiday { name, .. } = held.why else { panic!("{held:?}") };
        Some((name, held.until.expect("it ends")))
    };
    let (kolkata, york) = (named("Asia/Kolkata", "Site"), named("America/New_York", "Site"));
    // 18:30 UTC is midnight in Kolkata; New York has Christmas eleven hours longer.
    let eve = ("Christmas Eve".to_owned(), at("2026-12-26T18:30:00Z"));
    assert_eq!(closed(&kolkata, "2026-12-24T12:00:00Z"), Some(eve));
    assert_eq!(closed(&kolkata, "2026-12-24T10:59:59Z"), None);
    assert_eq!(closed(&kolkata, "2026-12-26T18:30:00Z"), None);
    let christmas = ("Christmas".to_owned(), at("2026-12-27T05:00:00Z"));
    assert_eq!(closed(&york, "2026-12-26T18:30:00Z"), Some(christmas));
    // Between the half day, which ends at 18:00, and midnight.
    assert_eq!(closed(&york, "2026-12-25T02:00:00Z"), None);
    // A calendar that is not there is no calendar without holidays.
    let lost = named("UTC", "Elsewhere");
    let times = Times { calendar: Some(&lost), ring: "", known: &known };
    let expected = Why::UnknownHolidays { calendar: "Elsewhere".to_owned() };
    assert_eq!(times.offers(at("2026-06-01T00:00:00Z")), Some(Held { until: None, why: expected }));
}

#[test]
fn the_next_periods_leave_freezes_and_holidays_out() {
    let weekdays = window("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", "22:00", 360);
    let calendar = RingCalendar {
        holidays: Some("Zurich".to_owned()),
        ..calendar("Europe/Zurich", vec![weekdays])
    };
    let site = Holidays {
        name: "Zurich".to_owned(),
        days: vec![holiday("2026-12-01", "2026-12-01", "A day")],
    };
    let frozen_from = at("2026-12-03T00:00:00Z");
    let known = Known {
        holidays: vec![site],
        ..frozen(vec![freeze(1, Scope::Tenant, frozen_from, Some(at("2026-12-07T23:00:00Z")))])
    };
    let times = Times { calendar: Some(&calendar), ring: "Broad", known: &known };
    let periods = times.periods(at("2026-11-27T12:00:00Z"), 5);
    let lines: Vec<String> = periods
        .iter()
        .map(|Period { from, until, after }| {
            let until = until.expect("an end");
            let after = match after.as_ref().expect("it was closed before") {
                Why::Window => "window",
                Why::Freeze { .. } => "freeze",
                Why::Holiday { .. } => "holiday",
                other @ (Why::Deferral
                | Why::Day
                | Why::UnknownHolidays { .. }
                | Why::Rate { .. }) => {
                    panic!("{other:?}")
                }
            };
            format!(
                "{} to {} after a {after}",
                from.format("%a %d %H:%M"),
                until.format("%a %d %H:%M")
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Mon 30 21:00 to Mon 30 23:00 after a window
    Tue 01 23:00 to Wed 02 03:00 after a holiday
    Wed 02 21:00 to Thu 03 00:00 after a window
    Mon 07 23:00 to Tue 08 03:00 after a freeze
    Tue 08 21:00 to Wed 09 03:00 after a window
    ");
    // Nothing is known to end what is always open.
    let always = Times { calendar: None, ring: "Broad", known: &Known::default() };
    let now = at("2026-11-27T12:00:00Z");
    assert_eq!(always.periods(now, 5), [Period { from: now, until: None, after: None }]);
}

#[test]
fn windows_that_touch_are_one_period() {
    let windows = vec![window("FREQ=DAILY", "08:00", 240), window("FREQ=DAILY", "12:00", 60)];
    let calendar = calendar("UTC", windows);
    let known = Known::default();
    let times = Times { calendar: Some(&calendar), ring: "", known: &known };
    let periods = times.periods(at("2026-03-01T00:00:00Z"), 1);
    assert_eq!(periods[0].until, Some(at("2026-03-01T13:00:00Z")));
}

#[test]
fn rules_that_count_go_on_counting_from_their_first_day() {
    let every = |rule: &str, first: &str, from: &str| {
        let start = NaiveTime::from_hms_opt(20, 0, 0).expect("a time");
        let window = Window::new(Rule::new(rule).expect("a rule"), Some(day(first)), start, 60);
        let spans = window.expect("a window").spans(Zone::UTC, at(from));
        spans.take(3).map(|(from, _)| from.format("%Y-%m-%d").to_string()).collect::<Vec<_>>()
    };
    // Every second week from Monday the 5th, asked for years later.
    let second = every("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-01-05", "2029-06-01T00:00:00Z");
    assert_eq!(second, ["2029-06-04", "2029-06-18", "2029-07-02"]);
    // Every third month on the fourth Sunday.
    let third = every("FREQ=MONTHLY;INTERVAL=3;BYDAY=4SU", "2026-01-01", "2028-02-15T00:00:00Z");
    assert_eq!(third, ["2028-04-23", "2028-07-23", "2028-10-22"]);
    // The days of a rule that says none are those it begins on.
    assert_eq!(every("FREQ=WEEKLY", "2026-01-07", "2026-03-01T00:00:00Z")[0], "2026-03-04");
    assert_eq!(
        every("FREQ=DAILY;INTERVAL=10", "2026-01-01", "2026-02-01T00:00:00Z")[0],
        "2026-02-10"
    );
    assert_eq!(
        every("FREQ=YEARLY;INTERVAL=2", "2024-05-06", "2027-01-01T00:00:00Z")[0],
        "2028-05-06"
    );
    // Nothing before the first day.
    assert_eq!(every("FREQ=DAILY", "2026-05-01", "2026-02-01T00:00:00Z")[0], "2026-05-01");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let rule = |text: &str| Rule::new(text).expect_err(text);
    assert_eq!(rule("FREQ=HOURLY"), RuleError::Frequency);
    assert_eq!(rule("FREQ=DAILY;BYHOUR=3"), RuleError::TimeOfDay);
    assert_eq!(rule("FREQ=DAILY;COUNT=3"), RuleError::Ends);
    assert_eq!(rule("FREQ=DAILY;UNTIL=20301231T000000Z"), RuleError::Ends);
    assert_eq!(rule("FREQ=DAILY;INTERVAL=0"), RuleError::Interval);
    assert_eq!(rule(&format!("FREQ=DAILY;BYMONTH={}", "1,".repeat(100))), RuleError::Long);
    for text in [
        "",
        "every day",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "RDATE:20260101T000000Z",
        "FREQ=DAILY;FREQ=DAILY",
    ] {
        assert!(matches!(rule(text), RuleError::Unreadable(_)), "{text}: {:?}", rule(text));
    }
    let start = NaiveTime::from_hms_opt(20, 0, 0).expect("a time");
    let window = |rule: &str, first: Option<&str>, minutes: u16| {
        Window::new(Rule::new(rule).expect(rule), first.map(day), start, minutes).expect_err(rule)
    };
    assert_eq!(window("FREQ=DAILY", None, 0), WindowError::Length);
    assert_eq!(window("FREQ=DAILY", None, 10_081), WindowError::Length);
    assert_eq!(window("FREQ=WEEKLY;INTERVAL=2", None, 60), WindowError::FirstDay);
    assert_eq!(
        window("FREQ=MONTHLY;INTERVAL=2", Some("2026-01-31"), 60),
        WindowError::FirstDayOfMonth
    );
    assert_eq!(window("FREQ=DAILY", Some("1999-01-01"), 60), WindowError::FirstDayOfMonth);
    assert_eq!(window("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", None, 60), WindowError::Never);
    let second = NaiveTime::from_hms_opt(20, 0, 1).expect("a time");
    let uneven = Window::new(Rule::new("FREQ=DAILY").expect("a rule"), None, second, 60);
    assert_eq!(uneven, Err(WindowError::Start));
    assert_eq!("Europe/Zürich".parse::<Zone>(), Err(UnknownZone("Europe/Zürich".to_owned())));
}

#[test]
fn a_ring_that_could_never_open_is_refused() {
    let saturdays = window("FREQ=WEEKLY;BYDAY=SA", "08:00", 600);
    let opening = Opening { weekdays: vec![Weekday::Mon], ..Opening::ANY };
    let set = |calendar: RingCalendar| {
        let first = domain::ring::Ring { calendar: Some(calendar), ..ring("First", 50, 0) };
        RingSet::new("Two".to_owned(), vec![first, ring("Second", 50, 0)])
    };
    let never =
        RingCalendar { opening: opening.clone(), ..calendar("UTC", vec![saturdays.clone()]) };
    assert!(matches!(set(never), Err(RingSetError::Calendar { ring: 0, .. })));
    let saturday = Opening { weekdays: vec![Weekday::Sat], ..opening };
    let good = RingCalendar { opening: saturday, ..calendar("UTC", vec![saturdays]) };
    let made = set(good).expect("a good set");
    let text = serde_json::to_string(&made.rings()[0]).expect("JSON");
    let again: domain::ring::Ring = serde_json::from_str(&text).expect("the same");
    assert_eq!(&again, &made.rings()[0]);
    let many = RingCalendar {
        windows: vec![window("FREQ=DAILY", "08:00", 60); 11],
        ..RingCalendar::ALWAYS
    };
    assert!(matches!(set(many), Err(RingSetError::Calendar { ring: 0, .. })));
}

/// Whoever reads the plan of a rollout years later reads this.
#[test]
fn a_calendar_in_json() {
    let calendar = RingCalendar {
        max_per_hour: std::num::NonZeroU32::new(500),
        holidays: Some("Zurich".to_owned()),
        ..calendar("Europe/Zurich", vec![window("FREQ=DAILY", "22:00", 360)])
    };
    insta::assert_snapshot!(serde_json::to_string(&calendar).expect("JSON"), @r#"{"zone":"Europe/Zurich","opening":{"from":"start","offset":{"days":0},"not_first_days":0,"not_last_days":0},"windows":[{"rule":"FREQ=DAILY","start":"22:00:00","minutes":360}],"max_per_hour":500,"holidays":"Zurich"}"#);
    let known = Known {
        crossings: vec![Crossing {
            freeze: FreezeId(Uuid::nil()),
            by: "bob".to_owned(),
            reason: "exploited".to_owned(),
            at: at("2026-12-20T10:00:00Z"),
        }],
        holidays: vec![Holidays {
            name: "Zurich".to_owned(),
            days: vec![holiday("2026-12-25", "2026-12-26", "Christmas")],
        }],
        ..frozen(vec![freeze(1, of_ring("Broad"), at("2026-12-18T17:00:00Z"), None)])
    };
    let text = serde_json::to_string(&known).expect("JSON");
    insta::assert_snapshot!(text, @r#"{"freezes":[{"id":"00000000-0000-0000-0000-000000000001","scope":"ring","ring_set":"00000000-0000-0000-0000-000000000001","ring":"Broad","from":"2026-12-18T17:00:00Z","until":null,"owner":"ana","reason":"freeze 1"}],"crossings":[{"freeze":"00000000-0000-0000-0000-000000000000","by":"bob","reason":"exploited","at":"2026-12-20T10:00:00Z"}],"holidays":[{"name":"Zurich","days":[{"first":"2026-12-25","last":"2026-12-26","name":"Christmas"}]}]}"#);
    assert_eq!(serde_json::from_str::<Known>(&text).expect("the same"), known);
    let zone: Result<Zone, _> = serde_json::from_str(r#""Mars/Olympus""#);
    assert!(zone.is_err());
    assert_eq!(super::zone("UTC").name(), "UTC");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The end of what is held is the first moment at which it is not: looked for in small steps.
    #[test]
    fn what_is_held_goes_on_when_it_says(
        spans in proptest::collection::vec((0_i64..3_000, 1_i64..1_500), 0..5),
        length in 30_u16..600,
        now in 0_i64..4_000,
    ) {
        let start = at("2026-03-27T00:00:00Z");
        let freezes = spans.iter().zip(1..).map(|((from, length), number)| {
            let from = start + minutes(*from);
            freeze(number, Scope::Tenant, from, Some(from + minutes(*length)))
        });
        let known = frozen(freezes.collect());
        let calendar = calendar("Europe/Zurich", vec![window("FREQ=DAILY", "01:00", length)]);
        let times = Times { calendar: Some(&calendar), ring: "", known: &known };
        let now = start + minutes(now);
        let open = |at| times.offers(at).is_none();
        let first = (0..10_000).map(|step| now + minutes(step)).find(|at| open(*at)).expect("it opens");
        let said = times.offers(now).map_or(Some(now), |held| held.until);
        prop_assert_eq!(said, Some(first));
        let zone = zone("Europe/Zurich");
        let in_window = |at: chrono::DateTime<chrono::Utc>| {
            let local = at.with_timezone(&zone.tz());
            let since = local.time() - NaiveTime::from_hms_opt(1, 0, 0).expect("a time");
            // Not where the clock is changed in between, which is for other tests.
            since >= TimeDelta::zero() && since < TimeDelta::minutes(length.into())
        };
        if first < at("2026-03-28T23:00:00Z") {
            prop_assert!(in_window(first));
        }
    }
}
