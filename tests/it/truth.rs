//! Whether database, simulator and history agree, by the tests' own reading of each.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::rollout::decide::{Decision, decide};
use domain::rollout::observations::Observations;
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::Plan;
use serde_json::Value;
use sqlx::Row as _;
use uuid::Uuid;

use crate::stack::{Stack, Started};
use crate::tenant::{names, objects};

/// Every invariant that can be checked from outside, after the fact.
pub(crate) async fn check(stack: &Stack, started: &Started) {
    let events = history(stack, started).await;
    decisions_replay(stack, started, &events).await;
    tally_is_a_recount(stack, started).await;
    offers_agree_with_the_ledger(stack, started, &events).await;
    nothing_exists_twice(stack).await;
}

/// What the ledger calls an update: versions of programs are in no catalogue of Microsoft's.
pub(crate) fn ledger_entry(update: &api_types::Update) -> String {
    let of_program = |word: &str| format!("{word}/{}", update.version.as_deref().unwrap_or(""));
    match update.kind {
        api_types::UpdateKind::Edge => of_program("edge"),
        api_types::UpdateKind::Microsoft365Apps => of_program("microsoft_365_apps"),
        api_types::UpdateKind::Quality
        | api_types::UpdateKind::Feature
        | api_types::UpdateKind::Driver => update.catalog_entry_id.clone(),
    }
}

/// As [`check`], for a rollout that is still going: servers have to be left out of the way of the
/// comparison with the ledger, which is read after the database and so may be ahead of it.
pub(crate) async fn check_running(stack: &Stack, started: &Started) {
    let events = history(stack, started).await;
    decisions_replay(stack, started, &events).await;
    nothing_exists_twice(stack).await;
}

struct Recorded {
    kind: String,
    at: DateTime<Utc>,
    body: Value,
}

async fn history(stack: &Stack, started: &Started) -> Vec<Recorded> {
    let mut database = stack.database.connect().await;
    let rows = sqlx::query("select kind, at, body from event where rollout_id = $1 order by seq")
        .bind(started.rollout)
        .fetch_all(&mut database)
        .await
        .expect("events");
    rows.into_iter()
        .map(|row| Recorded {
            kind: row.get("kind"),
            at: row.get("at"),
            body: serde_json::from_str(row.get("body")).expect("JSON"),
        })
        .collect()
}

/// I7 and I4: every decision follows from its own evidence, and the phases form one path.
async fn decisions_replay(stack: &Stack, started: &Started, events: &[Recorded]) {
    let mut database = stack.database.connect().await;
    let plan: Value = sqlx::query("select body from plan where rollout_id = $1")
        .bind(started.rollout)
        .fetch_one(&mut database)
        .await
        .expect("a plan")
        .get("body");
    let plan: Plan = serde_json::from_value(plan).expect("a plan");
    let mut phase = Phase::Scheduled;
    let mut decisions = 0;
    for recorded in events.iter().filter(|event| event.body.get("evidence").is_some()) {
        let read = |value: &Value| value.clone();
        let evidence = &recorded.body["evidence"];
        let event: Event = serde_json::from_value(read(&recorded.body["event"])).expect("event");
        let before: Phase = serde_json::from_value(read(&evidence["phase"])).expect("a phase");
        let seen: Observations =
            serde_json::from_value(read(&evidence["observations"])).expect("observations");
        let now: DateTime<Utc> = serde_json::from_value(read(&evidence["now"])).expect("a time");
        assert_eq!(decide(&plan, before, &seen, now), Decision::Act(event), "{}", recorded.kind);
        assert_eq!(before, phase, "the path has a gap before {}", recorded.kind);
        phase = phase.apply(event, now).expect("a legal move");
        decisions += 1;
    }
    assert!(decisions > 0);
}

/// I13.
async fn tally_is_a_recount(stack: &Stack, started: &Started) {
    let mut database = stack.database.connect().await;
    let wrong = sqlx::query(
        "select ring, state, t.devices as kept, c.devices as counted
         from (select ring, state, sum(devices)::int as devices from tally
               where rollout_id = $1 and devices > 0 group by 1, 2) t
         full join (select ring, state, count(*)::int as devices from attempt
                    where rollout_id = $1 group by 1, 2) c using (ring, state)
         where t.devices is distinct from c.devices",
    )
    .bind(started.rollout)
    .fetch_all(&mut database)
    .await
    .expect("tallies");
    assert!(wrong.is_empty(), "{} counters are off", wrong.len());
}

/// I1 and I2 seen from the devices: what they were offered was decided before, for a ring that had
/// been opened.
async fn offers_agree_with_the_ledger(stack: &Stack, started: &Started, events: &[Recorded]) {
    let mut database = stack.database.connect().await;
    let rows = sqlx::query(
        "select d.entra_device_id, a.ring, a.state, w.decided_at
         from attempt a join device d on d.id = a.device_id
         left join wave w on w.rollout_id = a.rollout_id and w.kind = 'offer'
             and w.ring = a.ring and w.number = a.wave
         where a.rollout_id = $1",
    )
    .bind(started.rollout)
    .fetch_all(&mut database)
    .await
    .expect("attempts");
    let attempts: HashMap<Uuid, (i16, i16, Option<DateTime<Utc>>)> = rows
        .into_iter()
        .map(|row| {
            let device: Uuid = row.get("entra_device_id");
            (device, (row.get("ring"), row.get("state"), row.get("decided_at")))
        })
        .collect();
    let mut opened: BTreeMap<i16, DateTime<Utc>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == "ring_opened") {
        let ring = event.body["event"]["ring"].as_i64().expect("a ring");
        opened.insert(i16::try_from(ring).expect("small"), event.at);
    }
    let ledger = stack.simulator.ledger();
    let entry = &ledger_entry(&started.update);
    let of = |event: &str| -> HashSet<Uuid> {
        let entries = ledger.entries.iter();
        entries
            .filter(|e| e.event == event && &e.catalog_entry == entry)
            .map(|e| e.device)
            .collect()
    };
    for line in ledger.entries.iter().filter(|e| e.event == "offered" && &e.catalog_entry == entry)
    {
        let (ring, _, decided_at) = attempts.get(&line.device).expect("a device of the rollout");
        let decided_at = decided_at.unwrap_or_else(|| panic!("{} never had a wave", line.device));
        assert!(line.at >= decided_at, "offered at {} before {decided_at}", line.at);
        assert!(opened[ring] <= decided_at, "ring {ring} was not open yet");
    }
    let (installed, uninstalled) = (of("installed"), of("uninstalled"));
    for (device, (_, state, _)) in &attempts {
        if *state == domain::attempt::AttemptState::Confirmed.code() {
            assert!(installed.contains(device), "{device} is confirmed and never installed");
        }
        // One that never finished its install is clean without an uninstall.
        if *state == domain::attempt::AttemptState::Removed.code() && installed.contains(device) {
            assert!(uninstalled.contains(device), "{device} was never uninstalled");
        }
    }
}

/// I5.
async fn nothing_exists_twice(stack: &Stack) {
    let objects = objects(&stack.simulator).await;
    let lists = [
        ("groups", "mailNickname"),
        ("policies", "displayName"),
        ("rings", "displayName"),
        ("deviceConfigurations", "displayName"),
        ("configurationPolicies", "name"),
    ];
    for (list, property) in lists {
        let all = names(&objects, list, property);
        let ours: Vec<&String> = all.iter().filter(|name| name.starts_with("concentric")).collect();
        let distinct: HashSet<&&String> = ours.iter().collect();
        assert_eq!(distinct.len(), ours.len(), "{list}: {ours:?}");
    }
}
