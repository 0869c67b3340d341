//! Rollouts: rows with their numbers, and the sentences that go with them.

use std::collections::BTreeMap;

use api_types as wire;
use domain::evidence::{Levels, Limit};
use domain::gate::policy::{Choices, OnSuspect, SegmentKind};
use domain::ids::PlanId;
use domain::rollout::access::Access;
use domain::rollout::observations::Wish;
use domain::rollout::phase::{PauseCause, PausedBy, Phase};
use domain::rollout::plan::OnGateFailure;
use store::approvals::Evidence;
use store::rollouts::{RingRow, RolloutRow};

use crate::checks::Checks;
use crate::convert::devices::attempt_state;
use crate::convert::pauses::of_rollout;
use crate::words::gate::level_out;
use crate::words::waiting::waiting;
use crate::words::{Rings, cause};

pub(crate) fn rollout(row: RolloutRow) -> wire::Rollout {
    let rings =
        Rings::new(row.rings.iter().map(|ring| ring.name.as_str())).with_segments(&row.segments);
    let held_segments = held(&row);
    let pauses = of_rollout(&row, &rings);
    let asked = asked(&row);
    // What the last decision waits for says nothing about a request that came after it.
    let last = row.waiting.as_ref().filter(|_| asked.is_none());
    let next_look = last.and_then(domain::rollout::decide::WaitingOn::next_look);
    let waiting_for = last.map(|on| on.name().to_owned());
    let waiting_on = asked.or(last.map(|on| waiting(on, &rings, Some(&row.wish_by))));
    let mut phase = phase(row.phase, &rings);
    if row.superseded_by.is_some() && phase.name == wire::PhaseName::Cancelled {
        phase.cause = Some("superseded by a newer release".to_owned());
    }
    wire::Rollout {
        id: row.id.0,
        release_id: row.release.0,
        release_name: row.release_name,
        ring_set_id: row.ring_set.0,
        plan_id: row.plan.0,
        plan_revision: row.plan_revision,
        phase,
        intent: wire::Intent {
            wish: wish(row.intent.wish),
            by: row.wish_by,
            at: row.intent.given_at,
            reason: row.wish_reason,
            promoted: row.intent.promoted.map(|ring| ring.0),
        },
        waiting_on,
        waiting_for,
        next_look,
        rings: row.rings.into_iter().map(|one| ring(one, row.plan)).collect(),
        pauses,
        level: level_out(row.level),
        held_segments,
        superseded_by: row.superseded_by.map(|by| by.0),
        observed_at: row.observed_at,
        generation: row.generation,
        created_at: row.created_at,
    }
}

/// What a person asked for and the planner has not recorded yet: a matter of moments, unless the
/// server that was about to died.
fn asked(row: &RolloutRow) -> Option<String> {
    let by = &row.wish_by;
    let on_its_way = match row.phase {
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => true,
        Phase::Paused { .. } => row.intent.wish != Wish::Hold,
        Phase::Completed { .. } | Phase::Cancelled { .. } => row.intent.wish == Wish::Withdraw,
        Phase::RollingBack { .. } | Phase::RolledBack { .. } => false,
    };
    let what = match (row.intent.wish, row.phase) {
        (Wish::Hold, _) => "a pause: no new offer is decided since then",
        (Wish::Cancel, _) => "a cancellation: no new offer is decided since then",
        (Wish::Withdraw, _) => "a rollback: no new offer is decided since then",
        (Wish::Run, Phase::Paused { since, .. }) if row.intent.given_at > since => "a resumption",
        (Wish::Run, _) => return None,
    };
    on_its_way.then(|| format!("{by} asked for {what}, and the service is about to carry it out."))
}

pub(crate) fn phase(phase: Phase, rings: &Rings) -> wire::Phase {
    use wire::PhaseName as Name;
    let plain = |name, since| (name, Some(since), None);
    let (name, since, by) = match phase {
        Phase::Scheduled => (Name::Scheduled, None, None),
        Phase::Offering { since, .. } => plain(Name::Offering, since),
        Phase::Soaking { since, .. } => plain(Name::Soaking, since),
        Phase::Paused { since, by, .. } => (Name::Paused, Some(since), Some(by)),
        Phase::Completed { since, .. } => plain(Name::Completed, since),
        Phase::RollingBack { since, .. } => plain(Name::RollingBack, since),
        Phase::RolledBack { since, .. } => plain(Name::RolledBack, since),
        Phase::Cancelled { since, .. } => plain(Name::Cancelled, since),
    };
    let (paused_by, because) = by.map(paused_by).unzip();
    wire::Phase {
        name,
        ring: phase.ring().map(|ring| ring.0),
        since,
        paused_by,
        cause: because.flatten().map(|because| cause(because, rings)),
    }
}

