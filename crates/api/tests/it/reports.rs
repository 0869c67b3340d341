//! Health, reports, exports and alerts over HTTP.

use std::io::Read as _;

use axum::http::Method;
use serde_json::{Value, json};

use crate::rollouts::Story;
use crate::world::{World, id, text};

async fn rows(story: &Story, report: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/tenants/{}/reports/{report}{query}", story.tenant);
    let body = story.world.get(&path).await.expect(200);
    body["items"].as_array().expect("rows").clone()
}

#[tokio::test]
async fn health_counts_every_device_once() {
    let story = Story::new().await;
    let path = format!("/api/v1/tenants/{}/health", story.tenant);
    let health = story.world.get(&path).await.expect(200);
    let sum: u64 =
        ["up_to_date", "in_progress", "paused", "not_up_to_date", "not_ready", "not_registered"]
            .iter()
            .map(|status| health[status].as_u64().expect("a number"))
            .sum();
    assert_eq!(Some(sum), health["devices"].as_u64());
    assert!(sum > 0);
    assert_eq!(health["quality"]["target_percent"], 95);
    let sources = health["sources"].as_array().expect("sources");
    assert_eq!(sources[0]["name"], "sync");
    let in_sets: u64 = health["ring_sets"]
        .as_array()
        .expect("sets")
        .iter()
        .map(|set| set["devices"].as_u64().expect("a number"))
        .sum();
    assert_eq!(in_sets + health["unplaced"]["devices"].as_u64().expect("a number"), sum);
}

#[tokio::test]
async fn a_device_says_why_it_is_not_up_to_date() {
    let story = Story::new().await;
    let devices = format!("/api/v1/tenants/{}/devices", story.tenant);
    let first = id(&story.world.get(&devices).await.expect(200)["items"][0]);
    let read = story.world.get(&format!("{devices}/{first}")).await.expect(200);
    let explained = story.world.get(&format!("{devices}/{first}/explain")).await.expect(200);
    assert_eq!(read["primary_reason"], explained["primary_reason"]);
    assert_eq!(read["status"], explained["status"]);
    let of_report = rows(&story, "quality-status", &format!("?filter=device_id={first}")).await;
    assert_eq!(of_report.len(), 1);
    assert_eq!(of_report[0]["status"], read["status"]);
    assert_eq!(of_report[0]["reason"], read["primary_reason"]["reason"]);
}

