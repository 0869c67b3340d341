//! Whether outcomes come in as they used to: how many of the devices offered the update may still be
//! silent by now.
//!
//! Each device is silent at some age of its offer with the probability that devices of past releases
//! were, one like the other independent; so the silent ones are a sum of unequal coins, and its tail
//! is bounded by Chernoff: `P(X >= s) <= exp(-(s ln(s/m) - s + m))` for `s > m`, the mean (Hoeffding
//! 1963, theorem 1). That holds for one look. Someone who looks all the time is held up somewhat more
//! often, which costs waiting and no alarm, and clears itself when the outcomes come.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::delay::{DelayCurve, Knot};

/// The ages of an offer at which past releases are read.
pub const AGES: [TimeDelta; 8] = [
    TimeDelta::hours(4),
    TimeDelta::hours(8),
    TimeDelta::hours(12),
    TimeDelta::hours(24),
    TimeDelta::hours(48),
    TimeDelta::hours(72),
    TimeDelta::hours(120),
    TimeDelta::hours(168),
];

/// Fewer past releases say nothing of what is usual.
pub const LEAST_RELEASES: usize = 3;

/// So rarely a look finds more silent devices than this allows though nothing is different.
const LN_ERROR: f64 = -6.907_755_278_982_137; // ln 0.001

/// Devices of one ring that were offered the update at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    pub at: DateTime<Utc>,
    pub devices: u32,
}

/// What is usual, from the shares of devices with an outcome by each of [`AGES`], in hundredths of a
/// percent, of past releases: the slowest of them at each age. None of too few releases, or when
/// nothing was ever heard.
#[must_use]
pub fn usual(past: &[[u16; AGES.len()]]) -> Option<DelayCurve> {
    if past.len() < LEAST_RELEASES {
        return None;
    }
    let mut reached = 0.0_f64;
    let knots = AGES.iter().enumerate().map(|(at, age)| {
        let slowest = past.iter().map(|release| release[at].min(10_000)).min().unwrap_or(0);
        reached = reached.max(f64::from(slowest) / 10_000.0);
        Knot { age: *age, share: reached }
    });
    DelayCurve::new(knots.collect()).ok().filter(|curve| curve.share(AGES[AGES.len() - 1]) > 0.0)
}

/// The most devices of `exposed` that may be silent at `now`, beyond which it is not chance; none when
/// nothing was offered. `offers` say when, and may count devices that are no part of `exposed` any
/// more. Cost: the offers.
#[must_use]
pub fn most_silent(
    exposed: u32,
    offers: &[Offers],
    usual: &DelayCurve,
    now: DateTime<Utc>,
) -> Option<u32> {
    let offered: f64 = offers.iter().map(|offer| f64::from(offer.devices)).sum();
    if offered <= 0.0 {
        return None;
    }
    let silent: f64 = offers
        .iter()
        .map(|offer| f64::from(offer.devices) * (1.0 - usual.share(now - offer.at)))
        .sum();
    let mean = f64::from(exposed) * silent / offered;
    // The bound falls with the number, from 0 at and below the mean on: halve what is left.
    let (mut fits, mut beyond) = (0, exposed.saturating_add(1));
    while beyond - fits > 1 {
        let middle = fits.midpoint(beyond);
        if ln_tail(f64::from(middle), mean) <= LN_ERROR {
            beyond = middle;
        } else {
            fits = middle;
        }
    }
    Some(fits)
}

/// The logarithm of the bound for `at` or more silent devices, where `mean` are expected.
fn ln_tail(at: f64, mean: f64) -> f64 {
    if at <= mean || at <= 0.0 {
        return 0.0;
    }
    if mean <= 0.0 {
        return f64::NEG_INFINITY;
    }
    -(at * (at / mean).ln() - at + mean)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{AGES, Offers, ln_tail, most_silent, usual};

    const PAST: [u16; AGES.len()] = [500, 2_000, 4_000, 7_000, 9_000, 9_400, 9_500, 9_500];

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    #[test]
    fn what_is_usual_is_the_slowest_of_at_least_three() {
        assert_eq!(usual(&[PAST, PAST]), None);
        let mut slow = PAST;
        slow[3] = 3_000; // below its own earlier age: a curve never falls
        let usual = usual(&[PAST, slow, PAST]).unwrap();
        let share = |hours| format!("{:.2}", usual.share(TimeDelta::hours(hours)));
        assert_eq!([4, 12, 24, 48, 1_000].map(share), ["0.05", "0.40", "0.40", "0.90", "0.95"]);
        assert_eq!(super::usual(&[[0; AGES.len()]; 3]), None, "nothing was ever heard");
    }

    #[test]
    fn as_many_as_usual_are_in_order_and_all_of_them_are_not() {
        let usual = usual(&[PAST; 3]).unwrap();
        let offers = [Offers { at: at(0), devices: 1_000 }];
        let most = |hours| most_silent(1_000, &offers, &usual, at(hours)).unwrap();
        assert_eq!(most(0), 1_000, "just offered");
        // 100 are expected to be silent after two days.
        assert!((125..140).contains(&most(48)), "{}", most(48));
        assert!(ln_tail(f64::from(most(48)), 100.0) > super::LN_ERROR);
        assert!(ln_tail(f64::from(most(48) + 1), 100.0) <= super::LN_ERROR);
        assert!(most(24) > most(48) && most(48) > most(72));
        // A hundred of a thousand that were taken back do not change the share.
        let fewer = most_silent(900, &offers, &usual, at(48)).unwrap();
        assert!((110..128).contains(&fewer), "{fewer}");
        assert_eq!(most_silent(10, &[], &usual, at(48)), None);
    }

    #[test]
    fn a_fresh_wave_is_given_its_time() {
        let usual = usual(&[PAST; 3]).unwrap();
        let old = Offers { at: at(0), devices: 100 };
        let fresh = Offers { at: at(72), devices: 900 };
        let most = most_silent(1_000, &[old, fresh], &usual, at(72)).unwrap();
        assert!(most >= 906, "{most}");
    }
}
