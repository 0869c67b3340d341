use chrono::TimeDelta;
use domain::attempt::AttemptState as S;
use domain::evidence::coverage::Offers;
use domain::forecast::{Basis, Expected, Forecast, Pace, RingOffers, forecast};
use domain::ring::RingIndex;
use domain::rollout::phase::Phase;
use domain::rollout::plan::OnGateFailure;

use crate::world::{counted, hour, observed, plan, running};

/// 400 devices were offered the update at hour 0; by hour 24 so many have an outcome.
fn after_a_day(confirmed: u32) -> Forecast {
    let plan = plan(OnGateFailure::Pause);
    let mut first = counted(&[(S::Confirmed, confirmed), (S::Offered, 400 - confirmed)]);
    first.confirmed_seconds = i64::from(confirmed) * hour(12).timestamp();
    let rest = [counted(&[(S::Assigned, 400)]), counted(&[(S::Assigned, 400)])];
    let rings = std::iter::once(first).chain(rest).collect();
    let seen = observed(running(0), rings, Some(hour(24)));
    let offers = [RingOffers {
        first: Some(hour(0)),
        last: Some(hour(0)),
        times: vec![Offers { at: hour(0), devices: 400 }],
    }];
    let phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    forecast(&plan, phase, &seen, (&Pace::usual(), &offers), hour(24))
}

fn opens(said: &Forecast, ring: usize) -> TimeDelta {
    let Expected::At(at) = said.rings[ring].opens.likely else { panic!("{said:?}") };
    at - hour(0)
}

#[test]
fn the_pace_of_a_rollout_is_measured_in_it() {
    // As usual 180 have one by then; 20 are too few to tell.
    let (few, usual, fast) = (after_a_day(20), after_a_day(180), after_a_day(300));
    assert_eq!(few.basis, Basis::Usual);
    assert_eq!(usual.basis, Basis::Measured { outcomes: 180 });
    let slow = after_a_day(60);
    for ring in 1..3 {
        assert!(opens(&fast, ring) < opens(&usual, ring), "{ring}");
        assert!(opens(&usual, ring) < opens(&slow, ring), "{ring}");
    }
}

#[test]
fn earlier_rollouts_are_the_middle_of_what_they_were() {
    // Devices of one had twice the time of the other; a third knows nothing of late ages.
    let quick = vec![3_000, 5_000, 6_000, 8_000, 9_000, 9_300, 9_500, 9_600];
    let slow = vec![1_000, 2_000, 3_000, 5_000, 7_000, 8_000, 9_000, 9_300];
    let middle = Pace::of_earlier(&[quick.clone(), slow.clone(), slow[..4].to_vec()]);
    assert_eq!(middle.basis(), Basis::Earlier { rollouts: 3 });
    assert_eq!(Pace::of_earlier(&[]), Pace::usual());
    assert_eq!(Pace::of_earlier(&[Vec::new()]), Pace::usual());
    let scheduled = |pace: &Pace| {
        let rings = [40, 120, 240].map(|devices| counted(&[(S::Assigned, devices)])).to_vec();
        let seen = observed(running(0), rings, Some(hour(0)));
        let said =
            forecast(&plan(OnGateFailure::Pause), Phase::Scheduled, &seen, (pace, &[]), hour(0));
        opens(&said, 2)
    };
    let quick = scheduled(&Pace::of_earlier(&[quick]));
    let slow = scheduled(&Pace::of_earlier(&[slow]));
    let middle = scheduled(&middle);
    assert!(quick < middle && middle <= slow, "{quick} {middle} {slow}");
    // Of one that completed before anybody had more than a day, later ages go on as usual.
    let short = Pace::of_earlier(&[vec![500, 1_500, 2_500, 4_500]]);
    assert_eq!(scheduled(&short), scheduled(&Pace::usual()));
}