#[tokio::test]
async fn every_report_has_rows_of_its_columns_in_every_form() {
    let story = Story::new().await;
    let tenant = story.tenant;
    story.world.store.fleet_snapshot_take(tenant, crate::world::hour(1)).await.unwrap();
    let listed = story.world.get(&format!("/api/v1/tenants/{tenant}/reports")).await.expect(200);
    let reports = listed["items"].as_array().expect("reports");
    assert_eq!(reports.len(), 10);
    for report in reports {
        let name = text(&report["name"]);
        let columns: Vec<&str> = report["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| text(&column["name"]))
            .collect();
        let rows = rows(&story, name, "?page_size=500").await;
        for row in &rows {
            let found: Vec<&String> = row.as_object().unwrap().keys().collect();
            let mut wanted = columns.clone();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{name}");
        }
        let export = format!("/api/v1/tenants/{tenant}/reports/{name}/export");
        let csv = story.world.get(&export).await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8; header=present");
        let csv = text(&csv.expect(200)).to_owned();
        let mut lines = csv.split("\r\n");
        assert_eq!(lines.next(), Some(columns.join(",").as_str()));
        assert_eq!(lines.filter(|line| !line.is_empty()).count(), rows.len(), "{name}: {csv}");
        let json = story.world.get(&format!("{export}?format=json")).await.expect(200);
        let mut exported = json["items"].as_array().expect("rows").clone();
        let mut listed = rows.clone();
        // A stream of devices has no order.
        exported.sort_by_key(ToString::to_string);
        listed.sort_by_key(ToString::to_string);
        assert_eq!(exported, listed, "{name}");
    }
    let trend = rows(&story, "trending", "").await;
    assert_eq!(trend[0]["day"], crate::world::hour(0).date_naive().to_string());
}

#[tokio::test]
async fn a_workbook_opens_and_has_every_row() {
    let story = Story::new().await;
    let path =
        format!("/api/v1/tenants/{}/reports/quality-status/export?format=xlsx", story.tenant);
    let bytes = story.world.bytes(&path).await;
    let mut workbook = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a workbook");
    let mut part = |name: &str| {
        let mut text = String::new();
        workbook.by_name(name).expect(name).read_to_string(&mut text).expect("text");
        text
    };
    assert!(part("[Content_Types].xml").contains("/xl/worksheets/sheet1.xml"));
    assert!(part("xl/workbook.xml").contains("quality-status"));
    assert!(part("xl/_rels/workbook.xml.rels").contains("worksheets/sheet1.xml"));
    assert!(part("_rels/.rels").contains("xl/workbook.xml"));
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(sheet.ends_with("</sheetData></worksheet>"));
    let devices = rows(&story, "quality-status", "?page_size=500").await.len();
    assert_eq!(sheet.matches("<row>").count(), devices + 1, "and the head");
}

#[tokio::test]
async fn filters_orders_and_pages_are_heeded_or_refused() {
    let story = Story::new().await;
    let all = rows(&story, "quality-status", "?page_size=500").await;
    let ring = text(&all[0]["ring"]).to_owned();
    let some = rows(&story, "quality-status", &format!("?filter=ring={ring}&page_size=500")).await;
    let others =
        rows(&story, "quality-status", &format!("?filter=ring!={ring}&page_size=500")).await;
    assert_eq!(some.len() + others.len(), all.len());
    assert!(some.iter().all(|row| row["ring"] == json!(ring)));
    let none = rows(&story, "quality-status", "?filter=age_days%3E100000").await;
    assert_eq!(none, Vec::<Value>::new());
    // Pages of three put together are the whole.
    let path = format!("/api/v1/tenants/{}/reports/quality-status?page_size=3", story.tenant);
    let (mut collected, mut token) = (Vec::new(), String::new());
    loop {
        let page = story.world.get(&format!("{path}{token}")).await.expect(200);
        collected.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    assert_eq!(collected, all);
    let sorted = rows(&story, "compliance", "?order_by=objective%20desc").await;
    assert_eq!(sorted.last().expect("rows")["objective"], "feature");
    let refused = async |report: &str, query: &str| {
        let path = format!("/api/v1/tenants/{}/reports/{report}{query}", story.tenant);
        story.world.get(&path).await.problem()
    };
    let wrong = refused("compliance", "?filter=percent").await;
    assert!(wrong.starts_with("400") && wrong.contains("`percent` is no condition"), "{wrong}");
    let wrong = refused("holds", "?order_by=colour").await;
    assert!(wrong.contains("holds has no column \"colour\"; it has kind, subject"), "{wrong}");
    let wrong = refused("quality-status", "?order_by=name").await;
    assert!(wrong.contains("devices come in order of device_id"), "{wrong}");
    let unknown = refused("nonsense", "").await;
    assert!(unknown.starts_with("404") && unknown.contains("quality-status"), "{unknown}");
}

#[tokio::test]
async fn reliability_says_what_became_of_devices_by_code() {
    let story = Story::new().await;
    assert_eq!(rows(&story, "reliability", "").await, Vec::<Value>::new(), "nothing is known yet");
    story.world.start(story.tenant, story.rollout).await;
    let reports: Vec<_> = (0..100)
        .filter_map(|number| crate::world::device(story.tenant, number).entra_device)
        .map(|device| store::ingest::Report {
            device,
            state: domain::attempt::AttemptState::Failed,
            code: Some("0x80070070".to_owned()),
            at: crate::world::hour(2),
        })
        .collect();
    let (world, now) = (&story.world, crate::world::hour(2));
    world.store.report_ingest(story.tenant, story.rollout, &reports, now).await.unwrap();
    let found = rows(&story, "reliability", "").await;
    let told: Vec<_> = found
        .iter()
        .map(|row| [&row["ring"], &row["result"], &row["code"], &row["devices"], &row["judged"]])
        .collect();
    assert_eq!(
        told,
        [
            [&json!("First"), &json!("confirmed"), &Value::Null, &json!(0), &json!(4)],
            [&json!("First"), &json!("failed"), &json!("0x80070070"), &json!(4), &json!(4)],
        ]
    );
    assert_eq!(
        (&found[1]["meaning"], &found[1]["percent"]),
        (&json!("the disk is full"), &json!(100.0))
    );
}

#[tokio::test]
async fn alerts_are_listed_and_acted_upon() {
    let story = Story::new().await;
    let tenant = story.tenant;
    let now = crate::world::hour(24 * 60);
    story.world.store.tenant_synced(tenant, crate::world::hour(1)).await.unwrap();
    story.world.store.alerts_update(tenant, now).await.unwrap();
    story.world.set_hour(24 * 60);
    let alerts = format!("/api/v1/tenants/{tenant}/alerts");
    let open = story.world.get(&format!("{alerts}?kind=sync_stalled")).await.expect(200);
    let one = &open["items"][0];
    assert_eq!((text(&one["severity"]), text(&one["subject"])), ("warning", "sync"));
    assert!(text(&one["fix"]).contains("concentric"), "{one}");
    let path = format!("{alerts}/{}", id(one));
    let noted = story
        .world
        .post(&format!("{path}/acknowledge"), json!({ "note": "mine" }))
        .await
        .expect(200);
    assert_eq!(noted["note"], "mine");
    let raised = story
        .world
        .post(&format!("{path}/escalate"), json!({ "reason": "loud" }))
        .await
        .expect(200);
    assert_eq!(raised["severity"], "critical");
    let past =
        story.world.post(&format!("{path}/mute"), json!({ "until": "2020-01-01T00:00:00Z" })).await;
    assert_eq!((past.status.as_u16(), &past.body["errors"][0]["pointer"]), (422, &json!("/until")));
    let muted = story
        .world
        .post(&format!("{path}/mute"), json!({ "until": "2999-01-01T00:00:00Z" }))
        .await
        .expect(200);
    assert!(muted["muted_by"].is_string());
    assert_eq!(story.world.get(&path).await.expect(200), muted);
    let health = story.world.get(&format!("/api/v1/tenants/{tenant}/health")).await.expect(200);
    assert_eq!(health["open_alerts"]["critical"], 0, "it is muted");
    let wrong = story.world.get(&format!("{alerts}?severity=awful")).await.problem();
    assert!(wrong.contains("one of information, warning, critical"), "{wrong}");
}

/// A view is seen by its maker, and by everybody once it is shared; it narrows what is asked, and is held to the report.
#[tokio::test]
async fn a_view_is_seen_by_whom_it_is_for() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    world.rollout(tenant).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let save = async |token: &str, body: &Value| {
        world.call(Method::POST, &format!("{base}/report-views"), Some(token), Some(body)).await
    };
    let body = json!({ "name": "Mine", "report": "quality-status", "filter": "name~PC-000",
        "columns": ["name", "status"] });
    let own = save(&ana, &body).await.expect(201);
    assert_eq!((&own["owner"], &own["is_shared"]), (&json!("ana"), &json!(false)));
    save(&ben, &body).await.expect(201);
    assert_eq!(
        save(&ana, &body).await.problem(),
        r#"409 conflict: there is a view named "Mine" already"#
    );
    let path = format!("{base}/report-views/{}", text(&own["id"]));
    let as_who =
        async |token: &str, path: &str| world.call(Method::GET, path, Some(token), None).await;
    assert_eq!(as_who(&ana, &path).await.status, 200);
    assert_eq!(as_who(&ben, &path).await.status, 404, "somebody else's own");
    let put = world.call(Method::PUT, &path, Some(&ben), Some(&body)).await;
    assert_eq!(put.status, 404);
    assert_eq!(
        world.call(Method::DELETE, &format!("{path}?reason=x"), Some(&ben), None).await.status,
        404
    );

    let run = format!("{base}/reports/quality-status?view={}", text(&own["id"]));
    let rows = as_who(&ana, &format!("{run}&page_size=500")).await.expect(200);
    let rows = rows["items"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.len() <= 10, "{rows:?}");
    for row in rows {
        assert!(text(&row["name"]).starts_with("PC-000"), "{row}");
        assert_eq!(row.as_object().unwrap().len(), 2, "only the columns of the view: {row}");
    }
    let narrowed =
        as_who(&ana, &format!("{run}&filter=name=PC-0003&columns=name")).await.expect(200);
    assert_eq!(narrowed["items"], json!([{ "name": "PC-0003" }]));
    let outside = as_who(&ana, &format!("{run}&filter=name=PC-0013")).await.expect(200);
    assert_eq!(outside["items"], json!([]), "a filter holds besides that of the view");
    assert_eq!(as_who(&ben, &run).await.status, 400, "nobody runs what they do not see");
    let other = as_who(&ana, &run.replace("quality-status", "holds")).await;
    assert_eq!(other.status, 400, "{}", other.body);
    let file = format!("{base}/reports/quality-status/export?view={}", text(&own["id"]));
    let file = as_who(&ana, &file).await;
    let csv = text(&file.body).to_owned();
    assert!(csv.starts_with("name,status\r\nPC-000"), "{csv}");

    let mut shared = body.clone();
    shared["is_shared"] = json!(true);
    world.call(Method::PUT, &path, Some(&ana), Some(&shared)).await.expect(200);
    let seen = as_who(&ben, &format!("{base}/report-views?order_by=owner")).await.expect(200);
    let owners: Vec<&str> =
        seen["items"].as_array().unwrap().iter().map(|one| text(&one["owner"])).collect();
    assert_eq!(owners, ["ana", "ben"]);
    assert_eq!(as_who(&ben, &run).await.status, 200);
}

#[tokio::test]
async fn a_view_of_what_is_not_there_is_refused() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let list = format!("/api/v1/tenants/{tenant}/report-views");
    let view = |field: &str, value: Value| {
        let mut body = json!({ "name": "x", "report": "holds" });
        body[field] = value;
        body
    };
    for (field, value, said) in [
        ("report", json!("nothing"), "there is no such report"),
        ("filter", json!("colour=red"), "no column"),
        ("order_by", json!("colour"), "no column"),
        ("columns", json!(["colour"]), "no column"),
        ("columns", json!(["kind", "kind"]), "named twice"),
        ("name", json!(" "), "this is empty"),
    ] {
        let answer = world.post(&list, view(field, value)).await;
        let error = &answer.body["errors"][0];
        assert_eq!(
            (answer.status.as_u16(), &error["pointer"]),
            (422, &json!(format!("/{field}"))),
            "{}",
            answer.body
        );
        assert!(text(&error["detail"]).contains(said), "{error}");
    }
}
