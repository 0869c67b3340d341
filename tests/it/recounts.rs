//! Whether reports say what there is: each against a recount of single rows and of what the simulated devices did,
//! by the tests' own reading.
//!
//! A fleet goes on while it is counted, so what differs is read again; what is counted wrong stays wrong.

pub(crate) mod conflicts;
pub(crate) mod kept;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use domain::attempt::AttemptState as A;
use serde_json::Value;
use sqlx::Row as _;
use uuid::Uuid;

use crate::stack::{Api, Stack, Started};
use crate::truth::ledger_entry;

const TRIES: usize = 60;
const BETWEEN: Duration = Duration::from_millis(250);

/// Every report of a tenant with one rollout, which has ended.
pub(crate) async fn check(stack: &Stack, api: &Api, started: &Started) {
    let mut differs = Err("never counted".to_owned());
    for _ in 0..TRIES {
        differs = compare(stack, api, started).await;
        if differs.is_ok() {
            return;
        }
        tokio::time::sleep(BETWEEN).await;
    }
    differs.expect("reports equal a recount");
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, said: &T, counted: &T) -> Result<(), String> {
    if said == counted {
        Ok(())
    } else {
        Err(format!("{what}: the report says\n{said:#?}\nand there is\n{counted:#?}"))
    }
}

async fn compare(stack: &Stack, api: &Api, started: &Started) -> Result<(), String> {
    let reports = Reports::read(api, started).await;
    let attempts = attempts(stack, started).await;
    let events = kinds_of_events(stack, started).await;
    history(&reports, &attempts, &events)?;
    reliability(&reports, &attempts)?;
    devices(&reports, &attempts, stack, started)?;
    health(&reports)?;
    compliance(&reports)?;
    exposure(&reports, started)
}

/// What the service says.
struct Reports {
    history: Value,
    reliability: Vec<Value>,
    devices: Vec<Value>,
    compliance: Vec<Value>,
    exposure: Vec<Value>,
    health: api_types::Health,
}

impl Reports {
    async fn read(api: &Api, started: &Started) -> Self {
        let (tenant, _) = started.path.split_once("/rollouts/").expect("a path of a rollout");
        let of_rollout = format!("rollout_id={}", started.rollout);
        let read = async |report: &str, filter: &str| -> Vec<Value> {
            let (mut rows, mut token) = (Vec::new(), String::new());
            loop {
                let at = format!("{tenant}/reports/{report}?page_size=500{filter}{token}");
                let page: Value = api.get(&at).await;
                rows.extend(page["items"].as_array().expect("rows").iter().cloned());
                let Some(next) = page["next_page_token"].as_str() else { return rows };
                token = format!("&page_token={next}");
            }
        };
        let history = read("release-history", &format!("&filter={of_rollout}")).await;
        assert_eq!(history.len(), 1);
        Self {
            history: history[0].clone(),
            reliability: read("reliability", &format!("&filter={of_rollout}")).await,
            devices: read("quality-status", "").await,
            compliance: read("compliance", "").await,
            exposure: read("exposure", "").await,
            health: api.get(&format!("{tenant}/health")).await,
        }
    }
}

struct Attempt {
    device: Uuid,
    ring: String,
    state: A,
    code: Option<String>,
}

async fn attempts(stack: &Stack, started: &Started) -> Vec<Attempt> {
    let mut database = stack.database.connect().await;
    let rows = sqlx::query(
        "select d.entra_device_id, a.state, a.code, s.rings -> a.ring::int ->> 'name' as ring
         from attempt a join device d on d.id = a.device_id
         join rollout r on r.id = a.rollout_id join ring_set s on s.id = r.ring_set_id
         where a.rollout_id = $1",
    )
    .bind(started.rollout)
    .fetch_all(&mut database)
    .await
    .expect("attempts");
    rows.into_iter()
        .map(|row| Attempt {
            device: row.get("entra_device_id"),
            ring: row.get("ring"),
            state: A::from_code(row.get("state")).expect("a state"),
            code: row.get("code"),
        })
        .collect()
}

async fn kinds_of_events(stack: &Stack, started: &Started) -> Vec<String> {
    let mut database = stack.database.connect().await;
    let rows = sqlx::query("select kind from event where rollout_id = $1 order by seq")
        .bind(started.rollout)
        .fetch_all(&mut database)
        .await
        .expect("events");
    rows.into_iter().map(|row| row.get("kind")).collect()
}

/// A share in percent, rounded down to a tenth.
fn percent(met: usize, of: usize) -> Option<f64> {
    let tenths = (met * 1000).checked_div(of)?;
    Some(f64::from(u32::try_from(tenths).expect("small")) / 10.0)
}

