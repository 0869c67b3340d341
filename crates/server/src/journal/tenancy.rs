//! The journal of everything that comes before a rollout.

use chrono::{DateTime, TimeDelta, Utc};
use domain::duty::{DriverDevices, DriverDuty};
use domain::enrollment::Key;
use domain::enrollment::drift::Difference;
use domain::enrollment::object::Recorded;
use domain::enrollment::plan::Plan;
use domain::ids::{DirectoryObjectId, EntraDeviceId, IntuneDeviceId, RingSetId, TenantId};
use domain::inventory::{ImportedDirectoryDevice, ImportedDriver};
use domain::readiness::Assessment;
use domain::ring::RingIndex;
use scheduler::{
    Demand, EnrollmentDuty, GroupBatch, GroupChanges, Membership, PendingAction, TenantJournal,
};
use store::StoreError;
use store::alerts::AlertCounts;
use store::delta::{DeltaLink, DeltaOf};
use store::devices::Left;
use store::enrollment;
use store::groups::GroupChange;
use store::page::Page;
use store::registration::Scope;
use store::ring_sets::{GroupTold, RingGroupChanges};
use uuid::Uuid;

use super::{Done, MANY, StoreJournal, failed};

/// Members of ring groups that are changed at a time.
const BATCH: u16 = 1_000;
/// Actions handed out at a time.
const ACTIONS: u16 = 100;

impl StoreJournal {
    /// Places the fleet into ring sets that are new, which nothing else marks devices for.
    async fn place_new(&self, tenant: TenantId, now: DateTime<Utc>) -> Done<()> {
        let page = Page { after: None, limit: MANY };
        let sets = self.store.ring_set_list(tenant, page).await.map_err(failed)?;
        for set in sets.iter().filter(|set| set.placed_at.is_none()) {
            self.store.ring_set_place(tenant, set.id, now).await.map_err(failed)?;
        }
        Ok(())
    }

    /// A group that was not recorded before has none of the devices that the one before it was told.
    async fn forget_if_new(&self, tenant: TenantId, ring: RingIndex, id: &str) -> Done<()> {
        let known = self.store.enrollment_objects(tenant).await.map_err(failed)?;
        if known.iter().any(|object| object.id == id) {
            return Ok(());
        }
        let row = self.store.enrollment_fetch(tenant).await.map_err(failed)?;
        let Some(settings) = row.and_then(|row| row.settings) else { return Ok(()) };
        self.store.ring_group_emptied(tenant, settings.ring_set, ring).await.map_err(failed)
    }

    async fn enrolled_ring_set(&self, tenant: TenantId) -> Done<Option<RingSetId>> {
        let row = self.store.enrollment_fetch(tenant).await.map_err(failed)?;
        let enrolled = row.filter(|row| row.state == enrollment::EnrollmentState::Enrolled);
        Ok(enrolled.and_then(|row| row.settings).map(|settings| settings.ring_set))
    }
}

impl TenantJournal for StoreJournal {
    async fn driver_duty(&self, tenant: TenantId, now: DateTime<Utc>) -> Done<DriverDuty> {
        self.store.driver_duty(tenant, now).await.map_err(failed)
    }

    async fn keep_driver_audience(&self, tenant: TenantId, audience: Option<&str>) -> Done<()> {
        self.store.driver_audience_keep(tenant, audience).await.map_err(failed)
    }

    async fn driver_devices(&self, tenant: TenantId, wanted: bool) -> Done<DriverDevices> {
        self.store.driver_devices(tenant, wanted).await.map_err(failed)
    }

    async fn driver_devices_told(
        &self,
        tenant: TenantId,
        devices: &DriverDevices,
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.driver_devices_told(tenant, devices, now).await.map_err(failed)
    }

    async fn import_driver(&self, tenant: TenantId, driver: &ImportedDriver) -> Done<()> {
        self.store.driver_import(tenant, driver).await.map_err(failed)
    }

    async fn drivers_read(
        &self,
        tenant: TenantId,
        listed: &[String],
        confirm_after: TimeDelta,
        at: DateTime<Utc>,
    ) -> Done<()> {
        let moved = self.store.drivers_read(tenant, listed, confirm_after, at).await;
        moved.map(|_| ()).map_err(failed)
    }

    async fn report(&self, tenant: TenantId, now: DateTime<Utc>) -> Done<()> {
        if self.store.fleet_snapshot_take(tenant, now).await.map_err(failed)? {
            tracing::info!(%tenant, "kept how the fleet stands");
        }
        let counts = self.store.alerts_update(tenant, now).await.map_err(failed)?;
        if counts != AlertCounts::default() {
            let (opened, resolved) = (counts.opened, counts.resolved);
            tracing::info!(%tenant, opened, resolved, "alerts");
        }
        Ok(())
    }