fn paused_by(by: PausedBy) -> (wire::PausedBy, Option<PauseCause>) {
    match by {
        PausedBy::Person => (wire::PausedBy::Person, None),
        PausedBy::Service(cause) => (wire::PausedBy::Service, Some(cause)),
        PausedBy::Both(cause) => (wire::PausedBy::Both, Some(cause)),
    }
}

fn ring(row: RingRow, plan: PlanId) -> wire::RolloutRing {
    let states: BTreeMap<_, _> = row.tally.into();
    wire::RolloutRing {
        ring: row.ring.0,
        name: row.name,
        assigned: row.tally.members(),
        eligible: row.tally.eligible(),
        offered: row.tally.offered(),
        in_flight: row.tally.in_flight(),
        confirmed: row.tally.confirmed(),
        failed: row.tally.failed(),
        lost: row.tally.lost(),
        set_aside: row.aside,
        states: states.into_iter().map(|(state, n)| (attempt_state(state), n)).collect(),
        waves: row.waves,
        removal_waves: row.removal_waves,
        evidence: Evidence::of(plan, row.ring, &row.tally).to_string(),
        told: wire::Told {
            wanted: access(row.wanted),
            wanted_at: row.wanted_at,
            accepted: access(row.accepted),
            accepted_at: row.accepted_at,
            pending_waves: row.pending_waves,
            error: row.enforce_error,
        },
    }
}

fn access(access: Access) -> wire::Access {
    match access {
        Access::Closed => wire::Access::Closed,
        Access::Open => wire::Access::Open,
        Access::Held => wire::Access::Held,
        Access::Withdrawn => wire::Access::Withdrawn,
    }
}

fn wish(wish: Wish) -> wire::Wish {
    match wish {
        Wish::Run => wire::Wish::Run,
        Wish::Hold => wire::Wish::Hold,
        Wish::Cancel => wire::Wish::Cancel,
        Wish::Withdraw => wire::Wish::Withdraw,
    }
}

fn held(row: &RolloutRow) -> Vec<wire::HeldSegment> {
    let named = |position: &u16| {
        let segment = row.segments.get(usize::from(*position))?;
        Some(wire::HeldSegment {
            segment: *position,
            kind: segment_kind(segment.kind),
            name: segment.name.clone(),
            devices: segment.members,
        })
    };
    row.held.iter().filter_map(named).collect()
}

pub(crate) fn segment_kind(kind: SegmentKind) -> wire::SegmentKind {
    match kind {
        SegmentKind::Model => wire::SegmentKind::Model,
        SegmentKind::Build => wire::SegmentKind::Build,
        SegmentKind::Category => wire::SegmentKind::Category,
    }
}

/// The evidence policy of a new rollout, held to the limits of its schema.
pub(crate) fn choices_in(policy: &wire::EvidencePolicy, checks: &mut Checks) -> Option<Choices> {
    let mut share = |name: &str, percent: f64| {
        checks.range(format!("/evidence/{name}"), &percent, 0.01..=50.0);
        Limit::new(percent / 100.0).ok()
    };
    let failed = share("healthy_failed_percent", policy.healthy_failed_percent);
    let lost = share("healthy_lost_percent", policy.healthy_lost_percent);
    let wire::EvidencePolicy { watch_at, pause_at, roll_back_at, .. } = *policy;
    for (name, at) in
        [("watch_at", watch_at), ("pause_at", pause_at), ("roll_back_at", roll_back_at)]
    {
        checks.range(format!("/evidence/{name}"), &at, 2.0..=1e12);
    }
    let levels = Levels::new(watch_at, pause_at, roll_back_at);
    if levels.is_err() {
        checks.wrong(
            "/evidence/pause_at",
            "watch_at, pause_at and roll_back_at must rise in this order, or be equal",
        );
    }
    Some(Choices {
        failed: failed?,
        lost: lost?,
        levels: levels.ok()?,
        on_suspect: match policy.on_suspect {
            wire::OnSuspect::Pause => OnSuspect::Pause,
            wire::OnSuspect::Hold => OnSuspect::Hold,
        },
    })
}

pub(crate) fn on_gate_failure_in(choice: wire::OnGateFailure) -> OnGateFailure {
    match choice {
        wire::OnGateFailure::Pause => OnGateFailure::Pause,
        wire::OnGateFailure::RollBack => OnGateFailure::RollBack,
    }
}

pub(crate) fn on_gate_failure_out(choice: OnGateFailure) -> wire::OnGateFailure {
    match choice {
        OnGateFailure::Pause => wire::OnGateFailure::Pause,
        OnGateFailure::RollBack => wire::OnGateFailure::RollBack,
    }
}
