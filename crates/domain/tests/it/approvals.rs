//! Approvals: whose word counts, and that no trick makes one person two (I9).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::approval::{Approval, Context, Ignored, Quorum, QuorumError, VALID_FOR, judge};
use domain::gate::Verdict;
use domain::ids::PlanId;
use domain::ring::{Ring, RingIndex, RingSet, RingSetError};
use proptest::prelude::*;
use uuid::Uuid;

use crate::world::{hour, ring, three_rings};

const PLAN: PlanId = PlanId(Uuid::from_u128(1));
const AUTHOR: &str = "Ana";
const NOW: i64 = 100;
const WAIT: Verdict = Verdict::Wait { until: None };

fn names(names: &[&str]) -> Vec<String> {
    names.iter().copied().map(str::to_owned).collect()
}

fn by(name: &str, at: DateTime<Utc>) -> Approval {
    Approval {
        by: name.to_owned(),
        at,
        expires_at: at + VALID_FOR,
        ring: RingIndex(1),
        plan: PLAN,
        evidence: "1-0-0-ab".to_owned(),
        comment: "looked at it".to_owned(),
        withdrawn_at: None,
    }
}

fn context(void_before: Option<DateTime<Utc>>) -> Context<'static> {
    Context { ring: RingIndex(1), plan: PLAN, author: AUTHOR, void_before, now: hour(NOW) }
}

#[test]
fn two_of_three_is_two_people_of_those_three() {
    let quorum = Quorum::new(2, names(&["Ben", "Cleo", "Ana"])).expect("a good quorum");
    let fresh = hour(NOW - 2);
    let judged = |given: &[Approval]| judge(Some(&quorum), given, &context(None));
    assert_eq!(judged(&[]).0, WAIT);
    assert_eq!(judged(&[by("Ben", fresh)]).0, WAIT);
    let (verdict, tally) = judged(&[by("cleo", fresh), by("Ben", fresh)]);
    assert_eq!((verdict, tally.counted), (Verdict::Pass, names(&["Ben", "cleo"])));
    // Without a quorum nobody has to agree.
    assert_eq!(judge(None, &[], &context(None)).0, Verdict::Pass);
}

#[test]
fn what_does_not_count_says_why() {
    let quorum = Quorum::new(2, names(&["Ben", "Cleo", "Ana"])).expect("a good quorum");
    let fresh = hour(NOW - 2);
    let given = [
        Approval { withdrawn_at: Some(hour(NOW - 1)), ..by("Cleo", fresh) },
        Approval { plan: PlanId(Uuid::from_u128(2)), ..by("Cleo", fresh) },
        Approval { ring: RingIndex(0), ..by("Cleo", fresh) },
        by("ANA", fresh),
        by("Dan", fresh),
        by("Cleo", hour(NOW) - VALID_FOR),
        by("Cleo", hour(NOW - 10)),
        by("Ben", fresh),
        by("BEN", fresh + TimeDelta::minutes(1)),
    ];
    let (verdict, tally) = judge(Some(&quorum), &given, &context(Some(hour(NOW - 10))));
    assert_eq!((verdict, tally.needed, tally.counted), (WAIT, 2, names(&["Ben"])));
    let said: Vec<String> =
        tally.ignored.iter().map(|(by, why)| format!("{by} ({}): {why}", why.name())).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    Cleo (expired): it has expired
    Cleo (void): the evidence became worse after it was given
    ANA (author): the author of the plan cannot approve it
    Cleo (other_ring): it was given for another ring
    Cleo (withdrawn): it was withdrawn
    Cleo (other_plan): it was given for another plan
    Dan (not_approver): this person is not among the approvers of the ring
    BEN (repeated): this person is counted already
    ");
    // A moment before it expires, and a moment after the evidence became worse.
    let last = Approval { expires_at: hour(NOW) + TimeDelta::seconds(1), ..by("Cleo", fresh) };
    let void = context(Some(fresh - TimeDelta::seconds(1)));
    assert_eq!(judge(Some(&quorum), &[last, by("Ben", fresh)], &void).0, Verdict::Pass);
}

#[test]
fn quorums_that_cannot_be_met_are_refused() {
    assert_eq!(Quorum::new(0, vec![]), Err(QuorumError::Needed(0)));
    assert_eq!(Quorum::new(6, vec![]), Err(QuorumError::Needed(6)));
    let too_few = QuorumError::TooFew { needed: 2, approvers: 1 };
    assert_eq!(Quorum::new(2, names(&["Ben"])), Err(too_few));
    assert_eq!(
        Quorum::new(2, names(&["Ben", " ben"])),
        Err(QuorumError::Repeated(" ben".to_owned()))
    );
    assert_eq!(Quorum::new(1, names(&[" "])), Err(QuorumError::Name(" ".to_owned())));
    assert_eq!(Quorum::new(1, vec!["x".to_owned(); 51]), Err(QuorumError::TooMany(51)));
    let quorum = Quorum::new(2, names(&["Ben", "Ana"])).expect("a good quorum");
    assert!(!quorum.can_be_met("ana") && quorum.can_be_met("Dan"));
    assert!(Quorum::new(5, vec![]).expect("a good quorum").can_be_met("ana"));
}

