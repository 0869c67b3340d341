//! Segments of a rollout: counted with the attempts, set aside, and given back; and silence
//! compared with devices that were not offered the update yet.

use domain::attempt::AttemptState as S;
use domain::evidence::Level;
use domain::evidence::control::{Interval, Side};
use domain::gate::policy::SegmentKind;
use domain::ids::EntraDeviceId;
use domain::ring::RingIndex;
use domain::rollout::observations::Observations;
use domain::rollout::phase::Event;
use sqlx::Row as _;
use store::StoreError;
use store::enforcement::WaveKind;
use store::ingest::Report;
use store::rollouts::SegmentWish;

use crate::world::{FIRST, World, execute, hour};

const WHY: (&str, &str) = ("ana", "its firmware is old");

async fn seen(world: &World) -> Observations {
    let snapshot = world.store.rollout_snapshot(world.tenant, world.rollout).await;
    snapshot.expect("a snapshot").observations
}

/// Every attempt: device, ring, state, segments, aside.
async fn attempts(world: &World) -> Vec<(EntraDeviceId, i16, i16, Vec<i16>, bool)> {
    let sql = "select d.entra_device_id, a.ring, a.state, a.segments, a.aside
        from attempt a join device d on d.id = a.device_id order by a.ring, a.position, d.id";
    let rows = sqlx::query(sql).fetch_all(&mut world.database.raw().await).await;
    rows.expect("attempts")
        .iter()
        .map(|row| (EntraDeviceId(row.get(0)), row.get(1), row.get(2), row.get(3), row.get(4)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_counted_held_and_given_back() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let snapshot = store.rollout_snapshot(tenant, rollout).await.unwrap();
    // Five models of forty devices each; all run one build and have no category.
    let segments = &snapshot.plan.policy().segments;
    assert!(segments.iter().all(|one| one.kind == SegmentKind::Model));
    let names: Vec<_> = segments.iter().map(|one| one.name.clone()).collect();
    assert_eq!(names, [0, 1, 2, 3, 4].map(|model| format!("Contoso Model {model}")));
    assert!(segments.iter().all(|one| one.members == 40));

    world.offer(20, hour(2)).await.unwrap();
    world.check_tally().await;
    let offered: Vec<_> = attempts(&world).await.into_iter().take(20).collect();
    // The model of the first device offered.
    let (first, segment) = (offered[0].0, offered[0].3[0]);
    let of_model = |list: &[(EntraDeviceId, i16, i16, Vec<i16>, bool)]| {
        list.iter().filter(|one| one.3 == [segment]).count()
    };
    let report =
        Report { device: first, state: S::Failed, code: Some("0x800f".into()), at: hour(3) };
    store.report_ingest(tenant, rollout, &[report], hour(3)).await.unwrap();
    world.check_tally().await;
    let at = usize::try_from(segment).unwrap();
    let counted = seen(&world).await.rings[0].segments[at];
    assert_eq!((counted.offered, counted.failed), (u32::try_from(of_model(&offered)).unwrap(), 1));

    let position = u16::try_from(segment).unwrap();
    let ask = |wish| store.rollout_segment_request(tenant, rollout, (position, wish), WHY, hour(4));
    let row = ask(SegmentWish::Hold).await.unwrap();
    assert_eq!((row.intent.held, row.held), (vec![position], vec![]));
    world.record(Event::EvidenceMoved { level: Level::Pause }, hour(5)).await.unwrap();
    assert_eq!(seen(&world).await.watched_at, Some(hour(5)));
    world.record(Event::SegmentHeld { segment: position }, hour(5)).await.unwrap();
    world.check_tally().await;
    let held = seen(&world).await;
    assert_eq!((held.held.as_slice(), held.level), ([position].as_slice(), Level::Calm));
    assert_eq!(held.rings[0].segments[at].offered, 0);
    assert_eq!(held.rings[0].aside.members() + held.rings[1].aside.members(), 40);
    assert!(attempts(&world).await.iter().all(|one| one.4 == (one.3 == [segment])));
    // Who had not started is to leave the group; who failed keeps what it is.
    let duty = store.rollout_duty(tenant, rollout).await.unwrap();
    let wave = duty.pending.iter().find(|wave| wave.kind == WaveKind::Withdrawal).unwrap();
    let leaving = store.wave_devices(tenant, rollout, *wave).await.unwrap();
    assert_eq!(leaving.len(), of_model(&offered) - 1);
    assert!(!leaving.iter().any(|device| device.entra_device == first));
    assert_eq!(held.rings[0].aside.in_state(S::Failed), 1);
    // A wave passes them over, and cannot take more than the others.
    let others = held.rings[0].tally.waiting();
    assert!(matches!(world.offer(others + 1, hour(6)).await, Err(StoreError::Stale)));
    world.offer(others, hour(6)).await.unwrap();
    let row = store.rollout_fetch(tenant, rollout).await.unwrap();
    assert_eq!(row.rings[0].aside + row.rings[1].aside, 40);
    assert_eq!(row.rings.iter().map(|ring| ring.tally.members()).sum::<u32>(), 200);

    let row = ask(SegmentWish::Release).await.unwrap();
    assert_eq!((row.intent.held, row.intent.released), (vec![], vec![position]));
    world.record(Event::SegmentReleased { segment: position }, hour(7)).await.unwrap();
    world.check_tally().await;
    assert!(attempts(&world).await.iter().all(|one| !one.4));
    assert_eq!(store.wave_devices(tenant, rollout, *wave).await.unwrap(), []);
    let waiting = seen(&world).await.rings[0].tally.waiting();
    world.offer(waiting, hour(8)).await.unwrap();
    let rest = seen(&world).await.rings[0].tally;
    assert_eq!((rest.waiting(), rest.in_state(S::Withdrawn)), (0, 0));
    let unknown = (9, SegmentWish::Hold);
    let refused = store.rollout_segment_request(tenant, rollout, unknown, WHY, hour(9)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    let chain = store.event_list(tenant, rollout, 0, 100).await.unwrap();
    assert_eq!(chain.iter().filter(|event| event.kind == "segment_requested").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_compared_once_a_week_with_devices_not_offered_yet() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    world.offer(20, hour(2)).await.unwrap();
    let offered: Vec<_> = attempts(&world).await.into_iter().take(20).map(|one| one.0).collect();
    let good: Vec<Report> = offered
        .iter()
        .map(|device| Report { device: *device, state: S::Confirmed, code: None, at: hour(3) })
        .collect();
    store.report_ingest(tenant, rollout, &good, hour(3)).await.unwrap();
    // At hour 200 the week began at 32: two updated devices were last heard of before it, and one so
    // long ago that it says nothing; of the others everybody was heard of.
    let heard = |hours: i64, of: String| {
        format!("update device set last_sync = '{}' where {of}", hour(hours).to_rfc3339())
    };
    let updated = |from: usize, to: usize| {
        let ids: Vec<_> = offered[from..to].iter().map(|id| format!("'{}'", id.0)).collect();
        format!("entra_device_id in ({})", ids.join(","))
    };
    let mut raw = world.database.raw().await;
    execute(&mut raw, &heard(150, "true".to_owned())).await.unwrap();
    execute(&mut raw, &heard(20, updated(0, 2))).await.unwrap();
    execute(&mut raw, &heard(-140, updated(2, 3))).await.unwrap();
    store.rollout_sweep(tenant, rollout, hour(200)).await.unwrap();
    let week = Interval {
        updated: Side { exposure: 19, incidents: 2 },
        control: Side { exposure: 180, incidents: 0 },
    };
    assert_eq!(seen(&world).await.intervals, [week]);
    // Not again before the next week, of which the silent ones are no part any more.
    store.rollout_sweep(tenant, rollout, hour(300)).await.unwrap();
    assert_eq!(seen(&world).await.intervals, [week]);
    let lively = format!("last_sync = '{}'", hour(150).to_rfc3339());
    execute(&mut raw, &heard(250, lively)).await.unwrap();
    store.rollout_sweep(tenant, rollout, hour(370)).await.unwrap();
    let next = seen(&world).await.intervals;
    assert_eq!((next.len(), next[1].updated.incidents, next[1].updated.exposure), (2, 0, 17));
    // Who vouches for a ring vouches for the silence until then.
    store.rollout_promote(tenant, rollout, FIRST, "ana", "looked", hour(371)).await.unwrap();
    assert_eq!(seen(&world).await.intervals, []);
    assert_eq!(seen(&world).await.intent.promoted, Some(RingIndex(0)));
}
