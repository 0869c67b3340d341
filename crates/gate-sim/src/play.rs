//! Runs a scenario many times, on two threads, in an order that does not matter.

use crate::figures::real;
use crate::random::Chance;

/// How much is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A hundred runs of each scenario: for tests.
    Quick,
    /// Ten thousand runs: for the record.
    Full,
}

impl Size {
    /// Releases played for each cell of a table.
    pub(crate) fn runs(self) -> u64 {
        match self {
            Self::Quick => 100,
            Self::Full => 10_000,
        }
    }

    /// Where one run costs milliseconds.
    pub(crate) fn dear_runs(self) -> u64 {
        match self {
            Self::Quick => 25,
            Self::Full => 2_000,
        }
    }
    /// Where one run costs tens of milliseconds, and many more in a debug build.
    pub(crate) fn dearest_runs(self) -> u64 {
        match self {
            Self::Quick => 5,
            Self::Full => 4_000,
        }
    }

    /// How far a share of `runs` may lie beyond `bound`: not at all where it counts, three standard
    /// deviations and two runs where few are played.
    pub(crate) fn slack_of_share(self, bound: f64, runs: u64) -> f64 {
        match self {
            Self::Quick => 3.0 * (bound * (1.0 - bound) / real(runs)).sqrt() + 2.0 / real(runs),
            Self::Full => 0.0,
        }
    }

    /// Whether `share` of `runs` is at most `bound`.
    pub(crate) fn at_most(self, share: f64, bound: f64, runs: u64) -> bool {
        share <= bound + self.slack_of_share(bound, runs)
    }

    /// Whether `share` of `runs` is at least `bound`.
    pub(crate) fn at_least(self, share: f64, bound: f64, runs: u64) -> bool {
        share >= bound - self.slack_of_share(bound, runs)
    }

    /// By how much a percentile may exceed its bound.
    pub(crate) fn slack(self) -> f64 {
        match self {
            Self::Quick => 1.4,
            Self::Full => 1.0,
        }
    }
}

/// What each run came to, in the order of the runs.
pub(crate) fn play<T: Send>(
    runs: u64,
    seed: u64,
    scenario: u64,
    one: impl Fn(&mut Chance) -> T + Sync,
) -> Vec<T> {
    let some = |from: u64, upto: u64| -> Vec<T> {
        (from..upto).map(|run| one(&mut Chance::of_run(seed, scenario, run))).collect()
    };
    let middle = runs / 2;
    std::thread::scope(|scope| {
        let rest = scope.spawn(|| some(middle, runs));
        let mut all = some(0, middle);
        match rest.join() {
            Ok(rest) => all.extend(rest),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        all
    })
}
