//! Ring sets: percent and hours outside, basis points and seconds inside.

use std::time::Duration;

use api_types as wire;
use chrono::TimeDelta;
use domain::gate::Gate;
use domain::gate::success::{SuccessBy, SuccessRule};
use domain::ids::RingSetId;
use domain::placement::Why;
use domain::ring::{
    Cadence, Membership, PlacementRules, Ring, RingIndex, RingSet, RingSetError, Stratum, WaveLimit,
};
use domain::rollout::lint::{Note, RingProof};
use domain::rollout::plan::Plan;
use store::ring_sets::{PlacementPreview, RingSetRow};

use crate::checks::Checks;
use crate::convert::approvals::{quorum, quorum_in};
use crate::convert::calendar::{self, calendar, calendar_in};
use crate::problem::Problem;

/// The longest time a gate may wait for anything: 90 days.
const MOST_HOURS: f64 = 2160.0;

pub(crate) fn ring_set(row: &RingSetRow, members: &[(RingIndex, u32)]) -> wire::RingSet {
    let count = |index| members.iter().find(|(ring, _)| *ring == index).map_or(0, |(_, n)| *n);
    wire::RingSet {
        id: row.id.0,
        name: row.set.name().to_owned(),
        rings: row.set.rings().iter().map(ring_out).collect(),
        rules: rules(row.set.rules()),
        members: (0u8..).zip(row.set.rings()).map(|(index, _)| count(RingIndex(index))).collect(),
        placed_at: row.placed_at,
        created_at: row.created_at,
    }
}

pub(crate) fn ring_out(ring: &Ring) -> wire::Ring {
    let gate = ring.gate;
    wire::Ring {
        name: ring.name.clone(),
        percent: ring.membership.percent,
        groups: ring.membership.groups.iter().map(|group| group.0).collect(),
        deferral_days: ring.cadence.deferral_days,
        deadline_days: ring.cadence.deadline_days,
        grace_days: ring.cadence.grace_days,
        gate: wire::Gate {
            min_judged_percent: percent(gate.min_judged_bp),
            bake_hours: hours(gate.bake),
            max_failed_percent: percent(gate.max_failed_bp),
            success: match gate.success {
                SuccessRule::Point => wire::SuccessRule::Point,
                SuccessRule::Certified => wire::SuccessRule::Certified,
            },
            max_lost_percent: percent(gate.max_lost_bp),
            max_data_age_hours: hours(gate.max_data_age),
            observation_window_hours: hours(gate.observation_window),
        },
        waves: wire::Waves {
            least: ring.waves.least,
            most: ring.waves.most,
            percent: ring.waves.percent,
        },
        approvals: ring.approvals.as_ref().map(quorum),
        calendar: ring.calendar.as_ref().map(calendar),
    }
}

fn percent(basis_points: u16) -> f64 {
    f64::from(basis_points) / 100.0
}

fn hours(length: TimeDelta) -> f64 {
    length.to_std().unwrap_or_default().as_secs_f64() / 3600.0
}

/// What a caller wants for a ring set, checked.
pub(crate) fn ring_set_in(body: wire::CreateRingSet) -> Result<RingSet, Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 64);
    let mut rings = Vec::with_capacity(body.rings.len());
    for (index, ring) in body.rings.into_iter().enumerate() {
        rings.push(ring_in(ring, &format!("/rings/{index}"), &mut checks));
    }
    checks.finish()?;
    let last_with_share = rings.iter().rposition(|ring| ring.membership.percent > 0);
    let rules = rules_in(body.rules);
    RingSet::new(body.name, rings).and_then(|set| set.with_rules(rules)).map_err(|error| {
        Problem::field(pointer(&error, last_with_share.unwrap_or_default()), error.to_string())
    })
}

fn rules(rules: &PlacementRules) -> wire::PlacementRules {
    let stratum = |stratum: &Stratum| match stratum {
        Stratum::Model => wire::Stratum::Model,
        Stratum::Build => wire::Stratum::Build,
        Stratum::Site => wire::Stratum::Site,
    };
    wire::PlacementRules {
        sources: rules.sources.iter().map(|group| group.0).collect(),
        cover: rules.cover.iter().map(stratum).collect(),
        cover_rings: rules.cover_rings,
    }
}

