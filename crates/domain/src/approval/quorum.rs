//! How many people have to approve, and who may.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{person, same_person};

/// More would keep every release waiting for somebody on leave.
pub const MAX_NEEDED: u8 = 5;
/// The most names a quorum may list.
pub const MAX_APPROVERS: usize = 50;
/// The longest name of an approver, in characters: as of a token.
const LONGEST_NAME: usize = 100;

/// So many distinct people have to approve before the next ring opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Quorum {
    needed: u8,
    approvers: Vec<String>,
}

#[derive(Deserialize)]
struct Unchecked {
    needed: u8,
    #[serde(default)]
    approvers: Vec<String>,
}

impl TryFrom<Unchecked> for Quorum {
    type Error = QuorumError;
    fn try_from(quorum: Unchecked) -> Result<Self, QuorumError> {
        Self::new(quorum.needed, quorum.approvers)
    }
}

/// Why a quorum is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuorumError {
    #[error("{0} approvals cannot be asked for; 1 to 5 can")]
    Needed(u8),
    #[error("{needed} approvals are needed, and those who may give one are only {approvers}")]
    TooFew { needed: u8, approvers: usize },
    #[error("{0} approvers are too many; 50 is the most")]
    TooMany(usize),
    #[error("an approver's name needs 1 to 100 characters; {0:?} has not")]
    Name(String),
    #[error("{0:?} stands among the approvers twice")]
    Repeated(String),
}

impl Quorum {
    /// `needed` approvals (1 to 5) of `approvers`, or, if there are none, of anybody whose role
    /// allows it. Letters' case does not tell names apart.
    pub fn new(needed: u8, approvers: Vec<String>) -> Result<Self, QuorumError> {
        if !(1..=MAX_NEEDED).contains(&needed) {
            return Err(QuorumError::Needed(needed));
        }
        if approvers.len() > MAX_APPROVERS {
            return Err(QuorumError::TooMany(approvers.len()));
        }
        let mut seen = HashSet::new();
        for name in &approvers {
            if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
                return Err(QuorumError::Name(name.clone()));
            }
            if !seen.insert(person(name)) {
                return Err(QuorumError::Repeated(name.clone()));
            }
        }
        if !approvers.is_empty() && approvers.len() < usize::from(needed) {
            return Err(QuorumError::TooFew { needed, approvers: approvers.len() });
        }
        Ok(Self { needed, approvers })
    }

    #[must_use]
    pub fn needed(&self) -> u8 {
        self.needed
    }

    /// Who may approve; empty: anybody whose role allows it.
    #[must_use]
    pub fn approvers(&self) -> &[String] {
        &self.approvers
    }

    /// Whether the quorum lets this person approve. The author of the plan is another matter.
    #[must_use]
    pub fn may_approve(&self, name: &str) -> bool {
        self.approvers.is_empty() || self.approvers.iter().any(|one| same_person(one, name))
    }

    /// Whether the quorum can be met when `author` made the plan and so cannot approve it.
    #[must_use]
    pub fn can_be_met(&self, author: &str) -> bool {
        let others = self.approvers.iter().filter(|one| !same_person(one, author)).count();
        self.approvers.is_empty() || others >= usize::from(self.needed)
    }
}
