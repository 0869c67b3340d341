//! Rules that approve updates by themselves, and what they would approve.
//!
//! # Invariants
//!
//! 1. A preview is approved only by a rule that chose previews: everywhere else it is a signal.
//! 2. Of several updates that are due, the one that replaces the others is approved, alone.
//! 3. What somebody declined, and a driver that no vendor recommends, is approved by no rule.
//! 4. A rule approves an update at most once, and not at all one that goes out over its ring set
//!    already, whoever approved that.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::details::Severity;
use super::servicing::Servicing;
use super::supersede::{Content, Relation, relation};
use super::{Delivery, UpdateKind};
use crate::ids::{RingSetId, UpdateId};
use crate::inventory::ImportedUpdate;
use crate::rollout::plan::OnGateFailure;

/// The longest a rule may wait after a release: two months of Patch Tuesdays.
pub const LONGEST_DELAY: u8 = 60;

/// What a rule approves, and over which rings it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub name: String,
    pub ring_set: RingSetId,
    pub kind: UpdateKind,
    /// In Microsoft's words (`security`, `nonSecurity`); none: any.
    #[serde(default)]
    pub classification: Option<String>,
    /// In Microsoft's words (`monthly`, `outOfBand`); none: any.
    #[serde(default)]
    pub cadence: Option<String>,
    /// Of Edge and Microsoft 365 Apps; none: any.
    #[serde(default)]
    pub channel: Option<String>,
    /// Days after the release of the update.
    pub delay_days: u8,
    /// Previews too.
    pub previews: bool,
    /// Only updates that close something at least so bad; none: any.
    #[serde(default)]
    pub min_severity: Option<Severity>,
    /// Out-of-band updates that can be expedited are: days until the restart is forced.
    #[serde(default)]
    pub expedite: Option<u8>,
    pub on_gate_failure: OnGateFailure,
}

/// Why a rule is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("the delay must be 0 to 60 days")]
    Delay,
    #[error("an expedited restart can be forced after 0, 1 or 2 days")]
    Expedite,
    #[error("only quality updates have this")]
    QualityOnly(&'static str),
    #[error("only Edge and Microsoft 365 Apps have channels")]
    Channel,
}

impl RuleError {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Delay => "delay_days",
            Self::Expedite => "expedite",
            Self::QualityOnly(field) => field,
            Self::Channel => "channel",
        }
    }
}

impl Rule {
    /// Holds a rule against what its kind has.
    pub fn check(&self) -> Result<(), RuleError> {
        let apps = match self.kind {
            UpdateKind::Edge | UpdateKind::Microsoft365Apps => true,
            UpdateKind::Quality | UpdateKind::Feature | UpdateKind::Driver => false,
        };
        let of_quality = [
            ("classification", self.classification.is_some()),
            ("cadence", self.cadence.is_some()),
            ("previews", self.previews),
            ("min_severity", self.min_severity.is_some()),
            ("expedite", self.expedite.is_some()),
        ];
        let misplaced = of_quality.into_iter().find(|(_, given)| *given);
        match misplaced {
            Some((field, _)) if self.kind != UpdateKind::Quality => {
                Err(RuleError::QualityOnly(field))
            }
            Some(_) | None if self.delay_days > LONGEST_DELAY => Err(RuleError::Delay),
            Some(_) | None if self.expedite.is_some_and(|days| days > 2) => {
                Err(RuleError::Expedite)
            }
            Some(_) | None if self.channel.is_some() && !apps => Err(RuleError::Channel),
            Some(_) | None => Ok(()),
        }
    }

    /// When the rule lets an update go out.
    #[must_use]
    pub fn due_at(&self, update: &ImportedUpdate) -> DateTime<Utc> {
        update.released_at + TimeDelta::days(self.delay_days.into())
    }

    /// How the rule has an update delivered; none: as its kind is when nobody chooses.
    #[must_use]
    pub fn delivery(&self, update: &ImportedUpdate) -> Option<Delivery> {
        let out_of_band = Servicing::of(update) == Some(Servicing::OutOfBand);
        let expedite = self.expedite.filter(|_| out_of_band && update.is_expeditable)?;
        Some(Delivery::Quality { expedite: Some(expedite) })
    }

