//! The sentences, every one of them.

use api::words::{Rings, events, gate, number, waiting};
use chrono::{DateTime, TimeDelta, Utc};
use domain::approval::{Approval, Context, Quorum};
use domain::attempt::AttemptState::{Confirmed, Excluded, Failed, Lost, Offered};
use domain::calendar::{Held, Why};
use domain::evidence::Level;
use domain::gate::policy::{Choices, Policy, Segment, SegmentKind, Signal};
use domain::gate::weigh::{Culprit, weigh};
use domain::gate::{ConditionKind, Gate, GateInput, GateReport};
use domain::ids::{FreezeId, PlanId};
use domain::pause::{Scope, StandingPause};
use domain::ring::{Cadence, Membership, Ring, RingIndex, RingSet, WaveLimit};
use domain::rollout::decide::WaitingOn;
use domain::rollout::observations::{Intent, Observations, RingObservation, SegmentCount, Wish};
use domain::rollout::phase::{Event, PauseCause, Pauser};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::signal;
use domain::tally::Tally;
use serde_json::json;

use crate::world::hour;

const FAST: RingIndex = RingIndex(1);

fn rings() -> Rings {
    let segments = ["Contoso Notebook", "Fabrikam Pad"].map(|name| Segment {
        kind: SegmentKind::Model,
        name: name.to_owned(),
        members: 1_000,
    });
    Rings::new(["First", "Fast"].into_iter()).with_segments(&segments)
}

fn report(tally: Tally, soaking: Option<i64>, observed: Option<i64>) -> GateReport {
    report_of(tally, soaking, observed, &Answers::default())
}

/// What others than the counters say.
#[derive(Default)]
struct Answers {
    signals: Vec<signal::Seen>,
    quorum: Option<Quorum>,
    approvals: Vec<Approval>,
    next_opens_at: Option<DateTime<Utc>>,
}

fn report_of(
    tally: Tally,
    soaking: Option<i64>,
    observed: Option<i64>,
    answers: &Answers,
) -> GateReport {
    let segments = ["Contoso Notebook", "Fabrikam Pad"].map(|name| Segment {
        kind: SegmentKind::Model,
        name: name.to_owned(),
        members: 1_000,
    });
    let policy = Policy::settle(Choices::default(), &[], segments.to_vec());
    let ring = Ring {
        name: "First".to_owned(),
        membership: Membership { percent: 50, groups: Vec::new() },
        cadence: Cadence { deferral_days: 0, deadline_days: 2, grace_days: 2 },
        gate: Gate::DEFAULT,
        waves: WaveLimit::DEFAULT,
        approvals: None,
        calendar: None,
    };
    let last = Ring { name: "Fast".to_owned(), ..ring.clone() };
    let set = RingSet::new("Two".to_owned(), vec![ring, last]).expect("a good set");
    let plan = Plan::new(&set, hour(0), OnGateFailure::Pause, policy);
    let counted = SegmentCount { offered: tally.exposed() / 2, failed: tally.failed(), lost: 0 };
    let ring = RingObservation {
        tally,
        confirmed_seconds: hour(0).timestamp() * i64::from(tally.confirmed()),
        segments: vec![SegmentCount { failed: 0, ..counted }, counted],
        ..RingObservation::default()
    };
    let intent = Intent {
        wish: Wish::Run,
        given_at: hour(0),
        promoted: None,
        held: Vec::new(),
        released: Vec::new(),
        take_back: false,
    };
    let weighed = weigh(&plan, &Observations::new(intent, vec![ring.clone()]));
    let input = GateInput {
        policy: plan.policy(),
        weighed: &weighed,
        ring: &ring,
        opened_at: hour(0),
        soaking_since: soaking.map(hour),
        observed_at: observed.map(hour),
        heard_at: observed.map(hour),
        next_opens_at: answers.next_opens_at,
        next_held: None,
        signals: &answers.signals,
        quorum: answers.quorum.as_ref(),
        approvals: &answers.approvals,
        approving: Context {
            ring: RingIndex::FIRST,
            plan: PlanId(uuid::Uuid::nil()),
            author: "ana",
            void_before: None,
            now: hour(20),
        },
    };
    Gate::DEFAULT.judge(&input, hour(20))
}

