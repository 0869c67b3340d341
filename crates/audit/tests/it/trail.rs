//! A trail to look at.

use audit::{
    Checkpoint, End, Entry, FORMAT, Hash, Header, Line, Outside, ReadError, Report, START, Signer,
    Statement, Trust, Verifier,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Entries between checkpoints.
pub(crate) const STRIDE: i64 = 20;

pub(crate) struct Trail {
    pub(crate) tenant: Uuid,
    pub(crate) signer: Signer,
    pub(crate) lines: Vec<Line>,
}

pub(crate) fn at(seq: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::microseconds(seq * 1_234_567)
}

pub(crate) fn entry(tenant: Uuid, seq: i64, previous: Hash) -> Entry {
    let mut entry = Entry {
        seq,
        at: at(seq),
        rollout: (seq % 3 != 0).then(|| Uuid::from_u128(seq.unsigned_abs().into())),
        actor: format!("person {}", seq % 5),
        kind: ["requested", "ring_opened", "approved"][usize::try_from(seq % 3).unwrap()]
            .to_owned(),
        body: format!(r#"{{"reason":"because of \"{seq}\"","ring":{}}}"#, seq % 4),
        previous,
        hash: START,
    };
    entry.hash = entry.computed(tenant);
    entry
}

impl Trail {
    /// `entries`, with a checkpoint every [`STRIDE`].
    pub(crate) fn of(tenant: u128, entries: i64) -> Self {
        let (tenant, signer) = (Uuid::from_u128(tenant), Signer::from_seed(&[7; 32]).unwrap());
        let mut lines = vec![Line::Header(Header { format: FORMAT, tenant })];
        let mut hash = START;
        for seq in 1..=entries {
            let entry = entry(tenant, seq, hash);
            hash = entry.hash;
            lines.push(Line::Entry(entry));
            if seq % STRIDE == 0 {
                let previous = seq - STRIDE;
                let statement = Statement { tenant, previous, seq, hash, at: at(seq) };
                lines.push(Line::Checkpoint(signer.sign(statement).unwrap()));
            }
        }
        lines.push(Line::End(End { seq: entries, hash, checkpoint: entries / STRIDE * STRIDE }));
        Self { tenant, signer, lines }
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::Keys(vec![self.signer.public()])
    }

    pub(crate) fn checkpoints(&self) -> impl Iterator<Item = &Checkpoint> {
        self.lines.iter().filter_map(|line| match line {
            Line::Checkpoint(checkpoint) => Some(checkpoint),
            Line::Header(_) | Line::Entry(_) | Line::End(_) => None,
        })
    }

    /// What lies outside.
    pub(crate) fn outside(&self) -> Outside {
        let mut outside = Outside::default();
        for checkpoint in self.checkpoints() {
            outside.line(&Line::Checkpoint(*checkpoint).to_string(), &self.trust()).unwrap();
        }
        outside
    }

    pub(crate) fn verify(&self, text: &str, outside: Outside) -> Result<Report, ReadError> {
        let verifier = Verifier::new(self.trust(), outside, None).of(self.tenant);
        audit::verify(text.as_bytes(), verifier)
    }
}

pub(crate) fn text(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}
