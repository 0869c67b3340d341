//! What administrators decided about single devices, and what that does to rollouts under way.
//!
//! A hold or an exclusion takes devices that were not offered the update yet out of it; lifted, they
//! come back. What was offered already goes on: an offer is not taken back from a single device.

use chrono::{DateTime, Utc};
use domain::control::{Control, DeviceControl};
use domain::ids::{DeviceId, RingSetId, TenantId};
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use crate::chain::Entry;
use crate::convert::{ring, ring_column};
use crate::devices::due;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, ring_sets, work};

mod cohorts;
mod effects;
mod expire;
mod list;

pub(crate) use cohorts::look_again;
pub use cohorts::{CohortHoldRow, NewCohortHold};
pub(crate) use expire::{expire, tell_expired};
pub use list::ControlRow;
pub(crate) use list::of_device;

/// Ids that an entry in the chain names.
const NAMED: usize = 100;

/// A decision about some devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewControl {
    pub control: Control,
    pub reason: String,
    /// Who decides, and answers for it.
    pub owner: String,
    /// None: until somebody lifts it.
    pub expires_at: Option<DateTime<Utc>>,
    /// The filter that picked the devices, for the record.
    pub filter: Option<String>,
}

/// Which control is to be lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlKind {
    Hold,
    Exclude,
    Pin { ring_set: RingSetId },
}

