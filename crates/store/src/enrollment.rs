//! The enrollment of a tenant: what was asked for, how far it is, what stands on Graph, and how that
//! differs from what we wrote. Never plans; `domain::enrollment` does.

use chrono::{DateTime, Utc};
use domain::enrollment::{Key, Settings};
use domain::ids::TenantId;
use serde_json::Value;

use crate::{Store, StoreError};

mod objects;
mod request;
mod state;

pub use objects::{DriftRow, ObjectRow};

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

    /// The word for it in tables, JSON and pages.
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

#[derive(Debug, Clone, PartialEq)]
pub struct EnrollmentRow {
    pub state: EnrollmentState,
    pub settings: Settings,
    /// Counts requests: what `enrollment_state_set` compares.
    pub generation: i64,
    pub requested_by: String,
    pub requested_at: DateTime<Utc>,
    pub state_at: DateTime<Utc>,
    /// Why it does not get on.
    pub error: Option<String>,
    pub drift: Vec<DriftRow>,
    /// When objects were last compared; none: never.
    pub drift_at: Option<DateTime<Utc>>,
    /// Whose drift somebody asked to restore.
    pub restore: Vec<Key>,
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
            "select state, settings, generation, requested_by, requested_at, state_at, error, drift,
                 drift_at, restore
             from enrollment where tenant_id = $1",
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.map(EnrollmentRow::try_from).transpose()
    }
}

struct Columns {
    state: String,
    settings: Value,
    generation: i64,
    requested_by: String,
    requested_at: DateTime<Utc>,
    state_at: DateTime<Utc>,
    error: Option<String>,
    drift: Value,
    drift_at: Option<DateTime<Utc>>,
    restore: Vec<String>,
}

impl TryFrom<Columns> for EnrollmentRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let keys = row.restore.iter().map(|key| key.parse().map_err(StoreError::corrupt));
        Ok(Self {
            state: state(&row.state)?,
            settings: serde_json::from_value(row.settings).map_err(StoreError::corrupt)?,
            generation: row.generation,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            state_at: row.state_at,
            error: row.error,
            drift: serde_json::from_value(row.drift).map_err(StoreError::corrupt)?,
            drift_at: row.drift_at,
            restore: keys.collect::<Result<_, StoreError>>()?,
        })
    }
}

fn state(word: &str) -> Result<EnrollmentState, StoreError> {
    EnrollmentState::ALL
        .into_iter()
        .find(|state| state.word() == word)
        .ok_or_else(|| StoreError::corrupt(format_args!("enrollment {word:?}")))
}
