//! A plan in the middle of its rollout, changed: what may change, and what is different then.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::plan::{OnGateFailure, Plan};
use crate::ring::{Ring, RingIndex, RingSet, RingSetError};

/// Why a plan cannot be changed so. Names of rings and who is in them stay, for devices were counted
/// by them; and what evidence is held against stays, for a limit that moves with the reports it judges
/// proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevisionError {
    #[error("the plan has {planned} rings, not {given}; rings are neither added nor taken away")]
    Count { planned: usize, given: usize },
    #[error("ring {ring}: a ring keeps its name and its members while a rollout runs")]
    Identity { ring: usize },
    #[error(transparent)]
    Ring(#[from] RingSetError),
    #[error("nothing would change")]
    Same,
}

/// One thing that two plans say differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// None: of the plan as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<RingIndex>,
    /// As the plan is stored: `gate.bake` in seconds, `gate.max_failed_bp` in hundredths of a percent.
    pub field: String,
    /// `null`: it said nothing.
    pub before: Value,
    pub after: Value,
}

impl Plan {
    /// The next revision: these rings, which are the old ones with other days, gates, waves and
    /// approvals, under the same policy. Cost: the rings.
    pub fn revised(
        &self,
        rings: Vec<Ring>,
        starts_at: DateTime<Utc>,
        on_gate_failure: OnGateFailure,
    ) -> Result<Self, RevisionError> {
        let (planned, given) = (self.rings().len(), rings.len());
        if planned != given {
            return Err(RevisionError::Count { planned, given });
        }
        let mut pairs = self.rings().iter().zip(&rings);
        let same =
            |(old, new): (&Ring, &Ring)| old.name == new.name && old.membership == new.membership;
        if let Some(ring) = pairs.position(|pair| !same(pair)) {
            return Err(RevisionError::Identity { ring });
        }
        // The set itself may have another name by now; of this one only the rings are looked at.
        let set = RingSet::new("revision".to_owned(), rings)?;
        let revised = Self::new(&set, starts_at, on_gate_failure, self.policy().clone());
        if revised == *self { Err(RevisionError::Same) } else { Ok(revised) }
    }
}

/// What `after` says differently, in the order of rings, the whole plan first. Rings are compared by
/// their place; of one that only one of the plans has, every field is listed.
#[must_use]
pub fn difference(before: &Plan, after: &Plan) -> Vec<Change> {
    let [mut before, mut after] = [before, after].map(fields);
    let rings = |plan: &mut Map<String, Value>| match plan.remove("rings") {
        Some(Value::Array(rings)) => rings,
        Some(_) | None => Vec::new(),
    };
    let (old, new) = (rings(&mut before), rings(&mut after));
    let mut changes = Vec::new();
    let whole = (&Value::Object(before), &Value::Object(after));
    compare(None, "", whole, &mut changes);
    for (at, ring) in (0..old.len().max(new.len())).zip(0_u8..) {
        let empty = Value::Object(Map::new());
        let sides = (old.get(at).unwrap_or(&empty), new.get(at).unwrap_or(&empty));
        compare(Some(RingIndex(ring)), "", sides, &mut changes);
    }
    changes
}

fn fields(plan: &Plan) -> Map<String, Value> {
    match serde_json::to_value(plan) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn compare(
    ring: Option<RingIndex>,
    at: &str,
    (before, after): (&Value, &Value),
    changes: &mut Vec<Change>,
) {
    if before == after {
        return;
    }
    if let (Value::Object(old), Value::Object(new)) = (before, after) {
        let null = Value::Null;
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
            let sides = (old.get(name).unwrap_or(&null), new.get(name).unwrap_or(&null));
            compare(ring, &path, sides, changes);
        }
        return;
    }
    let field = at.to_owned();
    changes.push(Change { ring, field, before: before.clone(), after: after.clone() });
}