fn history(reports: &Reports, attempts: &[Attempt], events: &[String]) -> Result<(), String> {
    let count = |states: &[A]| attempts.iter().filter(|one| states.contains(&one.state)).count();
    let (all, excluded) = (attempts.len(), count(&[A::Excluded]));
    let counted: BTreeMap<&str, usize> = [
        ("devices", all),
        ("offered", all - excluded - count(&[A::Assigned, A::Withdrawn])),
        ("confirmed", count(&[A::Confirmed])),
        ("failed", count(&[A::Failed])),
        ("lost", count(&[A::Lost])),
        ("unresolved", count(&[A::Unresolved])),
        ("removed", count(&[A::Removed])),
        ("excluded", excluded),
    ]
    .into();
    let number =
        |column: &str| usize::try_from(reports.history[column].as_u64().expect("a number"));
    let said = counted.keys().map(|column| (*column, number(column).expect("small"))).collect();
    equal("release-history", &said, &counted)?;
    let complete = percent(count(&[A::Confirmed]), all - excluded);
    equal("complete", &reports.history["complete_percent"].as_f64(), &complete)?;
    let phase = reports.history["phase"].as_str().expect("a phase");
    let mut ended = events.iter().filter_map(|kind| match kind.as_str() {
        "completed" | "rolled_back" | "cancelled" => Some(kind.as_str()),
        _ => None,
    });
    equal("phase", &Some(phase), &ended.next_back())
}

fn reliability(reports: &Reports, attempts: &[Attempt]) -> Result<(), String> {
    type Key = (String, String, Option<String>);
    let mut counted: BTreeMap<Key, usize> = BTreeMap::new();
    let mut judged: BTreeMap<String, usize> = BTreeMap::new();
    for one in attempts {
        if matches!(one.state, A::Confirmed | A::Failed | A::Lost) {
            // What a device that works reported before is no code of its outcome.
            let code = one.code.clone().filter(|_| one.state != A::Confirmed);
            let key = (one.ring.clone(), one.state.name().to_owned(), code);
            *counted.entry(key).or_default() += 1;
            *judged.entry(one.ring.clone()).or_default() += 1;
        }
    }
    let mut said: BTreeMap<Key, usize> = BTreeMap::new();
    for row in &reports.reliability {
        let text = |column: &str| row[column].as_str().map(str::to_owned);
        let ring = text("ring").expect("a ring");
        let devices = usize::try_from(row["devices"].as_u64().expect("a number")).expect("small");
        equal(
            "judged",
            &row["judged"].as_u64().map(usize::try_from),
            &judged.get(&ring).copied().map(Ok),
        )?;
        let of = judged.get(&ring).copied().unwrap_or_default();
        equal("percent of judged", &row["percent"].as_f64(), &percent(devices, of))?;
        // A ring in which none was confirmed says so.
        if devices > 0 {
            let key = (ring, text("result").expect("a result"), text("code"));
            *said.entry(key).or_default() += devices;
        }
    }
    equal("reliability", &said, &counted)
}

/// Devices against what the simulator knows that they did.
fn devices(
    reports: &Reports,
    attempts: &[Attempt],
    stack: &Stack,
    started: &Started,
) -> Result<(), String> {
    let entry = ledger_entry(&started.update);
    let ledger = stack.simulator.ledger();
    let did = |event: &str| -> HashSet<Uuid> {
        let of = ledger.entries.iter().filter(|e| e.event == event && e.catalog_entry == entry);
        of.map(|e| e.device).collect()
    };
    let (installed, uninstalled) = (did("installed"), did("uninstalled"));
    let states: HashMap<Uuid, A> = attempts.iter().map(|one| (one.device, one.state)).collect();
    let mut compared = 0;
    for row in &reports.devices {
        let Some(device) = row["entra_device_id"].as_str() else { continue };
        let device: Uuid = device.parse().expect("an id");
        let Some(has) = row["build"].as_str().and_then(|build| has_update(build, started)) else {
            continue;
        };
        if has && !installed.contains(&device) {
            return Err(format!("{device} is said to have what it never installed: {row}"));
        }
        match states.get(&device) {
            Some(A::Confirmed) if !has && !uninstalled.contains(&device) => {
                return Err(format!("{device} is confirmed, and not said to have it: {row}"));
            }
            Some(A::Removed) if has => {
                return Err(format!("{device} removed it, and is said to have it: {row}"));
            }
            Some(_) | None => compared += 1,
        }
        let state = states.get(&device).map(|state| state.name());
        if row["rollout_id"].as_str() == Some(&started.rollout.to_string()) {
            equal("client_state", &row["client_state"].as_str(), &state)?;
        }
    }
    if compared == 0 { Err("no device could be compared".to_owned()) } else { Ok(()) }
}