#[test]
fn a_ring_keeps_its_quorum_and_one_without_reads_as_before() {
    let with = |at: usize| {
        let mut rings: Vec<Ring> = three_rings().rings().to_vec();
        rings[at].approvals = Quorum::new(1, names(&["Ben"])).ok();
        RingSet::new("Set".to_owned(), rings)
    };
    let set = with(1).expect("a good set");
    let text = serde_json::to_string(&set).expect("JSON");
    assert!(text.contains(r#""approvals":{"needed":1,"approvers":["Ben"]}"#), "{text}");
    assert_eq!(serde_json::from_str::<RingSet>(&text).expect("the same"), set);
    let too_many = text.replace(r#""needed":1"#, r#""needed":2"#);
    assert!(serde_json::from_str::<RingSet>(&too_many).is_err());
    assert_eq!(with(2), Err(RingSetError::ApprovalsOfLast { ring: 2 }));
    let plain = serde_json::to_string(&ring("A", 1, 0)).expect("JSON");
    assert!(!plain.contains("approvals"), "{plain}");
    assert_eq!(serde_json::from_str::<Ring>(&plain).expect("the same").approvals, None);
}

const PEOPLE: [&str; 6] = ["Ana", "ana", "Ben", "BEN ", "Cleo", "Dan"];

prop_compose! {
    fn approvals()(
        who in proptest::sample::select(&PEOPLE[..]),
        at in NOW - 40..NOW,
        ring in 0_u8..3,
        plan in 1_u128..3,
        withdrawn in prop::bool::weighted(0.1),
    ) -> Approval {
        let ring = if ring == 0 { RingIndex(0) } else { RingIndex(1) };
        Approval {
            ring,
            plan: PlanId(Uuid::from_u128(plan)),
            withdrawn_at: withdrawn.then(|| hour(NOW - 1)),
            ..by(who, hour(at))
        }
    }
}

fn quorums() -> impl Strategy<Value = Quorum> {
    let listed = proptest::sample::subsequence(vec!["Ana", "Ben", "Cleo", "Dan", "Eve"], 0..=5);
    (1_u8..=5, listed).prop_filter_map("too few", |(needed, approvers)| {
        Quorum::new(needed, names(&approvers)).ok()
    })
}

proptest! {
    #[test]
    fn the_author_alone_passes_no_quorum(
        quorum in quorums(),
        times in prop::collection::vec((NOW - 40..NOW, prop::bool::ANY), 0..12),
    ) {
        let given: Vec<Approval> =
            times.iter().map(|(at, low)| by(if *low { "ana" } else { " ANA" }, hour(*at))).collect();
        let (verdict, tally) = judge(Some(&quorum), &given, &context(None));
        prop_assert_eq!((verdict, tally.counted), (WAIT, vec![]));
    }

    #[test]
    fn order_does_not_matter_and_nobody_counts_twice(
        quorum in quorums(),
        (given, shuffled) in prop::collection::vec(approvals(), 0..12)
            .prop_flat_map(|given| (Just(given.clone()), Just(given).prop_shuffle())),
        void in prop::option::of(NOW - 40..NOW),
    ) {
        let context = context(void.map(hour));
        let (verdict, tally) = judge(Some(&quorum), &given, &context);
        prop_assert_eq!(judge(Some(&quorum), &shuffled, &context), (verdict, tally.clone()));
        prop_assert_eq!(tally.counted.len() + tally.ignored.len(), given.len());
        let people: BTreeSet<String> =
            tally.counted.iter().map(|by| by.trim().to_lowercase()).collect();
        prop_assert_eq!(people.len(), tally.counted.len());
        // Written down once more, without the code that decides.
        let good: BTreeSet<String> = given
            .iter()
            .filter(|one| one.plan == PLAN && one.ring == RingIndex(1))
            .filter(|one| one.withdrawn_at.is_none() && one.expires_at > hour(NOW))
            .filter(|one| void.is_none_or(|void| one.at > hour(void)))
            .map(|one| one.by.trim().to_lowercase())
            .filter(|one| one != "ana")
            .filter(|one| {
                let listed = quorum.approvers();
                listed.is_empty() || listed.iter().any(|name| name.to_lowercase() == *one)
            })
            .collect();
        prop_assert_eq!(&people, &good);
        let enough = good.len() >= usize::from(quorum.needed());
        prop_assert_eq!(verdict, if enough { Verdict::Pass } else { WAIT });
    }

    #[test]
    fn what_has_expired_never_counts(
        quorum in quorums(),
        given in prop::collection::vec(approvals(), 0..8),
        late in 0_i64..1_000,
    ) {
        let later = Context { now: hour(NOW + 24 + late), ..context(None) };
        let (verdict, tally) = judge(Some(&quorum), &given, &later);
        prop_assert_eq!((verdict, tally.counted), (WAIT, vec![]));
        let found: BTreeSet<Ignored> = tally.ignored.into_iter().map(|(_, why)| why).collect();
        prop_assert!(!found.contains(&Ignored::Repeated) && !found.contains(&Ignored::Void));
    }
}
