//! Checkpoints kept outside the database: a file that the service wrote, or what a log server kept.
//! Memory grows with checkpoints, of which there is at most one a minute, not with entries.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::checkpoint::Checkpoint;
use crate::damage::{Damage, What};
use crate::export::Line;
use crate::verify::Trust;

/// Checkpoints from outside, of any number of chains.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    checkpoints: BTreeMap<(Uuid, i64), Checkpoint>,
    unreadable: u64,
}

impl Outside {
    /// Takes in one line. A server that was killed while it wrote leaves a torn one, which is
    /// counted; what a log server put before a checkpoint is passed over. One checkpoint may come
    /// any number of times.
    pub fn line(&mut self, text: &str, trust: &Trust) -> Result<(), Damage> {
        let start = text.find(r#"{"checkpoint""#).unwrap_or(0);
        match text.get(start..).and_then(Line::parse) {
            Some(Line::Checkpoint(checkpoint)) => self.add(checkpoint, trust),
            Some(Line::Header(_) | Line::Entry(_) | Line::End(_)) => Ok(()),
            None => {
                self.unreadable += 1;
                Ok(())
            }
        }
    }

    fn add(&mut self, checkpoint: Checkpoint, trust: &Trust) -> Result<(), Damage> {
        let damage = |what| Damage { seq: checkpoint.previous + 1, what };
        trust.check(&checkpoint).map_err(damage)?;
        let key = (checkpoint.tenant, checkpoint.seq);
        match self.checkpoints.insert(key, checkpoint) {
            Some(before) if before.hash != checkpoint.hash => {
                Err(damage(What::CheckpointsDisagree))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Lines that are no checkpoint.
    #[must_use]
    pub const fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many checkpoints of a chain the ones that are here say were made, and are not here.
    #[must_use]
    pub fn gaps(&self, tenant: Uuid) -> u64 {
        let mut last: Option<i64> = None;
        let mut gaps = 0;
        for checkpoint in self.checkpoints.range((tenant, 0)..=(tenant, i64::MAX)).map(|of| of.1) {
            // The first may be anywhere: files are rotated.
            gaps += u64::from(last.is_some_and(|last| last != checkpoint.previous));
            last = Some(checkpoint.seq);
        }
        gaps
    }

    /// The last entry of each chain that is covered.
    #[must_use]
    pub fn reached(&self) -> BTreeMap<Uuid, i64> {
        // In ascending order, so the last of a chain stays.
        self.checkpoints.keys().copied().collect()
    }

    pub(crate) fn of(&self, tenant: Uuid, seq: i64) -> Option<&Checkpoint> {
        self.checkpoints.get(&(tenant, seq))
    }

    /// Whether the chain was longer than `seq`, at `taken_at` if that is known.
    pub(crate) fn goes_on(&self, tenant: Uuid, seq: i64, taken_at: Option<DateTime<Utc>>) -> bool {
        let behind = (tenant, seq.saturating_add(1))..=(tenant, i64::MAX);
        self.checkpoints
            .range(behind)
            .any(|(_, checkpoint)| taken_at.is_none_or(|taken_at| checkpoint.at <= taken_at))
    }
}
