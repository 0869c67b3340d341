//! How soon devices that were offered an update come to an outcome.
//!
//! Measured in the rollout itself once [`LEAST_OUTCOMES`] are known: the curve of earlier rollouts (or the
//! usual one) is stretched in time until it gives as many outcomes as there are. Counters are all that takes.

mod measured;

use chrono::TimeDelta;

use crate::evidence::coverage::AGES;

/// Fewer outcomes say little of the pace of a rollout.
pub const LEAST_OUTCOMES: u32 = 30;
/// Of devices with an outcome so many fail, as if a hundred had been seen already.
const USUAL_GOOD: (f64, f64) = (99.0, 100.0);

/// What nothing better is known than: devices check in every 8 hours while they are on (facts/autopatch.md
/// 5.5), a restart is forced after some days, and Windows Autopatch aims at 95 % in 21 days.
const USUAL: [(i64, f64); 9] = [
    (4, 0.05),
    (8, 0.15),
    (12, 0.25),
    (24, 0.45),
    (48, 0.70),
    (72, 0.82),
    (120, 0.91),
    (168, 0.95),
    (504, 0.975),
];

/// What the pace of a rollout is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// So many outcomes of this rollout.
    Measured { outcomes: u32 },
    /// So many earlier rollouts of the same kind in the same tenant.
    Earlier { rollouts: u32 },
    /// What is usual anywhere.
    Usual,
}

/// Of one completed rollout: shares of devices with an outcome by each of [`AGES`], in hundredths of a
/// percent, among those that were offered the update so long before it completed. Short of ages that no
/// device had.
pub type PastPace = Vec<u16>;

/// How soon outcomes come, and what share of them is good.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    curve: Vec<(f64, f64)>,
    basis: Basis,
    good: f64,
}

impl Pace {
    /// What is usual anywhere.
    #[must_use]
    pub fn usual() -> Self {
        let curve = USUAL.map(|(hours, share)| (seconds(TimeDelta::hours(hours)), share)).to_vec();
        Self { curve, basis: Basis::Usual, good: USUAL_GOOD.0 / USUAL_GOOD.1 }
    }

    /// The middle of earlier rollouts at each age. At ages of which none of them tells, it goes on as usual.
    #[must_use]
    pub fn of_earlier(past: &[PastPace]) -> Self {
        let usual = Self::usual();
        let mut curve: Vec<(f64, f64)> = Vec::new();
        let mut last = (0.0_f64, 0.0_f64);
        for (index, age) in AGES.iter().map(|age| seconds(*age)).enumerate() {
            let told = past.iter().filter_map(|shares| shares.get(index)).copied();
            let Some(middle) = middle(told.collect()) else { break };
            last = (age, last.1.max(middle));
            curve.push(last);
        }
        if curve.is_empty() {
            return usual;
        }
        // Of those without an outcome so many have one a while later.
        let (age, share) = last;
        let open = 1.0 - usual.share_at(age);
        curve.extend(usual.curve.iter().filter(|(later, _)| *later > age).map(|(later, by)| {
            let later_share = share + (1.0 - share) * (by - (1.0 - open)) / open;
            (*later, later_share.clamp(share, 1.0))
        }));
        let told = past.iter().filter(|shares| !shares.is_empty()).count();
        let rollouts = u32::try_from(told).unwrap_or(u32::MAX);
        Self { curve, basis: Basis::Earlier { rollouts }, ..usual }
    }

    #[must_use]
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The share of outcomes that are good.
    pub(super) fn good(&self) -> f64 {
        self.good
    }

    /// The share of devices with an outcome by an age of their offer.
    pub(super) fn share(&self, age: TimeDelta) -> f64 {
        self.share_at(seconds(age))
    }

    fn share_at(&self, age: f64) -> f64 {
        if age <= 0.0 {
            return 0.0;
        }
        let after = self.curve.partition_point(|(knot, _)| *knot <= age);
        let before = after.checked_sub(1).map_or((0.0, 0.0), |index| self.curve[index]);
        let Some(next) = self.curve.get(after) else { return before.1 };
        // Between two ages, of those that are silent the same share answers in each hour: most early.
        let (silent, later) = (1.0 - before.1, (1.0 - next.1).max(1e-9));
        let way = (age - before.0) / (next.0 - before.0);
        1.0 - silent * (later / silent.max(1e-9)).powf(way)
    }

    fn stretched(&self, times: f64) -> Self {
        let curve = self.curve.iter().map(|(age, share)| (age * times, *share)).collect();
        Self { curve, ..self.clone() }
    }
}

/// The median, in shares; none of none.
fn middle(mut shares: Vec<u16>) -> Option<f64> {
    shares.sort_unstable();
    let upper = shares.get(shares.len() / 2)?;
    let lower = shares.get(shares.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(f64::from(*lower), f64::from(*upper)) / 10_000.0)
}

fn seconds(length: TimeDelta) -> f64 {
    length.as_seconds_f64()
}
