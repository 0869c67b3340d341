//! Exact turning points of the gate, through one `check`.

mod properties;

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState as S;
use domain::evidence::{EValue, FORMULA, Level, Limit, coverage};
use domain::gate::policy::{Policy, Signal};
use domain::gate::success::{SuccessBy, SuccessRule, wilson_can_tell};
use domain::gate::weigh::{Culprit, Weighed};
use domain::gate::{ConditionKind, Evidence, Gate, GateInput, GateReport, Verdict};
use domain::rollout::observations::RingObservation;

use crate::world::{counted, hour, nobody, policy};

const WAIT: Verdict = Verdict::Wait { until: None };

fn weighed(level: Level) -> Weighed {
    let culprit = Some(Culprit::Release { signal: Signal::Failed });
    let (suspects, signals) = (Vec::new(), Vec::new());
    Weighed { formula: FORMULA, evidence: EValue::ONE, level, culprit, suspects, signals }
}

/// What a gate is told of a ring that opened in hour 0, soaks since hour 10 and was read in hour 30.
struct Told {
    policy: Policy,
    weighed: Weighed,
    ring: RingObservation,
    opened_at: i64,
    soaking: Option<i64>,
    observed: Option<i64>,
    heard: Option<i64>,
}

impl Told {
    fn of(counts: &[(S, u32)]) -> Self {
        Self {
            policy: policy(),
            weighed: weighed(Level::Calm),
            ring: counted(counts),
            opened_at: 0,
            soaking: Some(10),
            observed: Some(30),
            heard: Some(30),
        }
    }

    fn judged_by(&self, gate: &Gate, now: DateTime<Utc>) -> GateReport {
        let input = GateInput {
            policy: &self.policy,
            weighed: &self.weighed,
            ring: &self.ring,
            opened_at: hour(self.opened_at),
            soaking_since: self.soaking.map(hour),
            observed_at: self.observed.map(hour),
            heard_at: self.heard.map(hour),
            next_opens_at: None,
            next_held: None,
            signals: &[],
            quorum: None,
            approvals: &[],
            approving: nobody(now),
        };
        gate.judge(&input, now)
    }

    fn judged(&self, now: i64) -> GateReport {
        self.judged_by(&Gate::DEFAULT, hour(now))
    }
}

fn verdict(report: &GateReport, kind: ConditionKind) -> Verdict {
    report.condition(kind).expect("every condition is answered").verdict
}

fn check(kind: ConditionKind, counts: &[(S, u32)], expected: Verdict) {
    assert_eq!(verdict(&Told::of(counts).judged(34), kind), expected, "{counts:?}");
}

#[test]
fn exposure_turns_at_eighty_percent_of_the_eligible() {
    let kind = ConditionKind::Exposure;
    check(kind, &[(S::Confirmed, 79), (S::Offered, 21)], WAIT);
    check(kind, &[(S::Confirmed, 80), (S::Offered, 20)], Verdict::Pass);
    check(kind, &[(S::Failed, 40), (S::Lost, 40), (S::Offered, 20)], Verdict::Pass);
    // A device that could not be reached is no part of the denominator.
    check(kind, &[(S::Confirmed, 40), (S::Offered, 10), (S::Unresolved, 90)], Verdict::Pass);
    // Installed is not confirmed.
    check(kind, &[(S::Installed, 100)], WAIT);
    check(kind, &[(S::Excluded, 5)], Verdict::Unknown);
}

#[test]
fn outcomes_that_come_as_late_as_never_before_hold() {
    let usual = coverage::usual(&[[0, 0, 0, 8_000, 9_000, 9_500, 9_500, 9_500]; 3]);
    let told = |in_flight: u32, offered: i64| {
        let mut told = Told::of(&[(S::Confirmed, 1_000 - in_flight), (S::Offered, in_flight)]);
        told.ring.offer_times = vec![coverage::Offers { at: hour(offered), devices: 1_000 }];
        told.policy = told.policy.clone().with_reported(usual.clone());
        told.judged(34)
    };
    let of = |report: &GateReport| verdict(report, ConditionKind::Stall);
    // Ten hours after the offer nobody is late; after 30 hours 175 are expected in flight.
    for (in_flight, offered, expected) in [
        (1_000, 24, Verdict::Pass),
        (175, 4, Verdict::Pass),
        (226, 4, Verdict::Pass),
        (227, 4, Verdict::Unknown),
        (1_000, 4, Verdict::Unknown),
    ] {
        assert_eq!(of(&told(in_flight, offered)), expected, "{in_flight} since {offered}");
    }
    let mut known = Told::of(&[(S::Offered, 1_000)]);
    known.ring.offer_times = vec![coverage::Offers { at: hour(0), devices: 1_000 }];
    assert_eq!(of(&known.judged(34)), Verdict::Pass, "nobody knows what is usual");
}

