//! Early rings that cover the fleet: within their share, the same in any order, and for good.

use std::collections::HashSet;

use domain::build::Build;
use domain::placement::{
    Candidate, Placed, Seen, StratumKey, StratumOf, Why, coverage, place, place_fleet,
};
use domain::ring::{PlacementRules, RingIndex, RingSet, Stratum};
use proptest::prelude::*;

use crate::world::{SET, candidate, ring, three_rings};

/// `percents`, of which the first `cover_rings` cover by model.
fn covering(percents: &[u8], cover_rings: u8) -> RingSet {
    let rings = percents.iter().enumerate().map(|(n, percent)| ring(&n.to_string(), *percent, 0));
    let rules =
        PlacementRules { cover: vec![Stratum::Model], cover_rings, ..PlacementRules::default() };
    RingSet::new("Covering".to_owned(), rings.collect())
        .and_then(|set| set.with_rules(rules))
        .expect("a good set")
}

fn of_model(number: u128, model: u64) -> Candidate {
    Candidate { stratum: Some(StratumKey(model)), ..candidate(number) }
}

fn all(set: &RingSet, candidates: &[Candidate], seen: &mut Seen) -> Vec<Placed> {
    place(SET, set, candidates, seen).into_iter().map(|one| one.expect("in a ring")).collect()
}

fn models(candidates: &[Candidate], placed: &[Placed], ring: u8) -> HashSet<StratumKey> {
    let there = candidates.iter().zip(placed).filter(|(_, placed)| placed.ring.0 == ring);
    there.filter_map(|(candidate, _)| candidate.stratum).collect()
}

#[test]
fn early_rings_have_one_of_each_within_their_share() {
    let set = covering(&[5, 15, 80], 2);
    // Twenty models, of which the rarest has ten devices; chance alone would leave some of them out.
    let fleet: Vec<Candidate> = (0..1_000)
        .map(|n| of_model(n, if n < 190 { 1 + u64::try_from(n / 10).unwrap_or(0) } else { 0 }))
        .collect();
    let placed = all(&set, &fleet, &mut Seen::default());
    for (ring, quota) in [(0, 50), (1, 150)] {
        assert_eq!(models(&fleet, &placed, ring).len(), 20, "ring {ring}");
        assert!(placed.iter().filter(|one| one.ring.0 == ring).count() <= quota);
    }
    assert!(placed.iter().filter(|one| one.why == Why::Covers).count() <= 40);
    let report = coverage(
        &set,
        fleet.iter().zip(&placed).map(|(one, placed)| (Some(placed.ring), one.stratum)),
    );
    assert_eq!(report.strata, 20);
    assert_eq!(report.rings[0].covered, 20);
    assert!(set.lint(&report.counts()).is_empty());
    let by_chance = place(SET, &covering(&[5, 15, 80], 0), &fleet, &mut Seen::default());
    let by_chance: Vec<Placed> = by_chance.into_iter().flatten().collect();
    assert!(models(&fleet, &by_chance, 0).len() < 20, "the rule earns its keep");
}

#[test]
fn a_share_that_is_too_small_covers_the_largest_models() {
    let set = covering(&[1, 99], 1);
    // Of model n there are n + 1 devices, 40 models; the first ring may have 9 devices.
    let fleet: Vec<Candidate> = (0..40_u64)
        .flat_map(|model| (0..=model).map(move |n| of_model(u128::from(model * 100 + n), model)))
        .collect();
    assert_eq!(fleet.len(), 820);
    let placed = all(&set, &fleet, &mut Seen::default());
    let covered = models(&fleet, &placed, 0);
    assert_eq!(covered, (31..40).map(StratumKey).collect());
    let report = coverage(
        &set,
        fleet.iter().zip(&placed).map(|(one, placed)| (Some(placed.ring), one.stratum)),
    );
    assert_eq!((report.rings[0].members, report.rings[0].covered), (9, 9));
    assert_eq!(report.rings[0].uncovered.len(), 31);
    assert_eq!(report.rings[0].uncovered[0], StratumKey(30), "largest first");
}

