//! Reading a whole chain as lines of an export, chunk by chunk.

use audit::{End, FORMAT, Header, Line};
use domain::ids::TenantId;

use super::Head;
use crate::{Store, StoreError};

/// Entries that are read at a time.
const CHUNK: u16 = 500;

/// A chain up to where it stood when this was made. Holds no transaction and no more than a chunk.
#[derive(Debug)]
pub struct Trail {
    store: Store,
    tenant: TenantId,
    head: Head,
    /// The last checkpoint there was. Later ones are left out, also those that come to stand among
    /// what is still to be read: without those that already cannot, they would look like gaps.
    signed: i64,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Begin,
    Behind { seq: i64, checkpoint: i64 },
    Ended,
}

impl Trail {
    pub(super) fn new(store: Store, tenant: TenantId, head: Head, signed: i64) -> Self {
        Self { store, tenant, head, signed, stage: Stage::Begin }
    }

    /// The next lines; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Line>>, StoreError> {
        match self.stage {
            Stage::Begin => {
                self.stage = Stage::Behind { seq: 0, checkpoint: 0 };
                let header = Header { format: FORMAT, tenant: self.tenant.0 };
                Ok(Some(vec![Line::Header(header)]))
            }
            Stage::Behind { seq, checkpoint } => self.behind(seq, checkpoint).await.map(Some),
            Stage::Ended => Ok(None),
        }
    }

    async fn behind(&mut self, seq: i64, checkpoint: i64) -> Result<Vec<Line>, StoreError> {
        let (tenant, Head { seq: end, hash }) = (self.tenant, self.head);
        let entries = self.store.audit_entries(tenant, seq, end, CHUNK).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else {
            self.stage = Stage::Ended;
            return Ok(vec![Line::End(End { seq: end, hash, checkpoint })]);
        };
        let signed = last.min(self.signed);
        let checkpoints = self.store.audit_checkpoints(tenant, seq, signed).await?;
        let checkpoint = checkpoints.last().map_or(checkpoint, |last| last.seq);
        self.stage = Stage::Behind { seq: last, checkpoint };
        let mut checkpoints = checkpoints.into_iter().peekable();
        let mut lines = Vec::with_capacity(entries.len());
        for entry in entries {
            let seq = entry.seq;
            lines.push(Line::Entry(entry));
            while let Some(checkpoint) = checkpoints.next_if(|next| next.seq <= seq) {
                lines.push(Line::Checkpoint(checkpoint));
            }
        }
        Ok(lines)
    }
}
