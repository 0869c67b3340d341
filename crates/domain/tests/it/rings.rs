//! Ring sets that are refused, and Autopatch's defaults.

use domain::ring::{
    Lint, PlacementRules, RingCount, RingIndex, RingSet, RingSetError, Stratum, WaveLimit,
    minimum_members,
};

use crate::world::{group, ring, three_rings};

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

#[test]
fn percentages_add_up_to_a_hundred_or_to_nothing() {
    let assigned = |first: u128, percent| {
        let mut rings = vec![ring("A", 0, 0), ring("B", percent, 1)];
        rings[0].membership.groups.push(group(first));
        rings[1].membership.groups.push(group(2));
        RingSet::new("Set".to_owned(), rings)
    };
    assert!(assigned(1, 0).is_ok());
    assert!(assigned(1, 100).is_ok());
    assert_eq!(assigned(1, 40), Err(RingSetError::Percentages(40)));
    assert!(matches!(assigned(2, 0), Err(RingSetError::RepeatedGroup { ring: 1, .. })));
    assert_eq!(
        refused(|rings| rings.iter_mut().for_each(|ring| ring.membership.percent = 0)),
        RingSetError::Empty { ring: 0 }
    );
    let sources = PlacementRules { sources: vec![group(3)], ..PlacementRules::default() };
    let shared_by_nobody = assigned(1, 0).expect("a good set").with_rules(sources);
    assert_eq!(shared_by_nobody, Err(RingSetError::SourcesUnshared));
    let many = |count: usize| {
        let rings = (0..count).map(|n| ring(&n.to_string(), u8::from(n == 0) * 100, 0));
        let rings = rings.map(|mut one| {
            one.membership.groups.push(group(one.name.parse().expect("a number")));
            one
        });
        RingSet::new("Many".to_owned(), rings.collect())
    };
    assert!(many(15).is_ok());
    assert_eq!(many(16), Err(RingSetError::Count(16)));
}

#[test]
fn rules_suit_their_rings() {
    let with = |change: fn(&mut PlacementRules)| {
        let mut rings = vec![ring("A", 40, 0), ring("B", 60, 1)];
        rings[1].membership.groups.push(group(1));
        let mut rules = PlacementRules {
            sources: vec![group(7), group(8)],
            cover: vec![Stratum::Model, Stratum::Site],
            cover_rings: 2,
        };
        change(&mut rules);
        RingSet::new("Set".to_owned(), rings).expect("a good set").with_rules(rules)
    };
    let good = with(|_| {}).expect("good rules");
    assert!(good.covers(RingIndex(1)) && !good.covers(RingIndex(2)));
    assert!(!three_rings().covers(RingIndex(0)));
    assert_eq!(
        with(|rules| rules.cover_rings = 3),
        Err(RingSetError::CoverRings { rings: 2, cover: 3 })
    );
    assert_eq!(
        with(|rules| rules.cover.push(Stratum::Site)),
        Err(RingSetError::RepeatedStratum(Stratum::Site))
    );
    assert_eq!(
        with(|rules| rules.sources = (10..61).map(group).collect()),
        Err(RingSetError::Sources(51))
    );
    assert_eq!(
        with(|rules| rules.sources.push(group(7))),
        Err(RingSetError::RepeatedSource(group(7)))
    );
    assert_eq!(
        with(|rules| rules.sources.push(group(1))),
        Err(RingSetError::SourceOfRing { ring: 1, group: group(1) })
    );
}

#[test]
fn what_is_unwise_is_told_and_not_refused() {
    for (fleet, least) in [(0, 1), (500, 1), (501, 5), (5_000, 5), (5_001, 50)] {
        assert_eq!(minimum_members(fleet), least, "{fleet}");
    }
    let rules =
        PlacementRules { cover: vec![Stratum::Model], cover_rings: 1, ..PlacementRules::default() };
    let set = three_rings().with_rules(rules).expect("good rules");
    let count = |members, uncovered| RingCount { members, uncovered };
    assert_eq!(set.lint(&[count(60, 0), count(1_800, 3), count(3_600, 3)]), []);
    let told: Vec<String> = set
        .lint(&[count(3, 12), count(6_000, 1)])
        .into_iter()
        .map(|lint| lint.to_string())
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    ring 0 has 3 devices, advised are 50 or more
    ring 0 has no example of 12 strata of the fleet
    ring 2 has no device
    ");
    // The last ring may be as small as it likes.
    let small_last = set.lint(&[count(60, 0), count(6_000, 0), count(1, 0)]);
    assert_eq!(small_last, []);
    assert_eq!(set.lint(&[])[0], Lint::Empty { ring: RingIndex(0) });
}