#[test]
fn a_small_ring_wants_ninety_percent_and_nobody_in_the_middle_of_an_install() {
    let kind = ConditionKind::Exposure;
    check(kind, &[(S::Confirmed, 44), (S::Offered, 5)], WAIT);
    check(kind, &[(S::Confirmed, 45), (S::Offered, 4)], Verdict::Pass);
    check(kind, &[(S::Confirmed, 48), (S::Installing, 1)], WAIT);
    check(kind, &[(S::Confirmed, 48), (S::Installed, 1)], WAIT);
    // From 50 on as any other.
    check(kind, &[(S::Confirmed, 40), (S::Installing, 10)], Verdict::Pass);
}

#[test]
fn success_by_rate_holds_above_the_limit_and_fails_only_beyond_chance() {
    let kind = ConditionKind::Success;
    check(kind, &[(S::Failed, 5), (S::Confirmed, 95)], Verdict::Pass);
    // Above the limit for good, but no more than chance may do: a person decides.
    check(kind, &[(S::Failed, 6), (S::Confirmed, 94)], Verdict::Unknown);
    check(kind, &[(S::Failed, 6), (S::Assigned, 94)], Verdict::Unknown);
    check(kind, &[(S::Failed, 2), (S::Confirmed, 38)], Verdict::Pass);
    check(kind, &[(S::Failed, 3), (S::Confirmed, 37)], Verdict::Unknown);
    // Of those that are known too many failed; the others may still put it right.
    check(kind, &[(S::Failed, 5), (S::Assigned, 95)], WAIT);
    check(kind, &[(S::Failed, 5), (S::Confirmed, 94), (S::Assigned, 1)], WAIT);
    check(kind, &[(S::Assigned, 100)], WAIT);
    check(kind, &[(S::Excluded, 100)], Verdict::Unknown);
    // Evidence against a rate of 5 %: 66, then 206.
    check(kind, &[(S::Failed, 14), (S::Confirmed, 86)], Verdict::Unknown);
    check(kind, &[(S::Failed, 15), (S::Confirmed, 85)], Verdict::Fail);
    // A lost device failed as well.
    check(kind, &[(S::Failed, 7), (S::Lost, 8), (S::Confirmed, 85)], Verdict::Fail);
    check(kind, &[(S::Failed, 3), (S::Lost, 3), (S::Confirmed, 94)], Verdict::Unknown);
}

#[test]
fn each_success_rule_has_its_own_turning_point() {
    let by = |rule: SuccessRule, failed: u32, confirmed: u32| {
        let gate = Gate { success: rule, ..Gate::DEFAULT };
        let told = Told::of(&[(S::Failed, failed), (S::Confirmed, confirmed)]);
        let report = told.judged_by(&gate, hour(34));
        let condition = report.condition(ConditionKind::Success).expect("answered");
        let Evidence::Success { by, .. } = condition.evidence else { panic!("{condition:?}") };
        (by, condition.verdict)
    };
    let (pass, hold) = (Verdict::Pass, Verdict::Unknown);
    assert_eq!(by(SuccessRule::Point, 5, 95), (SuccessBy::Rate, pass));
    assert_eq!(by(SuccessRule::Point, 6, 94), (SuccessBy::Rate, hold));
    // Wilson's bound of 38 of 1,000 is 4.93 %, of 39 it is 5.04 %.
    assert_eq!(by(SuccessRule::Point, 38, 962), (SuccessBy::Wilson, pass));
    assert_eq!(by(SuccessRule::Point, 39, 961), (SuccessBy::Wilson, hold));
    // A certificate asks for more: nobody of 70, or 29 of 1,000.
    assert_eq!(by(SuccessRule::Certified, 0, 69), (SuccessBy::Certificate, hold));
    assert_eq!(by(SuccessRule::Certified, 0, 70), (SuccessBy::Certificate, pass));
    assert_eq!(by(SuccessRule::Certified, 29, 971), (SuccessBy::Certificate, pass));
    assert_eq!(by(SuccessRule::Certified, 30, 970), (SuccessBy::Certificate, hold));
}

#[test]
fn a_bound_is_asked_of_rings_that_can_give_it() {
    let limit = Limit::new(0.05).expect("a share");
    let can = |devices: u32| wilson_can_tell(devices, Limit::TWO_PERCENT, limit);
    let turns: Vec<u32> = (1..2_000).filter(|devices| can(*devices) != can(devices - 1)).collect();
    // Whole failures make it waver for a few sizes.
    assert_eq!(turns, [405, 416, 429]);
}

