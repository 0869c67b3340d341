//! The pace of one rollout, from its counters.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Basis, LEAST_OUTCOMES, Pace, USUAL_GOOD, seconds};
use crate::attempt::AttemptState;
use crate::forecast::RingOffers;
use crate::ring::RingIndex;
use crate::rollout::observations::Observations;
use crate::rollout::plan::Plan;

/// Devices whose time is over say how many never come to an outcome, from so many on.
const LEAST_PAST: f64 = 100.0;
/// The most that a rollout is thought to be slower or faster than the curve.
const STRETCH: f64 = 8.0;

impl Pace {
    /// This pace as the outcomes of a rollout correct it; unchanged while there are too few.
    #[must_use]
    pub(in crate::forecast) fn measured(
        &self,
        seen: &Observations,
        offers: &[RingOffers],
        now: DateTime<Utc>,
        plan: &Plan,
    ) -> Self {
        let mut sums = Sums::default();
        for (ring, offers) in plan.indices().zip(offers) {
            sums.add(plan, seen, (ring, offers), now);
        }
        if sums.judged < LEAST_OUTCOMES {
            return self.clone();
        }
        let good =
            (f64::from(sums.confirmed) + USUAL_GOOD.0) / (f64::from(sums.judged) + USUAL_GOOD.1);
        let basis = Basis::Measured { outcomes: sums.judged };
        let fitted = self.stretched(self.stretch(&sums));
        let curve = match sums.settled() {
            None => fitted.curve,
            Some(settled) => {
                let times = settled / fitted.share(sums.window).max(f64::EPSILON);
                let lower = |(age, share): &(f64, f64)| (*age, (share * times).min(1.0));
                fitted.curve.iter().map(lower).collect()
            }
        };
        Self { curve, basis, good }
    }

    /// How many times slower than this curve outcomes came: of rings that are over by the mean time that
    /// their devices took, of the others by how many outcomes there are; each weighs as many outcomes as it has.
    fn stretch(&self, sums: &Sums) -> f64 {
        let (mut weight, mut sum) = (sums.came, sums.came * self.stretch_under_way(sums).ln());
        for over in &sums.over {
            let slower = bisected(|times| self.stretched(times).mean(over.window) > over.mean);
            weight += over.outcomes;
            sum += over.outcomes * slower.ln();
        }
        if weight > 0.0 { (sum / weight).exp() } else { 1.0 }
    }

    /// The time at which this curve gives as many outcomes as there are. A few devices more are taken to have
    /// been as the curve says, so that a handful does not say much.
    fn stretch_under_way(&self, sums: &Sums) -> f64 {
        let devices: f64 = sums.recent.iter().map(|(_, devices)| devices).sum();
        if devices <= 0.0 {
            return 1.0;
        }
        let by = |age: f64, devices: f64, times: f64| devices * self.share_at(age / times);
        let mean = sums.recent.iter().map(|(age, devices)| age * devices).sum::<f64>() / devices;
        let few = f64::from(LEAST_OUTCOMES);
        let came = sums.came + by(mean, few, 1.0);
        bisected(|times| {
            let expected: f64 = sums.recent.iter().map(|(age, many)| by(*age, *many, times)).sum();
            expected + by(mean, few, times) < came
        })
    }

    /// The mean age, in seconds, at which the outcomes within `window` come.
    fn mean(&self, window: f64) -> f64 {
        const PARTS: u32 = 64;
        let all = self.share_at(window);
        let (mut before, mut sum) = ((0.0, 0.0), 0.0);
        for part in 1..=PARTS {
            let age = window * f64::from(part) / f64::from(PARTS);
            let share = self.share_at(age);
            sum += (share - before.1) * f64::midpoint(age, before.0);
            before = (age, share);
        }
        if all > 0.0 { sum / all } else { window }
    }
}

/// The stretch from which on `is_slow_enough`.
fn bisected(is_slow_enough: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = ((1.0 / STRETCH).ln(), STRETCH.ln());
    for _ in 0..24 {
        let middle = low.midpoint(high);
        if is_slow_enough(middle.exp()) { high = middle } else { low = middle }
    }
    low.midpoint(high).exp()
}

/// A ring in which nearly every device has had its time.
#[derive(Debug)]
struct Over {
    outcomes: f64,
    /// Seconds that its devices took, on average.
    mean: f64,
    window: f64,
}

/// What the counters of a rollout say of its pace.
#[derive(Debug, Default)]
struct Sums {
    judged: u32,
    confirmed: u32,
    over: Vec<Over>,
    /// Of the other rings: ages in seconds and how many devices; and the outcomes among them.
    recent: Vec<(f64, f64)>,
    came: f64,
    /// Of all rings: devices whose window is over, and how many devices were given up.
    past: f64,
    given_up: f64,
    window: TimeDelta,
}

impl Sums {
    fn add(
        &mut self,
        plan: &Plan,
        seen: &Observations,
        (ring, offers): (RingIndex, &RingOffers),
        now: DateTime<Utc>,
    ) {
        let observed = seen.ring(ring);
        let (tally, Some(planned)) = (observed.tally, plan.ring(ring)) else { return };
        let window = planned.gate.observation_window;
        let unresolved = f64::from(tally.in_state(AttemptState::Unresolved));
        let judged = f64::from(tally.judged());
        let offered: u32 = offers.times.iter().map(|one| one.devices).fold(0, u32::saturating_add);
        if offered == 0 {
            return;
        }
        self.judged = self.judged.saturating_add(tally.judged());
        self.confirmed = self.confirmed.saturating_add(tally.confirmed());
        self.window = self.window.max(window);
        // Some were taken back or left out since.
        let counts = (judged + f64::from(tally.in_flight()) + unresolved) / f64::from(offered);
        let ages = offers.times.iter().map(|one| {
            (seconds(now - one.at), f64::from(one.devices) * counts, now - one.at >= window)
        });
        let ages: Vec<(f64, f64, bool)> = ages.collect();
        let devices: f64 = ages.iter().map(|(_, devices, _)| devices).sum();
        let past: f64 = ages.iter().filter(|one| one.2).map(|(_, devices, _)| devices).sum();
        self.past += past;
        self.given_up += unresolved;
        let confirmed = f64::from(tally.confirmed());
        if past >= 0.9 * devices && confirmed > 0.0 {
            let offered_ago = ages.iter().map(|(age, of, _)| age * of).sum::<f64>() / devices;
            #[expect(clippy::cast_precision_loss, reason = "seconds of an age")]
            let confirmed_ago = (now.timestamp() * i64::from(tally.confirmed())
                - observed.confirmed_seconds) as f64
                / confirmed;
            let mean = (offered_ago - confirmed_ago).max(60.0);
            self.over.push(Over { outcomes: judged, mean, window: seconds(window) });
        } else {
            self.came += judged;
            self.recent.extend(ages.iter().map(|(age, devices, _)| (*age, *devices)));
        }
    }

    /// The share of devices with an outcome by the end of their window, where enough have had it.
    fn settled(&self) -> Option<f64> {
        (self.past >= LEAST_PAST).then(|| ((self.past - self.given_up) / self.past).max(0.0))
    }
}