    async fn assess_network(&self, tenant: TenantId) -> Done<bool> {
        self.store.assessment_network(tenant).await.map_err(failed)
    }

    async fn keep_assessment(&self, tenant: TenantId, assessment: &Assessment) -> Done<()> {
        self.store.assessment_record(tenant, assessment).await.map(|_| ()).map_err(failed)
    }

    async fn watched_groups(&self, tenant: TenantId) -> Done<Vec<DirectoryObjectId>> {
        self.store.groups_watched(tenant).await.map_err(failed)
    }

    async fn group_link(&self, tenant: TenantId, group: DirectoryObjectId) -> Done<Option<String>> {
        let link = self.store.delta_link_fetch(tenant, DeltaOf::Group(group)).await;
        Ok(link.map_err(failed)?.map(|link| link.link))
    }

    async fn keep_group(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
        changes: &GroupChanges,
        now: DateTime<Utc>,
    ) -> Done<()> {
        let name = changes.change.as_ref().and_then(|change| change.name.clone());
        if let Some(name) = name {
            let named = self.store.group_names_keep(tenant, &[(group, name)]).await;
            named.map_err(failed)?;
        }
        if changes.whole {
            // Of a group that is not told of, or is gone, nothing is left.
            let there = changes.change.as_ref().filter(|change| !change.deleted);
            let devices = there.map_or(&[][..], |change| &change.added_devices);
            let groups = there.map_or(&[][..], |change| &change.added_groups);
            let replaced = self.store.group_replace(tenant, group, devices, groups, now).await;
            replaced.map_err(failed)?;
        } else if let Some(change) = &changes.change {
            let change = GroupChange {
                group,
                deleted: change.deleted,
                devices_added: change.added_devices.clone(),
                devices_removed: change.removed.clone(),
                groups_added: change.added_groups.clone(),
                groups_removed: change.removed.clone(),
            };
            self.store.group_delta_apply(tenant, &[change], now).await.map_err(failed)?;
        }
        let link = DeltaLink { link: changes.link.clone(), at: now };
        self.store.delta_link_keep(tenant, DeltaOf::Group(group), &link).await.map_err(failed)
    }

    async fn unknown_members(&self, tenant: TenantId) -> Done<Vec<DirectoryObjectId>> {
        self.store.group_members_unknown(tenant).await.map_err(failed)
    }

    async fn import_directory(
        &self,
        tenant: TenantId,
        devices: &[ImportedDirectoryDevice],
    ) -> Done<()> {
        self.store.directory_import(tenant, devices).await.map(|_| ()).map_err(failed)
    }

    async fn devices_left(
        &self,
        tenant: TenantId,
        seen: &[IntuneDeviceId],
        now: DateTime<Utc>,
    ) -> Done<()> {
        let intune = self.store.devices_missing(tenant, seen).await.map_err(failed)?;
        if intune.is_empty() {
            return self.store.devices_complete(tenant).await.map_err(failed);
        }
        let left = Left { intune, ..Left::default() };
        match self.store.device_remove(tenant, &left, now).await {
            Ok(removed) => {
                tracing::info!(%tenant, devices = removed.devices, "devices left the tenant");
                Ok(())
            }
            // Too many at once to believe it: they stay, and everything else goes on.
            Err(StoreError::Conflict(why)) => {
                tracing::warn!(%tenant, why, "devices are missing, and kept");
                Ok(())
            }
            Err(error) => Err(failed(error)),
        }
    }

    async fn register(&self, tenant: TenantId, now: DateTime<Utc>) -> Done<Option<DateTime<Utc>>> {
        self.store.registration_sweep(tenant, now).await.map_err(failed)?;
        let counts = self.store.registration_run(tenant, Scope::Due, now).await.map_err(failed)?;
        self.place_new(tenant, now).await?;
        let placed = self.store.ring_set_place_due(tenant, now).await.map_err(failed)?;
        self.store.cohort_hold_finish(tenant, now).await.map_err(failed)?;
        if counts.looked_at + placed.devices > 0 {
            let (judged, changed) = (counts.looked_at, counts.changed);
            tracing::info!(%tenant, judged, changed, placed = placed.devices, "registered");
        }
        self.store.device_control_expiry(tenant).await.map_err(failed)
    }

    async fn enrollment(&self, tenant: TenantId) -> Done<Option<EnrollmentDuty>> {
        let duty = self.store.enrollment_duty(tenant).await.map_err(failed)?;
        Ok(duty.map(|duty| EnrollmentDuty {
            set: duty.set,
            settings: duty.settings,
            demand: duty.demand.map(|demand| match demand {
                enrollment::Demand::Enroll(_) => Demand::Enroll,
                enrollment::Demand::Restore(keys) => Demand::Restore(keys),
                enrollment::Demand::Unenroll => Demand::Unenroll,
            }),
            apply: duty.apply,
            generation: duty.generation,
            recorded: duty.recorded,
        }))
    }

