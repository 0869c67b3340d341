//! Approvals: who has to agree before the ring after this one opens, and whose word counts.
//!
//! An approval speaks of one plan, one ring and the evidence that the person saw, for a while.
//! Whether it counts is asked each time anew, at the moment it would be used (I9).

mod quorum;

use std::collections::HashSet;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::gate::Verdict;
use crate::ids::PlanId;
use crate::ring::RingIndex;

pub use quorum::{MAX_APPROVERS, MAX_NEEDED, Quorum, QuorumError};

/// How long an approval counts (quality.md A5).
pub const VALID_FOR: TimeDelta = TimeDelta::hours(24);

/// What one person said of one ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The name the person acts under.
    pub by: String,
    pub at: DateTime<Utc>,
    /// From here on it does not count.
    pub expires_at: DateTime<Utc>,
    /// The ring that was looked at; what is approved is that the next one opens.
    pub ring: RingIndex,
    pub plan: PlanId,
    /// The evidence the person saw, as it was sent back.
    pub evidence: String,
    pub comment: String,
    /// When the person took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// What approvals are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    pub ring: RingIndex,
    /// The plan the rollout follows now.
    pub plan: PlanId,
    /// Who made that plan, and so cannot approve it.
    pub author: &'a str,
    /// What was approved up to this moment is void: the evidence against the update reached the
    /// level of watching then, and whoever approved had not seen that. None: it never did.
    pub void_before: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

/// Why an approval does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    Withdrawn,
    OtherPlan,
    OtherRing,
    Author,
    NotApprover,
    Expired,
    Void,
    Repeated,
}

impl Ignored {
    /// The word used in JSON and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::OtherPlan => "other_plan",
            Self::OtherRing => "other_ring",
            Self::Author => "author",
            Self::NotApprover => "not_approver",
            Self::Expired => "expired",
            Self::Void => "void",
            Self::Repeated => "repeated",
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Withdrawn => "it was withdrawn",
            Self::OtherPlan => "it was given for another plan",
            Self::OtherRing => "it was given for another ring",
            Self::Author => "the author of the plan cannot approve it",
            Self::NotApprover => "this person is not among the approvers of the ring",
            Self::Expired => "it has expired",
            Self::Void => "the evidence became worse after it was given",
            Self::Repeated => "this person is counted already",
        })
    }
}

/// How approvals were counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub needed: u8,
    /// The people who count, in the order in which they approved.
    pub counted: Vec<String>,
    /// Those who do not, with the reason.
    pub ignored: Vec<(String, Ignored)>,
}

/// Whether enough people agree that the ring after `context.ring` opens. Without a quorum nobody
/// has to. Independent of the order of `given`.
#[must_use]
pub fn judge(
    quorum: Option<&Quorum>,
    given: &[Approval],
    context: &Context<'_>,
) -> (Verdict, Tally) {
    let mut tally = Tally { needed: quorum.map_or(0, Quorum::needed), ..Tally::default() };
    let mut in_order: Vec<&Approval> = given.iter().collect();
    in_order
        .sort_by_key(|one| (one.at, &one.by, one.ring, one.plan, one.expires_at, one.withdrawn_at));
    let mut people = HashSet::new();
    for one in in_order {
        let why = ignored(quorum, one, context)
            .or_else(|| (!people.insert(person(&one.by))).then_some(Ignored::Repeated));
        match why {
            None => tally.counted.push(one.by.clone()),
            Some(why) => tally.ignored.push((one.by.clone(), why)),
        }
    }
    let enough = tally.counted.len() >= usize::from(tally.needed);
    (if enough { Verdict::Pass } else { Verdict::Wait { until: None } }, tally)
}

/// Why this approval, taken by itself, does not count; none when it does.
#[must_use]
pub fn ignored(
    quorum: Option<&Quorum>,
    approval: &Approval,
    context: &Context<'_>,
) -> Option<Ignored> {
    let is_void = context.void_before.is_some_and(|moment| approval.at <= moment);
    [
        (approval.withdrawn_at.is_some(), Ignored::Withdrawn),
        (approval.plan != context.plan, Ignored::OtherPlan),
        (approval.ring != context.ring, Ignored::OtherRing),
        (same_person(&approval.by, context.author), Ignored::Author),
        (!quorum.is_none_or(|quorum| quorum.may_approve(&approval.by)), Ignored::NotApprover),
        (context.now >= approval.expires_at, Ignored::Expired),
        (is_void, Ignored::Void),
    ]
    .into_iter()
    .find_map(|(is_so, why)| is_so.then_some(why))
}

/// Whether two names are of one person: nobody becomes somebody else by writing differently.
#[must_use]
pub fn same_person(one: &str, other: &str) -> bool {
    person(one) == person(other)
}

fn person(name: &str) -> String {
    name.trim().to_lowercase()
}