    fn mismatch(&self, update: &ImportedUpdate, now: DateTime<Utc>) -> Option<Mismatch> {
        let differs = |wanted: Option<&str>, is: &str| wanted.is_some_and(|wanted| wanted != is);
        let severity = update.details.max_severity;
        if update.kind != self.kind {
            Some(Mismatch::Kind)
        } else if differs(self.channel.as_deref(), update.channel.as_deref().unwrap_or_default()) {
            Some(Mismatch::Channel)
        } else if differs(self.classification.as_deref(), &update.classification) {
            Some(Mismatch::Classification)
        } else if differs(self.cadence.as_deref(), &update.cadence) {
            Some(Mismatch::Cadence)
        } else if Servicing::of(update) == Some(Servicing::Preview) && !self.previews {
            Some(Mismatch::Preview)
        } else if self.min_severity.is_some() && severity < self.min_severity {
            Some(Mismatch::Severity)
        } else if update.deployable_until.is_some_and(|until| until <= now) {
            Some(Mismatch::Expired)
        } else {
            None
        }
    }
}

/// Why a rule has nothing to do with an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mismatch {
    Kind,
    Channel,
    Classification,
    Cadence,
    /// It is a preview, and the rule did not choose those.
    Preview,
    /// It closes nothing so bad, or the catalogue does not say.
    Severity,
    /// It can no longer be deployed.
    Expired,
    /// Somebody said that it is not to go out.
    Declined,
    /// A driver that no vendor recommends for any device.
    NotRecommended,
}

/// How an update stands with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// To be approved now.
    Due,
    /// To be approved then, unless another takes its place by that time.
    Later {
        at: DateTime<Utc>,
    },
    /// Approved by the rule before, or going out over its ring set anyway.
    Done,
    /// An update that is due, or was, replaces it.
    Covered {
        by: UpdateId,
    },
    Other(Mismatch),
}

/// One update of the catalogue, as a rule looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: UpdateId,
    pub update: ImportedUpdate,
    /// The rule approved it before, or it has a rollout over the rule's ring set.
    pub is_done: bool,
    /// Somebody said that it is not to go out.
    pub is_declined: bool,
    /// Of a driver: a vendor recommends it for some device.
    pub is_recommended: bool,
}

impl Candidate {
    /// Why `rule` has nothing to do with it.
    fn mismatch(&self, rule: &Rule, now: DateTime<Utc>) -> Option<Mismatch> {
        let of_update = rule.mismatch(&self.update, now);
        if of_update.is_some() {
            of_update
        } else if self.is_declined {
            Some(Mismatch::Declined)
        } else if self.update.kind == UpdateKind::Driver && !self.is_recommended {
            Some(Mismatch::NotRecommended)
        } else {
            None
        }
    }
}

/// How every candidate stands with `rule`, in the order given. Cost: the square of the updates that
/// fit it.
#[must_use]
pub fn evaluate(
    rule: &Rule,
    candidates: &[Candidate],
    now: DateTime<Utc>,
) -> Vec<(UpdateId, Standing)> {
    let fits: Vec<(&Candidate, Content)> = candidates
        .iter()
        .filter(|one| one.mismatch(rule, now).is_none())
        .filter(|one| rule.due_at(&one.update) <= now)
        .map(|one| (one, Content::of(&one.update)))
        .collect();
    let replaced = |older: &ImportedUpdate| {
        let older = Content::of(older);
        let newer = fits.iter().filter(|(_, newer)| relation(newer, &older) == Relation::Replaces);
        newer.max_by_key(|(one, _)| (one.update.released_at, one.id)).map(|(one, _)| one.id)
    };
    let standing = |one: &Candidate| match one.mismatch(rule, now) {
        Some(mismatch) => Standing::Other(mismatch),
        None if one.is_done => Standing::Done,
        None => match (replaced(&one.update), rule.due_at(&one.update)) {
            (Some(by), _) => Standing::Covered { by },
            (None, at) if at > now => Standing::Later { at },
            (None, _) => Standing::Due,
        },
    };
    candidates.iter().map(|one| (one.id, standing(one))).collect()
}
