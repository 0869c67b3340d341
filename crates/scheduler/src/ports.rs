//! What the loop needs of the database and of Microsoft Graph.

pub(crate) mod desks;
pub(crate) mod outbox;
pub(crate) mod reports;
pub(crate) mod signals;
pub(crate) mod tenancy;
pub(crate) mod webhooks;

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::app::{App, AppSeen};
use domain::duty::{Duty, PendingWave, RingDuty, RingObjects, Waiting, Watched, WaveDevice};
use domain::ids::{DeviceId, DirectoryObjectId, RolloutId, TenantId};
use domain::inventory::{
    CheckIn, FeatureReports, ImportedCatalog, ImportedDevice, IngestCounts, Report, Safeguarded,
};
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::decide::WaitingOn;
use domain::rollout::phase::Event;
use domain::rollout::snapshot::Snapshot;
use domain::work::{Claim, Nudges, Upcoming, WorkKind};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use desks::{DeskJournal, Desks};
use outbox::{OutboxJournal, Post};
use reports::{ReportJournal, Reports};
use signals::{SignalJournal, Signals};
use tenancy::{TenantFleet, TenantJournal};
use webhooks::{WebhookJournal, Webhooks};

/// Why the journal did not do something.
#[derive(Debug, Error)]
pub enum JournalError {
    /// Something changed since it was loaded: load and decide again.
    #[error("decided on an older generation")]
    Stale,
    /// Another server holds the work now.
    #[error("the lease was lost")]
    LeaseLost,
    /// The subject of the work is gone: there is nothing to do.
    #[error("gone")]
    Gone,
    #[error("{0}")]
    Failed(String),
}

/// Why Graph did not do something.
#[derive(Debug, Clone, Error)]
pub enum FleetError {
    /// A person must fix credentials or consent first.
    #[error("refused: {0}")]
    Refused(String),
    /// May work later by itself; when, if Graph said so.
    #[error("{what}")]
    Later { what: String, after: Option<Duration> },
    /// Graph says our request is wrong, or answers what the contract does not allow.
    #[error("{0}")]
    Rejected(String),
}

type Done<T, E> = Result<T, E>;

