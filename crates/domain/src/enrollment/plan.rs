//! From what is wanted and what is there to the steps between them.

use serde::{Deserialize, Serialize};

use super::object::{Key, Payload};

/// What one step does to one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    Create {
        to: Payload,
    },
    /// It carries our tag, but is not in our records: a create whose answer was lost.
    Adopt {
        id: String,
    },
    /// An object of ours, or the targets of one that is not.
    Update {
        id: String,
        from: Payload,
        to: Payload,
    },
    Delete {
        id: String,
    },
    /// An object that is not ours gets back what it held before.
    Restore {
        id: String,
        from: Payload,
        to: Payload,
    },
    /// It is gone already, or others changed it since: it is left as it is and forgotten.
    Release {
        id: String,
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub key: Key,
    pub change: Change,
    /// The Graph permission it takes.
    pub permission: String,
}

/// Steps in the order they are taken: groups before what targets them, and the other way round when
/// they are deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// What an unenrollment leaves behind, in words (settings stay on devices until another policy
    /// says otherwise).
    pub stays: Vec<String>,
}
