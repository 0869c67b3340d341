//! Exact turning points of the gate, through one `check`.

use domain::attempt::AttemptState as S;
use domain::gate::{Condition, ConditionKind, Gate, GateInput, Verdict};
use domain::tally::Tally;

use crate::world::hour;

fn check(kind: ConditionKind, counts: &[(S, u32)], expected: Verdict) {
    let input = GateInput {
        tally: Tally::of(counts.iter().copied()),
        opened_at: hour(0),
        soaking_since: Some(hour(10)),
        observed_at: Some(hour(30)),
    };
    let found: Option<Condition> = Gate::DEFAULT.judge(&input, hour(34)).condition(kind).copied();
    assert_eq!(found.map(|condition| condition.verdict), Some(expected), "{counts:?}");
}

#[test]
fn exposure_turns_at_eighty_percent_of_the_eligible() {
    let wait = Verdict::Wait { until: None };
    check(ConditionKind::Exposure, &[(S::Confirmed, 79), (S::Offered, 21)], wait);
    check(ConditionKind::Exposure, &[(S::Confirmed, 80), (S::Offered, 20)], Verdict::Pass);
    check(
        ConditionKind::Exposure,
        &[(S::Failed, 40), (S::Lost, 40), (S::Offered, 20)],
        Verdict::Pass,
    );
    // A device that could not be reached is no part of the denominator.
    check(
        ConditionKind::Exposure,
        &[(S::Confirmed, 8), (S::Offered, 2), (S::Unresolved, 90)],
        Verdict::Pass,
    );
    // Installed is not confirmed.
    check(ConditionKind::Exposure, &[(S::Installed, 100)], wait);
    check(ConditionKind::Exposure, &[(S::Excluded, 5)], Verdict::Unknown);
}

#[test]
fn success_fails_as_soon_as_the_ring_cannot_end_within_its_limit() {
    let fail = Verdict::Fail;
    check(ConditionKind::Success, &[(S::Failed, 5), (S::Assigned, 95)], Verdict::Pass);
    check(ConditionKind::Success, &[(S::Failed, 6), (S::Assigned, 94)], fail);
    check(ConditionKind::Success, &[(S::Failed, 2), (S::Confirmed, 38)], Verdict::Pass);
    check(ConditionKind::Success, &[(S::Failed, 3), (S::Confirmed, 37)], fail);
    check(ConditionKind::Silence, &[(S::Lost, 2), (S::Confirmed, 98)], Verdict::Pass);
    check(ConditionKind::Silence, &[(S::Lost, 3), (S::Confirmed, 97)], fail);
    // Silence is not a failure and a failure is not silence.
    check(ConditionKind::Success, &[(S::Lost, 90), (S::Confirmed, 10)], Verdict::Pass);
    check(ConditionKind::Silence, &[(S::Failed, 90), (S::Confirmed, 10)], Verdict::Pass);
}

#[test]
fn bake_and_data_turn_on_time() {
    let at = |soaking: Option<i64>, observed: Option<i64>, now: i64| {
        let input = GateInput {
            tally: Tally::of([(S::Confirmed, 100)]),
            opened_at: hour(0),
            soaking_since: soaking.map(hour),
            observed_at: observed.map(hour),
        };
        let report = Gate::DEFAULT.judge(&input, hour(now));
        let of = |kind| report.condition(kind).map(|condition| condition.verdict);
        (of(ConditionKind::Bake), of(ConditionKind::Data), report.passes(), report.next_look())
    };
    let (pass, unknown) = (Some(Verdict::Pass), Some(Verdict::Unknown));
    let until = Some(Verdict::Wait { until: Some(hour(34)) });
    assert_eq!(at(Some(10), Some(33), 33), (until, pass, false, Some(hour(34))));
    assert_eq!(at(Some(10), Some(33), 34), (pass, pass, true, None));
    assert_eq!(at(Some(10), Some(22), 34), (pass, pass, true, None));
    assert_eq!(at(Some(10), Some(21), 34), (pass, unknown, false, None));
    assert_eq!(at(Some(10), None, 34), (pass, unknown, false, None));
    // An observation from before the ring opened says nothing about it, however recent.
    let input = |observed: i64| GateInput {
        tally: Tally::of([(S::Confirmed, 100)]),
        opened_at: hour(32),
        soaking_since: Some(hour(1)),
        observed_at: Some(hour(observed)),
    };
    assert!(!Gate::DEFAULT.judge(&input(31), hour(34)).passes());
    assert!(Gate::DEFAULT.judge(&input(32), hour(34)).passes());
    assert_eq!(at(None, Some(33), 34), (Some(Verdict::Wait { until: None }), pass, false, None));
}
