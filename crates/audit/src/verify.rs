//! Following a trail line by line. Memory does not grow with the trail.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::checkpoint::Checkpoint;
use crate::damage::{Damage, What};
use crate::export::{End, Entry, FORMAT, Line};
use crate::hex::{Hash, PublicKey};
use crate::link::START;
use crate::outside::Outside;

/// Whose checkpoints count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// These keys alone. A checkpoint of another one is damage.
    Keys(Vec<PublicKey>),
    /// Any key. Says that trail and checkpoints agree, not who signed: the report names the keys.
    Anyone,
}

/// What was found of a trail without damage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub tenant: Uuid,
    /// How many entries there are.
    pub entries: i64,
    /// The last entry that a checkpoint covers; 0 for none. A change behind it by somebody who also
    /// made the hashes anew, or a cut, is not found.
    pub covered: i64,
    /// How many checkpoints the trail has itself.
    pub checkpoints: u64,
    /// Who signed checkpoints of this trail, here and outside.
    pub keys: Vec<PublicKey>,
}

impl Report {
    /// Entries that no checkpoint covers.
    #[must_use]
    pub const fn uncovered(&self) -> i64 {
        self.entries - self.covered
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Open,
    Ended,
}

/// How far a trail was followed without finding damage.
#[derive(Debug)]
pub struct Verifier {
    trust: Trust,
    outside: Outside,
    /// When the trail was exported, if the reader knows: checkpoints made later do not cover it.
    taken_at: Option<DateTime<Utc>>,
    stage: Stage,
    /// Whose trail it has to be.
    expected: Option<Uuid>,
    tenant: Uuid,
    seq: i64,
    hash: Hash,
    /// The `seq` of the last checkpoint in the trail.
    signed: i64,
    covered: i64,
    checkpoints: u64,
    keys: BTreeSet<PublicKey>,
}

impl Verifier {
    #[must_use]
    pub fn new(trust: Trust, outside: Outside, taken_at: Option<DateTime<Utc>>) -> Self {
        Self {
            trust,
            outside,
            taken_at,
            stage: Stage::Begin,
            expected: None,
            tenant: Uuid::nil(),
            seq: 0,
            hash: START,
            signed: 0,
            covered: 0,
            checkpoints: 0,
            keys: BTreeSet::new(),
        }
    }

    /// Takes no other trail than this one, however good. Without it, the report says whose it is.
    #[must_use]
    pub fn of(self, tenant: Uuid) -> Self {
        Self { expected: Some(tenant), ..self }
    }

    /// Goes on behind a checkpoint.
    #[must_use]
    pub fn behind(tenant: Uuid, seq: i64, hash: Hash) -> Self {
        let begin = Self::new(Trust::Anyone, Outside::default(), None);
        Self { stage: Stage::Open, tenant, seq, hash, signed: seq, covered: seq, ..begin }
    }

    /// The first damage up to here, seen from the last entry that is good.
    #[must_use]
    pub const fn damage(&self, what: What) -> Damage {
        Damage { seq: self.seq + 1, what }
    }

    /// Follows the trail by one line.
    pub fn line(&mut self, line: &Line) -> Result<(), Damage> {
        match (self.stage, line) {
            (Stage::Begin, Line::Header(header)) => {
                if header.format != FORMAT {
                    return Err(self.damage(What::UnknownFormat));
                }
                if self.expected.is_some_and(|expected| expected != header.tenant) {
                    return Err(self.damage(What::OtherTenant));
                }
                self.tenant = header.tenant;
                self.stage = Stage::Open;
                Ok(())
            }
            (Stage::Begin, Line::Entry(_) | Line::Checkpoint(_) | Line::End(_)) => {
                Err(self.damage(What::NoHeader))
            }
            (Stage::Open, Line::Header(_)) => Err(self.damage(What::SecondHeader)),
            (Stage::Open, Line::Entry(entry)) => self.entry(entry),
            (Stage::Open, Line::Checkpoint(checkpoint)) => self.checkpoint(checkpoint),
            (Stage::Open, Line::End(end)) => self.end(*end),
            (Stage::Ended, _) => Err(self.damage(What::BehindEnd)),
        }
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), Damage> {
        if entry.seq != self.seq + 1 {
            return Err(self.damage(What::OutOfOrder));
        }
        if entry.previous != self.hash {
            return Err(self.damage(What::PreviousDiffers));
        }
        if entry.hash != entry.computed(self.tenant) {
            return Err(self.damage(What::HashDiffers));
        }
        if let Some(outside) = self.outside.of(self.tenant, entry.seq) {
            if outside.hash != entry.hash {
                return Err(self.damage(What::CheckpointDiffers));
            }
            self.covered = entry.seq;
            self.keys.insert(outside.key);
        }
        self.seq = entry.seq;
        self.hash = entry.hash;
        Ok(())
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Damage> {
        // What is wrong with it is wrong with the entries since the one before.
        let damage = |what| Damage { seq: self.signed + 1, what };
        if checkpoint.tenant != self.tenant {
            return Err(damage(What::OtherTenant));
        }
        if checkpoint.seq != self.seq || checkpoint.seq <= self.signed {
            return Err(damage(What::CheckpointMisplaced));
        }
        if checkpoint.previous != self.signed {
            return Err(damage(What::CheckpointMissing));
        }
        if checkpoint.hash != self.hash {
            return Err(damage(What::CheckpointDiffers));
        }
        self.trust.check(checkpoint).map_err(damage)?;
        self.signed = checkpoint.seq;
        self.covered = checkpoint.seq;
        self.checkpoints += 1;
        self.keys.insert(checkpoint.key);
        Ok(())
    }

    fn end(&mut self, end: End) -> Result<(), Damage> {
        if end.checkpoint != self.signed {
            return Err(Damage { seq: self.signed + 1, what: What::CheckpointMissing });
        }
        if (end.seq, end.hash) != (self.seq, self.hash) {
            return Err(self.damage(What::EndDiffers));
        }
        self.stage = Stage::Ended;
        Ok(())
    }

    /// The trail is at its end.
    pub fn finish(self) -> Result<Report, Damage> {
        match self.stage {
            Stage::Begin => return Err(self.damage(What::NoHeader)),
            Stage::Open => return Err(self.damage(What::NoEnd)),
            Stage::Ended => {}
        }
        if self.outside.goes_on(self.tenant, self.seq, self.taken_at) {
            return Err(self.damage(What::CutOff));
        }
        Ok(Report {
            tenant: self.tenant,
            entries: self.seq,
            covered: self.covered,
            checkpoints: self.checkpoints,
            keys: self.keys.into_iter().collect(),
        })
    }
}

impl Trust {
    /// Whether a checkpoint counts.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), What> {
        match self {
            Self::Keys(keys) if !keys.contains(&checkpoint.key) => {
                return Err(What::UnknownKey(checkpoint.key));
            }
            Self::Keys(_) | Self::Anyone => {}
        }
        if checkpoint.is_signed() { Ok(()) } else { Err(What::BadSignature) }
    }
}
