//! Devices, as they were read from Graph.

use api_types::{Device, DeviceDetail, DeviceExplanation, DeviceQuery, List, PrimaryReason};
use axum::extract::State as Given;
use domain::registration::{Reason, Standing};
use domain::ring::RingIndex;
use store::devices::DeviceFilter;
use store::page::Page;

use crate::convert::devices::{attempt_state_in, device, device_detail};
use crate::convert::health::primary_reason;
use crate::convert::registration::explanation;
use crate::extract::{Path, Query};
use crate::paging;
use crate::paths::{DevicePath, TenantPath};
use crate::problem::Problem;
use crate::selection::{self, Search};
use crate::state::State;

/// List devices
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/devices", operation_id = "device_list",
    tag = "devices", params(TenantPath, DeviceQuery),
    responses((status = 200, body = List<Device>, description = "One page of devices")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<DeviceQuery>,
) -> Result<axum::Json<List<Device>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    if let Some(text) = query.filter.clone() {
        alone(&query)?;
        let filter = selection::parse(&text, "filter")?;
        let now = state.now();
        let search = Search { store: &state.store, tenant: path.tenant, filter: &filter, now };
        let rows = search.page(page.after.map(Into::into), page.limit.into()).await?;
        return Ok(paging::list(page, rows, |row| row.id.0, device));
    }
    let filter = filter(query)?;
    let rows = state.store.device_list(path.tenant, &filter, page).await?;
    Ok(paging::list(page, rows, |row| row.id.0, device))
}

/// Read a device
///
/// With its ring in every ring set, and what became of it in every rollout.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/devices/{device}",
    operation_id = "device_read", tag = "devices", params(DevicePath),
    responses((status = 200, body = DeviceDetail, description = "The device")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<DevicePath>,
) -> Result<axum::Json<DeviceDetail>, Problem> {
    let detail = state.store.device_fetch(path.tenant, path.device).await?;
    let stands = stands(&state, path).await?;
    Ok(axum::Json(device_detail(detail, stands)))
}

/// Explain a device
///
/// Why it is served or not, whose turn it is, and why it is in the ring it is in.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/devices/{device}/explain",
    operation_id = "device_explain", tag = "devices", params(DevicePath),
    responses((status = 200, body = DeviceExplanation, description = "The explanation")))]
pub(crate) async fn explain(
    Given(state): Given<State>,
    Path(path): Path<DevicePath>,
) -> Result<axum::Json<DeviceExplanation>, Problem> {
    let explained = state.store.device_explain(path.tenant, path.device, state.now()).await?;
    let page = Page { after: None, limit: paging::LARGEST };
    let sets = state.store.ring_set_list(path.tenant, page).await?;
    let (status, primary_reason) = stands(&state, path).await?;
    let explained = explanation(explained, &sets);
    Ok(axum::Json(DeviceExplanation { status, primary_reason, ..explained }))
}

/// The status of a device, and why it is not up to date.
async fn stands(
    state: &State,
    path: DevicePath,
) -> Result<(Option<String>, Option<PrimaryReason>), Problem> {
    let now = state.now();
    let scene = state.store.fleet_scene(path.tenant, now).await?;
    let line = state.store.fleet_line(path.tenant, &scene, path.device.0).await?;
    // It may have left since it was looked at.
    let Some(line) = line else { return Ok((None, None)) };
    let status = line.quality_status(&scene).word().to_owned();
    let found = line.quality_finding(&scene).map(|found| primary_reason(found, now));
    Ok((Some(status), found))
}

/// An expression says everything that the other parameters could.
fn alone(query: &DeviceQuery) -> Result<(), Problem> {
    let DeviceQuery { name_prefix, model, ring_set_id, ring, rollout_id, state, .. } = query;
    let DeviceQuery { standing, reason, .. } = query;
    let others = [
        name_prefix.is_some(),
        model.is_some(),
        ring_set_id.is_some(),
        ring.is_some(),
        rollout_id.is_some(),
        state.is_some(),
        standing.is_some(),
        reason.is_some(),
    ];
    if others.contains(&true) {
        return Err(Problem::parameter("filter", "it goes alone, without other conditions"));
    }
    Ok(())
}

/// The value of a word, or which words there are.
fn known<T>(
    name: &str,
    given: Option<String>,
    of_word: fn(&str) -> Option<T>,
    words: impl Fn() -> String,
) -> Result<Option<T>, Problem> {
    let Some(word) = given else { return Ok(None) };
    match of_word(&word) {
        Some(value) => Ok(Some(value)),
        None => Err(Problem::parameter(name, format!("one of {}", words()))),
    }
}

fn filter(query: DeviceQuery) -> Result<DeviceFilter, Problem> {
    let text = |name: &str, text: Option<String>| match text {
        Some(text) if text.chars().count() > 256 || text.contains(char::is_control) => {
            Err(Problem::parameter(name, "at most 256 characters, none of them control characters"))
        }
        given => Ok(given),
    };
    let ring = match (query.ring_set_id, query.ring) {
        (Some(ring_set), Some(ring)) => Some((ring_set.into(), RingIndex(ring))),
        (None, None) => None,
        (Some(_), None) => return Err(Problem::parameter("ring", "ring_set_id needs it")),
        (None, Some(_)) => return Err(Problem::parameter("ring_set_id", "ring needs it")),
    };
    let attempt = match (query.rollout_id, query.state) {
        (Some(rollout), Some(state)) => Some((rollout.into(), attempt_state_in(state))),
        (None, None) => None,
        (Some(_), None) => return Err(Problem::parameter("state", "rollout_id needs it")),
        (None, Some(_)) => return Err(Problem::parameter("rollout_id", "state needs it")),
    };
    Ok(DeviceFilter {
        name_prefix: text("name_prefix", query.name_prefix)?,
        model: text("model", query.model)?,
        ring,
        attempt,
        standing: known("standing", query.standing, Standing::from_word, || {
            Standing::ALL.map(Standing::word).join(", ")
        })?,
        reason: known("reason", query.reason, Reason::from_word, || {
            Reason::ALL.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(", ")
        })?,
    })
}
