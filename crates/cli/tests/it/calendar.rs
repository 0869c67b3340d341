//! Calendars, freezes and holidays.

use serde_json::{Value, json};

use crate::api::{Api, ROLLOUT};
use crate::program::run;

const SET: &str = "0195d444-1111-7000-8000-000000000001";
const FREEZE: &str = "0195d555-1111-7000-8000-000000000001";
const OVER: &str = "0195d555-2222-7000-8000-000000000002";
const SITE: &str = "0195d666-1111-7000-8000-000000000001";

fn set() -> Value {
    let ring = |name: &str| json!({ "name": name, "percent": 50, "deferral_days": 0, "deadline_days": 2, "grace_days": 1 });
    json!({ "id": SET, "name": "Production", "rings": [ring("First"), ring("Broad")],
        "members": [10, 90], "placed_at": null, "created_at": "2026-11-01T09:00:00Z" })
}

fn freeze(id: &str, state: &str, crossings: &Value) -> Value {
    json!({ "id": id, "scope": "ring", "ring_set_id": SET, "ring": "Broad",
        "from": "2026-12-18T17:00:00Z", "until": "2027-01-04T06:00:00Z", "state": state,
        "owner": "ana", "reason": "year end", "created_at": "2026-11-01T09:00:00Z", "ended_at": null,
        "ended_by": null, "end_reason": null, "crossings": crossings })
}

async fn api() -> Api {
    let api = Api::start().await;
    api.answer("GET /ring-sets", &[json!({ "items": [set()] })]);
    api
}

