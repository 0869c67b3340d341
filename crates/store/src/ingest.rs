//! What devices report, taken in by the thousand. Idempotent and monotone (I12): the moves are
//! the domain's (`AttemptState::after_report`), handed to the statement as a table of 13 x 13.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::ids::{EntraDeviceId, IntuneDeviceId, RolloutId, TenantId};

use crate::{Store, StoreError};

/// A device checked in with Intune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckIn {
    pub intune: IntuneDeviceId,
    pub build: Option<Build>,
    pub at: DateTime<Utc>,
}

/// A report says how far a device is with one rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub device: EntraDeviceId,
    pub state: AttemptState,
    pub code: Option<String>,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestCounts {
    pub read: u64,
    /// Attempts that moved.
    pub moved: u64,
    /// Of devices nobody knows: a sync is due.
    pub unknown: u64,
}

impl Store {
    /// Takes check-ins in: updates the devices' build and last sync, and moves the attempts of
    /// open rollouts: on the build of the rollout's update (`Build::has`) = `Installed`; already
    /// installed (or lost) and heard of again at least `confirm_after` later = `Confirmed`; not on
    /// it = `Removed` (which moves only those told to uninstall, and only if the check-in is
    /// later than the telling). Wakes the planner of every rollout that moved. Batches of 1,000.
    pub async fn checkin_ingest(
        &self,
        _tenant: TenantId,
        _checkins: &[CheckIn],
        _confirm_after: TimeDelta,
        _now: DateTime<Utc>,
    ) -> Result<IngestCounts, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Takes reports on one rollout in. Wakes its planner if something moved.
    pub async fn report_ingest(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _reports: &[Report],
        _now: DateTime<Utc>,
    ) -> Result<IngestCounts, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Notes that every device was read, from a read that began at `at`, and up to which check-in;
    /// `observed_at` of the tenant's open rollouts becomes `at`. Wakes their planners.
    pub async fn observed(
        &self,
        _tenant: TenantId,
        _at: DateTime<Utc>,
        _observed_to: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Gives up on devices of a rollout that were not heard of (device.last_sync) for their ring's
    /// observation window: offered = unresolved (window after the offer), installing or installed =
    /// lost, removing = stranded. Reads no attempt when the tally says there is none to give up.
    /// Returns how many moved; wakes the planner if any.
    pub async fn rollout_sweep(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        Err(StoreError::Sketch)
    }
}
