//! What a person saw of a ring when they approved it, as a short text that they send back.

use std::fmt;
use std::str::FromStr;

use domain::ids::PlanId;
use domain::ring::RingIndex;
use domain::tally::Tally;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// `<ring>-<failed>-<lost>-<hash>`. The hash, SHA-256 over canonical JSON of plan, ring and all
/// counters of the ring, says whether it is still the same. If it is not, the counts that it
/// carries say whether things became worse: that more devices succeeded is no reason to look again.
/// Who makes the counts up deceives nobody else: what stood there is recorded beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    ring: RingIndex,
    failed: u32,
    lost: u32,
    hash: [u8; 32],
}

/// This is no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "this is not the evidence of a ring; send what the rollout shows as `evidence` of the ring"
)]
pub struct EvidenceError;

impl Evidence {
    /// What the counters of a ring say.
    #[must_use]
    pub fn of(plan: PlanId, ring: RingIndex, tally: &Tally) -> Self {
        // Its keys come out sorted, because `serde_json` keeps objects in a sorted map.
        let body = json!({ "plan": plan, "ring": ring, "tally": tally }).to_string();
        let hash = Sha256::digest(body).into();
        Self { ring, failed: tally.failed(), lost: tally.lost(), hash }
    }

    /// The ring it speaks of.
    #[must_use]
    pub fn ring(&self) -> RingIndex {
        self.ring
    }

    /// What is worse now than it was when `seen` was looked at, in words.
    pub(super) fn worse_than(&self, seen: &Self) -> Option<String> {
        if self.hash == seen.hash {
            return None;
        }
        let grew = |now: u32, then: u32, what: &str| {
            (now > then).then(|| format!("{what} devices grew from {then} to {now}"))
        };
        let failed = grew(self.failed, seen.failed, "failed");
        let lost = grew(self.lost, seen.lost, "lost");
        let grown: Vec<String> = failed.into_iter().chain(lost).collect();
        (!grown.is_empty()).then(|| grown.join(" and "))
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-", self.ring.0, self.failed, self.lost)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Evidence {
    type Err = EvidenceError;

    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or(EvidenceError);
        let ring = RingIndex(part()?.parse().map_err(|_| EvidenceError)?);
        let failed = part()?.parse().map_err(|_| EvidenceError)?;
        let lost = part()?.parse().map_err(|_| EvidenceError)?;
        let hash = hash(part()?).ok_or(EvidenceError)?;
        let found = Self { ring, failed, lost, hash };
        // Nothing after it, and no other way to write the same.
        if found.to_string() == text { Ok(found) } else { Err(EvidenceError) }
    }
}

fn hash(digits: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use domain::attempt::AttemptState;
    use uuid::Uuid;

    use super::*;

    fn of(failed: u32, lost: u32, confirmed: u32) -> Evidence {
        let tally = Tally::of([
            (AttemptState::Failed, failed),
            (AttemptState::Lost, lost),
            (AttemptState::Confirmed, confirmed),
        ]);
        Evidence::of(PlanId(Uuid::from_u128(1)), RingIndex(2), &tally)
    }

    #[test]
    fn it_is_read_as_it_was_written_and_in_no_other_way() {
        let text = of(4, 1, 90).to_string();
        assert!(text.starts_with("2-4-1-"), "{text}");
        assert_eq!(text.parse(), Ok(of(4, 1, 90)));
        for wrong in ["", "2-4-1", "2-4-1-ab", &text.to_uppercase(), &format!("{text}-"), "x"] {
            assert_eq!(wrong.parse::<Evidence>(), Err(EvidenceError), "{wrong}");
        }
        for wrong in [text.replacen('4', "04", 1), text.replacen("2-", "+2-", 1)] {
            assert_eq!(wrong.parse::<Evidence>(), Err(EvidenceError), "{wrong}");
        }
    }

    #[test]
    fn only_more_failures_and_losses_are_worse() {
        let worse = |then: Evidence, now: Evidence| now.worse_than(&then);
        assert_eq!(worse(of(4, 1, 90), of(4, 1, 90)), None);
        assert_eq!(worse(of(4, 1, 90), of(4, 1, 95)), None);
        assert_eq!(worse(of(4, 1, 90), of(3, 0, 92)), None, "they came back");
        let grown = worse(of(4, 1, 90), of(6, 1, 90));
        assert_eq!(grown.as_deref(), Some("failed devices grew from 4 to 6"));
        let grown = worse(of(4, 1, 90), of(5, 3, 90));
        let both = "failed devices grew from 4 to 5 and lost devices grew from 1 to 3";
        assert_eq!(grown.as_deref(), Some(both));
        // A failure that was exchanged for a loss is a loss.
        assert!(worse(of(4, 1, 90), of(3, 2, 90)).is_some());
    }
}
