//! Rollouts: rows with their numbers, and the sentences that go with them.

use std::collections::BTreeMap;

use api_types as wire;
use domain::ids::PlanId;
use domain::rollout::access::Access;
use domain::rollout::observations::Wish;
use domain::rollout::phase::{PauseCause, PausedBy, Phase};
use domain::rollout::plan::OnGateFailure;
use store::approvals::Evidence;
use store::rollouts::{RingRow, RolloutRow};

use crate::convert::devices::attempt_state;
use crate::words::waiting::waiting;
use crate::words::{Rings, cause};

pub(crate) fn rollout(row: RolloutRow) -> wire::Rollout {
    let rings = Rings::new(row.rings.iter().map(|ring| ring.name.as_str()));
    let asked = asked(&row);
    // What the last decision waits for says nothing about a request that came after it.
    let last = row.waiting.as_ref().filter(|_| asked.is_none());
    let next_look = last.and_then(domain::rollout::decide::WaitingOn::next_look);
    let waiting_on = asked.or(last.map(|on| waiting(on, &rings, Some(&row.wish_by))));
    let phase = phase(row.phase, &rings);
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
        next_look,
        rings: row.rings.into_iter().map(|one| ring(one, row.plan)).collect(),
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

pub(crate) fn on_gate_failure_in(choice: wire::OnGateFailure) -> OnGateFailure {
    match choice {
        wire::OnGateFailure::Pause => OnGateFailure::Pause,
        wire::OnGateFailure::RollBack => OnGateFailure::RollBack,
    }
}