fn texts(report: &GateReport) -> String {
    let line = |one| {
        let policy = Policy::settle(Choices::default(), &[], Vec::new());
        let one = gate::condition(one, &policy, &rings());
        let until = one.until.map(|at: DateTime<Utc>| format!(" until {at}")).unwrap_or_default();
        format!("{} {:?}{until}: {}", one.name, one.verdict, one.text)
    };
    report.conditions.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn conditions() {
    let early = Tally::of([(Offered, 1200), (Confirmed, 300), (Failed, 3)]);
    insta::assert_snapshot!(texts(&report(early, None, None)), @"
    exposure Wait: 303 of 1,503 devices judged, 1,203 needed
    bake Wait: 24 hours of watching begin once enough are judged
    success Pass: 3 failed and 0 lost of 1,503 devices, 300 confirmed; with 95 % confidence at most 2.5 % fail, 5.0 % may
    no_halt Pass: 3 of 1,503 failed, 0 of 1,503 lost; evidence 0.1: this is what a healthy release shows
    stall Unknown: the fleet was never read completely
    signals Pass: no signal looks at it
    approvals Pass: nobody has to agree
    calendar Pass: no later ring
    ");
    let soaking = Tally::of([(Offered, 50), (Confirmed, 1400), (Failed, 76), (Lost, 1)]);
    insta::assert_snapshot!(texts(&report(soaking, Some(6), Some(7))), @"
    exposure Pass: 1,477 of 1,527 devices judged, 1,222 needed
    bake Wait until 2024-10-05 06:00:00 UTC: watched since 2024-10-04 06:00 UTC, until 2024-10-05 06:00 UTC (24 hours), 28,000 of 29,328 device hours
    success Unknown: 76 failed and 1 lost of 1,527 devices, 1,400 confirmed; with 95 % confidence at most 6.2 % fail, 5.0 % may; it cannot pass any more by itself: a person decides
    no_halt Fail: 76 of 1,527 failed, 1 of 1,527 lost; evidence 7e25, because of model Fabrikam Pad failed: this would be seen of one healthy release in ten thousand
    stall Unknown: the fleet was last read completely at 2024-10-04 07:00 UTC, and a device last heard of at 2024-10-04 07:00 UTC: one is before the ring opened or more than 12 hours ago, so our own reading may be what stands still
    signals Pass: no signal looks at it
    approvals Pass: nobody has to agree
    calendar Pass: no later ring
    ");
    let done = Tally::of([(Confirmed, 1)]);
    insta::assert_snapshot!(texts(&report(done, Some(-5), Some(19))), @"
    exposure Pass: 1 of 1 device judged, 1 needed
    bake Wait until 2024-10-05 00:00:00 UTC: watched since 2024-10-03 19:00 UTC, until 2024-10-05 00:00 UTC (24 hours), 20 of 24 device hours
    success Pass: 0 failed and 0 lost of 1 device, 1 confirmed; at most 0 may: too few devices for a bound of 5.0 %
    no_halt Pass: 0 of 1 failed, 0 of 1 lost; evidence 0.3: this is what a healthy release shows
    stall Pass: 0 of 1 device went silent during the install, at most 0 may; last read completely at 2024-10-04 19:00 UTC, it may be 12 hours old
    signals Pass: no signal looks at it
    approvals Pass: nobody has to agree
    calendar Pass: no later ring
    ");
    // Many of one model failed: what is seen, who is suspected, and what others say.
    let bad = Tally::of([(Confirmed, 500), (Failed, 60)]);
    let expires_at = hour(30);
    let cleo = Approval {
        by: "cleo".to_owned(),
        at: hour(6),
        expires_at,
        ring: RingIndex::FIRST,
        plan: PlanId(uuid::Uuid::nil()),
        evidence: String::new(),
        comment: "fine".to_owned(),
        withdrawn_at: None,
    };
    let author = Approval { by: "Ana".to_owned(), ..cleo.clone() };
    let answers = Answers {
        signals: vec![signal::Seen {
            name: "VPN".to_owned(),
            owner: "net-ops".to_owned(),
            runbook: None,
            policy: signal::Policy {
                max_age: TimeDelta::hours(1),
                no_data: signal::NoData::Hold,
                failure_limit: 0,
                passes_in_a_row: 1,
                consecutive_error_limit: 0,
                counts: None,
            },
            first_due: hour(0),
            history: signal::History::default(),
        }],
        quorum: Some(Quorum::new(2, Vec::new()).expect("a quorum")),
        approvals: vec![cleo, author],
        next_opens_at: Some(hour(72)),
    };
    insta::assert_snapshot!(texts(&report_of(bad, Some(6), Some(19), &answers)), @"
    exposure Pass: 560 of 560 devices judged, 448 needed
    bake Wait until 2024-10-05 06:00:00 UTC: watched since 2024-10-04 06:00 UTC, until 2024-10-05 06:00 UTC (24 hours), 10,000 of 10,752 device hours
    success Fail: 60 failed and 0 lost of 560 devices, 500 confirmed; with 95 % confidence at most 13.1 % fail, 5.0 % may; that is beyond chance
    no_halt Fail: 60 of 560 failed, 0 of 560 lost; evidence 8e38, because of model Fabrikam Pad failed: this would be seen of one healthy release in ten thousand
    stall Pass: 0 of 560 devices went silent during the install, at most 11 may; last read completely at 2024-10-04 19:00 UTC, it may be 12 hours old
    signals Unknown: VPN: it has not been read yet
    approvals Wait: 1 of 2 approved (cleo); Ana does not count: the author of the plan cannot approve it
    calendar Wait until 2024-10-07 00:00:00 UTC: the next ring may open from 2024-10-07 00:00 UTC on
    ");
    let empty = Tally::of([(Excluded, 4)]);
    insta::assert_snapshot!(texts(&report(empty, None, Some(-1))), @"
    exposure Unknown: no device of the ring can be judged
    bake Wait: 24 hours of watching begin once enough are judged
    success Unknown: 0 failed and 0 lost of 0 devices, 0 confirmed; at most 0 may: too few devices for a bound of 5.0 %; it cannot pass any more by itself: a person decides
    no_halt Pass: nothing was offered yet; evidence 0.4: this is what a healthy release shows
    stall Unknown: the fleet was last read completely at 2024-10-03 23:00 UTC, and a device last heard of at 2024-10-03 23:00 UTC: one is before the ring opened or more than 12 hours ago, so our own reading may be what stands still
    signals Pass: no signal looks at it
    approvals Pass: nobody has to agree
    calendar Pass: no later ring
    ");
}

fn pause(scope: Scope, reason: Option<&str>) -> StandingPause {
    let (by, reason) = ("ana".to_owned(), reason.map(str::to_owned));
    StandingPause { scope, at: hour(2), by, reason, take_back: false }
}

#[test]
fn waits() {
    let cause = PauseCause { ring: FAST, condition: ConditionKind::Success, culprit: None };
    let early = Tally::of([(Offered, 1200), (Confirmed, 300), (Failed, 3)]);
    let in_freeze = Held {
        until: None,
        why: Why::Freeze {
            freeze: FreezeId(uuid::Uuid::nil()),
            scope: "ring_set".to_owned(),
            owner: "ana".to_owned(),
            reason: "year end".to_owned(),
        },
    };
    let all = [
        WaitingOn::Nothing,
        WaitingOn::Person,
        WaitingOn::Review { cause, level: Level::Pause },
        WaitingOn::Review { cause, level: Level::RollBack },
        WaitingOn::HeldSegments { ring: None, segments: vec![1], devices: 150 },
        WaitingOn::HeldSegments { ring: Some(FAST), segments: vec![1], devices: 150 },
        WaitingOn::Opening { ring: FAST, at: hour(0) + TimeDelta::minutes(90) },
        WaitingOn::Calendar { ring: FAST, held: in_freeze.clone() },
        WaitingOn::Offers {
            ring: FAST,
            held: Held { until: Some(hour(22)), why: Why::Window },
            then: Box::new(WaitingOn::LastOffers { devices: 2 }),
        },
        WaitingOn::Members { ring: RingIndex(7) },
        WaitingOn::Gate { ring: FAST, report: report(early, None, Some(1)) },
        WaitingOn::Budget { ring: FAST, needs: 50, limit: 500, look_at: None },
        WaitingOn::LastOffers { devices: 1 },
        WaitingOn::Removal { removing: 10, to_go: 1234 },
        WaitingOn::RemovalReview { removed: 2, stranded: 8 },
        WaitingOn::LateInstalls { until: hour(24) },
        WaitingOn::StandingPause { ring: FAST, pauses: vec![pause(Scope::Tenant, Some("fire"))] },
        WaitingOn::StandingPause {
            ring: FAST,
            pauses: vec![pause(Scope::Release, None), pause(Scope::Ring { ring: FAST }, None)],
        },
    ];
    let lines: Vec<_> = all.iter().map(|on| waiting::waiting(on, &rings(), Some("ana"))).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Nothing is left to do.
    Held by ana: it goes on when it is resumed, or rolled back, or cancelled.
    Paused by the service, because the success condition of ring 1 (Fast) failed: too many devices failed, beyond chance. It waits for a person to look, and then to resume, promote, roll back or cancel.
    Paused by the service, because the success condition of ring 1 (Fast) failed: too many devices failed, beyond chance. It waits for a person to look, and then to resume, promote, roll back or cancel. The evidence by now is enough to propose a rollback.
    Every other device was served; 150 devices are of model Fabrikam Pad held until a person lets them go on, or cancels the rollout.
    Nobody is left to serve in ring 1 (Fast): all of its 150 devices are held, with model Fabrikam Pad, until a person lets them go on, or promotes the ring, which then is passed over.
    Ring 1 (Fast) opens at 2024-10-04 01:30 UTC.
    Ring 1 (Fast) may not open until somebody changes that: a freeze of the ring set by ana (year end).
    No more of ring 1 (Fast) is offered the update until 2024-10-04 22:00 UTC: it is outside of its windows. Every gate has passed; 2 devices are still to be offered as earlier offers come to an outcome.
    Ring 7 has no devices: nothing can be offered to it, and no later ring can open.
    The gate of ring 1 (Fast) waits for exposure: 303 of 1,503 devices judged, 1,203 needed; bake: 24 hours of watching begin once enough are judged; stall: the fleet was last read completely at 2024-10-04 01:00 UTC, and a device last heard of at 2024-10-04 01:00 UTC: one is before the ring opened or more than 12 hours ago, so our own reading may be what stands still.
    Ring 1 (Fast) waits for the budget of the tenant: at most 500 devices may be between offer and outcome over all rollouts, and fewer than 50 of them are free. The gate goes on meanwhile.
    Every gate has passed; 1 device is still to be offered as earlier offers come to an outcome.
    The update is being taken back: 10 devices are uninstalling now, 1,234 devices still to be told.
    8 of 10 devices told to uninstall could not, beyond chance: no more are told until a person has looked and resumes it.
    Every device known to have the update has removed it; until 2024-10-05 00:00 UTC it is watched for devices that had not heard yet and installed it after all.
    Ring 1 (Fast) is paused: the tenant by ana since 2024-10-04 02:00 UTC (fire). It goes on when that is lifted.
    Ring 1 (Fast) is paused: the release by ana since 2024-10-04 02:00 UTC; the ring by ana since 2024-10-04 02:00 UTC. It goes on when each of these is lifted.
    ");
    assert!(waiting::waiting(&WaitingOn::Person, &rings(), None).starts_with("Held by a person:"));
}

#[test]
fn what_happened_and_what_is_next() {
    let segment = Culprit::Segment { segment: 1, signal: Signal::Lost };
    let cause = PauseCause { ring: FAST, condition: ConditionKind::NoHalt, culprit: Some(segment) };
    let all = [
        Event::RingOpened { ring: FAST },
        Event::WaveOffered { ring: FAST, wave: 2, devices: 1500 },
        Event::SoakStarted { ring: FAST },
        Event::Paused { by: Pauser::Person },
        Event::Paused { by: Pauser::Service(cause) },
        Event::Resumed,
        Event::Completed,
        Event::RollbackStarted,
        Event::RemovalWave { ring: FAST, wave: 0, devices: 1 },
        Event::RolledBack,
        Event::Cancelled,
        Event::Superseded { by: domain::ids::RolloutId(uuid::Uuid::nil()) },
        Event::EvidenceMoved { level: Level::Watch },
        Event::SegmentHeld { segment: 1 },
        Event::SegmentReleased { segment: 1 },
        Event::OffersTakenBack { ring: FAST },
        Event::OffersReturned { ring: FAST },
    ];
    let lines: Vec<_> = all
        .iter()
        .map(|event| {
            let next = events::next(*event, &rings());
            format!("{}\n  {next}", events::happened(*event, &rings()))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Ring 1 (Fast) opened.
      Next, ring 1 (Fast) opens.
    Wave 2 of ring 1 (Fast): 1,500 devices offered the update.
      Next, wave 2 of ring 1 (Fast) is offered to 1,500 devices.
    Enough devices of ring 1 (Fast) are judged; the watch began.
      Enough devices of ring 1 (Fast) are judged; next, the watch begins.
    Paused, as a person asked.
      Next, it is paused, as a person asked.
    Paused by the service, because the no_halt condition of ring 1 (Fast) failed: too many devices went silent during the install among model Fabrikam Pad, beyond chance.
      Next, the service pauses it, because the no_halt condition of ring 1 (Fast) failed: too many devices went silent during the install among model Fabrikam Pad, beyond chance.
    Resumed.
      Next, it resumes.
    Completed: every ring passed and was offered the update.
      Next, it is completed.
    The rollback began; open offers are taken back.
      Next, the rollback begins.
    Removal wave 0 of ring 1 (Fast): 1 device told to uninstall.
      Next, removal wave 0 of ring 1 (Fast) tells 1 device to uninstall.
    Rolled back: no reachable device runs the update.
      Next, the rollback is finished.
    Cancelled; devices keep what they have.
      Next, it is cancelled.
    Superseded by a newer release; devices that have not begun to install are left to it.
      Next, a newer release takes its place.
    The evidence against the release would be seen of one healthy release in ten; nothing new is offered.
      Next, it is put on record that the evidence against the release would be seen of one healthy release in ten; nothing new is offered.
    Model Fabrikam Pad is held; the rest goes on.
      Next, model Fabrikam Pad is held, and the rest goes on.
    Model Fabrikam Pad goes on, as a person asked.
      Next, model Fabrikam Pad goes on, as a person asked.
    Offers of ring 1 (Fast) that no device had acted on were taken back, as a person asked.
      Next, offers of ring 1 (Fast) that no device has acted on are taken back, as a person asked.
    Offers of ring 1 (Fast) that were taken back are given again.
      Next, offers of ring 1 (Fast) that were taken back are given again.
    ");
}

#[test]
fn entries_of_the_history() {
    let opened = json!({ "event": Event::RingOpened { ring: FAST }, "generation": 3 });
    let all = [
        ("ring_opened", opened),
        ("requested", json!({ "wish": "hold", "promoted": null, "reason": "lunch" })),
        ("requested", json!({ "wish": "run", "promoted": 1, "reason": "looked at it" })),
        ("requested", json!({ "wish": "cancel" })),
        ("requested", json!({ "wish": "withdraw", "reason": null })),
        ("requested", json!({ "wish": "dance" })),
        ("accepted", json!({ "ring": 1, "access": "held", "generation": 4 })),
        ("accepted", json!(null)),
        ("pause_set", json!({ "ring": 1, "reason": "lunch" })),
        ("pause_lifted", json!({ "ring": 1, "reason": null })),
        ("created", json!({})),
        ("created", json!({ "saved_plan": "1", "hash": "0123456789abcdef" })),
        ("plan_saved", json!({ "release": "November" })),
        ("tenant_created", json!({})),
        ("tenant_connected", json!({})),
        ("ring_set_created", json!({})),
        ("release_created", json!({})),
        ("overtaken", json!({ "by": null })),
        ("left_out", json!({ "reasons": { "ahead": 3, "superseded": 1 } })),
        (
            "plan_revised",
            json!({ "revision": 2, "reason": "a quiet week", "changes": [
                { "ring": 1, "field": "gate.bake", "before": 86400, "after": 172_800 },
                { "ring": 1, "field": "gate.max_failed_bp", "before": 500, "after": 250 },
                { "field": "on_gate_failure", "before": "pause", "after": "roll_back" },
            ] }),
        ),
        ("budget_set", json!({ "devices": 1500 })),
        ("budget_set", json!({ "devices": null })),
        ("approved", json!({ "ring": 1, "comment": "looked at the helpdesk" })),
        ("approval_withdrawn", json!({ "ring": 1 })),
        ("safeguard_added", json!({ "event": { "kind": "unheard_of" } })),
    ];
    let lines: Vec<_> =
        all.iter().map(|(kind, body)| events::entry(kind, "ana", body, &rings())).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Ring 1 (Fast) opened.
    ana asked to hold: lunch
    ana asked to go on, vouching for every ring up to ring 1 (Fast): looked at it
    ana asked to cancel
    ana asked to take the update back
    ana asked for something this version does not know
    Graph has accepted that ring 1 (Fast) is held.
    Graph has accepted that a ring is changed.
    ana paused ring 1 (Fast): lunch
    ana lifted the pause of ring 1 (Fast)
    Created by ana.
    Created by ana, exactly as the plan 0123456789ab was saved.
    ana saved a plan of November.
    Tenant added by ana.
    Connection of the tenant replaced by ana.
    Ring set added by ana.
    Release approved by ana.
    A newer release over the same rings takes its place.
    Left out before the wave: 3 devices ahead of the update, 1 device served by a newer release.
    ana made revision 2 of the plan (ring 1 (Fast): gate.bake_hours 24 -> 48; ring 1 (Fast): gate.max_failed_percent 5 -> 2.5; on_gate_failure pause -> roll_back): a quiet week
    ana set the budget: at most 1,500 devices between offer and outcome, over all rollouts.
    ana lifted the budget of devices between offer and outcome.
    ana approved of ring 1 (Fast): looked at the helpdesk
    ana took back the approval of ring 1 (Fast).
    Safeguard added by ana.
    ");
}

#[test]
fn numbers_are_grouped() {
    let all = [0_u32, 7, 999, 1_000, 12_345, 1_234_567, u32::MAX];
    assert_eq!(all.map(number), ["0", "7", "999", "1,000", "12,345", "1,234,567", "4,294,967,295"]);
}
