//! What the database leaves out of a page is what the filter leaves out: a page goes through conditions in
//! SQL first, an export through none.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::build::Build;
use domain::control::Control;
use domain::ids::{DirectoryObjectId, EntraDeviceId, IntuneDeviceId};
use domain::ring::RingIndex;
use domain::rollout::phase::Event;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use store::controls::NewControl;
use store::devices::ImportedDevice;
use store::registration::Scope;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::rollouts::Story;
use crate::world::{device, hour, id, ring_set_body};

const REPORTS: [&str; 3] = ["quality-status", "feature-status", "ineligible-devices"];
const OPERATORS: [&str; 5] = ["=", "!=", "<", ">", "~"];
/// Written by nobody in his right mind, and by everybody once.
const ODD: [&str; 14] = [
    "",
    " ",
    "\u{130}",
    "\u{212a}pc",
    "ß",
    "STRASSE",
    "'",
    "\\",
    "%",
    "2026-11-29",
    "10000-01-01",
    "-1",
    "K",
    "00000000-0000-0000-0000-000000000001",
];

/// A fleet of which no two devices are alike, in two ring sets and a rollout.
async fn story() -> Story {
    let story = Story::new().await;
    let (world, tenant) = (&story.world, story.tenant);
    let odd = |number: u128| -> ImportedDevice {
        let mut one = device(tenant, number);
        let names = [
            "Ärger\tund\\Not",
            "İstanbul",
            "KELVIN-\u{212a}",
            "pc'; drop table device --",
            "straße",
            "",
            "a%b_c",
        ];
        let at = usize::try_from(number).expect("small");
        one.intune = IntuneDeviceId(Uuid::from_u128(number << 64 | 7));
        one.entra_device =
            (!number.is_multiple_of(5)).then_some(EntraDeviceId(Uuid::from_u128(number << 64 | 8)));
        one.object = (!number.is_multiple_of(3))
            .then_some(DirectoryObjectId(Uuid::from_u128(number << 64 | 9)));
        names[at % names.len()].clone_into(&mut one.name);
        ["Dell", "dell", "HP", ""][at % 4].clone_into(&mut one.manufacturer);
        ["Dell Latitude", "Latitude", "Élite", ""][at / 2 % 4].clone_into(&mut one.model);
        one.serial = format!("S{}", number % 9);
        ["", "Büro", "Lab"][at % 3].clone_into(&mut one.traits.category);
        one.last_sync = (!number.is_multiple_of(7))
            .then(|| hour(0) - TimeDelta::days(i64::try_from(number % 60).expect("small")));
        one.build = match number % 6 {
            0 => None,
            1 => Some(Build { major: 10, minor: 0, build: 19045, revision: 3000 }),
            more => Some(Build {
                major: 10,
                minor: 0,
                build: 26100,
                revision: 60 * u32::try_from(more).unwrap(),
            }),
        };
        one
    };
    let more: Vec<_> = (200..290).map(odd).collect();
    world.store.device_import(tenant, &more).await.unwrap();
    let other = json!({ "name": "Other", "rings": ring_set_body()["rings"] });
    let base = format!("/api/v1/tenants/{tenant}/ring-sets");
    let set = world.post(&base, other).await.expect(201);
    world.store.registration_run(tenant, Scope::Due, hour(1)).await.unwrap();
    world.store.ring_set_place_due(tenant, hour(1)).await.unwrap();
    let all =
        world.get(&format!("/api/v1/tenants/{tenant}/devices?page_size=500")).await.expect(200);
    let all: Vec<_> =
        all["items"].as_array().unwrap().iter().map(|one| domain::ids::DeviceId(id(one))).collect();
    let control = |control| NewControl {
        control,
        reason: "a test".to_owned(),
        owner: "ana".to_owned(),
        filter: None,
        expires_at: None,
    };
    world
        .store
        .device_control_set(tenant, &all[..7], &control(Control::Hold), hour(1))
        .await
        .unwrap();
    world
        .store
        .device_control_set(tenant, &all[150..157], &control(Control::Exclude), hour(1))
        .await
        .unwrap();
    let ring_set = domain::ids::RingSetId(id(&set));
    let pin = Control::Pin { ring_set, ring: RingIndex(0) };
    world.store.device_control_set(tenant, &all[90..130], &control(pin), hour(1)).await.unwrap();
    world.store.registration_run(tenant, Scope::Due, hour(2)).await.unwrap();
    world.store.ring_set_place_due(tenant, hour(2)).await.unwrap();
    story.world.set_hour(2);
    let ring = RingIndex::FIRST;
    world.record(tenant, story.rollout, Event::RingOpened { ring }).await;
    world.record(tenant, story.rollout, Event::WaveOffered { ring, wave: 0, devices: 9 }).await;
    story
}

