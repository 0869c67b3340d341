//! Finding the one reason. The order is the order in which something has to change: what keeps the device
//! from being served at all, then what became of its offer, then what the offer waits for.

use chrono::{DateTime, Utc};

use super::{
    Attempt, Course, FailureClass, Finding, Pause, PauseScope, PrimaryReason, SILENT_AFTER, Stage,
    Stands, Wait, Wanted,
};
use crate::attempt::AttemptState;
use crate::registration::{Reason, Reasons};

/// Why this device is not up to date at `now`. Never fails, and never says nothing.
#[must_use]
pub fn find(stands: &Stands<'_>, now: DateTime<Utc>) -> Finding {
    let Some((_, reasons)) = stands.standing else {
        return plain(PrimaryReason::NotJudged, None);
    };
    if let Some(reason) = first(reasons) {
        let heard = stands.last_sync.filter(|_| reason == Reason::Inactive);
        let since = heard.or(stands.standing_at);
        return plain(PrimaryReason::Registration(reason), since);
    }
    if !stands.has_ring {
        return plain(PrimaryReason::NoRing, stands.standing_at);
    }
    match stands.wanted {
        Wanted::Nothing => plain(PrimaryReason::NoContent, None),
        Wanted::Unreleased { released_at } => plain(PrimaryReason::NotReleased, Some(released_at)),
        Wanted::Rollout(stage) => {
            let found = in_rollout(stands, &stage, now);
            Finding { rollout: Some(stage.rollout), ..found }
        }
    }
}

/// The reason of registration that is told first: what an administrator decided, what only an
/// administrator can decide, then the checks in their order.
#[must_use]
pub(crate) fn first(reasons: Reasons) -> Option<Reason> {
    [Reason::Excluded, Reason::GroupConflict]
        .into_iter()
        .find(|reason| reasons.has(*reason))
        .or_else(|| reasons.iter().next())
}

fn plain(reason: PrimaryReason, since: Option<DateTime<Utc>>) -> Finding {
    Finding { reason, since, rollout: None, evidence: None }
}

fn told(reason: PrimaryReason, since: DateTime<Utc>, evidence: Option<&str>) -> Finding {
    let evidence = evidence.filter(|text| !text.is_empty()).map(str::to_owned);
    Finding { evidence, ..plain(reason, Some(since)) }
}

fn in_rollout(stands: &Stands<'_>, stage: &Stage<'_>, now: DateTime<Utc>) -> Finding {
    let Some(attempt) = stands.attempt else {
        return match ended(stage) {
            Some(found) => found,
            None => plain(PrimaryReason::JoinedLater, stands.standing_at),
        };
    };
    let since = attempt.state_at;
    if let Some(hold) = attempt.safeguard {
        return told(PrimaryReason::SafeguardHold, since, Some(hold));
    }
    match attempt.state {
        AttemptState::Failed => {
            let class = FailureClass::of(attempt.code);
            told(PrimaryReason::Failed(class), since, attempt.code)
        }
        AttemptState::Lost => told(PrimaryReason::Lost, since, attempt.code),
        AttemptState::Excluded => excluded(&attempt, stage),
        AttemptState::Removing | AttemptState::Removed | AttemptState::Stranded => {
            plain(PrimaryReason::TakenBack, Some(since))
        }
        // It had the build once, and says now that it has not.
        AttemptState::Installed | AttemptState::Confirmed => {
            plain(PrimaryReason::WentBack, Some(since))
        }
        AttemptState::Installing => plain(PrimaryReason::Installing, Some(since)),
        AttemptState::Offered | AttemptState::Unresolved | AttemptState::Withdrawn => {
            offered(stands, stage, &attempt, now)
        }
        AttemptState::Assigned => waiting(stage, &attempt),
    }
}

/// The rollout will serve nobody any more.
fn ended(stage: &Stage<'_>) -> Option<Finding> {
    match stage.course {
        Course::Running | Course::PausedByPerson { .. } | Course::PausedByService { .. } => None,
        Course::TakenBack { since } => Some(plain(PrimaryReason::TakenBack, Some(since))),
        Course::Cancelled { since } => Some(plain(PrimaryReason::Cancelled, Some(since))),
        Course::Superseded { since } => Some(plain(PrimaryReason::Superseded, Some(since))),
    }
}

