//! What holds of every forecast.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState as S;
use domain::calendar::{
    Anchor, Freeze, Known, Offset, Opening, RingCalendar, Rule, Scope, Window, Zone,
};
use domain::forecast::{Expected, Forecast, Pace};
use domain::gate::Gate;
use domain::ids::{FreezeId, RingSetId};
use domain::ring::{Ring, RingSet};
use domain::rollout::plan::{OnGateFailure, Plan};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use uuid::Uuid;

use super::played::{Played, at_once};
use crate::world::{policy, ring, running};

const NAMES: [&str; 3] = ["Canary", "Early", "Broad"];

/// Zones that change their clocks within days of the start, either way, and one that never does.
const STARTS: [&str; 3] = ["2026-10-22T22:30:00Z", "2027-03-25T09:00:00Z", "2026-11-10T18:00:00Z"];
const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Asia/Tokyo"];

prop_compose! {
    fn rings()(
        zone in select(ZONES.to_vec()),
        window in proptest::option::of((select(vec!["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TU,TH,SA,SU"]),
            select(vec!["00:30", "02:30", "22:00"]), 60_u16..700)),
        business_days in 0_u16..3,
        rate in proptest::option::of(1_u32..60),
        (deferral, bake) in (0_u8..4, 0_i64..50),
        size in 1_u32..260,
        (least, percent) in (1_u32..20, 1_u8..30),
    ) -> (Ring, u32) {
        let windows = window.into_iter().map(|(rule, start, minutes)| {
            let start = start.parse().or_else(|_| format!("{start}:00").parse()).expect("a time");
            Window::new(Rule::new(rule).expect("a rule"), None, start, minutes).expect("a window")
        });
        let calendar = RingCalendar {
            zone: zone.parse::<Zone>().expect("a zone"),
            opening: Opening {
                from: Anchor::Start,
                offset: Offset::BusinessDays(business_days),
                ..Opening::ANY
            },
            windows: windows.collect(),
            max_per_hour: rate.and_then(NonZeroU32::new),
            holidays: None,
        };
        let mut ring = ring("", 30, deferral);
        ring.gate = Gate { bake: TimeDelta::hours(bake), ..Gate::DEFAULT };
        ring.waves.least = least;
        ring.waves.percent = percent;
        ring.calendar = Some(calendar);
        (ring, size)
    }
}

/// A freeze of hours after the start: from, how long, and of which ring; none: of all.
type Span = (i64, i64, Option<usize>);

fn spans() -> impl Strategy<Value = Vec<Span>> {
    proptest::collection::vec((0_i64..300, 1_i64..90, proptest::option::of(0_usize..3)), 0..3)
}

fn known(spans: &[Span], start: DateTime<Utc>) -> Known {
    let set = RingSetId(Uuid::from_u128(1));
    let one = |((from, lasts, ring), number): (&Span, u128)| Freeze {
        id: FreezeId(Uuid::from_u128(number)),
        scope: ring.map_or(Scope::Tenant, |ring| Scope::Ring {
            ring_set: set,
            ring: NAMES[ring].to_owned(),
        }),
        from: start + TimeDelta::hours(*from),
        until: Some(start + TimeDelta::hours(from + lasts)),
        owner: "ana".to_owned(),
        reason: "closing of the books".to_owned(),
    };
    Known { freezes: spans.iter().zip(1..).map(one).collect(), ..Known::default() }
}

fn plan_of(rings: &[(Ring, u32)], start: DateTime<Utc>) -> (Plan, Vec<u32>) {
    let named = rings.iter().zip(NAMES).zip([10, 30, 60]).map(|(((ring, _), name), percent)| {
        let mut ring = ring.clone();
        (ring.name, ring.membership.percent) = (name.to_owned(), percent);
        ring
    });
    let set = RingSet::new("Three".to_owned(), named.collect()).expect("a good set");
    let sizes = rings.iter().map(|(_, size)| *size).collect();
    (Plan::new(&set, start, OnGateFailure::Pause, policy()), sizes)
}

fn at(expected: &Expected) -> Option<DateTime<Utc>> {
    match expected {
        Expected::At(at) => Some(*at),
        Expected::Past(_) | Expected::After { .. } | Expected::Unknown(_) => None,
    }
}

