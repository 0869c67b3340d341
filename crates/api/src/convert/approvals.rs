//! Approvals, judged as the gate judges them.

use api_types as wire;
use chrono::{DateTime, Utc};
use domain::approval::{self, Context, Quorum, QuorumError};
use domain::gate::Verdict;
use domain::ring::RingIndex;
use store::approvals::{ApprovalBook, ApprovalRow};

use crate::checks::Checks;

pub(crate) fn quorum(quorum: &Quorum) -> wire::Quorum {
    wire::Quorum { needed: quorum.needed(), approvers: quorum.approvers().to_vec() }
}

/// What a caller wants for a quorum; what is wrong with it is noted.
pub(crate) fn quorum_in(quorum: wire::Quorum, at: &str, checks: &mut Checks) -> Option<Quorum> {
    for (index, name) in quorum.approvers.iter().enumerate() {
        checks.text(&format!("{at}/approvers/{index}"), name, 100);
    }
    match Quorum::new(quorum.needed, quorum.approvers) {
        Ok(quorum) => Some(quorum),
        // Said already, of the very name.
        Err(QuorumError::Name(_)) => None,
        Err(error) => {
            checks.wrong(at, error.to_string());
            None
        }
    }
}

/// The approvals of a rollout as they stand at `now`.
pub(crate) fn approvals(book: &ApprovalBook, now: DateTime<Utc>) -> wire::Approvals {
    let given: Vec<_> = book.approvals.iter().map(|row| row.approval.clone()).collect();
    let rings = (0..).map(RingIndex).zip(book.plan.rings()).filter_map(|(index, ring)| {
        let quorum = ring.approvals.as_ref()?;
        let (verdict, tally) = approval::judge(Some(quorum), &given, &context(book, index, now));
        Some(wire::RingApprovals {
            ring: index.0,
            name: ring.name.clone(),
            needed: quorum.needed(),
            approvers: quorum.approvers().to_vec(),
            counted: tally.counted,
            met: verdict == Verdict::Pass,
        })
    });
    let item = |row: &ApprovalRow| {
        let of = row.approval.ring;
        let ring = book.plan.ring(of);
        let quorum = ring.and_then(|ring| ring.approvals.as_ref());
        let ignored = approval::ignored(quorum, &row.approval, &context(book, of, now));
        let name = ring.map(|ring| ring.name.clone()).unwrap_or_default();
        approval(row, name, ignored.map(|why| why.to_string()))
    };
    wire::Approvals {
        plan_id: book.plan_id.0,
        author: book.author.clone(),
        rings: rings.collect(),
        items: book.approvals.iter().map(item).collect(),
    }
}

fn context(book: &ApprovalBook, ring: RingIndex, now: DateTime<Utc>) -> Context<'_> {
    let void_before = book.watched_at;
    Context { ring, plan: book.plan_id, author: &book.author, void_before, now }
}

pub(crate) fn approval(
    row: &ApprovalRow,
    ring_name: String,
    ignored: Option<String>,
) -> wire::Approval {
    let one = &row.approval;
    wire::Approval {
        id: row.id,
        ring: one.ring.0,
        ring_name,
        plan_id: one.plan.0,
        evidence: one.evidence.clone(),
        by: one.by.clone(),
        comment: one.comment.clone(),
        at: one.at,
        expires_at: one.expires_at,
        withdrawn_at: one.withdrawn_at,
        ignored,
    }
}
