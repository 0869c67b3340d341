//! Ring sets that are refused, and Autopatch's defaults.

use domain::ring::{RingIndex, RingSet, RingSetError, WaveLimit};

use crate::world::{group, ring};

fn refused(change: impl FnOnce(&mut Vec<domain::ring::Ring>)) -> RingSetError {
    let mut rings = vec![ring("A", 40, 0), ring("B", 60, 1)];
    change(&mut rings);
    RingSet::new("Set".to_owned(), rings).expect_err("a bad set")
}

#[test]
fn bad_sets_are_refused_by_name() {
    assert_eq!(refused(|rings| rings[1].membership.percent = 50), RingSetError::Percentages(90));
    assert_eq!(refused(|rings| rings.truncate(1)), RingSetError::Count(1));
    let empty = |rings: &mut Vec<domain::ring::Ring>| {
        rings[0].membership.percent = 0;
        rings[1].membership.percent = 100;
    };
    assert_eq!(refused(empty), RingSetError::Empty { ring: 0 });
    let again = RingSetError::RepeatedName { ring: 1, name: "a".to_owned() };
    assert_eq!(refused(|rings| rings[1].name = "a".to_owned()), again);
    let twice = |rings: &mut Vec<domain::ring::Ring>| {
        rings[0].membership.groups.push(group(1));
        rings[1].membership.groups.push(group(1));
    };
    assert_eq!(refused(twice), RingSetError::RepeatedGroup { ring: 1, group: group(1) });
    assert_eq!(
        refused(|rings| rings[1].cadence.deferral_days = 31),
        RingSetError::Deferral { ring: 1 }
    );
    assert_eq!(refused(|rings| rings[1].waves.least = 0), RingSetError::Waves { ring: 1 });
    assert!(matches!(
        refused(|rings| rings[1].gate.max_failed_bp = 10_000),
        RingSetError::Gate { ring: 1, .. }
    ));
    assert_eq!(refused(|rings| rings[0].name = " ".to_owned()), RingSetError::Name(" ".to_owned()));
}

#[test]
fn autopatch_defaults() {
    let table = |devices| {
        let set = RingSet::autopatch(devices, group(1), group(2)).unwrap();
        let row = |ring: &domain::ring::Ring| {
            let days = ring.cadence;
            format!(
                "{} {}% {} groups {}/{}/{}",
                ring.name,
                ring.membership.percent,
                ring.membership.groups.len(),
                days.deferral_days,
                days.deadline_days,
                days.grace_days
            )
        };
        set.rings().iter().map(row).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(table(201), @r"
    Test 0% 1 groups 0/0/0
    First 1% 0 groups 1/2/2
    Fast 9% 0 groups 6/2/2
    Broad 90% 0 groups 9/5/2
    Last 0% 1 groups 11/3/2
    ");
    assert!(table(200).contains("First 5%"));
    assert_eq!(
        RingIndex(2).up_to_here().collect::<Vec<_>>(),
        vec![RingIndex(0), RingIndex(1), RingIndex(2)]
    );
}

#[test]
fn wave_limits_follow_the_size_of_the_ring() {
    for (members, limit) in
        [(0, 50), (999, 50), (1_000, 50), (2_000, 100), (9_000, 450), (1_000_000, 500)]
    {
        assert_eq!(WaveLimit::DEFAULT.for_ring(members), limit, "{members}");
    }
}
