//! How fleets stand, from counters.

use chrono::{DateTime, TimeDelta, Utc};
use domain::build::Build;
use domain::health::{
    AppCount, Bucket, Facts, Measure, Published, RingFacts, SetFacts, Status, assess, yardstick,
};
use domain::ids::RingSetId;
use domain::registration::{Reason, Standing};
use domain::ring::{Cadence, RingIndex};
use uuid::Uuid;

const SET: RingSetId = RingSetId(Uuid::from_u128(7));

fn day(days: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + days)
}

fn build(revision: u32) -> Build {
    Build { major: 10, minor: 0, build: 26100, revision }
}

fn cadence(deferral_days: u8, deadline_days: u8) -> Cadence {
    Cadence { deferral_days, deadline_days, grace_days: 2 }
}

/// The updates of two months.
fn published() -> Vec<Published> {
    vec![
        Published { build: build(100), released_at: day(0) },
        Published { build: build(200), released_at: day(28) },
    ]
}

#[test]
fn an_update_is_due_after_deferral_deadline_and_five_days() {
    let at = |days| yardstick(&published(), build(1), Some(cadence(5, 2)), None, day(days));
    assert_eq!((at(27).latest, at(27).due), (Some(100), Some(100)));
    assert_eq!((at(28).latest, at(28).due), (Some(200), Some(100)));
    assert_eq!(at(39).due, Some(100));
    assert_eq!(at(40).due, Some(200), "5 + 2 + 5 days after the release");
    assert_eq!(at(11).due, None, "nothing has had its time");
    let other = Build { build: 22631, ..build(1) };
    assert_eq!(yardstick(&published(), other, None, None, day(50)).latest, None);
}

#[test]
fn no_time_runs_out_while_a_ring_stands_still() {
    let paused = |since| yardstick(&published(), build(1), Some(cadence(5, 2)), since, day(90));
    assert_eq!(paused(None).due, Some(200));
    assert_eq!(paused(Some(day(30))).due, Some(100));
    assert_eq!(paused(Some(day(41))).due, Some(200), "it had run out before");
}

fn bucket(ring: Option<u8>, standing: Standing, revision: u32, devices: u32) -> Bucket {
    let reason = (standing == Standing::NotReady).then_some(Reason::Inactive);
    Bucket {
        place: ring.map(|ring| (SET, RingIndex(ring))),
        standing: Some(standing),
        reason,
        build: Some(build(revision)),
        long_term: false,
        devices,
    }
}

fn facts() -> Facts {
    let ring = |name: &str, cadence, paused_since, is_scheduled| RingFacts {
        name: name.to_owned(),
        cadence,
        is_scheduled,
        paused_since,
    };
    let rings = vec![
        ring("First", cadence(0, 0), None, false),
        ring("Broad", cadence(9, 5), None, false),
        ring("Kiosk", cadence(0, 0), Some(day(29)), true),
    ];
    let of_rings = vec![
        bucket(Some(0), Standing::Ready, 200, 95),
        bucket(Some(0), Standing::Ready, 100, 5),
        bucket(Some(1), Standing::Ready, 200, 10),
        bucket(Some(1), Standing::Ready, 100, 980),
        bucket(Some(1), Standing::Ready, 50, 10),
        bucket(Some(1), Standing::NotReady, 100, 7),
        bucket(Some(2), Standing::Ready, 100, 3),
    ];
    // The same and one more, in no ring.
    let mut all: Vec<Bucket> =
        of_rings.iter().map(|bucket| Bucket { place: None, ..*bucket }).collect();
    all.push(bucket(None, Standing::Excluded, 100, 4));
    all.push(bucket(None, Standing::Ready, 100, 2));
    Facts {
        sets: vec![SetFacts { id: SET, name: "Rings".to_owned(), rings }],
        buckets: [of_rings, all].concat(),
        published: published(),
        apps: vec![
            AppCount { version: vec![16, 0, 17928, 20000], devices: 9 },
            AppCount { version: vec![16, 0, 17000, 20000], devices: 1 },
        ],
        oldest_app: Some(vec![16, 0, 17500]),
    }
}

#[test]
fn counters_become_statuses_and_objectives() {
    let health = assess(&facts(), day(34));
    let set = &health.sets[0];
    let of = |ring: usize| Status::ALL.map(|status| set.rings[ring].counts.of(status));
    assert_eq!(of(0), [95, 0, 0, 5, 0, 0], "its time ran out on the fifth day");
    assert_eq!(of(1), [10, 980, 0, 10, 7, 0]);
    assert_eq!(of(2), [0, 0, 3, 0, 0, 0]);
    assert_eq!(set.rings[0].counts.quality, Measure { eligible: 100, met: 95 });
    assert!(set.rings[0].counts.quality.holds(95) && !set.rings[0].counts.quality.holds(96));
    assert_eq!(set.rings[1].counts.quality, Measure { eligible: 1_000, met: 990 });
    assert_eq!(set.rings[1].counts.latest, Measure { eligible: 1_007, met: 10 });
    assert_eq!(set.rings[1].counts.excluded["inactive"], 7);
    assert_eq!(set.rings[2].counts.excluded["scheduled_install"], 3);
    assert_eq!(set.rings[2].counts.quality.per_mille(), None);
    assert_eq!(health.unplaced.devices, 6);
    assert_eq!(health.unplaced.of(Status::NotRegistered), 4);
    assert_eq!(health.counts.devices, 1_116);
    let sum: u32 = Status::ALL.iter().map(|status| health.counts.of(*status)).sum();
    assert_eq!(sum, health.counts.devices, "every device has one status");
    assert_eq!(health.apps, Measure { eligible: 10, met: 9 });
}

#[test]
fn a_share_is_never_rounded_up_to_its_objective() {
    let measure = Measure { eligible: 10_000, met: 9_499 };
    assert_eq!(measure.per_mille(), Some(949));
    assert!(!measure.holds(95));
    assert!(Measure { eligible: 10_000, met: 9_500 }.holds(95));
    assert!(Measure::default().holds(95), "nobody misses nothing");
}