/// The database, as the loop sees it. Every write is a compare-and-set or sets a state.
pub trait Journal:
    TenantJournal
    + SignalJournal
    + WebhookJournal
    + DeskJournal
    + OutboxJournal
    + ReportJournal
    + Clone
    + Send
    + Sync
    + 'static
{
    /// Claims up to `limit` pieces of due work.
    fn claim(
        &self,
        kinds: &[WorkKind],
        limit: usize,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<Vec<Claim>, JournalError>> + Send;
    /// Prolongs a claim.
    fn keep(
        &self,
        claim: &Claim,
        lease: Duration,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Gives a claim back; due again at `next`, or at once if it was asked for meanwhile.
    fn finish(
        &self,
        claim: &Claim,
        next: Option<DateTime<Utc>>,
        error: Option<&str>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Asks for work now.
    fn ask(
        &self,
        tenant: TenantId,
        kind: WorkKind,
        subject: Uuid,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// When there is something to claim though nobody asks.
    fn upcoming(
        &self,
        kinds: &[WorkKind],
    ) -> impl Future<Output = Done<Upcoming, JournalError>> + Send;
    /// Changes whenever somebody asked for work.
    fn nudges(&self) -> watch::Receiver<Nudges>;

    fn snapshot(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> impl Future<Output = Done<Snapshot, JournalError>> + Send;
    /// Records an event that was decided on `snapshot`, with all its effects, or says `Stale`.
    fn record(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        snapshot: &Snapshot,
        event: Event,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Notes what a rollout waits for.
    fn waits(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        waiting: &WaitingOn,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Gives up on devices not heard of; how many.
    fn sweep(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<u64, JournalError>> + Send;

    fn duty(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> impl Future<Output = Done<Duty, JournalError>> + Send;
    fn wave_devices(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        wave: PendingWave,
    ) -> impl Future<Output = Done<Vec<WaveDevice>, JournalError>> + Send;
    fn wave_delivered(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        wave: PendingWave,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// The next devices that wait, after one; empty: there are no more.
    fn waiting_devices(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        after: Option<DeviceId>,
    ) -> impl Future<Output = Done<Vec<(DeviceId, WaveDevice)>, JournalError>> + Send;
    /// Keeps the group of those that wait, and whether all of them are in it.
    fn keep_waiting(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        group: DirectoryObjectId,
        told: bool,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Keeps the ids of a ring's objects on Graph.
    fn keep_objects(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        objects: &RingObjects,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Graph accepted what `generation` wanted of a ring; ignored when it is an older one (I6).
    fn accepted(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        access: Access,
        generation: i64,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Notes that the hold of a ring was told anew.
    fn hold_renewed(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Notes why Graph does not follow a rollout; none clears it.
    fn note_enforcement(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        error: Option<&str>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;

    /// Check-ins have been read up to here; none: never.
    fn observed_to(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<Option<DateTime<Utc>>, JournalError>> + Send;
    fn watched(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<Vec<Watched>, JournalError>> + Send;
    fn check_ins(
        &self,
        tenant: TenantId,
        check_ins: &[CheckIn],
        confirm_after: TimeDelta,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<IngestCounts, JournalError>> + Send;
    /// Sets the devices of a ring aside that Microsoft holds, gives back those it holds no longer.
    fn safeguarded(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        held: &[Safeguarded],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    fn reports(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        reports: &[Report],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<IngestCounts, JournalError>> + Send;
    /// The programs whose inventory is to be read: those with versions in the catalogue that were not
    /// read for so long.
    fn apps_due(
        &self,
        tenant: TenantId,
        every: TimeDelta,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<Vec<App>, JournalError>> + Send;
    /// Takes in what the inventory says of devices.
    fn apps_seen(
        &self,
        tenant: TenantId,
        app: App,
        seen: &[AppSeen],
        at: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// The whole inventory of a program was read, from a read that began at `at`.
    fn apps_read(
        &self,
        tenant: TenantId,
        app: App,
        confirm_after: TimeDelta,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Every device was read, from a read that began at `at`.
    fn observed(
        &self,
        tenant: TenantId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;

    fn import_catalog(
        &self,
        tenant: TenantId,
        catalog: &ImportedCatalog,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    fn import_devices(
        &self,
        tenant: TenantId,
        devices: &[ImportedDevice],
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Approves what the tenant's rules say; when time alone makes the next update due.
    fn approve(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<Option<DateTime<Utc>>, JournalError>> + Send;
    /// A complete read of the tenant began at `at` and is done.
    fn synced(
        &self,
        tenant: TenantId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Notes whether the tenant's Graph can be reached.
    fn note_connection(
        &self,
        tenant: TenantId,
        error: Option<&FleetError>,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
}

/// How devices that wait are kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBack {
    /// They are its members.
    pub group: DirectoryObjectId,
    /// When Graph has to be told anew, since Microsoft ends pauses by itself; none: they are let go.
    pub renew_at: Option<DateTime<Utc>>,
}

/// Microsoft Graph, as the loop sees it, and what else is asked about a fleet. Every write sets a
/// state, so repeating it is harmless.
pub trait Fleet:
    TenantFleet + Signals + Webhooks + Desks + Post + Reports + Clone + Send + Sync + 'static
{
    fn catalog(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<ImportedCatalog, FleetError>> + Send;
    /// Sends every Windows device, in chunks.
    fn devices(
        &self,
        tenant: TenantId,
        into: mpsc::Sender<Vec<ImportedDevice>>,
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    /// Sends the check-ins since a moment (none: all), in chunks.
    fn check_ins(
        &self,
        tenant: TenantId,
        since: Option<DateTime<Utc>>,
        into: mpsc::Sender<Vec<CheckIn>>,
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    /// Sends the devices that have a program, with its version, in chunks.
    fn applications(
        &self,
        tenant: TenantId,
        app: App,
        into: mpsc::Sender<Vec<AppSeen>>,
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    /// What the reports of a feature update profile say of its devices.
    fn feature_reports(
        &self,
        tenant: TenantId,
        profile: &str,
    ) -> impl Future<Output = Done<FeatureReports, FleetError>> + Send;
    /// How far the devices of a policy are, as far as they say more than their build does.
    fn reports(
        &self,
        tenant: TenantId,
        policy: &str,
    ) -> impl Future<Output = Done<Vec<Report>, FleetError>> + Send;
    /// Makes Graph tell a ring what is wanted, reading before creating; the ring's objects. A new
    /// audience comes back alone: it has to be kept before the ring is told the rest.
    fn tell(
        &self,
        tenant: TenantId,
        duty: &Duty,
        ring: &RingDuty,
    ) -> impl Future<Output = Done<RingObjects, FleetError>> + Send;
    /// Makes Graph keep back, or let go, the devices of a rollout that wait.
    fn keep_back(
        &self,
        tenant: TenantId,
        duty: &Duty,
        waiting: Waiting,
    ) -> impl Future<Output = Done<KeptBack, FleetError>> + Send;
    /// Adds devices to those that wait.
    fn add_waiting(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
        devices: &[WaveDevice],
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    /// Adds the devices of a wave to those offered to, or told to uninstall.
    fn deliver(
        &self,
        tenant: TenantId,
        duty: &Duty,
        wave: PendingWave,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
}