/// Whether a build holds the update; none: the update is not for its version of Windows.
fn has_update(build: &str, started: &Started) -> Option<bool> {
    let (version, revision) = build.rsplit_once('.')?;
    let mut of_version = started.update.builds.iter().filter_map(|one| {
        let (of, revision) = one.build.rsplit_once('.')?;
        (of == version).then(|| revision.parse::<u32>().expect("a revision"))
    });
    let least = of_version.next()?;
    let least = of_version.fold(least, u32::min);
    Some(revision.parse::<u32>().expect("a revision") >= least)
}

type Statuses = BTreeMap<String, u32>;

/// The dashboard counts, what a report of all devices names.
fn health(reports: &Reports) -> Result<(), String> {
    let mut counted: BTreeMap<(Option<String>, Option<String>), Statuses> = BTreeMap::new();
    for row in &reports.devices {
        let text = |column: &str| row[column].as_str().map(str::to_owned);
        let of_ring = counted.entry((text("ring_set"), text("ring"))).or_default();
        *of_ring.entry(text("status").expect("a status")).or_default() += 1;
    }
    let mut said = BTreeMap::new();
    let mut add = |place: (Option<String>, Option<String>), counts: &api_types::HealthCounts| {
        let statuses = [
            ("up_to_date", counts.up_to_date),
            ("in_progress", counts.in_progress),
            ("paused", counts.paused),
            ("not_up_to_date", counts.not_up_to_date),
            ("not_ready", counts.not_ready),
            ("not_registered", counts.not_registered),
        ];
        let some = statuses.into_iter().filter(|(_, devices)| *devices > 0);
        let statuses: Statuses = some.map(|(word, devices)| (word.to_owned(), devices)).collect();
        if !statuses.is_empty() {
            said.insert(place, statuses);
        }
    };
    add((None, None), &reports.health.unplaced);
    for set in &reports.health.ring_sets {
        for ring in &set.rings {
            add((Some(set.name.clone()), Some(ring.name.clone())), &ring.counts);
        }
    }
    equal("health", &said, &counted)?;
    let total = u32::try_from(reports.devices.len()).expect("small");
    equal("devices of the tenant", &reports.health.counts.devices, &total)
}

/// Who is eligible and who is excluded are all there are, and the rings add up.
fn compliance(reports: &Reports) -> Result<(), String> {
    let number = |row: &Value, column: &str| row[column].as_u64().expect("a number");
    for objective in ["quality", "feature"] {
        let of = reports.compliance.iter().filter(|row| row["objective"] == objective);
        let rows: Vec<&Value> = of.collect();
        for row in &rows {
            let devices = reports.devices.iter().filter(|one| {
                (row["ring_set"].is_null() || one["ring_set"] == row["ring_set"])
                    && (row["ring"].is_null() || one["ring"] == row["ring"])
            });
            let counted = u64::try_from(devices.count()).expect("small");
            let said = number(row, "eligible") + number(row, "excluded");
            equal(&format!("{objective} is about whom: {row}"), &said, &counted)?;
        }
        let sum = |column: &str| -> u64 {
            rows.iter().filter(|row| !row["ring"].is_null()).map(|row| number(row, column)).sum()
        };
        let tenant = rows.iter().find(|row| row["ring_set"].is_null()).expect("the tenant");
        for column in ["met", "eligible"] {
            equal(&format!("{objective} {column}"), &number(tenant, column), &sum(column))?;
        }
    }
    Ok(())
}

fn exposure(reports: &Reports, started: &Started) -> Result<(), String> {
    let of_update = |row: &&Value| row["update"] == started.update.short_name.as_str();
    let said: BTreeMap<String, (u64, u64)> = reports
        .exposure
        .iter()
        .filter(of_update)
        .map(|row| {
            let number = |column: &str| row[column].as_u64().expect("a number");
            let ring = row["ring"].as_str().expect("a ring").to_owned();
            (ring, (number("exposed"), number("devices")))
        })
        .collect();
    let mut counted: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for row in &reports.devices {
        let registered = matches!(row["readiness"].as_str(), Some("ready" | "not_ready"));
        let ring = row["ring"].as_str().filter(|_| registered);
        let has = row["build"].as_str().and_then(|build| has_update(build, started));
        if let (Some(ring), Some(has)) = (ring, has) {
            let of_ring = counted.entry(ring.to_owned()).or_default();
            of_ring.0 += u64::from(!has);
            of_ring.1 += 1;
        }
    }
    equal("exposure", &said, &counted)
}
