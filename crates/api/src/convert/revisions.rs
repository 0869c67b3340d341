//! Plans of a rollout: what a caller wants changed, and what is different.

use std::collections::BTreeMap;

use api_types as wire;
use chrono::{DateTime, Utc};
use domain::ring::{Ring, RingIndex};
use domain::rollout::plan::Plan;
use domain::rollout::revision::{Change, RevisionError, difference};
use serde_json::{Map, Value};
use store::rollouts::RevisionRow;

use crate::checks::Checks;
use crate::convert::ring_sets::{pointer, ring_in, ring_out};
use crate::convert::rollouts::{on_gate_failure_in, on_gate_failure_out};
use crate::problem::Problem;
use crate::rollouts::check_start;
use crate::words::{Rings, revisions as words};

/// The plan that `body` makes of `old`, checked.
pub(crate) fn revised(
    old: &Plan,
    body: &wire::RevisePlan,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 1000);
    check_start(&mut checks, body.starts_at, now);
    let rings = rings_in(old.rings(), &body.rings, &mut checks);
    checks.finish()?;
    let starts_at = body.starts_at.unwrap_or(old.starts_at());
    let on_gate_failure = body.on_gate_failure.map_or(old.on_gate_failure(), on_gate_failure_in);
    let last = rings.iter().rposition(|ring| ring.membership.percent > 0).unwrap_or_default();
    old.revised(rings, starts_at, on_gate_failure).map_err(|error| {
        let key =
            |at: usize| body.rings.keys().find(|key| place(old.rings(), key) == Some(at)).cloned();
        let at = match &error {
            RevisionError::Count { .. } | RevisionError::Same => String::new(),
            RevisionError::Identity { ring } => {
                format!("/rings/{}", key(*ring).unwrap_or_else(|| ring.to_string()))
            }
            RevisionError::Ring(inner) => named(&pointer(inner, last), key),
        };
        Problem::field(at, error.to_string())
    })
}

/// The rings with these fields merged in; what is wrong is noted.
pub(crate) fn rings_in(
    old: &[Ring],
    wanted: &BTreeMap<String, Map<String, Value>>,
    checks: &mut Checks,
) -> Vec<Ring> {
    let mut rings = old.to_vec();
    let mut named = vec![false; old.len()];
    for (key, fields) in wanted {
        let at = format!("/rings/{key}");
        let Some(place) = place(old, key) else {
            checks.wrong(at, "there is no ring of this name or position");
            continue;
        };
        if std::mem::replace(&mut named[place], true) {
            checks.wrong(at, "this ring is named twice");
            continue;
        }
        match merged(&old[place], fields) {
            Ok(ring) => rings[place] = ring_in(ring, &at, checks),
            Err(why) => checks.wrong(at, why),
        }
    }
    rings
}

/// `/rings/1/gate` as the caller named the ring: `/rings/Fast/gate`.
fn named(pointer: &str, key: impl Fn(usize) -> Option<String>) -> String {
    let renamed = || {
        let rest = pointer.strip_prefix("/rings/")?;
        let (at, field) = rest.split_once('/')?;
        Some(format!("/rings/{}/{field}", key(at.parse().ok()?)?))
    };
    renamed().unwrap_or_else(|| pointer.to_owned())
}

/// A name wins over a position.
fn place(rings: &[Ring], key: &str) -> Option<usize> {
    let named = rings.iter().position(|ring| ring.name == key);
    named.or_else(|| key.parse().ok().filter(|at| *at < rings.len()))
}

/// The ring with these fields merged in as RFC 7396 says.
fn merged(ring: &Ring, fields: &Map<String, Value>) -> Result<wire::Ring, String> {
    let mut whole = serde_json::to_value(ring_out(ring)).map_err(|error| error.to_string())?;
    merge(&mut whole, &Value::Object(fields.clone()));
    serde_json::from_value(whole).map_err(|error| error.to_string())
}

fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Some(fields) = into.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// Every revision with what is different against the one before.
pub(crate) fn revisions(rows: &[RevisionRow]) -> Vec<wire::PlanRevision> {
    let before = std::iter::once(None).chain(rows.iter().map(Some));
    rows.iter().zip(before).map(|(row, before)| revision(row, before)).collect()
}

pub(crate) fn revision(row: &RevisionRow, before: Option<&RevisionRow>) -> wire::PlanRevision {
    let changes = before.map(|before| difference(&before.plan, &row.plan)).unwrap_or_default();
    wire::PlanRevision {
        plan_id: Some(row.id.0),
        revision: row.revision,
        created_by: row.created_by.clone(),
        created_at: row.created_at,
        reason: row.reason.clone(),
        starts_at: row.plan.starts_at(),
        on_gate_failure: on_gate_failure_out(row.plan.on_gate_failure()),
        rings: row.plan.rings().iter().map(ring_out).collect(),
        changes: changes_out(&changes, &row.plan),
    }
}

pub(crate) fn changes_out(changes: &[Change], plan: &Plan) -> Vec<wire::PlanChange> {
    let rings = Rings::new(plan.rings().iter().map(|ring| ring.name.as_str()));
    let change = |change: &Change| {
        let words::Shown { field, before, after } = words::shown(change);
        let text = words::change(change, &rings);
        wire::PlanChange {
            ring: change.ring.map(|RingIndex(ring)| ring),
            field,
            before,
            after,
            text,
        }
    };
    changes.iter().map(change).collect()
}
