//! Saved plans.

use api_types as wire;
use domain::ring::RingIndex;
use domain::rollout::lint::RingProof;
use store::rollouts::SavedPlanRow;

use crate::convert::releases::delivery_out;
use crate::convert::ring_sets::{proof_out, ring_out};
use crate::convert::rollouts::on_gate_failure_out;

/// `proofs`: one for each ring, in order, or none at all.
pub(crate) fn saved_plan(
    row: SavedPlanRow,
    proofs: &[RingProof],
    membership_changes: Vec<String>,
    forecast: Option<wire::Forecast>,
) -> wire::SavedPlan {
    let rings = rings(&row, proofs);
    let body = row.body;
    let started = row.started;
    wire::SavedPlan {
        id: row.id,
        hash: row.hash,
        update_id: body.update.0,
        release_name: body.release,
        delivery: delivery_out(body.delivery),
        ring_set_id: body.ring_set.0,
        starts_at: body.plan.starts_at(),
        on_gate_failure: on_gate_failure_out(body.plan.on_gate_failure()),
        inactive_after_days: body.inactive_after_days,
        healthy_failed_percent: body.plan.policy().failed.limit().get() * 100.0,
        rings,
        forecast,
        membership_changes,
        created_by: row.created_by,
        created_at: row.created_at,
        rollout_id: started.as_ref().map(|(rollout, ..)| rollout.0),
        started_by: started.as_ref().map(|(_, by, _)| by.clone()),
        started_at: started.map(|(.., at)| at),
    }
}

fn rings(row: &SavedPlanRow, proofs: &[RingProof]) -> Vec<wire::PlannedRing> {
    let plan = &row.body.plan;
    let each = (0..).map(RingIndex).zip(plan.rings());
    each.map(|(index, ring)| wire::PlannedRing {
        settings: ring_out(ring),
        opens_at: plan.opens_at(index),
        devices: row.body.members.get(index.slot()).map_or(0, |members| members.devices),
        excluded: row
            .excluded
            .iter()
            .filter(|one| one.ring == index)
            .map(|one| wire::ExcludedDevices { reason: one.reason.clone(), devices: one.devices })
            .collect(),
        proof: proofs.get(index.slot()).map(|proof| proof_out(proof, plan)),
    })
    .collect()
}