#[tokio::test]
async fn the_next_windows_of_a_ring() {
    let api = api().await;
    let times = json!({ "ring_set_id": SET, "ring": 1, "ring_name": "Broad", "time_zone": "Europe/Zurich",
        "at": "2026-12-18T12:00:00Z",
        "held": { "because": "freeze", "text": "a freeze of the tenant by ana (year end)", "until": null },
        "periods": [
            { "from": "2027-01-04T21:00:00Z", "until": "2027-01-05T03:00:00Z",
              "local_from": "2027-01-04T22:00:00+01:00", "local_until": "2027-01-05T04:00:00+01:00",
              "after": "it is outside of its windows" },
            { "from": "2027-03-30T20:00:00Z", "until": null, "local_from": "2027-03-30T22:00:00+02:00",
              "local_until": null, "after": null },
        ] });
    api.answer(&format!("GET /ring-sets/{SET}/calendar"), std::slice::from_ref(&times));
    let table = run(&api.url, &["calendar", "next", "Broad", "--count", "2", "-o", "table"]).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("calendar_next_table", table.out);
    assert!(
        table
            .err
            .contains("Nothing is offered to Broad now, until somebody changes that: a freeze"),
        "{}",
        table.err
    );
    let plain = run(&api.url, &["calendar", "next", "1", "--ring-set", "Production"]).await;
    insta::assert_snapshot!("calendar_next_plain", plain.out);
    let json = run(&api.url, &["calendar", "next", "1", "-o", "json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&json.out).expect("JSON"), times);
    for (arguments, code) in [
        (&["calendar", "next", "Wide"][..], 3),
        (&["calendar", "next", "Broad", "--ring-set", "None"], 3),
        (&["calendar", "next", "Broad", "--count", "101"], 2),
    ] {
        assert_eq!(run(&api.url, arguments).await.code, code, "{arguments:?}");
    }
}

#[tokio::test]
async fn freezes_are_made_listed_crossed_and_ended() {
    let api = api().await;
    let crossing = json!([{ "rollout_id": ROLLOUT, "release_name": "2026-11 B", "by": "ben",
        "reason": "exploited", "at": "2026-12-20T10:00:00Z" }]);
    let standing = freeze(FREEZE, "standing", &json!([]));
    let all = [standing.clone(), freeze(OVER, "over", &json!([]))];
    api.answer("GET /freezes", &[json!({ "items": all })]);
    api.answer("POST /freezes", std::slice::from_ref(&standing));
    api.answer(
        &format!("POST /freezes/{FREEZE}/crossings"),
        &[freeze(FREEZE, "standing", &crossing)],
    );
    api.answer(&format!("POST /freezes/{FREEZE}/end"), &[freeze(FREEZE, "over", &crossing)]);
    let create = ["freeze", "create", "--reason", "year end", "--until", "2999-01-04T06:00:00Z"];
    for (more, expected) in [
        (&[][..], json!({ "reason": "year end", "until": "2999-01-04T06:00:00Z" })),
        (
            &["--ring-set", "Production", "--ring", "1"],
            json!({ "ring_set_id": SET, "ring": "Broad", "reason": "year end", "until": "2999-01-04T06:00:00Z" }),
        ),
    ] {
        let made = run(&api.url, &[&create[..], more].concat()).await;
        assert_eq!(made.code, 0, "{}", made.err);
        assert_eq!(api.orders().pop(), Some(("POST /freezes".to_owned(), expected)));
    }
    assert_eq!(run(&api.url, &[&create[..], &["--ring", "Broad"]].concat()).await.code, 2);
    let listed = run(&api.url, &["freeze", "list"]).await;
    assert!(listed.out.contains(FREEZE) && !listed.out.contains(OVER), "{}", listed.out);
    let every = run(&api.url, &["freeze", "list", "--all", "-o", "table"]).await;
    insta::assert_snapshot!("freeze_list_table", every.out);
    // By the beginning of its id.
    let cross = [
        "freeze",
        "cross",
        "0195d555-1",
        "--rollout",
        "2026-11 B",
        "--reason",
        "exploited",
        "-o",
        "table",
    ];
    let crossed = run(&api.url, &cross).await;
    assert_eq!(crossed.code, 0, "{}", crossed.err);
    insta::assert_snapshot!("freeze_cross_table", crossed.out);
    let body = json!({ "rollout_id": ROLLOUT, "reason": "exploited" });
    assert_eq!(api.orders().pop(), Some((format!("POST /freezes/{FREEZE}/crossings"), body)));
    let ended =
        run(&api.url, &["freeze", "end", FREEZE, "--reason", "done early", "-o", "json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&ended.out).expect("JSON")["state"], "over");
    assert_eq!(api.orders().pop().expect("an order").1, json!({ "reason": "done early" }));
    assert_eq!(run(&api.url, &["freeze", "end", "7777", "--reason", "x"]).await.code, 3);
}

#[tokio::test]
async fn holidays_go_out_as_the_file_has_them() {
    let api = api().await;
    let site = json!({ "id": SITE, "name": "Zurich", "imported_by": "ana", "imported_at": "2026-11-01T09:00:00Z",
        "holidays": [
            { "name": "Christmas", "first_day": "2026-12-25", "last_day": "2026-12-26" },
            { "name": "Half a day", "from": "2026-12-24T11:00:00Z", "until": "2026-12-24T23:00:00Z" },
        ] });
    api.answer("POST /holidays", std::slice::from_ref(&site));
    api.answer("GET /holidays", &[json!({ "items": [site] })]);
    api.answer(&format!("DELETE /holidays/{SITE}"), &[json!({})]);
    let file = std::env::temp_dir().join(format!("concentric-{}.ics", std::process::id()));
    std::fs::write(&file, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("a file");
    let path = file.to_str().expect("a path");
    let made =
        run(&api.url, &["holidays", "import", "Zurich", "--file", path, "-o", "table"]).await;
    std::fs::remove_file(&file).expect("it was there");
    assert_eq!(made.code, 0, "{}", made.err);
    insta::assert_snapshot!("holidays_table", made.out);
    let body = json!({ "name": "Zurich", "ics": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n" });
    assert_eq!(api.orders().pop(), Some(("POST /holidays".to_owned(), body)));
    let listed = run(&api.url, &["holidays", "list"]).await;
    assert_eq!(listed.out, format!("Zurich\t2\t2026-11-01 09:00:00Z\tana\t{SITE}\n"));
    let shown = run(&api.url, &["holidays", "show", "Zurich"]).await;
    assert!(shown.out.starts_with("2026-12-25\t2026-12-26\tChristmas\n"), "{}", shown.out);
    let unsure = run(&api.url, &["holidays", "delete", "Zurich", "--reason", "moved"]).await;
    assert_eq!((unsure.code, api.orders().len()), (2, 1));
    let gone = run(&api.url, &["holidays", "delete", "Zurich", "--reason", "moved", "--yes"]).await;
    assert_eq!(gone.code, 0, "{}", gone.err);
    assert!(
        api.orders().pop().expect("an order").0.starts_with(&format!("DELETE /holidays/{SITE}"))
    );
}
