//! The exact distribution of the number of failures among devices that were not stopped yet,
//! device by device. For what a ring can prove; never for a decision.

use super::grid::real;

/// Shares of paths this small are given up as "not stopped", which errs on the careful side.
const NEGLIGIBLE: f64 = 1e-16;

/// Where the paths stand after some devices: `shares[i]` of them with `first + i` failures.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    rate: f64,
    first: u64,
    shares: Vec<f64>,
    stopped: f64,
}

impl Walk {
    /// Before the first device of a fleet that fails at `rate`.
    pub(super) fn new(rate: f64) -> Self {
        Self { rate, first: 0, shares: vec![1.0], stopped: 0.0 }
    }

    /// One more device.
    pub(super) fn step(&mut self) {
        self.shares.push(0.0);
        let mut before = 0.0;
        for share in &mut self.shares {
            let here = *share;
            *share = here * (1.0 - self.rate) + before * self.rate;
            before = here;
        }
        while self.shares.last().is_some_and(|share| *share < NEGLIGIBLE) && self.shares.len() > 1 {
            self.shares.pop();
        }
        let gone = self.shares.iter().take_while(|share| **share < NEGLIGIBLE).count();
        // In steps, since it moves all the others.
        if gone > 64 && gone < self.shares.len() {
            self.shares.drain(..gone);
            self.first += u64::try_from(gone).unwrap_or(u64::MAX);
        }
    }

    /// Stops every path with at least `failures`.
    pub(super) fn stop_from(&mut self, failures: u64) {
        let keep = usize::try_from(failures.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if keep < self.shares.len() {
            self.stopped += self.shares.drain(keep..).sum::<f64>();
        }
    }

    /// Stops every path with fewer than `failures`.
    pub(super) fn stop_below(&mut self, failures: u64) {
        let gone = usize::try_from(failures.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let gone = gone.min(self.shares.len());
        self.stopped += self.shares.drain(..gone).sum::<f64>();
        self.first += u64::try_from(gone).unwrap_or(u64::MAX);
    }

    /// The share of paths stopped so far.
    pub(super) fn stopped(&self) -> f64 {
        self.stopped
    }
}

/// Bounds the chance that `devices` devices failing at `rate` show fewer than `failures`
/// failures: `exp(-n KL)` (Chernoff), for `failures` below the mean; 1 elsewhere.
pub(super) fn chance_of_fewer(failures: u64, devices: u64, rate: f64) -> f64 {
    let seen = real(failures) / real(devices);
    if seen >= rate {
        return 1.0;
    }
    let part = |seen: f64, rate: f64| if seen > 0.0 { seen * (seen / rate).ln() } else { 0.0 };
    (-real(devices) * (part(seen, rate) + part(1.0 - seen, 1.0 - rate))).exp()
}