fn sound(forecast: &Forecast) -> TestCaseResult {
    let all = forecast
        .rings
        .iter()
        .flat_map(|ring| [&ring.opens, &ring.last_offer, &ring.gate_passes, &ring.compliant]);
    for estimate in all.chain([&forecast.finished, &forecast.compliant]) {
        let (earliest, likely) = (at(&estimate.earliest), at(&estimate.likely));
        prop_assert!(earliest.is_none_or(|at| at >= forecast.at), "{estimate:?}");
        prop_assert!(likely.is_none_or(|at| at >= forecast.at), "{estimate:?}");
        if let (Some(earliest), Some(likely)) = (earliest, likely) {
            prop_assert!(earliest <= likely, "{estimate:?}");
        }
    }
    for pair in forecast.rings.windows(2) {
        for (one, next) in [
            (&pair[0].opens.earliest, &pair[1].opens.earliest),
            (&pair[0].opens.likely, &pair[1].opens.likely),
            (&pair[0].gate_passes.earliest, &pair[1].opens.earliest),
            (&pair[0].gate_passes.likely, &pair[1].opens.likely),
        ] {
            if let (Some(one), Some(next)) = (at(one), at(next)) {
                prop_assert!(one <= next, "{:?}", pair);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// In a world in which every device is confirmed in the moment of its offer, rings open, and the rollout
    /// ends, in the very moment that was called the earliest; wherever the rollout stands when it is asked.
    #[test]
    fn the_earliest_is_when_it_happens_in_an_ideal_world(
        rings in proptest::collection::vec(rings(), 3),
        spans in spans(),
        start in select(STARTS.to_vec()),
        asked_after in 0_usize..40,
    ) {
        let start: DateTime<Utc> = start.parse().expect("a moment");
        let (plan, sizes) = plan_of(&rings, start);
        let known = known(&spans, start);
        let intent = domain::rollout::observations::Intent { given_at: start, ..running(0) };
        let mut world = Played::new((&plan, &known), intent, &sizes, start);
        let said = world.forecast(&Pace::usual());
        sound(&said)?;
        // A while later, in the middle of anything.
        let mut steps = 0;
        let mut takes = at_once;
        while steps < asked_after {
            match world.step(&mut takes) {
                Ok(()) => {}
                Err(Some(next)) => world.now = next,
                Err(None) => break,
            }
            steps += 1;
        }
        let later = world.forecast(&Pace::usual());
        sound(&later)?;
        let there = world.opened.len();
        world.play(&mut takes, |_| false);
        prop_assert!(world.finished.is_some(), "{:?}", world.phase);
        for (ring, opened) in said.rings.iter().zip(&world.opened) {
            prop_assert_eq!(&ring.opens.earliest, &Expected::At(*opened));
        }
        prop_assert_eq!(&said.finished.earliest, &Expected::At(world.finished.expect("it is")));
        let compliant = at(&said.compliant.earliest).expect("all of them");
        let true_one = world.compliant.expect("all of them");
        prop_assert!(compliant - true_one < TimeDelta::seconds(1) && compliant >= true_one);
        for (ring, opened) in later.rings.iter().zip(&world.opened).skip(there) {
            let earliest = at(&ring.opens.earliest).expect("to come");
            prop_assert!(earliest <= *opened, "{ring:?} {opened}");
            // Offers of the last hour count in a way that is only bounded here.
            let paced = plan.rings().iter().any(|ring| {
                ring.calendar.as_ref().is_some_and(|calendar| calendar.max_per_hour.is_some())
            });
            prop_assert!(paced || earliest == *opened, "{ring:?} {opened}");
        }
    }

    /// However slow devices are and however many fail, no ring opens before the earliest.
    #[test]
    fn nothing_happens_before_the_earliest(
        rings in proptest::collection::vec(rings(), 3),
        spans in spans(),
        start in select(STARTS.to_vec()),
        minutes in proptest::collection::vec(0_i64..2_000, 1..40),
        fail_each in 30_usize..400,
        asked_after in 0_usize..60,
    ) {
        let start: DateTime<Utc> = start.parse().expect("a moment");
        let (plan, sizes) = plan_of(&rings, start);
        let known = known(&spans, start);
        let intent = domain::rollout::observations::Intent { given_at: start, ..running(0) };
        let mut world = Played::new((&plan, &known), intent, &sizes, start);
        let mut device = 0;
        let mut takes = || {
            device += 1;
            let state = if device % fail_each == 0 { S::Failed } else { S::Confirmed };
            (TimeDelta::minutes(minutes[device % minutes.len()]), state)
        };
        let mut said = vec![world.forecast(&Pace::usual())];
        for _ in 0..asked_after {
            match world.step(&mut takes) {
                Ok(()) => {}
                Err(Some(next)) => world.now = next,
                Err(None) => break,
            }
        }
        let there = world.opened.len();
        said.push(world.forecast(&Pace::usual()));
        // It may be held for good, when too many failed.
        world.play(&mut takes, |_| false);
        for (said, there) in said.iter().zip([0, there]) {
            sound(said)?;
            for (ring, opened) in said.rings.iter().zip(&world.opened).skip(there) {
                let earliest = at(&ring.opens.earliest);
                prop_assert!(earliest.is_some_and(|at| at <= *opened), "{ring:?} {opened}");
            }
            if let (Some(finished), Some(earliest)) = (world.finished, at(&said.finished.earliest)) {
                prop_assert!(earliest <= finished);
            }
        }
    }
}
