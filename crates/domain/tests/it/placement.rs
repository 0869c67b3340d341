//! Placement: the same answer everywhere, sticky, by the percentages.

use domain::ids::{EntraDeviceId, RingSetId};
use domain::placement::{
    Candidate, Place, Placed, Seen, Why, assigned, fill_rings, place, place_fleet,
};
use domain::ring::{RingIndex, RingSet};
use uuid::Uuid;

use crate::world::{SET, candidate, device, group, ring, three_rings};

/// Where the candidates are, all of them being in a ring.
fn placed(set: &RingSet, candidates: &[Candidate]) -> Vec<Placed> {
    let placed = place(SET, set, candidates, &mut Seen::default());
    placed.into_iter().map(|one| one.expect("in a ring")).collect()
}

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
    for one in placed(&three_rings(), &candidates) {
        assert_eq!(one.why, Why::Percentage);
        counts[one.ring.slot()] += 1;
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
    let of_few = placed(&three_rings(), &few);
    let mut of_many = placed(&three_rings(), &many);
    of_many.reverse();
    assert_eq!(of_few[..], of_many[..100]);
}

#[test]
fn pins_beat_groups_groups_beat_stickiness_and_stickiness_beats_percentages() {
    let set = three_rings();
    let rings = |pinned, assigned, current| {
        let of = |n| Candidate { pinned, assigned, current, ..candidate(n) };
        let candidates: Vec<Candidate> = (0..200).map(of).collect();
        placed(&set, &candidates).into_iter().map(|one| (one.ring, one.why)).collect::<Vec<_>>()
    };
    let (first, middle, last) = (RingIndex(0), RingIndex(1), RingIndex(2));
    let all = |rings: Vec<(RingIndex, Why)>, one| rings.into_iter().all(|ring| ring == one);
    assert!(all(rings(None, None, Some(first)), (first, Why::Kept)));
    assert!(all(rings(None, Some(last), Some(first)), (last, Why::Group)));
    assert!(all(rings(Some(middle), Some(last), Some(first)), (middle, Why::Pinned)));
    // A ring the set no longer has is no ring: what comes next decides again.
    let gone = Some(RingIndex(9));
    assert!(rings(gone, gone, gone).iter().any(|(ring, _)| *ring != last));
    assert!(all(rings(gone, Some(last), None), (last, Why::Group)));
}

#[test]
fn of_several_groups_the_later_ring_wins() {
    let set = three_rings();
    let of = |rings: &[u8]| assigned(&set, rings.iter().copied().map(RingIndex));
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[1, 0]), Some(RingIndex(1)));
    // A ring that has groups alone comes as late as its place says, mixed or not.
    assert_eq!(of(&[0, 2, 1]), Some(RingIndex(2)));
    assert_eq!(of(&[0, 7]), Some(RingIndex(0)), "a ring the set does not have");
}

#[test]
fn a_set_without_percentages_holds_whom_its_groups_name() {
    let mut rings = vec![ring("A", 0, 0), ring("B", 0, 1)];
    rings[0].membership.groups.push(group(1));
    rings[1].membership.groups.push(group(2));
    let set = RingSet::new("Assigned".to_owned(), rings).expect("a good set");
    let candidates = [
        candidate(1),
        Candidate { assigned: Some(RingIndex(1)), ..candidate(2) },
        Candidate { pinned: Some(RingIndex(0)), ..candidate(3) },
        // It left the group.
        Candidate { current: Some(RingIndex(1)), ..candidate(4) },
    ];
    let placed = place(SET, &set, &candidates, &mut Seen::default());
    let rings: Vec<_> = placed.iter().map(|one| one.map(|one| one.ring.0)).collect();
    assert_eq!(rings, [None, Some(1), Some(0), None]);
    assert_eq!(place_fleet(SET, &set, &candidates), placed, "nothing to fill by");
}

#[test]
fn a_ring_without_a_percentage_lets_go_of_whom_its_groups_let_go() {
    let set = RingSet::autopatch(1_000, group(1), group(2)).expect("a good set");
    let left = |current| {
        let candidates: Vec<Candidate> = (0..300)
            .map(|n| Candidate { current: Some(RingIndex(current)), ..candidate(n) })
            .collect();
        placed(&set, &candidates).into_iter().all(|one| one.ring == RingIndex(current))
    };
    assert!(!left(0) && !left(4));
    assert!(left(1) && left(2) && left(3));
}

#[test]
fn a_small_fleet_leaves_no_ring_empty() {
    let set = three_rings();
    for fleet in 3..40 {
        let candidates: Vec<Candidate> = (0..fleet).map(candidate).collect();
        let mut placed = placed(&set, &candidates);
        let before = placed.clone();
        fill_rings(&set, &[0, 0, 0], &mut placed);
        let members = |ring| placed.iter().filter(|at| at.ring.0 == ring).count();
        assert!((0..3).all(|ring| members(ring) > 0), "{fleet} devices: {placed:?}");
        let moved = before.iter().zip(&placed).filter(|(a, b)| a != b).count();
        let empty = (0..3).filter(|ring| before.iter().all(|at| at.ring.0 != *ring)).count();
        assert_eq!(moved, empty, "no device moves without need");
        assert_eq!(placed.iter().filter(|one| one.why == Why::Fills).count(), moved);
        let whole = place_fleet(SET, &set, &candidates);
        assert_eq!(whole.into_iter().flatten().collect::<Vec<_>>(), placed);
    }
    // One device is not passed from ring to ring.
    let at = |ring| Placed { ring, place: Place::of(SET, device(1)), why: Why::Percentage };
    let alone = vec![at(RingIndex(1))];
    let mut left_alone = alone.clone();
    fill_rings(&set, &[], &mut left_alone);
    assert_eq!(left_alone, alone);
    // A ring that only groups fill stays empty until they do.
    let by_group = RingSet::autopatch(1_000, group(1), group(2)).expect("a good set");
    let candidates: Vec<Candidate> = (0..300).map(candidate).collect();
    let mut filled = placed(&by_group, &candidates);
    fill_rings(&by_group, &[], &mut filled);
    let members = |ring| filled.iter().filter(|at| at.ring.0 == ring).count();
    assert_eq!((members(0), members(4)), (0, 0));
    assert!((1..4).all(|ring| members(ring) > 0));
    // A ring that has members already takes nobody.
    let mut one = vec![at(RingIndex(2))];
    fill_rings(&set, &[4, 4, 0], &mut one);
    assert_eq!(one[0].ring, RingIndex(2));
}

#[test]
fn numbers_in_the_database_never_change_meaning() {
    let table: Vec<_> = Why::ALL.iter().map(|why| (why.code(), why.word())).collect();
    insta::assert_compact_debug_snapshot!(table, @r#"[(0, "pinned"), (1, "group"), (2, "kept"), (3, "covers"), (4, "fills"), (5, "percentage")]"#);
    assert!(Why::ALL.iter().all(|why| Why::from_code(why.code()) == Some(*why)));
    assert_eq!(Why::from_code(6), None);
}
