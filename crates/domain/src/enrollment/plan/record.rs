//! What to record once a step is done.
//!
//! Never before: a record says what was written, not what was meant.

use super::{Change, Step};
use crate::enrollment::object::{Payload, Recorded, Target};

/// The records after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Afterwards {
    /// Instead of any record of the same key.
    Keep(Recorded),
    /// The record of this id, if there is one.
    Forget { id: String },
}

impl Step {
    /// `id` is the object's: known before, but for a create. `before` is the record of its key.
    #[must_use]
    pub fn afterwards(&self, id: &str, before: Option<&Recorded>) -> Afterwards {
        let keep = |applied: &Payload, original: Option<Payload>| {
            Afterwards::Keep(Recorded {
                key: self.key.clone(),
                id: id.to_owned(),
                applied: applied.clone(),
                original: if self.key.is_ours() { None } else { original },
            })
        };
        let original = || before.and_then(|record| record.original.clone());
        match &self.change {
            Change::Create { to } => keep(to, None),
            Change::Adopt { holds, .. } => {
                keep(holds, original().or_else(|| Some(without_exclusion(holds))))
            }
            Change::Update { from, to, .. } => {
                keep(to, original().or_else(|| Some(without_exclusion(from))))
            }
            Change::Delete { id, .. } | Change::Restore { id, .. } | Change::Release { id, .. } => {
                Afterwards::Forget { id: id.clone() }
            }
        }
    }
}

/// What a foreign update ring holds besides our exclusion.
pub(super) fn without_exclusion(payload: &Payload) -> Payload {
    let ours = Target::our_exclusion();
    let targets = payload.targets().iter().filter(|target| **target != ours).cloned().collect();
    Payload::Exclusion { targets }
}
