//! What changed between two assessments.
//!
//! Never compares evidence: a longer list of the same fault is no change of its level.

use serde::{Deserialize, Serialize};

use super::check::CheckId;
use super::{Assessment, Level};

/// A check whose level differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub check: CheckId,
    /// None: the check was not there before.
    pub from: Option<Level>,
    pub to: Level,
    pub kind: ChangeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Worse than it was known to be. A check that can no longer be run counts as worse.
    Regressed,
    Improved,
    /// A fault nobody knew about: the check is new, or could not be run before.
    Appeared,
}

/// Every check whose level changed, in the order of the checks. Checks that are gone are nobody's
/// concern, and so are new ones that find nothing.
#[must_use]
pub fn compare(before: &Assessment, after: &Assessment) -> Vec<Change> {
    let level_before = |check: CheckId| {
        before.findings.iter().find(|found| found.check == check).map(|found| found.level)
    };
    after
        .findings
        .iter()
        .filter_map(|found| {
            let (check, to, from) = (found.check, found.level, level_before(found.check));
            kind(from, to).map(|kind| Change { check, from, to, kind })
        })
        .collect()
}

/// Those changes an administrator has to hear of.
#[must_use]
pub fn regressions(before: &Assessment, after: &Assessment) -> Vec<Change> {
    let mut changes = compare(before, after);
    changes.retain(|change| match change.kind {
        ChangeKind::Regressed | ChangeKind::Appeared => true,
        ChangeKind::Improved => false,
    });
    changes
}

fn kind(from: Option<Level>, to: Level) -> Option<ChangeKind> {
    match (from, to) {
        (None, Level::Ready) => None,
        (None, Level::Advisory | Level::NotReady | Level::Error) => Some(ChangeKind::Appeared),
        (Some(Level::Error), Level::Advisory | Level::NotReady) => Some(ChangeKind::Appeared),
        (Some(from), to) if from == to => None,
        (Some(from), to) if from < to => Some(ChangeKind::Regressed),
        (Some(_), _) => Some(ChangeKind::Improved),
    }
}
