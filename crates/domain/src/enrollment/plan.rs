//! From what is wanted and what is there to the steps between them.
//!
//! Never touches what another administrator changed unless it was asked to, and never deletes what
//! carries neither our tag nor a record. Planning again after a run that was cut off anywhere leads
//! to the same end.

mod permissions;
mod reconcile;
mod record;
mod stays;

use serde::{Deserialize, Serialize};

use super::drift::Difference;
use super::key::Key;
use super::object::{Observed, Payload, Recorded};
use permissions::permissions;
use reconcile::Reconcile;

pub use record::Afterwards;

/// What one step does to one object. [`Step::afterwards`] says what to record once it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// Read by tag first, then made, then given its members or targets; recorded only when all of
    /// it is done.
    Create {
        to: Payload,
    },
    /// Nothing is written on Graph, only in our records: it is there, and the answer of the write
    /// that made it so was lost.
    Adopt {
        id: String,
        holds: Payload,
    },
    /// An object of ours, or the targets of one that is not.
    Update {
        id: String,
        from: Payload,
        to: Payload,
    },
    Delete {
        id: String,
        holds: Payload,
    },
    /// An object that is not ours is left without our exclusion, and with all else that it holds.
    Restore {
        id: String,
        from: Payload,
        to: Payload,
    },
    /// It is gone already, or others undid what we did: our record of it is forgotten.
    Release {
        id: String,
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub key: Key,
    pub change: Change,
    /// The Graph permissions it takes; none if it only concerns our records.
    pub permissions: Vec<String>,
}

/// Steps in the order they are taken: groups before what targets them, and the other way round when
/// they are deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// What others changed or deleted, and this plan leaves that way. What depends on a group that
    /// is missing waits for it.
    pub skipped: Vec<Difference>,
    /// What an unenrollment leaves behind, in words (settings stay on devices until another policy
    /// says otherwise).
    pub stays: Vec<String>,
}

/// What the plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum Mode {
    /// Make what is wanted, but leave alone what others changed.
    Apply,
    /// Apply, and take back what others changed: of these objects, or of all.
    Restore { keys: Option<Vec<Key>> },
    /// Delete what Concentric made, and give the organisation's update rings back what we took.
    Unenroll,
}

impl Plan {
    /// All permissions that the steps take, without repeats.
    #[must_use]
    pub fn permissions(&self) -> Vec<&str> {
        let mut all: Vec<&str> =
            self.steps.iter().flat_map(|step| &step.permissions).map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Step {
    pub(super) fn new(key: Key, change: Change) -> Self {
        let permissions = permissions(&key, &change);
        Self { key, change, permissions }
    }
}

/// The steps from `observed` to `desired`. Without a step there is nothing to do but what `skipped`
/// lists. An unenrollment wants nothing, whatever `desired` says.
#[must_use]
pub fn plan(
    desired: &[(Key, Payload)],
    observed: &[Observed],
    recorded: &[Recorded],
    mode: Mode,
) -> Plan {
    match mode {
        Mode::Apply => Reconcile::new(desired, observed, recorded, Some(Vec::new())).plan(),
        Mode::Restore { keys } => Reconcile::new(desired, observed, recorded, keys).plan(),
        Mode::Unenroll => {
            let mut plan = Reconcile::new(&[], observed, recorded, None).unenroll();
            plan.stays = stays::stays(&plan.steps, recorded);
            plan
        }
    }
}
