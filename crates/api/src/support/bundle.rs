//! What is known when a request is filed: what the interface itself would answer about the thing.

use api_types::{Event, ExplainQuery, ListQuery};
use axum::extract::State as Given;
use domain::alert::AlertKind;
use domain::ids::{RolloutId, TenantId};
use domain::support::{Bundle, Subject, SubjectKind};
use serde::Serialize;
use serde_json::{Value, json};

use crate::convert::rollouts::rollout;
use crate::extract::{Path, Query};
use crate::paths::{AlertPath, DevicePath, ReleasePath, RingSetPath, RolloutPath, TenantPath};
use crate::problem::{Kind, Problem};
use crate::rollouts::events::event;
use crate::rollouts::{explain, failures};
use crate::state::State;
use crate::words::Rings;
use crate::{
    alerts, budget, devices, enrollment, health, pauses, releases, ring_sets, strategies, tenants,
    updates,
};

const MOST_PAUSES: u16 = 100;
/// Decisions that are kept with their evidence.
const MOST_DECISIONS: usize = 20;

/// Who has access is nobody's business who only works with the tenant.
const NOT_SHOWN: [&str; 4] = ["token_created", "token_revoked", "signed_in", "signed_out"];

/// Evidence, and what the thing is called.
pub(super) struct Evidence {
    pub(super) name: String,
    pub(super) bundle: Bundle,
}

/// What there is about `about`. A problem of the field `/about/id` when it is not there.
pub(super) async fn gather(
    state: &State,
    tenant: TenantId,
    about: Subject,
) -> Result<Evidence, Problem> {
    let shown = shown(state, tenant, about).await.map_err(missing(about.kind))?;
    let (decisions, timeline) = history(state, tenant, about).await?;
    let path = || Path(TenantPath { tenant });
    let of = || Given(state.clone());
    let few = ListQuery { page_size: Some(MOST_PAUSES), ..ListQuery::default() };
    let settings = json!({
        "connection": value(tenants::read(of(), path()).await?.0)?,
        "budget": value(budget::read(of(), path()).await?.0)?,
        "strategies": value(strategies::read(of(), path()).await?.0)?,
        "version_floors": value(updates::floors(of(), path()).await?.0)?,
        "pauses": value(pauses::list(of(), path(), Query(few)).await?.0)?,
        "enrollment": value(enrollment::read(of(), path()).await?.0)?,
    });
    let bundle = Bundle {
        service: json!({
            "version": env!("CARGO_PKG_VERSION"),
            "now": state.now(),
            "audit_head": state.store.event_head(tenant).await?,
        }),
        tenant: settings,
        health: value(health::read(of(), path()).await?.0)?,
        subject: json!({ "kind": about.kind.word(), "id": about.id, "name": shown.name, "is": shown.is }),
        explain: shown.why,
        decisions,
        timeline,
    };
    Ok(Evidence { name: shown.name, bundle })
}

/// A thing as it is shown, and why it stands as it does.
struct Shown {
    name: String,
    is: Value,
    why: Value,
}

async fn shown(state: &State, tenant: TenantId, about: Subject) -> Result<Shown, Problem> {
    let of = || Given(state.clone());
    match about.kind {
        SubjectKind::Tenant => {
            let tenant = tenants::read(of(), Path(TenantPath { tenant })).await?.0;
            Ok(Shown { name: tenant.name.clone(), is: value(tenant)?, why: Value::Null })
        }
        SubjectKind::Device => {
            let path = || Path(DevicePath { tenant, device: about.id.into() });
            let device = devices::read(of(), path()).await?.0;
            let why = value(devices::explain(of(), path()).await?.0)?;
            Ok(Shown { name: device.device.name.clone(), is: value(device)?, why })
        }
        SubjectKind::Rollout => of_rollout(state, tenant, about.id.into()).await,
        SubjectKind::Release => {
            let path = ReleasePath { tenant, release: about.id.into() };
            let release = releases::read(of(), Path(path)).await?.0;
            Ok(Shown { name: release.name.clone(), is: value(release)?, why: Value::Null })
        }
        SubjectKind::RingSet => {
            let path = RingSetPath { tenant, ring_set: about.id.into() };
            let set = ring_sets::read(of(), Path(path)).await?.0;
            Ok(Shown { name: set.name.clone(), is: value(set)?, why: Value::Null })
        }
        SubjectKind::Alert => {
            let alert = alerts::read(of(), Path(AlertPath { tenant, alert: about.id })).await?.0;
            let why = match (AlertKind::from_word(&alert.kind), alert.subject.parse()) {
                (Some(AlertKind::RolloutPaused | AlertKind::RolloutWatched), Ok(rollout)) => {
                    // The alert may be older than what it is about.
                    of_rollout(state, tenant, rollout).await.map_or(Value::Null, |shown| shown.why)
                }
                (_, _) => Value::Null,
            };
            Ok(Shown { name: alert.kind.clone(), is: value(alert)?, why })
        }
    }
}

async fn of_rollout(state: &State, tenant: TenantId, id: RolloutId) -> Result<Shown, Problem> {
    let row = state.store.rollout_fetch(tenant, id).await?;
    let path = || Path(RolloutPath { tenant, rollout: id });
    let of = || Given(state.clone());
    let why = explain::explain(of(), path(), Query(ExplainQuery::default())).await?.0;
    let failures = failures::list(of(), path()).await?.0;
    let why = json!({ "explanation": value(why)?, "failures": value(failures)? });
    let shown = rollout(row);
    Ok(Shown { name: shown.release_name.clone(), is: value(shown)?, why })
}

/// Decisions with their evidence, and everything that happened without it; newest first.
async fn history(
    state: &State,
    tenant: TenantId,
    about: Subject,
) -> Result<(Vec<Value>, Vec<Value>), Problem> {
    let rings = match about.kind {
        SubjectKind::Rollout => {
            let row = state.store.rollout_fetch(tenant, about.id.into()).await?;
            Rings::new(row.rings.iter().map(|ring| ring.name.as_str())).with_segments(&row.segments)
        }
        // Rings by their numbers: the entries may be of many rollouts.
        SubjectKind::Tenant
        | SubjectKind::Device
        | SubjectKind::Release
        | SubjectKind::RingSet
        | SubjectKind::Alert => Rings::default(),
    };
    let rows = state.store.support_timeline(tenant, about).await?;
    let (mut decisions, mut timeline) = (Vec::new(), Vec::new());
    for row in rows.into_iter().filter(|row| !NOT_SHOWN.contains(&row.kind.as_str())) {
        let entry = event(row, &rings);
        if entry.body.get("evidence").is_some() && decisions.len() < MOST_DECISIONS {
            decisions.push(value(entry.clone())?);
        }
        let body = store::support::without_evidence(entry.body);
        timeline.push(value(Event { body, ..entry })?);
    }
    Ok((decisions, timeline))
}

/// That the thing is not there is a fault of the body.
fn missing(kind: SubjectKind) -> impl FnOnce(Problem) -> Problem {
    move |problem| {
        if problem.kind == Kind::NotFound {
            let what = kind.word().replace('_', " ");
            Problem::field("/about/id", format!("there is no such {what} here"))
        } else {
            problem
        }
    }
}

fn value(shown: impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(shown).map_err(|error| Problem::internal(&error))
}
