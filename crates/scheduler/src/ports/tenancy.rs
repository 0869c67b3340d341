//! What the loop needs to bring a tenant from nothing to a ready fleet, and back.

use std::collections::HashMap;
use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use domain::duty::{DriverDevices, DriverDuty};
use domain::enrollment::drift::Difference;
use domain::enrollment::key::Key;
use domain::enrollment::object::Recorded;
use domain::enrollment::{Observed, Plan, Settings, Step};
use domain::ids::{
    DeviceId, DirectoryObjectId, EntraDeviceId, IntuneDeviceId, RingSetId, TenantId,
};
use domain::inventory::{ImportedDirectoryDevice, ImportedDriver};
use domain::readiness::Assessment;
use domain::readiness::facts::TenantFacts;
use domain::ring::{RingIndex, RingSet};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{FleetError, JournalError};

type Done<T, E> = Result<T, E>;

/// What changed of one group since it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    pub group: DirectoryObjectId,
    /// What people call it; none: not told this time.
    pub name: Option<String>,
    pub deleted: bool,
    pub added_devices: Vec<DirectoryObjectId>,
    pub added_groups: Vec<DirectoryObjectId>,
    /// Devices or groups; Graph does not say which.
    pub removed: Vec<DirectoryObjectId>,
}

/// What a read of one group told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChanges {
    /// From the beginning: what is not told of is not there.
    pub whole: bool,
    /// None: nothing.
    pub change: Option<GroupChange>,
    /// Where the next read goes on.
    pub link: String,
}

/// What is asked of an enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    Enroll,
    /// None: everything that differs.
    Restore(Option<Vec<Key>>),
    Unenroll,
}

/// An enrollment, as the loop sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrollmentDuty {
    pub set: RingSet,
    pub settings: Settings,
    /// What was asked for and is not done; none: it only has to be watched.
    pub demand: Option<Demand>,
    /// Whether the demand is carried out, or only planned.
    pub apply: bool,
    /// Changes with every demand.
    pub generation: i64,
    pub recorded: Vec<Recorded>,
}

/// A device to be put into the group of a ring, or taken out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    pub ring: RingIndex,
    pub device: DeviceId,
    pub object: DirectoryObjectId,
}

/// Members of ring groups to be changed on Graph, at most a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupBatch {
    pub ring_set: RingSetId,
    /// The group of each ring.
    pub groups: Vec<(RingIndex, DirectoryObjectId)>,
    pub remove: Vec<Membership>,
    pub add: Vec<Membership>,
}

/// A device to be asked to check in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingAction {
    pub id: Uuid,
    pub device: IntuneDeviceId,
}

