//! The scheduler's journal: the store, in the loop's words.

mod desks;
mod outbox;
mod reports;
mod signals;
mod tenancy;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::app::{App, AppSeen};
use domain::duty::{Duty, PendingWave, RingObjects, Watched, WaveDevice};
use domain::ids::{DeviceId, DirectoryObjectId, RolloutId, TenantId};
use domain::inventory::{
    CheckIn, ImportedCatalog, ImportedDevice, IngestCounts, Report, Safeguarded,
};
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::decide::WaitingOn;
use domain::rollout::phase::Event;
use domain::rollout::snapshot::Snapshot;
use domain::work::{Claim, Nudges, Upcoming, WorkKind};
use scheduler::{FleetError, Journal, JournalError};
use store::tenants::ConnectionState;
use store::{Store, StoreError};
use tokio::sync::watch;
use uuid::Uuid;

/// A tenant has few ring sets; nobody pages through them.
const MANY: u16 = 500;

#[derive(Debug, Clone)]
pub(crate) struct StoreJournal {
    store: Store,
    /// Where people reach the service, without a slash at its end.
    console: Option<Arc<str>>,
}

impl StoreJournal {
    pub(crate) fn new(store: Store, console: Option<&str>) -> Self {
        Self { store, console: console.map(|url| url.trim_end_matches('/').into()) }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn failed(error: StoreError) -> JournalError {
    match error {
        StoreError::Stale => JournalError::Stale,
        StoreError::LeaseLost => JournalError::LeaseLost,
        StoreError::NotFound { .. } => JournalError::Gone,
        StoreError::Conflict(_) | StoreError::Forbidden(_) | StoreError::Invalid(_) => {
            JournalError::Failed(error.to_string())
        }
        // Nobody looked at anything before work that the service does by itself, nor only tries it.
        StoreError::Changed | StoreError::Tried => JournalError::Failed(error.to_string()),
        StoreError::Corrupt(_) | StoreError::Schema(_) | StoreError::Database(_) => {
            JournalError::Failed(error.to_string())
        }
    }
}

type Done<T> = Result<T, JournalError>;

impl Journal for StoreJournal {
    async fn claim(
        &self,
        kinds: &[WorkKind],
        limit: usize,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Done<Vec<Claim>> {
        let limit = u16::try_from(limit).unwrap_or(u16::MAX);
        self.store.work_claim(kinds, limit, lease, now).await.map_err(failed)
    }

    async fn keep(&self, claim: &Claim, lease: Duration) -> Done<()> {
        self.store.work_keep(claim, lease).await.map_err(failed)
    }

    async fn finish(
        &self,
        claim: &Claim,
        next: Option<DateTime<Utc>>,
        error: Option<&str>,
    ) -> Done<()> {
        self.store.work_finish(claim, next, error).await.map_err(failed)
    }

    async fn ask(
        &self,
        tenant: TenantId,
        kind: WorkKind,
        subject: Uuid,
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.work_ask(tenant, kind, subject, now).await.map_err(failed)
    }

    async fn upcoming(&self, kinds: &[WorkKind]) -> Done<Upcoming> {
        self.store.work_upcoming(kinds).await.map_err(failed)
    }

    fn nudges(&self) -> watch::Receiver<Nudges> {
        self.store.work_feed()
    }

    async fn snapshot(&self, tenant: TenantId, rollout: RolloutId) -> Done<Snapshot> {
        self.store.rollout_snapshot(tenant, rollout).await.map_err(failed)
    }

    async fn record(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        snapshot: &Snapshot,
        event: Event,
        now: DateTime<Utc>,
    ) -> Done<()> {
        let recorded = self.store.rollout_record(tenant, rollout, snapshot, event, now).await;
        recorded.map(|_| ()).map_err(failed)
    }

    async fn waits(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        waiting: &WaitingOn,
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.rollout_waits(tenant, rollout, waiting, now).await.map_err(failed)
    }

    async fn sweep(&self, tenant: TenantId, rollout: RolloutId, now: DateTime<Utc>) -> Done<u64> {
        self.store.rollout_sweep(tenant, rollout, now).await.map_err(failed)
    }

    async fn duty(&self, tenant: TenantId, rollout: RolloutId) -> Done<Duty> {
        self.store.rollout_duty(tenant, rollout).await.map_err(failed)
    }

    async fn wave_devices(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        wave: PendingWave,
    ) -> Done<Vec<WaveDevice>> {
        self.store.wave_devices(tenant, rollout, wave).await.map_err(failed)
    }

    async fn wave_delivered(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        wave: PendingWave,
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.wave_delivered(tenant, rollout, wave, now).await.map_err(failed)
    }

    async fn waiting_devices(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        after: Option<DeviceId>,
    ) -> Done<Vec<(DeviceId, WaveDevice)>> {
        self.store.waiting_devices(tenant, rollout, after).await.map_err(failed)
    }

    async fn keep_waiting(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        group: DirectoryObjectId,
        told: bool,
    ) -> Done<()> {
        self.store.rollout_waiting_keep(tenant, rollout, group, told).await.map_err(failed)
    }

    async fn keep_objects(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        objects: &RingObjects,
    ) -> Done<()> {
        self.store.ring_objects_keep(tenant, rollout, ring, objects).await.map_err(failed)
    }

    async fn accepted(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        access: Access,
        generation: i64,
        now: DateTime<Utc>,
    ) -> Done<()> {
        let accepted = self.store.ring_accepted(tenant, rollout, ring, access, generation, now);
        accepted.await.map_err(failed)
    }

    async fn hold_renewed(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.ring_hold_renewed(tenant, rollout, ring, now).await.map_err(failed)
    }

    async fn note_enforcement(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        error: Option<&str>,
    ) -> Done<()> {
        self.store.rollout_enforce_note(tenant, rollout, error).await.map_err(failed)
    }

    async fn observed_to(&self, tenant: TenantId) -> Done<Option<DateTime<Utc>>> {
        let tenant = self.store.tenant_fetch(tenant).await.map_err(failed)?;
        Ok(tenant.observed_to)
    }

    async fn watched(&self, tenant: TenantId) -> Done<Vec<Watched>> {
        self.store.watched(tenant).await.map_err(failed)
    }

    async fn check_ins(
        &self,
        tenant: TenantId,
        check_ins: &[CheckIn],
        confirm_after: TimeDelta,
        now: DateTime<Utc>,
    ) -> Done<IngestCounts> {
        self.store.checkin_ingest(tenant, check_ins, confirm_after, now).await.map_err(failed)
    }

    async fn reports(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        reports: &[Report],
        now: DateTime<Utc>,
    ) -> Done<IngestCounts> {
        self.store.report_ingest(tenant, rollout, reports, now).await.map_err(failed)
    }

    async fn apps_due(
        &self,
        tenant: TenantId,
        every: TimeDelta,
        now: DateTime<Utc>,
    ) -> Done<Vec<App>> {
        self.store.apps_due(tenant, every, now).await.map_err(failed)
    }

    async fn apps_seen(
        &self,
        tenant: TenantId,
        app: App,
        seen: &[AppSeen],
        at: DateTime<Utc>,
    ) -> Done<()> {
        self.store.apps_seen(tenant, app, seen, at).await.map_err(failed)
    }

    async fn apps_read(
        &self,
        tenant: TenantId,
        app: App,
        confirm_after: TimeDelta,
        at: DateTime<Utc>,
    ) -> Done<()> {
        self.store.apps_read(tenant, app, confirm_after, at).await.map_err(failed)
    }

    async fn safeguarded(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        held: &[Safeguarded],
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.safeguards_read(tenant, rollout, ring, held, now).await.map_err(failed)
    }

    async fn observed(&self, tenant: TenantId, at: DateTime<Utc>) -> Done<()> {
        self.store.observed(tenant, at, at).await.map_err(failed)
    }

    async fn import_catalog(&self, tenant: TenantId, catalog: &ImportedCatalog) -> Done<()> {
        self.store.catalog_import(tenant, &catalog.updates).await.map_err(failed)?;
        match &catalog.known_issues {
            Some(issues) => self.store.known_issues_import(tenant, issues).await.map_err(failed),
            None => Ok(()),
        }
    }

    async fn approve(&self, tenant: TenantId, now: DateTime<Utc>) -> Done<Option<DateTime<Utc>>> {
        let run = self.store.rules_run(tenant, now).await.map_err(failed)?;
        if run.approved > 0 {
            tracing::info!(%tenant, updates = run.approved, "rules approved");
        }
        Ok(run.next)
    }

    async fn import_devices(&self, tenant: TenantId, devices: &[ImportedDevice]) -> Done<()> {
        self.store.device_import(tenant, devices).await.map(|_| ()).map_err(failed)
    }

    async fn synced(&self, tenant: TenantId, at: DateTime<Utc>) -> Done<()> {
        self.store.tenant_synced(tenant, at).await.map_err(failed)
    }

    async fn note_connection(
        &self,
        tenant: TenantId,
        error: Option<&FleetError>,
        now: DateTime<Utc>,
    ) -> Done<()> {
        let state = match error {
            None => ConnectionState::Connected,
            Some(FleetError::Refused(what)) => ConnectionState::Refused(what.clone()),
            Some(FleetError::Later { what, .. }) => ConnectionState::Unreachable(what.clone()),
            // Graph answers and lets us in; what it rejects is noted with the rollout.
            Some(FleetError::Rejected(_)) => ConnectionState::Connected,
        };
        self.store.tenant_connection_note(tenant, &state, now).await.map_err(failed)
    }
}
