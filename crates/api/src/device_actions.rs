//! What is done to single devices, one or many at a time.

use api_types::{DeviceAction, DeviceActionRequest, DeviceActionResult, DeviceName, Selection};
use axum::extract::State as Given;
use chrono::{DateTime, Utc};
use domain::control::Control;
use domain::ids::{DeviceId, TenantId};
use domain::ring::RingIndex;
use store::controls::{ControlKind, NewControl};
use store::rollouts::Asked;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::extract::{Json, Path};
use crate::paths::TenantPath;
use crate::problem::{Kind, Problem};
use crate::selection::{Search, Selected, parse};
use crate::state::State;

/// The most devices that are named one by one.
const MOST_IDS: usize = 1_000;
/// What is recorded when nobody gave a reason.
const NO_REASON: &str = "no reason given";

/// Act on devices
///
/// On those named, or on all that an expression is true of. With `preview` nothing happens; with
/// `expect` nothing happens when it would be another number of devices.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/device-actions", operation_id = "device_act",
    tag = "devices", params(TenantPath), request_body = DeviceActionRequest,
    responses((status = 200, body = DeviceActionResult, description = "What it did, or would do")))]
pub(crate) async fn act(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<DeviceActionRequest>,
) -> Result<axum::Json<DeviceActionResult>, Problem> {
    check(&body)?;
    let now = state.now();
    let selected = select(&state, tenant, &body.select, now).await?;
    let matched = count(selected.ids.len());
    if let Some(expect) = body.expect
        && expect != matched
    {
        let detail = format!("it would be {matched} devices, not {expect}; look again");
        return Err(Problem::new(Kind::Conflict, detail));
    }
    let doing = Doing { state: &state, tenant, actor: &caller.name, select: &body.select, now };
    let changed = if body.preview { matched } else { doing.act(&body.what, &selected.ids).await? };
    let Selected { examples, .. } = selected;
    Ok(axum::Json(DeviceActionResult { preview: body.preview, matched, changed, examples }))
}

fn check(body: &DeviceActionRequest) -> Result<(), Problem> {
    let mut checks = Checks::default();
    match (&body.select.ids, &body.select.filter) {
        (Some(ids), None) if ids.is_empty() || ids.len() > MOST_IDS => {
            checks.wrong("/select/ids", format!("1 to {MOST_IDS} ids are right"));
        }
        (Some(_), None) | (None, Some(_)) => {}
        (None, None) | (Some(_), Some(_)) => {
            checks.wrong("/select", "either ids or a filter is right");
        }
    }
    match &body.what {
        DeviceAction::Hold { reason, .. } | DeviceAction::Exclude { reason, .. } => {
            checks.text("/do/reason", reason, 500);
        }
        DeviceAction::Move { ring, reason, .. } => {
            checks.range("/do/ring", ring, 0..=14);
            if let Some(reason) = reason {
                checks.text("/do/reason", reason, 500);
            }
        }
        DeviceAction::Release
        | DeviceAction::Restore
        | DeviceAction::Unpin { .. }
        | DeviceAction::Expedite { .. }
        | DeviceAction::Retry { .. }
        | DeviceAction::Sync => {}
    }
    checks.finish()
}

async fn select(
    state: &State,
    tenant: TenantId,
    select: &Selection,
    now: DateTime<Utc>,
) -> Result<Selected, Problem> {
    if let Some(text) = &select.filter {
        let filter = parse(text, "/select/filter")?;
        return Search { store: &state.store, tenant, filter: &filter, now }.everybody().await;
    }
    let mut ids: Vec<DeviceId> = select.ids.iter().flatten().copied().map(DeviceId::from).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = state.store.device_names(tenant, &ids).await?;
    if let Some(unknown) =
        ids.iter().find(|id| known.binary_search_by_key(id, |(known, _)| known).is_err())
    {
        return Err(Problem::field("/select/ids", format!("there is no device {unknown} here")));
    }
    let name = |(id, name): &(DeviceId, String)| DeviceName { id: id.0, name: name.clone() };
    Ok(Selected { examples: known.iter().take(20).map(name).collect(), ids })
}

struct Doing<'a> {
    state: &'a State,
    tenant: TenantId,
    actor: &'a str,
    select: &'a Selection,
    now: DateTime<Utc>,
}

impl Doing<'_> {
    /// How many devices something changed for.
    async fn act(&self, what: &DeviceAction, devices: &[DeviceId]) -> Result<u32, Problem> {
        let store = &self.state.store;
        let (tenant, now) = (self.tenant, self.now);
        let asked = Asked { actor: self.actor, reason: NO_REASON, at: now };
        Ok(match what {
            DeviceAction::Hold { reason, expires_at } => {
                self.set(Control::Hold, reason, *expires_at, devices).await?
            }
            DeviceAction::Exclude { reason, expires_at } => {
                self.set(Control::Exclude, reason, *expires_at, devices).await?
            }
            DeviceAction::Move { ring_set_id, ring, reason } => {
                let ring_set = (*ring_set_id).into();
                let pin = Control::Pin { ring_set, ring: RingIndex(*ring) };
                self.set(pin, reason.as_deref().unwrap_or(NO_REASON), None, devices).await?
            }
            DeviceAction::Release => self.lift(ControlKind::Hold, devices).await?,
            DeviceAction::Restore => self.lift(ControlKind::Exclude, devices).await?,
            DeviceAction::Unpin { ring_set_id } => {
                self.lift(ControlKind::Pin { ring_set: (*ring_set_id).into() }, devices).await?
            }
            DeviceAction::Expedite { rollout_id } => {
                let moved = store.attempt_expedite(tenant, (*rollout_id).into(), devices, asked);
                count64(moved.await.map_err(Problem::about("/do/rollout_id"))?)
            }
            DeviceAction::Retry { rollout_id } => {
                let again = store.attempt_retry(tenant, (*rollout_id).into(), devices, asked);
                count64(again.await.map_err(Problem::about("/do/rollout_id"))?)
            }
            DeviceAction::Sync => {
                let (kind, said) = (store::actions::DeviceAction::CheckIn, (self.actor, NO_REASON));
                count64(store.device_action_request(tenant, devices, kind, said, now).await?)
            }
        })
    }

    async fn set(
        &self,
        control: Control,
        reason: &str,
        expires_at: Option<DateTime<Utc>>,
        devices: &[DeviceId],
    ) -> Result<u32, Problem> {
        let new = NewControl {
            control,
            reason: reason.to_owned(),
            owner: self.actor.to_owned(),
            expires_at,
            filter: self.select.filter.clone(),
        };
        let set = self.state.store.device_control_set(self.tenant, devices, &new, self.now).await;
        let pointer = match control {
            Control::Hold | Control::Exclude => "/do/expires_at",
            Control::Pin { .. } => "/do/ring",
        };
        Ok(count64(set.map_err(Problem::about(pointer))?.devices))
    }

    async fn lift(&self, kind: ControlKind, devices: &[DeviceId]) -> Result<u32, Problem> {
        let said = (self.actor, NO_REASON);
        let store = &self.state.store;
        let lifted = store.device_control_lift(self.tenant, devices, kind, said, self.now).await?;
        Ok(count64(lifted.devices))
    }
}

fn count(devices: usize) -> u32 {
    u32::try_from(devices).unwrap_or(u32::MAX)
}

fn count64(devices: u64) -> u32 {
    u32::try_from(devices).unwrap_or(u32::MAX)
}