    async fn keep_plan(
        &self,
        tenant: TenantId,
        generation: i64,
        plan: &Plan,
        done: u32,
        now: DateTime<Utc>,
    ) -> Done<()> {
        let kept = self.store.enrollment_plan_keep(tenant, generation, (plan, done), now).await;
        kept.map_err(failed)
    }

    async fn keep_object(
        &self,
        tenant: TenantId,
        object: &Recorded,
        now: DateTime<Utc>,
    ) -> Done<()> {
        if let Key::RingGroup(ring) = object.key {
            self.forget_if_new(tenant, ring, &object.id).await?;
        }
        self.store.enrollment_object_keep(tenant, object, now).await.map_err(failed)
    }

    async fn forget_object(&self, tenant: TenantId, id: &str, now: DateTime<Utc>) -> Done<()> {
        self.store.enrollment_object_forget(tenant, id, now).await.map_err(failed)
    }

    async fn demand_met(&self, tenant: TenantId, generation: i64, now: DateTime<Utc>) -> Done<()> {
        let before = self.store.enrollment_fetch(tenant).await.map_err(failed)?;
        if let Some(row) = &before
            && row.demand == enrollment::Demand::Unenroll
            && let Some(settings) = &row.settings
        {
            // The groups are gone, and so is what they were told.
            self.store.ring_group_forget(tenant, settings.ring_set).await.map_err(failed)?;
        }
        self.store.enrollment_met(tenant, generation, now).await.map_err(failed)
    }

    async fn note_enrollment(&self, tenant: TenantId, error: Option<&str>) -> Done<()> {
        self.store.enrollment_error_set(tenant, error).await.map_err(failed)
    }

    async fn keep_drift(
        &self,
        tenant: TenantId,
        drift: &[Difference],
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.drift_keep(tenant, drift, now).await.map(|_| ()).map_err(failed)
    }

    async fn told_devices(
        &self,
        tenant: TenantId,
        after: Option<EntraDeviceId>,
    ) -> Done<Vec<EntraDeviceId>> {
        self.store.told_devices(tenant, after).await.map_err(failed)
    }

    async fn group_batch(&self, tenant: TenantId) -> Done<Option<GroupBatch>> {
        let Some(ring_set) = self.enrolled_ring_set(tenant).await? else { return Ok(None) };
        let changes = self.store.ring_group_changes(tenant, ring_set, BATCH).await;
        let changes = changes.map_err(failed)?;
        if changes.add.is_empty() && changes.remove.is_empty() {
            return Ok(None);
        }
        let objects = self.store.enrollment_objects(tenant).await.map_err(failed)?;
        let groups = objects.iter().filter_map(|object| match &object.key {
            Key::RingGroup(ring) => Some((*ring, object.id.parse().ok()?)),
            Key::Devices | Key::UpdateRing(_) | Key::Feature(_) | Key::Drivers(_) => None,
            Key::Edge(_) | Key::Office(_) | Key::Exclusion(_) => None,
        });
        let membership = |told: GroupTold| Membership {
            ring: told.ring,
            device: told.device,
            object: told.object,
        };
        Ok(Some(GroupBatch {
            ring_set,
            groups: groups.collect(),
            add: changes.add.into_iter().map(membership).collect(),
            remove: changes.remove.into_iter().map(membership).collect(),
        }))
    }

    async fn batch_told(&self, tenant: TenantId, batch: &GroupBatch) -> Done<()> {
        let told = |list: &[Membership]| {
            list.iter()
                .map(|one| GroupTold { ring: one.ring, device: one.device, object: one.object })
                .collect()
        };
        let told = RingGroupChanges { add: told(&batch.add), remove: told(&batch.remove) };
        self.store.ring_group_told(tenant, batch.ring_set, &told).await.map_err(failed)
    }

    async fn actions(&self, tenant: TenantId) -> Done<Vec<PendingAction>> {
        let pending = self.store.device_action_pending(tenant, ACTIONS).await.map_err(failed)?;
        let action = |action: store::actions::PendingAction| PendingAction {
            id: action.id,
            device: action.intune,
        };
        Ok(pending.into_iter().map(action).collect())
    }

    async fn action_done(
        &self,
        tenant: TenantId,
        action: Uuid,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Done<()> {
        let done = [(action, error.map(str::to_owned))];
        self.store.device_action_done(tenant, &done, now).await.map_err(failed)
    }
}
