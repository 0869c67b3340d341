//! Controls and what they do to a rollout under way.

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::attempt::AttemptState;
use domain::control::Control;
use domain::ids::{DeviceId, EntraDeviceId};
use domain::registration::Standing;
use domain::ring::RingIndex;
use domain::rollout::phase::{Event, Pauser};
use store::StoreError;
use store::controls::{ControlCounts, ControlKind, NewControl};
use store::devices::DeviceFilter;
use store::events::ChainState;
use store::ingest::{CheckIn, Report};
use store::registration::Scope;
use store::rollouts::Asked;

use crate::world::{ALL, FIRST, NEW, World, hour, number, settle};

impl World {
    pub(crate) async fn ids(&self) -> HashMap<EntraDeviceId, DeviceId> {
        let all = self.store.device_list(self.tenant, &DeviceFilter::default(), ALL).await;
        let rows = all.expect("devices").into_iter();
        rows.filter_map(|row| Some((row.entra_device?, row.id))).collect()
    }

    async fn set(&self, devices: &[DeviceId], control: Control, at: i64) -> ControlCounts {
        let new = NewControl {
            control,
            reason: "trade fair".to_owned(),
            owner: "ana".to_owned(),
            expires_at: Some(hour(500)),
            filter: None,
        };
        self.store.device_control_set(self.tenant, devices, &new, hour(at)).await.expect("set")
    }

    async fn lift(&self, devices: &[DeviceId], kind: ControlKind, at: i64) -> ControlCounts {
        let (tenant, said) = (self.tenant, ("ben", "it is over"));
        self.store.device_control_lift(tenant, devices, kind, said, hour(at)).await.expect("lifted")
    }

