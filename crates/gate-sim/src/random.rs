//! Chance, from a seed: the few distributions that the scenarios need.

/// The chance of one run of one scenario.
#[derive(Debug)]
pub(crate) struct Chance {
    rng: fastrand::Rng,
}

impl Chance {
    /// Each run has a stream of its own, so that neither threads nor the number of runs shift any.
    pub(crate) fn of_run(seed: u64, scenario: u64, run: u64) -> Self {
        let mut mixed = seed;
        for part in [scenario, run] {
            // The finalizer of splitmix64, so that neighbouring runs share nothing.
            mixed = mixed.wrapping_add(part).wrapping_add(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
        }
        Self { rng: fastrand::Rng::with_seed(mixed) }
    }

    /// Above 0, at most 1.
    fn unit(&mut self) -> f64 {
        1.0 - self.rng.f64()
    }

    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.rng.f64() < probability
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.rng.usize(..bound)
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        self.rng.shuffle(items);
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -self.unit().ln() * mean
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// For small means, by counting arrivals.
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        let mut arrivals = 0;
        let mut time = self.exponential(1.0);
        while time <= mean {
            arrivals += 1;
            time += self.exponential(1.0);
        }
        arrivals
    }

    /// Marsaglia and Tsang's way, with Johnk's correction for shapes below 1.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.unit().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    pub(crate) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let left = self.gamma(a);
        left / (left + self.gamma(b))
    }

    /// The positions of the failures among `devices` that fail at `rate`, first device 1.
    pub(crate) fn failures(&mut self, devices: u64, rate: f64) -> Vec<u64> {
        let mut positions = Vec::new();
        let mut device = 0;
        let success = (1.0 - rate).ln();
        loop {
            device += 1 + whole(self.unit().ln() / success);
            if device > devices {
                return positions;
            }
            positions.push(device);
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 745 / rate, never negative"
)]
fn whole(number: f64) -> u64 {
    number as u64
}