#[test]
fn what_the_ring_holds_already_is_not_covered_again() {
    let set = covering(&[10, 90], 1);
    let mut seen = Seen {
        members: vec![1, 99],
        covered: vec![HashSet::from([StratumKey(1)]), HashSet::new()],
    };
    let arriving = [of_model(1, 1), of_model(2, 1), of_model(3, 2)];
    let placed = all(&set, &arriving, &mut seen);
    let covers = |one: &Placed| (one.ring, one.why) == (RingIndex(0), Why::Covers);
    assert_eq!(placed.iter().map(covers).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(seen.members.iter().sum::<u32>(), 103);
    assert!(seen.covered[0].contains(&StratumKey(2)));
    // One that a group or a pin brings counts as well.
    let brought = Candidate { assigned: Some(RingIndex(0)), ..of_model(4, 3) };
    let placed = all(&set, &[of_model(5, 3), brought], &mut Seen::default());
    assert_ne!(placed[0].why, Why::Covers);
}

#[test]
fn a_fleet_in_chunks_keeps_to_the_share_too() {
    let set = covering(&[1, 9, 90], 2);
    let fleet: Vec<Candidate> =
        (0..60_000).map(|n| of_model(n, u64::try_from(n % 300).unwrap_or(0))).collect();
    let mut seen = Seen::default();
    let placed: Vec<Placed> =
        fleet.chunks(5_000).flat_map(|chunk| all(&set, chunk, &mut seen)).collect();
    assert!(seen.members[0] <= 600 && seen.members[1] <= 5_400, "{:?}", seen.members);
    assert!(seen.members[0] > 500 && seen.members[1] > 5_000, "{:?}", seen.members);
    assert_eq!(models(&fleet, &placed, 0).len(), 300);
}

#[test]
fn strata_are_fixed_by_the_specification_of_the_hash() {
    let device = StratumOf {
        manufacturer: "Contoso",
        model: "Book 14",
        build: Some(Build { major: 10, minor: 0, build: 26100, revision: 4061 }),
        site: "Oslo",
    };
    let key = |cover: &[Stratum], device| StratumKey::of(cover, device);
    assert_eq!(key(&[], device), None);
    let whole = [Stratum::Model, Stratum::Build, Stratum::Site];
    insta::assert_compact_debug_snapshot!(
        key(&whole, device),
        @"Some(StratumKey(16635052005327647469))"
    );
    assert_eq!(key(&whole, device), key(&[Stratum::Site, Stratum::Model, Stratum::Build], device));
    let patched = Some(Build { major: 10, minor: 0, build: 26100, revision: 7171 });
    assert_eq!(key(&whole, device), key(&whole, StratumOf { build: patched, ..device }));
    for other in [
        StratumOf { manufacturer: "ContosoBook", model: " 14", ..device },
        StratumOf { build: None, ..device },
        StratumOf { site: "", ..device },
    ] {
        assert_ne!(key(&whole, device), key(&whole, other), "{other:?}");
    }
    let moved = StratumOf { site: "Bergen", ..device };
    assert_eq!(key(&[Stratum::Model], device), key(&[Stratum::Model], moved));
}

fn fleets() -> impl Strategy<Value = Vec<Candidate>> {
    let ring = || proptest::option::weighted(0.1, (0_u8..4).prop_map(RingIndex));
    let one = (ring(), ring(), ring(), proptest::option::of(0_u64..12));
    proptest::collection::vec(one, 0..300).prop_map(|fleet| {
        let of = |(n, (pinned, assigned, current, model)): (u128, (_, _, _, Option<u64>))| {
            Candidate { pinned, assigned, current, stratum: model.map(StratumKey), ..candidate(n) }
        };
        (0..).zip(fleet).map(of).collect()
    })
}

fn sets() -> impl Strategy<Value = RingSet> {
    prop_oneof![
        Just(covering(&[5, 15, 80], 2)),
        Just(covering(&[1, 1, 98], 3)),
        Just(covering(&[10, 30, 60], 0)),
        Just(three_rings()),
    ]
}

proptest! {
    #[test]
    fn the_order_of_the_devices_changes_nothing(
        (fleet, shuffled) in fleets().prop_flat_map(|fleet| {
            let indices: Vec<usize> = (0..fleet.len()).collect();
            (Just(fleet), Just(indices).prop_shuffle())
        }),
        set in sets(),
    ) {
        let there = place_fleet(SET, &set, &fleet);
        let other: Vec<Candidate> = shuffled.iter().map(|at| fleet[*at]).collect();
        let there_shuffled = place_fleet(SET, &set, &other);
        for (index, at) in shuffled.iter().enumerate() {
            prop_assert_eq!(there_shuffled[index], there[*at]);
        }
    }

    #[test]
    fn placing_again_changes_nothing(fleet in fleets(), set in sets()) {
        let before = place_fleet(SET, &set, &fleet);
        let again: Vec<Candidate> = fleet
            .iter()
            .zip(&before)
            .map(|(one, placed)| Candidate { current: placed.map(|placed| placed.ring), ..*one })
            .collect();
        let after = place_fleet(SET, &set, &again);
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!(before.map(|one| one.ring), after.map(|one| one.ring));
        }
    }

    #[test]
    fn coverage_keeps_to_the_share(fleet in fleets()) {
        let set = covering(&[5, 15, 80], 2);
        let placed = place(SET, &set, &fleet, &mut Seen::default());
        let count = u32::try_from(fleet.len()).unwrap_or(0);
        for (ring, percent) in [(0, 5), (1, 15)] {
            let inside = placed.iter().flatten().filter(|one| one.ring == RingIndex(ring));
            let (free, decided): (Vec<&Placed>, Vec<&Placed>) =
                inside.partition(|one| matches!(one.why, Why::Covers | Why::Percentage));
            let quota = (count * percent).div_ceil(100).max(1);
            let room = usize::try_from(quota).unwrap_or(0).saturating_sub(decided.len());
            prop_assert!(free.len() <= room, "ring {}: {} of {}", ring, free.len(), room);
        }
    }
}