    pub(crate) async fn check(&self) {
        self.check_tally().await;
        let chain = self.store.chain_verify(self.tenant).await.expect("a chain");
        assert!(matches!(chain, ChainState::Intact { .. }), "{chain:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_takes_devices_out_and_gives_them_back_in_front() {
    let world = World::of(200).await;
    let ids = world.ids().await;
    let order: Vec<EntraDeviceId> = world.attempts().await.iter().map(|row| row.0).collect();
    let held = [order[1], order[3], order[20]];
    let devices = held.map(|entra| ids[&entra]);
    let counts = world.set(&devices, Control::Hold, 2).await;
    assert_eq!(counts, ControlCounts { devices: 3, attempts: 3 });
    world.check().await;
    world.offer(4, hour(3)).await.unwrap();
    let offered: Vec<EntraDeviceId> =
        order.iter().copied().filter(|one| !held.contains(one)).collect();
    for device in &offered[..4] {
        assert_eq!(world.state_of(*device).await, AttemptState::Offered);
    }
    assert_eq!(world.state_of(held[0]).await, AttemptState::Excluded);
    // Two of them lie behind the cursor of the ring: they are next.
    let counts = world.lift(&devices, ControlKind::Hold, 4).await;
    assert_eq!(counts, ControlCounts { devices: 3, attempts: 3 });
    assert_eq!(world.lift(&devices, ControlKind::Hold, 4).await, ControlCounts::default());
    world.check().await;
    world.offer(2, hour(5)).await.unwrap();
    assert_eq!(world.state_of(held[0]).await, AttemptState::Offered);
    assert_eq!(world.state_of(held[1]).await, AttemptState::Offered);
    assert_eq!(world.state_of(held[2]).await, AttemptState::Assigned);
    // Everybody is offered in the end, and each wave knows its devices.
    let left = world.tally(FIRST).await.waiting();
    world.offer(left, hour(6)).await.unwrap();
    assert_eq!(world.tally(FIRST).await.waiting(), 0);
    world.check().await;
    let duty = world.store.rollout_duty(world.tenant, world.rollout).await.unwrap();
    let mut told = 0;
    for wave in duty.pending {
        told += world.store.wave_devices(world.tenant, world.rollout, wave).await.unwrap().len();
    }
    assert_eq!(told, order.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_excluded_device_leaves_its_ring_and_an_exclusion_outranks_a_hold() {
    let world = World::of(200).await;
    let ids = world.ids().await;
    let entra = world.attempts().await[0].0;
    let device = [ids[&entra]];
    world.set(&device, Control::Hold, 2).await;
    let counts = world.set(&device, Control::Exclude, 2).await;
    assert_eq!(counts, ControlCounts { devices: 1, attempts: 1 });
    settle(&world.store, world.tenant, hour(2)).await;
    let explained = world.store.device_explain(world.tenant, device[0], hour(2)).await.unwrap();
    assert_eq!(explained.registration.standing, Standing::Excluded);
    assert_eq!((explained.controls.len(), explained.placements.len()), (2, 0));
    let list = world.store.device_control_list(world.tenant, ALL).await.unwrap();
    assert_eq!((list.len(), list[0].device), (2, device[0]));
    assert_eq!(world.lift(&device, ControlKind::Hold, 3).await.attempts, 0);
    assert_eq!(world.state_of(entra).await, AttemptState::Excluded);
    // The exclusion runs out.
    assert_eq!(world.store.registration_sweep(world.tenant, hour(499)).await.unwrap(), 0);
    assert_eq!(world.store.registration_sweep(world.tenant, hour(500)).await.unwrap(), 1);
    assert_eq!(world.state_of(entra).await, AttemptState::Assigned);
    settle(&world.store, world.tenant, hour(500)).await;
    let explained = world.store.device_explain(world.tenant, device[0], hour(500)).await.unwrap();
    assert_eq!(explained.registration.standing, Standing::Ready);
    assert_eq!((explained.controls.len(), explained.placements.len()), (0, 1));
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_decides_the_ring_until_it_is_lifted() {
    let world = World::of(200).await;
    let ids = world.ids().await;
    let device = ids[&world.attempts().await[0].0];
    let ring_set = world.ring_set;
    let pin = |ring| Control::Pin { ring_set, ring: RingIndex(ring) };
    assert_eq!(world.set(&[device], pin(1), 2).await.devices, 1);
    settle(&world.store, world.tenant, hour(2)).await;
    let placed =
        world.store.device_explain(world.tenant, device, hour(2)).await.unwrap().placements;
    assert_eq!((placed[0].ring, placed[0].why.word()), (RingIndex(1), "pinned"));
    world.lift(&[device], ControlKind::Pin { ring_set }, 3).await;
    settle(&world.store, world.tenant, hour(3)).await;
    let placed =
        world.store.device_explain(world.tenant, device, hour(3)).await.unwrap().placements;
    assert_eq!((placed[0].ring, placed[0].why.word()), (RingIndex(1), "kept"));
    let new = NewControl {
        control: pin(9),
        reason: String::new(),
        owner: "ana".to_owned(),
        expires_at: None,
        filter: None,
    };
    let refused = world.store.device_control_set(world.tenant, &[device], &new, hour(3)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn expedited_devices_are_in_the_next_wave() {
    let world = World::of(200).await;
    world.offer(3, hour(2)).await.unwrap();
    let ids = world.ids().await;
    let order = world.attempts().await;
    let (late, offered) = (order[order.len() - 1].0, order[0].0);
    let later_ring = *ids.keys().find(|one| !order.iter().any(|row| row.0 == **one)).unwrap();
    let asked = |hours| Asked { actor: "ana", reason: "the chief's", at: hour(hours) };
    let devices = [late, offered, later_ring].map(|entra| ids[&entra]);
    let (tenant, rollout) = (world.tenant, world.rollout);
    let moved = world.store.attempt_expedite(tenant, rollout, &devices, asked(3)).await.unwrap();
    assert_eq!(moved, 2, "what was offered is passed over");
    world.check().await;
    world.offer(2, hour(4)).await.unwrap();
    for device in [late, later_ring] {
        assert_eq!(world.state_of(device).await, AttemptState::Offered);
    }
    world.check().await;
    let raw = &mut world.database.raw().await;
    let wrong = "select count(*) from rollout_ring g where members <> (
        select count(*) from attempt a where a.rollout_id = g.rollout_id and a.ring = g.ring)";
    assert_eq!(number(raw, wrong).await, 0);
    // Never the last one of a ring.
    let all: Vec<DeviceId> = ids.values().copied().collect();
    world.store.attempt_expedite(tenant, rollout, &all, asked(5)).await.unwrap();
    assert_eq!(world.tally(RingIndex(1)).await.members(), 1);
    world.check().await;
    world.record(Event::Paused { by: Pauser::Person }, hour(6)).await.unwrap();
    world.record(Event::Cancelled, hour(7)).await.unwrap();
    let refused = world.store.attempt_expedite(tenant, rollout, &all, asked(8)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_reports_do_not_undo_a_retry() {
    let world = World::of(200).await;
    world.offer(3, hour(2)).await.unwrap();
    let ids = world.ids().await;
    let entra = world.attempts().await[0].0;
    let (tenant, rollout) = (world.tenant, world.rollout);
    let report = |hours| Report {
        device: entra,
        state: AttemptState::Failed,
        code: Some("0x1".to_owned()),
        at: hour(hours),
    };
    world.store.report_ingest(tenant, rollout, &[report(3)], hour(3)).await.unwrap();
    assert_eq!(world.state_of(entra).await, AttemptState::Failed);
    let asked = Asked { actor: "ana", reason: "disk was full", at: hour(4) };
    let devices = [ids[&entra]];
    assert_eq!(world.store.attempt_retry(tenant, rollout, &devices, asked).await.unwrap(), 1);
    assert_eq!(world.store.attempt_retry(tenant, rollout, &devices, asked).await.unwrap(), 0);
    for hours in [3, 4] {
        world.store.report_ingest(tenant, rollout, &[report(hours)], hour(5)).await.unwrap();
        assert_eq!(world.state_of(entra).await, AttemptState::Offered);
    }
    let number = (0..200).find(|n| crate::world::device(*n).entra_device == Some(entra)).unwrap();
    let intune = crate::world::device(number).intune;
    let old = CheckIn { intune, build: Some(NEW), at: hour(3) };
    world.store.checkin_ingest(tenant, &[old], TimeDelta::hours(4), hour(5)).await.unwrap();
    assert_eq!(world.state_of(entra).await, AttemptState::Offered);
    world.store.report_ingest(tenant, rollout, &[report(6)], hour(6)).await.unwrap();
    assert_eq!(world.state_of(entra).await, AttemptState::Failed);
    world.check().await;
    world.store.registration_run(tenant, Scope::All, hour(7)).await.unwrap();
}
