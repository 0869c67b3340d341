//! How fresh each source is: when it was last read, and how old it may be.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::TenantId;

use crate::StoreError;
use crate::scope::Tx;

/// What is read, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Devices, groups and catalogue, from Graph.
    Sync,
    /// Check-ins of devices, from Intune.
    CheckIns,
    /// Versions of Microsoft Edge, from Intune's inventory.
    Edge,
    /// Versions of Microsoft 365 Apps, from the same.
    Microsoft365Apps,
    /// Drivers, from the deployment service.
    Drivers,
    /// The readiness checks.
    Readiness,
    /// The comparison of what enrollment made.
    Drift,
}

impl SourceKind {
    pub const ALL: [Self; 7] = [
        Self::Sync,
        Self::CheckIns,
        Self::Edge,
        Self::Microsoft365Apps,
        Self::Drivers,
        Self::Readiness,
        Self::Drift,
    ];

    /// The word used in JSON and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::CheckIns => "check_ins",
            Self::Edge => "edge",
            Self::Microsoft365Apps => "microsoft_365_apps",
            Self::Drivers => "drivers",
            Self::Readiness => "readiness",
            Self::Drift => "drift",
        }
    }

    /// Older than this it is stale: each misses two of its turns, or one if that is a day.
    #[must_use]
    pub const fn may_be_old(self) -> TimeDelta {
        match self {
            Self::Sync => TimeDelta::hours(24),
            Self::CheckIns => TimeDelta::hours(1),
            Self::Edge | Self::Microsoft365Apps => TimeDelta::hours(12),
            Self::Drivers => TimeDelta::hours(24),
            Self::Readiness => TimeDelta::hours(48),
            Self::Drift => TimeDelta::hours(4),
        }
    }
}

/// One source that the tenant uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    pub kind: SourceKind,
    /// None: never.
    pub read_at: Option<DateTime<Utc>>,
}

impl SourceRow {
    #[must_use]
    pub fn is_stale(&self, now: DateTime<Utc>) -> bool {
        self.read_at.is_none_or(|at| now - at > self.kind.may_be_old())
    }
}

pub(crate) async fn read(tx: &mut Tx, tenant: TenantId) -> Result<Vec<SourceRow>, StoreError> {
    let row = sqlx::query!(
        r#"select t.synced_at, t.observed_to,
             (select read_at from app_inventory a where a.tenant_id = $1 and a.kind = 'edge') as edge,
             (select read_at from app_inventory a
                 where a.tenant_id = $1 and a.kind = 'microsoft_365_apps') as office,
             exists (select from driver_inventory v where v.tenant_id = $1) as "has_drivers!",
             (select read_at from driver_inventory v where v.tenant_id = $1) as drivers,
             (select max(at) from assessment a where a.tenant_id = $1) as assessed,
             exists (select from enrollment e where e.tenant_id = $1 and e.state = 'enrolled')
                 as "is_enrolled!",
             (select drift_at from enrollment e where e.tenant_id = $1) as drift
         from tenant t where t.id = $1"#,
        tenant.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::NotFound { what: "tenant" })?;
    let source = |kind| match kind {
        SourceKind::Sync => Some(row.synced_at),
        SourceKind::CheckIns => Some(row.observed_to),
        // Read only where a rollout is about them.
        SourceKind::Edge => row.edge.map(Some),
        SourceKind::Microsoft365Apps => row.office.map(Some),
        SourceKind::Drivers => row.has_drivers.then_some(row.drivers),
        SourceKind::Readiness => Some(row.assessed),
        SourceKind::Drift => row.is_enrolled.then_some(row.drift),
    };
    let used = |kind| source(kind).map(|read_at| SourceRow { kind, read_at });
    Ok(SourceKind::ALL.into_iter().filter_map(used).collect())
}