fn rules_in(rules: wire::PlacementRules) -> PlacementRules {
    let stratum = |stratum: &wire::Stratum| match stratum {
        wire::Stratum::Model => Stratum::Model,
        wire::Stratum::Build => Stratum::Build,
        wire::Stratum::Site => Stratum::Site,
    };
    PlacementRules {
        sources: rules.sources.into_iter().map(Into::into).collect(),
        cover: rules.cover.iter().map(stratum).collect(),
        cover_rings: rules.cover_rings,
    }
}

pub(crate) fn preview(
    id: RingSetId,
    preview: PlacementPreview,
    (before, set): (Option<&RingSet>, &RingSet),
) -> wire::RingSetPreview {
    let name = |set: &RingSet, ring: RingIndex| {
        let known = set.rings().get(ring.slot()).map(|ring| ring.name.clone());
        known.unwrap_or_else(|| format!("ring {}", ring.0))
    };
    let old_name = |ring| name(before.unwrap_or(set), ring);
    let strata = preview.coverage.strata;
    let rings = (0_u8..).map(RingIndex).zip(preview.rings).map(|(index, ring)| {
        let covers = set.covers(index);
        let seen = preview.coverage.rings.get(index.slot()).filter(|_| covers);
        wire::RingPreview {
            name: ring.name.unwrap_or_else(|| old_name(index)),
            members_before: ring.before,
            members_after: ring.after,
            covered: seen.map(|seen| wire::Coverage {
                strata,
                covered: seen.covered,
                uncovered: ring.uncovered,
            }),
        }
    });
    let moves = preview.moves.into_iter().map(|one| wire::RingMove {
        from: one.from.map(old_name),
        to: one.to.map(|ring| name(set, ring)),
        why: one.why.map_or("left", Why::word).to_owned(),
        devices: one.devices,
        examples: one
            .examples
            .into_iter()
            .map(|(id, name)| wire::DeviceName { id: id.0, name })
            .collect(),
    });
    wire::RingSetPreview {
        ring_set_id: id.0,
        rings: rings.collect(),
        moves: moves.collect(),
        notes: preview.lints.iter().map(ToString::to_string).collect(),
    }
}

/// The field that a refusal speaks of.
pub(crate) fn pointer(error: &RingSetError, last_with_share: usize) -> String {
    match error {
        RingSetError::Count(_) => "/rings".to_owned(),
        // Names were measured before; this one is only a name that both would refuse.
        RingSetError::Name(_) => "/name".to_owned(),
        // Any of them could be changed; the last that has a share is where the sum went wrong.
        RingSetError::Percentages(_) => format!("/rings/{last_with_share}/percent"),
        RingSetError::Empty { ring } => format!("/rings/{ring}/percent"),
        RingSetError::RepeatedName { ring, .. } => format!("/rings/{ring}/name"),
        RingSetError::RepeatedGroup { ring, .. } => format!("/rings/{ring}/groups"),
        RingSetError::Deferral { ring } => format!("/rings/{ring}/deferral_days"),
        RingSetError::Waves { ring } => format!("/rings/{ring}/waves"),
        RingSetError::ApprovalsOfLast { ring } => format!("/rings/{ring}/approvals"),
        RingSetError::Gate { ring, .. } => format!("/rings/{ring}/gate"),
        RingSetError::Calendar { ring, why } => {
            format!("/rings/{ring}/calendar{}", calendar::field(*why))
        }
        RingSetError::CoverRings { .. } => "/rules/cover_rings".to_owned(),
        RingSetError::RepeatedStratum(_) => "/rules/cover".to_owned(),
        RingSetError::Sources(_)
        | RingSetError::RepeatedSource(_)
        | RingSetError::SourceOfRing { .. }
        | RingSetError::SourcesUnshared => "/rules/sources".to_owned(),
    }
}

