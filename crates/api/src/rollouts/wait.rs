//! Waiting for a rollout to come to something, on one request: a long poll.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ids::{RolloutId, TenantId};
use store::rollouts::RolloutRow;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::problem::Problem;
use crate::state::State;

/// The longest wait: proxies in between give up on their own not long after.
const LONGEST: Duration = Duration::from_mins(1);

/// The phases there are, as `until` names them.
const PHASES: [&str; 8] = [
    "scheduled",
    "offering",
    "soaking",
    "paused",
    "completed",
    "rolling_back",
    "rolled_back",
    "cancelled",
];

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Until {
    /// Anything new in its history.
    Changed,
    Phases(BTreeSet<&'static str>),
}

/// How long, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wait {
    longest: Duration,
    until: Until,
}

impl Wait {
    /// None when nothing is waited for.
    pub(super) fn read(wait: Option<&str>, until: Option<&str>) -> Result<Option<Self>, Problem> {
        let Some(wait) = wait else {
            return match until {
                None => Ok(None),
                Some(_) => Err(Problem::parameter("wait", "say how long, such as wait=30s")),
            };
        };
        let seconds = wait.strip_suffix('s').and_then(|digits| digits.parse::<u64>().ok());
        let longest = seconds
            .map(Duration::from_secs)
            .filter(|wait| *wait <= LONGEST)
            .ok_or_else(|| Problem::parameter("wait", "0s to 60s are right, such as wait=30s"))?;
        let until = match until {
            None | Some("changed") => Until::Changed,
            Some(words) => Until::Phases(
                words.split(',').map(phase).collect::<Result<BTreeSet<_>, Problem>>()?,
            ),
        };
        Ok(Some(Self { longest, until }))
    }

    /// The rollout once it is as wanted, or as it is when the time is over or the server stops. `seen` is
    /// the version that the caller knows. Cost: one read for each entry of the rollout meanwhile.
    pub(super) async fn fetch(
        &self,
        state: &State,
        tenant: TenantId,
        rollout: RolloutId,
        seen: Option<i64>,
    ) -> Result<RolloutRow, Problem> {
        // Listening first: what happens between the read and the wait is heard of.
        let mut feed = state.store.event_feed();
        let deadline = Instant::now() + self.longest;
        let mut row = state.store.rollout_fetch(tenant, rollout).await?;
        let seen = seen.unwrap_or(row.version);
        loop {
            let is_so = match &self.until {
                Until::Changed => row.version != seen,
                Until::Phases(phases) => phases.contains(row.phase.name()),
            };
            if is_so {
                return Ok(row);
            }
            let grown = loop {
                tokio::select! {
                    () = tokio::time::sleep_until(deadline) => break false,
                    () = state.closing.cancelled() => break false,
                    heard = feed.recv() => match heard {
                        Ok(growth) if growth.tenant != tenant => {}
                        // What was missed may have been it.
                        Ok(_) | Err(RecvError::Lagged(_)) => break true,
                        Err(RecvError::Closed) => break false,
                    },
                }
            };
            row = state.store.rollout_fetch(tenant, rollout).await?;
            if !grown {
                return Ok(row);
            }
        }
    }
}

fn phase(word: &str) -> Result<&'static str, Problem> {
    PHASES.into_iter().find(|phase| *phase == word).ok_or_else(|| {
        let why = format!(
            "{word:?} is no phase of a rollout; \"changed\" is right, or some of {}",
            PHASES.join(", ")
        );
        Problem::parameter("until", why)
    })
}
