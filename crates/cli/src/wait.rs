//! Waits for work that the service carries out by itself: looks again and again, within bounds.
//!
//! Ending the wait never ends the work. Holds nothing of what is waited for.

use std::time::Duration;

use clap::Args;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::output::say;
use crate::watch;

/// Between two looks: soon at first, since most work is short, and never more often than this.
const SOONEST: Duration = Duration::from_millis(250);
const LATEST: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Patience {
    /// Wait no longer than this: `90s`, `30m`, `8h`. The service goes on by itself.
    #[arg(long, value_name = "LENGTH", default_value = "10m", value_parser = watch::length)]
    pub(crate) timeout: Duration,
}

/// What one look found.
#[derive(Debug)]
pub(crate) enum Look<T> {
    Done(T),
    /// How far it is, in words.
    NotYet(String),
}

/// A bound that several waits share.
#[derive(Debug)]
pub(crate) struct Wait {
    deadline: Instant,
    timeout: Duration,
    /// The command that shows later how far it is.
    later: &'static str,
    said: String,
}

impl Wait {
    pub(crate) fn new(patience: Patience, later: &'static str) -> Self {
        let deadline = Instant::now() + patience.timeout;
        Self { deadline, timeout: patience.timeout, later, said: String::new() }
    }

    /// Looks until it is done. What changes meanwhile is said on stderr, each thing once.
    ///
    /// A server that does not answer is tried again until time runs out.
    pub(crate) async fn until<T>(
        &mut self,
        mut look: impl AsyncFnMut() -> Result<Look<T>, Failure>,
    ) -> Result<T, Failure> {
        let mut pause = SOONEST;
        loop {
            let (progress, silent) = match look().await {
                Ok(Look::Done(done)) => return Ok(done),
                Ok(Look::NotYet(progress)) => (progress, None),
                Err(failure) if may_pass(&failure) => {
                    (format!("no answer ({}); trying again", failure.brief()), Some(failure))
                }
                Err(failure) => return Err(failure),
            };
            if progress != self.said {
                say(&format!("  … {progress}"));
                self.said = progress;
            }
            if Instant::now() + pause > self.deadline {
                tokio::time::sleep_until(self.deadline).await;
                return Err(silent.unwrap_or_else(|| self.over()));
            }
            tokio::time::sleep(pause).await;
            pause = LATEST.min(pause * 3 / 2);
        }
    }

    fn over(&self) -> Failure {
        Failure::TimedOut(format!(
            "time ran out after {} s: {}\n  The service goes on by itself; {} shows how far it is. \
             --timeout waits longer.",
            self.timeout.as_secs(),
            self.said,
            self.later
        ))
    }
}

fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Unreachable { .. } => true,
        Failure::Problem(problem) => matches!(problem.status, 429 | 502 | 503 | 504),
        Failure::Usage(_) | Failure::NotFound(_) | Failure::Declined => false,
        Failure::Failed(_) | Failure::Overtaken(_) | Failure::TimedOut(_) => false,
        Failure::NotSent(_) | Failure::ClosedPipe => false,
    }
}