/// By the reasons that are kept with an attempt.
fn excluded(attempt: &Attempt<'_>, stage: &Stage<'_>) -> Finding {
    let reason = match attempt.code {
        Some("superseded") => PrimaryReason::Superseded,
        Some("below_floor") => PrimaryReason::BelowFloor,
        Some("no_content" | "not_applicable") => PrimaryReason::NoContent,
        Some("already_current" | "ahead") => PrimaryReason::WentBack,
        Some(_) | None => PrimaryReason::LeftOut,
    };
    let found = told(reason, attempt.state_at, attempt.code);
    if reason == PrimaryReason::LeftOut { ended(stage).unwrap_or(found) } else { found }
}

/// It has, or had, an offer that it did not act on.
fn offered(
    stands: &Stands<'_>,
    stage: &Stage<'_>,
    attempt: &Attempt<'_>,
    now: DateTime<Utc>,
) -> Finding {
    if let Some(found) = ended(stage) {
        return found;
    }
    if attempt.aside {
        return plain(PrimaryReason::SegmentHeld, Some(attempt.state_at));
    }
    if attempt.state == AttemptState::Withdrawn {
        return told(PrimaryReason::OfferTakenBack, attempt.state_at, attempt.code);
    }
    if let Some(silent) = stands.last_sync.filter(|last| now - *last > SILENT_AFTER) {
        return plain(PrimaryReason::Silent, Some(silent));
    }
    if attempt.state == AttemptState::Unresolved {
        return plain(PrimaryReason::NoStart, Some(attempt.state_at));
    }
    paused(stage).unwrap_or_else(|| plain(PrimaryReason::Offered, Some(attempt.state_at)))
}

/// It waits for its offer.
fn waiting(stage: &Stage<'_>, attempt: &Attempt<'_>) -> Finding {
    if let Some(found) = ended(stage) {
        return found;
    }
    if attempt.aside {
        return plain(PrimaryReason::SegmentHeld, Some(attempt.state_at));
    }
    if let Some(found) = paused(stage) {
        return found;
    }
    let since = stage.opened_at.unwrap_or(stage.created_at);
    match stage.wait {
        Some(Wait::Freeze { owner, reason }) => {
            told(PrimaryReason::Frozen, since, Some(&format!("{owner}: {reason}")))
        }
        Some(Wait::Holiday { name }) => told(PrimaryReason::Holiday, since, Some(name)),
        Some(Wait::Window) => plain(PrimaryReason::OutsideWindow, Some(since)),
        Some(Wait::Deferral) => plain(PrimaryReason::Deferral, Some(since)),
        Some(Wait::Budget) => plain(PrimaryReason::Budget, Some(since)),
        None if stage.opened_at.is_some() => plain(PrimaryReason::InQueue, Some(since)),
        None => plain(PrimaryReason::RingNotOpen, Some(since)),
    }
}

/// Somebody, or the service, holds the rollout or the ring; the widest pause is told.
fn paused(stage: &Stage<'_>) -> Option<Finding> {
    if let Some(Pause { scope, at, by, reason }) = stage.pause {
        let paused = match scope {
            PauseScope::Tenant => PrimaryReason::TenantPaused,
            PauseScope::Release => PrimaryReason::ReleasePaused,
            PauseScope::Ring => PrimaryReason::RingPaused,
        };
        let said = reason.map_or_else(|| by.to_owned(), |reason| format!("{by}: {reason}"));
        return Some(told(paused, at, Some(&said)));
    }
    match stage.course {
        Course::PausedByPerson { since } => Some(plain(PrimaryReason::PausedByPerson, Some(since))),
        Course::PausedByService { since } => {
            Some(plain(PrimaryReason::PausedByService, Some(since)))
        }
        Course::Running | Course::TakenBack { .. } => None,
        Course::Cancelled { .. } | Course::Superseded { .. } => None,
    }
}