/// The database, for everything that comes before a rollout.
pub trait TenantJournal {
    /// Whether drivers are managed, and what Graph was told of that.
    fn driver_duty(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<DriverDuty, JournalError>> + Send;
    /// Keeps the audience of all devices whose drivers are managed, before anybody is put into it; none:
    /// it is gone.
    fn keep_driver_audience(
        &self,
        tenant: TenantId,
        audience: Option<&str>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Devices that Graph is to be told of next, where drivers are managed or not; none are left when it is
    /// empty.
    fn driver_devices(
        &self,
        tenant: TenantId,
        wanted: bool,
    ) -> impl Future<Output = Done<DriverDevices, JournalError>> + Send;
    fn driver_devices_told(
        &self,
        tenant: TenantId,
        devices: &DriverDevices,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Takes in one driver with all devices that need it.
    fn import_driver(
        &self,
        tenant: TenantId,
        driver: &ImportedDriver,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// A complete read that began at `at` listed these entries and no others: says what that means for
    /// rollouts of drivers.
    fn drivers_read(
        &self,
        tenant: TenantId,
        listed: &[String],
        confirm_after: TimeDelta,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;

    /// Keeps how the fleet stands at midnight, and raises and resolves alerts.
    fn report(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;

    /// Whether the next assessment tries the network too.
    fn assess_network(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<bool, JournalError>> + Send;
    fn keep_assessment(
        &self,
        tenant: TenantId,
        assessment: &Assessment,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;

    /// Groups that ring sets name, with those nested in them as far as they are known.
    fn watched_groups(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<Vec<DirectoryObjectId>, JournalError>> + Send;
    /// Where reading a group goes on; none: from the beginning.
    fn group_link(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
    ) -> impl Future<Output = Done<Option<String>, JournalError>> + Send;
    /// Takes in the changes of a group, then keeps where they end.
    fn keep_group(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
        changes: &GroupChanges,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Members of groups that no device is known for.
    fn unknown_members(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<Vec<DirectoryObjectId>, JournalError>> + Send;
    fn import_directory(
        &self,
        tenant: TenantId,
        devices: &[ImportedDirectoryDevice],
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// A complete read of Intune saw these devices, sorted: the others left.
    fn devices_left(
        &self,
        tenant: TenantId,
        seen: &[IntuneDeviceId],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Judges devices that changed and places them; when the next decision about a device runs out.
    fn register(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<Option<DateTime<Utc>>, JournalError>> + Send;

    /// None: the tenant is not enrolled, and nobody asks for it.
    fn enrollment(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<Option<EnrollmentDuty>, JournalError>> + Send;
    /// Keeps a plan of `generation`; ignored when something else is asked for by now.
    fn keep_plan(
        &self,
        tenant: TenantId,
        generation: i64,
        plan: &Plan,
        done: u32,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    fn keep_object(
        &self,
        tenant: TenantId,
        object: &Recorded,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// By its id on Graph.
    fn forget_object(
        &self,
        tenant: TenantId,
        id: &str,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// The demand of `generation` is met.
    fn demand_met(
        &self,
        tenant: TenantId,
        generation: i64,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    fn note_enrollment(
        &self,
        tenant: TenantId,
        error: Option<&str>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    fn keep_drift(
        &self,
        tenant: TenantId,
        drift: &[Difference],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
    /// Devices that a rollout was told of, from `after` on in order, at most a chunk.
    fn told_devices(
        &self,
        tenant: TenantId,
        after: Option<EntraDeviceId>,
    ) -> impl Future<Output = Done<Vec<EntraDeviceId>, JournalError>> + Send;

    /// None: the ring groups are as they should be, or there are none.
    fn group_batch(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<Option<GroupBatch>, JournalError>> + Send;
    fn batch_told(
        &self,
        tenant: TenantId,
        batch: &GroupBatch,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;

    fn actions(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<Vec<PendingAction>, JournalError>> + Send;
    fn action_done(
        &self,
        tenant: TenantId,
        action: Uuid,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Done<(), JournalError>> + Send;
}

/// Microsoft Graph, for everything that comes before a rollout.
pub trait TenantFleet {
    /// A new audience for all devices whose drivers are managed.
    fn make_driver_audience(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Done<String, FleetError>> + Send;
    /// Deletes it; one that is gone is fine.
    fn drop_driver_audience(
        &self,
        tenant: TenantId,
        audience: &str,
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    /// Brings devices under the management of drivers, or gives them back to Windows Update.
    fn manage_drivers(
        &self,
        tenant: TenantId,
        audience: &str,
        devices: &DriverDevices,
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    /// Every driver that a device of the audience needs, each whole.
    fn drivers(
        &self,
        tenant: TenantId,
        audience: &str,
        into: mpsc::Sender<ImportedDriver>,
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    /// Reads what readiness depends on; a read that is refused is part of the answer. An error only
    /// when there is no connection at all.
    fn facts(
        &self,
        tenant: TenantId,
        network: bool,
    ) -> impl Future<Output = Done<TenantFacts, FleetError>> + Send;
    /// What changed of a group since `link`, or all there is.
    fn group_changes(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
        link: Option<&str>,
    ) -> impl Future<Output = Done<GroupChanges, FleetError>> + Send;
    /// What the directory says of these objects; what are no devices are left out.
    fn directory_devices(
        &self,
        tenant: TenantId,
        objects: &[DirectoryObjectId],
    ) -> impl Future<Output = Done<Vec<ImportedDirectoryDevice>, FleetError>> + Send;

    /// What stands on Graph of an enrollment: objects with our tag, and update rings of others.
    fn enrollment_objects(
        &self,
        tenant: TenantId,
        recorded: &[Recorded],
    ) -> impl Future<Output = Done<Vec<Observed>, FleetError>> + Send;
    /// Takes one step; the id of the object. `ids` are those of our groups.
    fn take_step(
        &self,
        tenant: TenantId,
        step: &Step,
        ids: &HashMap<Key, String>,
    ) -> impl Future<Output = Done<String, FleetError>> + Send;
    /// Deletes what rollouts left on Graph.
    fn clear_rollouts(&self, tenant: TenantId)
    -> impl Future<Output = Done<(), FleetError>> + Send;
    /// Ends the enrolment of devices for quality updates.
    fn unenroll_devices(
        &self,
        tenant: TenantId,
        devices: &[EntraDeviceId],
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    fn change_members(
        &self,
        tenant: TenantId,
        batch: &GroupBatch,
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
    fn sync_device(
        &self,
        tenant: TenantId,
        device: IntuneDeviceId,
    ) -> impl Future<Output = Done<(), FleetError>> + Send;
}