impl ControlKind {
    fn columns(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::Hold => ("hold", None),
            Self::Exclude => ("exclude", None),
            Self::Pin { ring_set } => ("pin", Some(ring_set.0)),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ControlCounts {
    /// Devices that have the control now, or had it until now.
    pub devices: u64,
    /// Attempts of open rollouts that it took out, or gave back.
    pub attempts: u64,
}

impl Store {
    /// Decides about devices; a control of the same sort that they have is replaced. Unknown devices
    /// are passed over. `Invalid` for a pin to a ring that is not there, or an end that has passed.
    /// One entry in the chain, with the first 100 ids.
    pub async fn device_control_set(
        &self,
        tenant: TenantId,
        devices: &[DeviceId],
        new: &NewControl,
        now: DateTime<Utc>,
    ) -> Result<ControlCounts, StoreError> {
        let devices = sorted(devices);
        retried(|| self.control_set(tenant, &devices, new, now)).await
    }

    /// Lifts a control from those of the devices that have it.
    pub async fn device_control_lift(
        &self,
        tenant: TenantId,
        devices: &[DeviceId],
        kind: ControlKind,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<ControlCounts, StoreError> {
        let devices = sorted(devices);
        retried(|| self.control_lift(tenant, &devices, kind, (actor, reason), now)).await
    }

    async fn control_set(
        &self,
        tenant: TenantId,
        devices: &[Uuid],
        new: &NewControl,
        now: DateTime<Utc>,
    ) -> Result<ControlCounts, StoreError> {
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(StoreError::Invalid("the control would have expired already".to_owned()));
        }
        let mut tx = self.tenant_begin_few(tenant).await?;
        let (kind, ring) = match new.control {
            Control::Hold => (ControlKind::Hold, None),
            Control::Exclude => (ControlKind::Exclude, None),
            Control::Pin { ring_set, ring } => {
                check_ring(&mut tx, tenant, ring_set, ring).await?;
                (ControlKind::Pin { ring_set }, Some(ring_column(ring)))
            }
        };
        let (word, ring_set) = kind.columns();
        let known = sqlx::query_scalar!(
            "insert into device_control (tenant_id, device_id, kind, ring_set_id, ring, reason, owner,
                 since, expires_at)
             select $1, d.id, $3, $4, $5, $6, $7, $8, $9
             from unnest($2::uuid[]) as n(id) join device d on d.tenant_id = $1 and d.id = n.id
             order by d.id
             on conflict (tenant_id, device_id, kind, ring_set_id) do update
             set ring = excluded.ring, reason = excluded.reason, owner = excluded.owner,
                 since = excluded.since, expires_at = excluded.expires_at
             returning device_id",
            tenant.0,
            devices,
            word,
            ring_set,
            ring,
            new.reason,
            new.owner,
            now,
            new.expires_at,
        )
        .fetch_all(&mut *tx)
        .await?;
        if known.is_empty() {
            return Ok(ControlCounts::default());
        }
        let attempts = match kind {
            ControlKind::Hold | ControlKind::Exclude => {
                effects::take_out(&mut tx, tenant, &known, kind, now).await?
            }
            ControlKind::Pin { .. } => Vec::new(),
        };
        let body = json!({
            "control": new.control,
            "reason": new.reason,
            "expires_at": new.expires_at,
            "filter": new.filter,
            "devices": known.len(),
            "ids": &known[..known.len().min(NAMED)],
            "attempts": attempts.len(),
        });
        let said = Said { actor: &new.owner, kind: "control_set", body: &body };
        finish(tx, tenant, (&known, attempts), said, now).await
    }

    async fn control_lift(
        &self,
        tenant: TenantId,
        devices: &[Uuid],
        kind: ControlKind,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<ControlCounts, StoreError> {
        let (word, ring_set) = kind.columns();
        let mut tx = self.tenant_begin_few(tenant).await?;
        let lifted = sqlx::query_scalar!(
            "delete from device_control c using unnest($2::uuid[]) as n(id)
             where c.tenant_id = $1 and c.device_id = n.id and c.kind = $3
                 and c.ring_set_id is not distinct from $4
             returning c.device_id",
            tenant.0,
            devices,
            word,
            ring_set,
        )
        .fetch_all(&mut *tx)
        .await?;
        if lifted.is_empty() {
            return Ok(ControlCounts::default());
        }
        let attempts = match kind {
            ControlKind::Hold | ControlKind::Exclude => {
                effects::give_back(&mut tx, tenant, &lifted, now).await?
            }
            ControlKind::Pin { .. } => Vec::new(),
        };
        let body = json!({
            "control": word,
            "ring_set": ring_set,
            "reason": reason,
            "devices": lifted.len(),
            "ids": &lifted[..lifted.len().min(NAMED)],
            "attempts": attempts.len(),
        });
        let said = Said { actor, kind: "control_lifted", body: &body };
        finish(tx, tenant, (&lifted, attempts), said, now).await
    }
}

/// What the chain is told.
struct Said<'a> {
    actor: &'a str,
    kind: &'a str,
    body: &'a serde_json::Value,
}

/// Marks, wakes, tells and commits, in the order of locks. `attempts` holds the rollout of each
/// attempt that moved.
async fn finish(
    mut tx: Tx,
    tenant: TenantId,
    (devices, attempts): (&[Uuid], Vec<Uuid>),
    said: Said<'_>,
    now: DateTime<Utc>,
) -> Result<ControlCounts, StoreError> {
    let counts = ControlCounts { devices: devices.len() as u64, attempts: attempts.len() as u64 };
    due::mark(&mut tx, tenant, devices).await?;
    effects::wake(&mut tx, tenant, attempts, now).await?;
    work::ask(&mut tx, tenant, WorkKind::Register, &[tenant.0], now).await?;
    let Said { actor, kind, body } = said;
    chain::append(&mut tx, tenant, Entry { rollout: None, at: now, actor, kind, body }).await?;
    tx.commit().await?;
    Ok(counts)
}

/// In one order, as all locks on several rows, each once.
fn sorted(devices: &[DeviceId]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = devices.iter().map(|device| device.0).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn check_ring(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
    ring: domain::ring::RingIndex,
) -> Result<(), StoreError> {
    let set = match ring_sets::fetch(tx, tenant, ring_set).await {
        Ok(row) => row.set,
        Err(StoreError::NotFound { .. }) => {
            return Err(StoreError::Invalid("there is no such ring set".to_owned()));
        }
        Err(other) => return Err(other),
    };
    if ring.slot() < set.rings().len() {
        return Ok(());
    }
    Err(StoreError::Invalid(format!("the ring set has no ring {}", ring.0)))
}

/// A control from its columns.
fn control(
    kind: &str,
    ring_set: Option<Uuid>,
    of_ring: Option<i16>,
) -> Result<Control, StoreError> {
    match (kind, ring_set, of_ring) {
        ("hold", None, None) => Ok(Control::Hold),
        ("exclude", None, None) => Ok(Control::Exclude),
        ("pin", Some(ring_set), Some(index)) => {
            Ok(Control::Pin { ring_set: RingSetId(ring_set), ring: ring(index)? })
        }
        _ => Err(StoreError::corrupt(format_args!("control {kind:?}"))),
    }
}

/// The columns of one row.
struct Columns {
    kind: String,
    ring_set_id: Option<Uuid>,
    ring: Option<i16>,
    reason: String,
    owner: String,
    since: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<Columns> for DeviceControl {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            control: control(&row.kind, row.ring_set_id, row.ring)?,
            reason: row.reason,
            owner: row.owner,
            since: row.since,
            expires_at: row.expires_at,
        })
    }
}
