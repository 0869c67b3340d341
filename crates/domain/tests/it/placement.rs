//! Placement: the same answer everywhere, sticky, by the percentages.

use domain::ids::{EntraDeviceId, RingSetId};
use domain::placement::{Candidate, Place, fill_rings, place};
use domain::ring::{RingIndex, RingSet};
use uuid::Uuid;

use crate::world::{group, three_rings};

fn device(number: u128) -> EntraDeviceId {
    EntraDeviceId(Uuid::from_u128(number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)))
}

fn candidate(number: u128) -> Candidate {
    Candidate { device: device(number), assigned: None, current: None }
}

const SET: RingSetId = RingSetId(Uuid::from_u128(7));

#[test]
fn places_are_fixed_by_the_specification_of_the_hash() {
    let positions: Vec<i32> = (1..=4)
        .map(|number| Place::of(SET, EntraDeviceId(Uuid::from_u128(number))).position())
        .collect();
    insta::assert_debug_snapshot!(positions);
    assert!(positions.iter().all(|position| *position >= 0));
    assert_ne!(
        Place::of(SET, device(1)),
        Place::of(RingSetId(Uuid::from_u128(8)), device(1)),
        "another ring set draws other early devices"
    );
}

#[test]
fn rings_get_their_share() {
    let candidates: Vec<Candidate> = (0..100_000).map(candidate).collect();
    let mut counts = [0_u32; 3];
    for (ring, _) in place(SET, &three_rings(), &candidates) {
        counts[ring.slot()] += 1;
    }
    // Three standard deviations of a binomial of 100,000.
    for (count, expected) in counts.into_iter().zip([10_000_u32, 30_000, 60_000]) {
        assert!(count.abs_diff(expected) < 480, "{counts:?}");
    }
}

#[test]
fn other_devices_and_their_order_change_nothing() {
    let few: Vec<Candidate> = (0..100).map(candidate).collect();
    let many: Vec<Candidate> = (0..1_000).rev().map(candidate).collect();
    let of_few = place(SET, &three_rings(), &few);
    let mut of_many = place(SET, &three_rings(), &many);
    of_many.reverse();
    assert_eq!(of_few[..], of_many[..100]);
}

#[test]
fn groups_beat_stickiness_and_stickiness_beats_percentages() {
    let set = three_rings();
    let rings = |assigned, current| {
        let candidates: Vec<Candidate> =
            (0..200).map(|n| Candidate { device: device(n), assigned, current }).collect();
        place(SET, &set, &candidates).into_iter().map(|(ring, _)| ring).collect::<Vec<_>>()
    };
    let (first, last) = (RingIndex(0), RingIndex(2));
    assert!(rings(None, Some(first)).iter().all(|ring| *ring == first));
    assert!(rings(Some(last), Some(first)).iter().all(|ring| *ring == last));
    // A ring the set no longer has is no ring: the percentages decide again.
    assert!(rings(None, Some(RingIndex(9))).iter().any(|ring| *ring != last));
}

#[test]
fn a_small_fleet_leaves_no_ring_empty() {
    let set = three_rings();
    for fleet in 3..40 {
        let candidates: Vec<Candidate> = (0..fleet).map(candidate).collect();
        let mut placed = place(SET, &set, &candidates);
        let before = placed.clone();
        fill_rings(&set, &[0, 0, 0], &mut placed);
        let members = |ring| placed.iter().filter(|(at, _)| at.0 == ring).count();
        assert!((0..3).all(|ring| members(ring) > 0), "{fleet} devices: {placed:?}");
        let moved = before.iter().zip(&placed).filter(|(a, b)| a != b).count();
        let empty = (0..3).filter(|ring| before.iter().all(|(at, _)| at.0 != *ring)).count();
        assert_eq!(moved, empty, "no device moves without need");
    }
    // One device is not passed from ring to ring.
    let alone = vec![(RingIndex(1), Place::of(SET, device(1)))];
    let mut placed = alone.clone();
    fill_rings(&set, &[], &mut placed);
    assert_eq!(placed, alone);
    // A ring that only groups fill stays empty until they do.
    let by_group = RingSet::autopatch(1_000, group(1), group(2)).expect("a good set");
    let candidates: Vec<Candidate> = (0..300).map(candidate).collect();
    let mut placed = place(SET, &by_group, &candidates);
    fill_rings(&by_group, &[], &mut placed);
    let members = |ring| placed.iter().filter(|(at, _)| at.0 == ring).count();
    assert_eq!((members(0), members(4)), (0, 0));
    assert!((1..4).all(|ring| members(ring) > 0));
    // A ring that has members already takes nobody.
    let mut one = vec![(RingIndex(2), Place::of(SET, device(1)))];
    fill_rings(&set, &[4, 4, 0], &mut one);
    assert_eq!(one[0].0, RingIndex(2));
}
