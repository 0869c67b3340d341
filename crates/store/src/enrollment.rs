//! The enrollment of a tenant: what was asked for, how far it is, what stands on Graph, and how that
//! differs from what we wrote. Never plans; `domain::enrollment` does.

use chrono::{DateTime, Utc};
use domain::enrollment::drift::Difference;
use domain::enrollment::object::Recorded;
use domain::enrollment::{Key, Plan, Settings};
use domain::ids::{EntraDeviceId, TenantId};
use domain::ring::RingSet;
use serde_json::Value;
use uuid::Uuid;

use crate::convert::count;
use crate::{Store, StoreError, ring_sets};

mod objects;
mod request;
mod state;

pub use request::EnrollmentRequest;

/// How many devices `told_devices` returns.
const TOLD: i64 = 2_000;

/// How far an enrollment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrollmentState {
    /// Nothing stands in the tenant.
    None,
    /// Objects are being made, or changed to new settings.
    Enrolling,
    Enrolled,
    /// Objects are being taken back.
    Unenrolling,
}

impl EnrollmentState {
    const ALL: [Self; 4] = [Self::None, Self::Enrolling, Self::Enrolled, Self::Unenrolling];

    /// The word for it in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Enrolling => "enrolling",
            Self::Enrolled => "enrolled",
            Self::Unenrolling => "unenrolling",
        }
    }
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    Enroll(Settings),
    /// None: everything that differs.
    Restore(Option<Vec<Key>>),
    Unenroll,
}

impl Demand {
    const fn word(&self) -> &'static str {
        match self {
            Self::Enroll(_) => "enroll",
            Self::Restore(_) => "restore",
            Self::Unenroll => "unenroll",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct EnrollmentRow {
    pub state: EnrollmentState,
    pub state_at: DateTime<Utc>,
    /// Of what is made, or being made; none: nothing ever was.
    pub settings: Option<Settings>,
    /// Counts requests.
    pub generation: i64,
    /// What was asked for last.
    pub demand: Demand,
    /// Whether that is carried out, or only planned.
    pub apply: bool,
    /// It is not met yet.
    pub is_open: bool,
    pub requested_by: String,
    pub requested_at: DateTime<Utc>,
    /// The steps that are left; none: not worked out yet.
    pub plan: Option<Plan>,
    pub planned_at: Option<DateTime<Utc>>,
    /// Steps taken.
    pub done: u32,
    /// Why it does not get on.
    pub error: Option<String>,
    pub drift: Vec<Difference>,
    /// When objects were last compared; none: never.
    pub drift_at: Option<DateTime<Utc>>,
}

/// What the service has to do for an enrollment.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrollmentDuty {
    pub set: RingSet,
    pub settings: Settings,
    /// None: it only has to be watched.
    pub demand: Option<Demand>,
    pub apply: bool,
    pub generation: i64,
    pub recorded: Vec<Recorded>,
}

impl Store {
    /// None: nobody ever asked for an enrollment.
    pub async fn enrollment_fetch(
        &self,
        tenant: TenantId,
    ) -> Result<Option<EnrollmentRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query_as!(
            Columns,
            "select state, state_at, settings, generation, asked, asked_settings, asked_keys, apply,
                 is_open, requested_by, requested_at, plan, planned_at, done, error, drift, drift_at
             from enrollment where tenant_id = $1",
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.map(EnrollmentRow::try_from).transpose()
    }

    /// None: there is nothing to do, nor to watch.
    pub async fn enrollment_duty(
        &self,
        tenant: TenantId,
    ) -> Result<Option<EnrollmentDuty>, StoreError> {
        let Some(row) = self.enrollment_fetch(tenant).await? else { return Ok(None) };
        if !row.is_open && row.state != EnrollmentState::Enrolled {
            return Ok(None);
        }
        let asked = row.is_open.then_some(row.demand);
        let settings = match (&asked, row.settings) {
            (Some(Demand::Enroll(settings)), _) => settings.clone(),
            (_, Some(settings)) => settings,
            (_, None) => return Ok(None),
        };
        let mut tx = self.tenant_begin(tenant).await?;
        let set = ring_sets::fetch(&mut tx, tenant, settings.ring_set).await?.set;
        tx.commit().await?;
        let recorded = self.enrollment_objects(tenant).await?;
        let (apply, generation) = (row.apply, row.generation);
        Ok(Some(EnrollmentDuty { set, settings, demand: asked, apply, generation, recorded }))
    }

    /// Devices that some rollout offered an update to, after `after` in the order of their Entra ids,
    /// at most 2,000. Cost: the devices looked through.
    pub async fn told_devices(
        &self,
        tenant: TenantId,
        after: Option<EntraDeviceId>,
    ) -> Result<Vec<EntraDeviceId>, StoreError> {
        let after = after.map_or(Uuid::nil(), |device| device.0);
        let mut tx = self.tenant_begin(tenant).await?;
        let devices = sqlx::query_scalar!(
            r#"select d.entra_device_id as "id!" from device d
             where d.tenant_id = $1 and d.entra_device_id > $2 and exists (
                 select from attempt a where a.tenant_id = $1 and a.device_id = d.id
                     and a.wave is not null)
             order by d.entra_device_id limit $3"#,
            tenant.0,
            after,
            TOLD,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(devices.into_iter().map(EntraDeviceId).collect())
    }
}

struct Columns {
    state: String,
    state_at: DateTime<Utc>,
    settings: Option<Value>,
    generation: i64,
    asked: String,
    asked_settings: Option<Value>,
    asked_keys: Option<Vec<String>>,
    apply: bool,
    is_open: bool,
    requested_by: String,
    requested_at: DateTime<Utc>,
    plan: Option<Value>,
    planned_at: Option<DateTime<Utc>>,
    done: i32,
    error: Option<String>,
    drift: Value,
    drift_at: Option<DateTime<Utc>>,
}

impl TryFrom<Columns> for EnrollmentRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let settings = |value: Option<Value>| {
            value.map(serde_json::from_value).transpose().map_err(StoreError::corrupt)
        };
        Ok(Self {
            state: state(&row.state)?,
            state_at: row.state_at,
            settings: settings(row.settings)?,
            generation: row.generation,
            demand: demand(&row.asked, settings(row.asked_settings)?, row.asked_keys)?,
            apply: row.apply,
            is_open: row.is_open,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            plan: row.plan.map(serde_json::from_value).transpose().map_err(StoreError::corrupt)?,
            planned_at: row.planned_at,
            done: count(row.done)?,
            error: row.error,
            drift: serde_json::from_value(row.drift).map_err(StoreError::corrupt)?,
            drift_at: row.drift_at,
        })
    }
}

fn demand(
    word: &str,
    settings: Option<Settings>,
    keys: Option<Vec<String>>,
) -> Result<Demand, StoreError> {
    match (word, settings) {
        ("enroll", Some(settings)) => Ok(Demand::Enroll(settings)),
        ("restore", _) => {
            let parse = |keys: Vec<String>| keys.iter().map(|key| key.parse()).collect();
            let keys = keys.map(parse).transpose().map_err(StoreError::corrupt)?;
            Ok(Demand::Restore(keys))
        }
        ("unenroll", _) => Ok(Demand::Unenroll),
        (other, _) => Err(StoreError::corrupt(format_args!("demand {other:?}"))),
    }
}

fn state(word: &str) -> Result<EnrollmentState, StoreError> {
    EnrollmentState::ALL
        .into_iter()
        .find(|state| state.word() == word)
        .ok_or_else(|| StoreError::corrupt(format_args!("enrollment {word:?}")))
}