pub(crate) fn ring_in(ring: wire::Ring, at: &str, checks: &mut Checks) -> Ring {
    checks.text(&format!("{at}/name"), &ring.name, 64);
    checks.range(format!("{at}/percent"), &ring.percent, 0..=100);
    checks.range(format!("{at}/deferral_days"), &ring.deferral_days, 0..=30);
    checks.range(format!("{at}/deadline_days"), &ring.deadline_days, 0..=30);
    checks.range(format!("{at}/grace_days"), &ring.grace_days, 0..=7);
    checks.range(format!("{at}/waves/least"), &ring.waves.least, 1..=u32::MAX);
    checks.range(format!("{at}/waves/most"), &ring.waves.most, 1..=u32::MAX);
    checks.range(format!("{at}/waves/percent"), &ring.waves.percent, 1..=100);
    let (approvals, times) = (ring.approvals, ring.calendar);
    Ring {
        name: ring.name,
        membership: Membership {
            percent: ring.percent,
            groups: ring.groups.into_iter().map(Into::into).collect(),
        },
        cadence: Cadence {
            deferral_days: ring.deferral_days,
            deadline_days: ring.deadline_days,
            grace_days: ring.grace_days,
        },
        gate: gate_in(ring.gate, &format!("{at}/gate"), checks),
        waves: WaveLimit {
            least: ring.waves.least,
            most: ring.waves.most,
            percent: ring.waves.percent,
        },
        approvals: approvals.and_then(|of| quorum_in(of, &format!("{at}/approvals"), checks)),
        calendar: times.and_then(|of| calendar_in(of, &format!("{at}/calendar"), checks)),
    }
}

/// The limits are those of the schema, and keep basis points and seconds in range.
fn gate_in(gate: wire::Gate, at: &str, checks: &mut Checks) -> Gate {
    let mut share = |name: &str, percent: f64, least: f64, most: f64| {
        checks.range(format!("{at}/{name}"), &percent, least..=most);
        basis_points(percent)
    };
    let min_judged_bp = share("min_judged_percent", gate.min_judged_percent, 0.01, 100.0);
    let max_failed_bp = share("max_failed_percent", gate.max_failed_percent, 0.0, 99.99);
    let max_lost_bp = share("max_lost_percent", gate.max_lost_percent, 0.0, 99.99);
    let mut time = |name: &str, hours: f64, least: f64| {
        checks.range(format!("{at}/{name}"), &hours, least..=MOST_HOURS);
        whole_seconds(hours)
    };
    Gate {
        min_judged_bp,
        bake: time("bake_hours", gate.bake_hours, 0.0),
        max_failed_bp,
        success: match gate.success {
            wire::SuccessRule::Point => SuccessRule::Point,
            wire::SuccessRule::Certified => SuccessRule::Certified,
        },
        max_lost_bp,
        max_data_age: time("max_data_age_hours", gate.max_data_age_hours, 0.01),
        observation_window: time("observation_window_hours", gate.observation_window_hours, 0.01),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range was checked; what is outside of it saturates and is refused"
)]
fn basis_points(percent: f64) -> u16 {
    (percent * 100.0).round() as u16
}

fn whole_seconds(hours: f64) -> TimeDelta {
    let length = Duration::try_from_secs_f64((hours * 3600.0).round()).unwrap_or_default();
    TimeDelta::from_std(length).unwrap_or_default()
}

pub(crate) fn proof_out(proof: &RingProof, plan: &Plan) -> wire::RingProof {
    wire::RingProof {
        ring: proof.ring.0,
        name: plan.ring(proof.ring).map(|ring| ring.name.clone()).unwrap_or_default(),
        devices: proof.devices,
        pooled: proof.pooled,
        smallest_percent: proof.smallest_rate.map(|rate| rate * 100.0),
        success_by: match proof.success_by {
            SuccessBy::Rate => "rate",
            SuccessBy::Wilson => "wilson",
            SuccessBy::Certificate => "certificate",
        }
        .to_owned(),
        can_certify: proof.can_certify,
        refused: proof.notes.iter().any(|note| note.refuses()),
        notes: proof.notes.iter().map(Note::to_string).collect(),
    }
}