#[test]
fn evidence_holds_at_watch_and_fails_at_pause() {
    let at = |level: Level| {
        let told = Told { weighed: weighed(level), ..Told::of(&[(S::Confirmed, 100)]) };
        let report = told.judged(34);
        (verdict(&report, ConditionKind::NoHalt), report.passes())
    };
    assert_eq!(at(Level::Calm), (Verdict::Pass, true));
    assert_eq!(at(Level::Watch), (WAIT, false));
    assert_eq!(at(Level::Pause), (Verdict::Fail, false));
    assert_eq!(at(Level::RollBack), (Verdict::Fail, false));
}

#[test]
fn silent_devices_hold_above_the_limit_and_fail_only_beyond_chance() {
    let kind = ConditionKind::Stall;
    check(kind, &[(S::Lost, 2), (S::Confirmed, 98)], Verdict::Pass);
    check(kind, &[(S::Lost, 3), (S::Confirmed, 97)], Verdict::Unknown);
    check(kind, &[(S::Lost, 8), (S::Confirmed, 92)], Verdict::Unknown);
    check(kind, &[(S::Lost, 9), (S::Confirmed, 91)], Verdict::Fail);
    // A failure is not silence.
    check(kind, &[(S::Failed, 90), (S::Confirmed, 10)], Verdict::Pass);
}

#[test]
fn old_data_is_unknown() {
    let at = |opened_at: i64, observed: Option<i64>, heard: Option<i64>| {
        let told = Told::of(&[(S::Confirmed, 100)]);
        let report = Told { opened_at, observed, heard, ..told }.judged(34);
        (verdict(&report, ConditionKind::Stall), report.passes())
    };
    let (good, bad) = ((Verdict::Pass, true), (Verdict::Unknown, false));
    assert_eq!(at(0, Some(22), Some(22)), good);
    assert_eq!(at(0, Some(21), Some(22)), bad);
    // Read, but nobody is heard of: our own pipeline is sick.
    assert_eq!(at(0, Some(22), Some(21)), bad);
    assert_eq!(at(0, None, Some(34)), bad);
    assert_eq!(at(0, Some(34), None), bad);
    // An observation from before the ring opened says nothing about it, however recent.
    assert_eq!(at(32, Some(31), Some(34)), bad);
    assert_eq!(at(32, Some(32), Some(31)), good);
}

/// 100 devices in a ring, of which so many are confirmed, `hours` before now on average.
fn baking(confirmed: u32, hours: i64, soaking: Option<i64>, now: i64) -> GateReport {
    let mut told = Told::of(&[(S::Confirmed, confirmed), (S::Assigned, 100 - confirmed)]);
    told.soaking = soaking;
    told.ring.confirmed_seconds = i64::from(confirmed) * hour(now - hours).timestamp();
    told.judged(now)
}

#[test]
fn bake_needs_time_and_hours_on_devices() {
    let at = |confirmed: u32, hours: i64, soaking: Option<i64>, now: i64| {
        verdict(&baking(confirmed, hours, soaking, now), ConditionKind::Bake)
    };
    let until = |hours: i64| Verdict::Wait { until: Some(hour(hours)) };
    assert_eq!(at(100, 24, Some(10), 33), until(34));
    assert_eq!(at(100, 24, Some(10), 34), Verdict::Pass);
    assert_eq!(at(100, 500, Some(10), 33), until(34));
    assert_eq!(at(100, 500, None, 34), WAIT);
    // 80 have to be judged, so 1,920 hours; 100 devices make them in 19.2.
    assert_eq!(at(100, 20, Some(10), 34), Verdict::Pass);
    let Verdict::Wait { until: Some(until) } = at(100, 19, Some(10), 34) else { panic!() };
    assert_eq!((until - hour(34)).num_minutes(), 12);
    // One that fails does not run the update, and nobody waits for its hours.
    assert_eq!(at(50, 24, Some(10), 34), Verdict::Pass);
    assert_eq!(at(0, 0, Some(10), 34), Verdict::Pass);
}

#[test]
fn the_calendar_holds_until_the_day() {
    let told = Told::of(&[(S::Confirmed, 100)]);
    let (policy, weighed, ring) = (&told.policy, &told.weighed, &told.ring);
    let input = GateInput {
        policy,
        weighed,
        ring,
        opened_at: hour(0),
        soaking_since: Some(hour(10)),
        observed_at: Some(hour(60)),
        heard_at: Some(hour(60)),
        next_opens_at: Some(hour(72)),
        next_held: None,
        signals: &[],
        quorum: None,
        approvals: &[],
        approving: nobody(hour(0)),
    };
    let at = |now: i64| Gate::DEFAULT.judge(&input, hour(now));
    assert_eq!(at(71).next_look(), Some(hour(72)));
    assert_eq!((at(71).passes(), at(72).passes()), (false, true));
}
