//! The report of what is held and excepted, against the chain of entries, after a random history of people who
//! hold, exclude, freeze and pause, and end it again.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::Row as _;
use uuid::Uuid;

use crate::stack::{Api, Stack, Started};

const STEPS: usize = 60;

/// What stands, by its kind and by what tells it from others of its kind: who answers for it, and why.
type Standing = BTreeMap<(String, String), (String, String)>;

/// Acts at random on a tenant with one rollout, and holds the report against the entries every few steps.
pub(crate) async fn check(stack: &Stack, api: &Api, started: &Started) {
    let (tenant, _) = started.path.split_once("/rollouts/").expect("a path of a rollout");
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let devices: Value = api.get(&format!("{tenant}/devices?page_size=8")).await;
    let devices: Vec<&Value> = devices["items"].as_array().expect("devices").iter().collect();
    for step in 0..STEPS {
        act(api, tenant, &devices, &mut random).await;
        if step % 10 == 9 {
            let (said, counted) = (said(api, tenant).await, counted(stack).await);
            assert_eq!(said, counted, "after {step} steps from seed {seed}");
        }
    }
    assert!(!counted(stack).await.is_empty(), "seed {seed} leaves nothing to report");
}

async fn act(api: &Api, tenant: &str, devices: &[&Value], random: &mut fastrand::Rng) {
    let reason = format!("because of {}", random.u32(..));
    let all = async |of: &str| -> Vec<Value> {
        let list: Value = api.get(&format!("{tenant}/{of}")).await;
        list["items"].as_array().expect("a list").clone()
    };
    match random.u8(..10) {
        kind @ 0..=3 => {
            let action = ["hold", "exclude", "release", "restore"][usize::from(kind)];
            let at = random.usize(..devices.len() - 2);
            let ids: Vec<&Value> = devices[at..at + 2].iter().map(|device| &device["id"]).collect();
            let mut what = json!({ "action": action });
            if kind < 2 {
                what["reason"] = reason.into();
            }
            let body = json!({ "select": { "ids": ids }, "do": what });
            let _: Value = api.post(&format!("{tenant}/device-actions"), &body).await;
        }
        4 => {
            let name = devices[random.usize(..devices.len())]["name"].as_str().expect("a name");
            let body = json!({ "filter": format!("name == \"{name}\""), "reason": reason });
            let _: Value = api.post(&format!("{tenant}/holds"), &body).await;
        }
        5 => {
            if let Some(hold) = random.choice(all("holds").await) {
                let path = format!("{tenant}/holds/{}/end", hold["id"].as_str().expect("an id"));
                end(api, &path, &reason).await;
            }
        }
        6 => {
            let _: Value =
                api.post(&format!("{tenant}/freezes"), &json!({ "reason": reason })).await;
        }
        7 => {
            let open = all("freezes").await.into_iter().filter(|one| one["ended_at"].is_null());
            if let Some(freeze) = random.choice(open.collect::<Vec<_>>()) {
                let id = freeze["id"].as_str().expect("an id");
                let path = format!("{tenant}/freezes/{id}/end");
                end(api, &path, &reason).await;
            }
        }
        kind => {
            let releases = all("releases").await;
            let id = releases[0]["id"].as_str().expect("an id");
            let of = if random.bool() { String::new() } else { format!("/releases/{id}") };
            let action = if kind == 8 { "pause" } else { "resume" };
            let path = format!("{tenant}{of}/{action}");
            let _: Value = api.post(&path, &json!({ "reason": reason })).await;
        }
    }
}

/// What answers with nothing.
async fn end(api: &Api, path: &str, reason: &str) {
    let body = Some(json!({ "reason": reason }));
    let (status, body) = api.call("POST", path, body).await.expect("an answer");
    assert!((200..300).contains(&status), "POST {path}: {status} {body}");
}

async fn said(api: &Api, tenant: &str) -> Standing {
    let page: Value = api.get(&format!("{tenant}/reports/holds?page_size=500")).await;
    let rows = page["items"].as_array().expect("rows").iter();
    rows.map(|row| {
        let text = |column: &str| row[column].as_str().expect("a text").to_owned();
        let kind = text("kind");
        // A pause is told from others by what it is over.
        let key = if kind == "pause" { text("subject") } else { text("id") };
        ((kind, key), (text("owner"), text("reason")))
    })
    .collect()
}

/// By what was written down when it was done, read from the first entry to the last.
async fn counted(stack: &Stack) -> Standing {
    let mut database = stack.database.connect().await;
    let entries = sqlx::query("select kind, actor, body from event order by tenant_id, seq")
        .fetch_all(&mut database)
        .await
        .expect("entries");
    let mut standing = Standing::new();
    for entry in entries {
        let (kind, actor): (String, String) = (entry.get("kind"), entry.get("actor"));
        let body: Value = serde_json::from_str(entry.get("body")).expect("JSON");
        let why = || (actor.clone(), body["reason"].as_str().unwrap_or_default().to_owned());
        let id = |field: &str| body[field].as_str().expect("an id").to_owned();
        let mut devices = |control: &Value, stands: bool| {
            for device in body["ids"].as_array().expect("devices") {
                let device = device.as_str().expect("an id").to_owned();
                let key = (control.as_str().expect("a control").to_owned(), device);
                if stands {
                    standing.insert(key, why());
                } else {
                    standing.remove(&key);
                }
            }
        };
        match kind.as_str() {
            "control_set" => devices(&body["control"]["control"], true),
            "control_lifted" => devices(&body["control"], false),
            "cohort_held" => {
                standing.insert(("cohort_hold".to_owned(), id("hold")), why());
            }
            "cohort_released" => {
                standing.remove(&("cohort_hold".to_owned(), id("hold")));
            }
            "freeze_created" => {
                standing.insert(("freeze".to_owned(), id("id")), why());
            }
            "freeze_ended" => {
                standing.remove(&("freeze".to_owned(), id("freeze")));
            }
            "pause_set" | "pause_lifted" => {
                let over = body["release"].as_str().map(str::parse::<Uuid>);
                let over = over.map(|release| format!("release {}", release.expect("an id")));
                let key = ("pause".to_owned(), over.unwrap_or_else(|| "the tenant".to_owned()));
                if kind == "pause_set" {
                    standing.insert(key, why());
                } else {
                    standing.remove(&key);
                }
            }
            _ => {}
        }
    }
    standing
}