async fn exported(story: &Story, report: &str, filter: &str) -> Vec<String> {
    let path = format!(
        "/api/v1/tenants/{}/reports/{report}/export?format=json&filter={filter}",
        story.tenant
    );
    let rows = story.world.get(&path).await.expect(200)["items"].as_array().unwrap().clone();
    let mut rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    rows.sort_unstable();
    rows
}

async fn paged(story: &Story, report: &str, filter: &str, size: u16) -> Vec<String> {
    let path = format!(
        "/api/v1/tenants/{}/reports/{report}?page_size={size}&filter={filter}",
        story.tenant
    );
    let (mut rows, mut token) = (Vec::new(), String::new());
    loop {
        let page = story.world.get(&format!("{path}{token}")).await.expect(200);
        rows.extend(page["items"].as_array().unwrap().iter().map(ToString::to_string));
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    rows.sort_unstable();
    rows
}

fn quoted(text: &str) -> String {
    text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).map(char::from).collect()
}

/// Every value that stands somewhere in a column.
fn values(rows: &[Value], column: &str) -> Vec<String> {
    let texts = rows.iter().map(|row| match &row[column] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            other.to_string()
        }
    });
    let texts: BTreeSet<String> = texts.filter(|text| !text.contains(char::is_control)).collect();
    texts.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_holds_what_an_export_holds_under_any_filter() {
    let story = story().await;
    let mut columns = Vec::new();
    for report in REPORTS {
        let path = format!("/api/v1/tenants/{}/reports/{report}?page_size=500", story.tenant);
        let rows = story.world.get(&path).await.expect(200)["items"].as_array().unwrap().clone();
        assert!(rows.len() > 50, "{report}: {}", rows.len());
        for column in rows[0].as_object().unwrap().keys() {
            columns.push((report, column.clone(), values(&rows, column)));
        }
    }
    let condition =
        (0..columns.len(), 0..OPERATORS.len(), any::<prop::sample::Index>(), 0..10_u8, 0..4_usize);
    let strategy = (condition.clone(), prop::option::of(condition), 1..40_u16);
    // The same filters in every run.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 200, failure_persistence: None, ..Config::default() },
        rng,
    );
    let handle = Handle::current();
    let mut found = 0;
    let write =
        |(at, operator, value, odd, cut): (usize, usize, prop::sample::Index, u8, usize)| {
            let (report, column, values) = &columns[at];
            let value = if odd < 3 || values.is_empty() {
                ODD[value.index(ODD.len())].to_owned()
            } else {
                // Of what stands there, some or all.
                let whole = &values[value.index(values.len())];
                let part = whole.chars().skip(if odd > 7 { cut } else { 0 });
                let part: String = part.take(if odd % 2 == 0 { 40 } else { 10 }).collect();
                let part = part.split(" and ").next().unwrap_or_default();
                if odd == 9 { part.to_uppercase() } else { part.to_owned() }
            };
            (*report, column.clone(), OPERATORS[operator], value)
        };
    let cell = std::cell::RefCell::new(&mut found);
    let outcome = runner.run(&strategy, |(one, other, size)| {
        let (report, column, operator, value) = write(one);
        let mut filter = format!("{column}{operator}{value}");
        if let Some((_, column, operator, value)) =
            other.map(write).filter(|(of, ..)| *of == report)
        {
            filter = format!("{filter} and {column}{operator}{value}");
        }
        let quoted = quoted(&filter);
        let (whole, pages) = tokio::task::block_in_place(|| {
            handle.block_on(async {
                (
                    exported(&story, report, &quoted).await,
                    paged(&story, report, &quoted, size).await,
                )
            })
        });
        **cell.borrow_mut() += usize::from(!whole.is_empty());
        prop_assert_eq!(whole, pages, "{} of {}", filter, report);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(found > 50, "filters that let something through: {found}");
}
