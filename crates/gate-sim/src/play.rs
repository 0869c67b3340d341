//! Runs a scenario many times, on two threads, in an order that does not matter.

use crate::random::Chance;

/// How much is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A few hundred runs of each scenario: for tests.
    Quick,
    /// Ten thousand runs: for the record.
    Full,
}

impl Size {
    /// Releases played for each cell of a table.
    pub(crate) fn runs(self) -> u64 {
        match self {
            Self::Quick => 200,
            Self::Full => 10_000,
        }
    }

    /// Where one run costs milliseconds.
    pub(crate) fn dear_runs(self) -> u64 {
        match self {
            Self::Quick => 50,
            Self::Full => 2_000,
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
