//! Calendars of rings, freezes and holidays over HTTP.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::{World, id, ring_set_body, text};

/// A ring set of which the second ring has a calendar.
fn with_calendar(calendar: Value) -> Value {
    let mut body = ring_set_body();
    body["rings"][1]["calendar"] = calendar;
    body
}

fn nights() -> Value {
    json!({
        "time_zone": "Europe/Zurich",
        "opening": {
            "from": "patch_tuesday", "business_days": 3, "weekdays": ["monday", "tuesday"],
            "not_last_days_of_month": 2,
        },
        "windows": [{ "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", "start": "22:00", "minutes": 360 }],
        "max_devices_per_hour": 500,
    })
}

#[tokio::test]
async fn a_calendar_is_read_as_it_was_made() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let path = format!("/api/v1/tenants/{tenant}/ring-sets");
    let made = world.post(&path, with_calendar(nights())).await.expect(201);
    let calendar = &made["rings"][1]["calendar"];
    let mut expected = nights();
    (expected["opening"]["days"], expected["opening"]["not_first_days_of_month"]) =
        (json!(0), json!(0));
    assert_eq!(calendar, &expected);
    assert_eq!(made["rings"][0].get("calendar"), None);
    // What was read can be written, and a first day and a rule stay as somebody wrote them.
    let mut again = json!({ "name": "Again", "rings": made["rings"] });
    again["rings"][1]["calendar"]["windows"][0] = json!({
        "rule": "freq=weekly;interval=2;byday=mo", "first_day": "2026-01-05", "start": "08:00", "minutes": 60,
    });
    assert_eq!(world.post(&path, again.clone()).await.expect(201)["rings"], again["rings"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_calendar_is_named() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let path = format!("/api/v1/tenants/{tenant}/ring-sets");
    let with = |pointer: &str, value: Value| {
        let mut calendar = nights();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        calendar.pointer_mut(parent).unwrap()[key] = value;
        with_calendar(calendar)
    };
    let mut said = Vec::new();
    for body in [
        with("/time_zone", json!("Europe/Zürich")),
        with("/opening/days", json!(3)),
        with("/opening/business_days", json!(91)),
        with("/opening/weekdays", json!(["monday", "monday"])),
        with("/opening/weekdays", json!(["mon"])),
        with("/opening/not_first_days_of_month", json!(19)),
        with("/windows/0/rule", json!("every night")),
        with("/windows/0/rule", json!("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")),
        with("/windows/0/rule", json!("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")),
        with("/windows/0/start", json!("24:00")),
        with("/windows/0/start", json!("9:00")),
        with("/windows/0/minutes", json!(0)),
        with("/max_devices_per_hour", json!(0)),
        with("/holidays", json!("Zurich")),
        with("/opening/weekdays", json!(["sunday"])),
        with("/windows", json!(vec![nights()["windows"][0].clone(); 11])),
    ] {
        said.push(world.post(&path, body).await.problem().lines().skip(1).collect::<String>());
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    /rings/1/calendar/time_zone: there is no time zone "Europe/Zürich"; a name of the IANA database is right, as Europe/Zurich or UTC
    /rings/1/calendar/opening/business_days: days or business_days, not both: one of them must be 0
    /rings/1/calendar/opening/business_days: 91 is out of range; 0 to 90 is right
    /rings/1/calendar/opening: ring 1: a weekday stands there twice
    /rings/1/calendar/opening/weekdays/0: unknown variant `mon`, expected one of `monday`, `tuesday`, `wednesday`, `thursday`, `friday`, `saturday`, `sunday`
    /rings/1/calendar/opening: ring 1: so many days of a month leave none of the shortest: 20 together is the most
    /rings/1/calendar/windows/0/rule: this is no recurrence rule as RFC 5545 has it, such as FREQ=WEEKLY;BYDAY=MO,TU: RRule parsing error: `EVERY NIGHT` is a malformed property parameter. Parameter should be specified as `key=value`
    /rings/1/calendar/windows/0/first_day: a rule with an INTERVAL needs a first day to count from
    /rings/1/calendar/windows/0/rule: this rule names no day within two years
    /rings/1/calendar/windows/0/start: 24:00 is no time of day; 22:00 would be
    /rings/1/calendar/windows/0/start: 9:00 is no time of day; 22:00 would be
    /rings/1/calendar/windows/0/minutes: a window lasts 1 to 10080 minutes (a week)
    /rings/1/calendar/max_devices_per_hour: 0 is out of range; 1 to 4294967295 is right
    /rings/1/calendar/holidays: there is no holiday calendar "Zurich"; import it first
    /rings/1/calendar: ring 1: on no day on which the ring may open is there a window, so it never would
    /rings/1/calendar/windows: ring 1: more than 10 windows
    "#);
    assert_eq!(world.get(&path).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn the_next_windows_are_shown_by_both_clocks() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let base = format!("/api/v1/tenants/{tenant}");
    let made = world.post(&format!("{base}/ring-sets"), with_calendar(nights())).await.expect(201);
    let set = id(&made);
    let freeze = json!({
        "ring_set_id": set, "ring": "Broad", "from": "2024-10-08T00:00:00Z", "until": "2024-10-09T02:00:00Z",
        "reason": "stocktaking",
    });
    world.post(&format!("{base}/freezes"), freeze).await.expect(201);
    let path = format!("{base}/ring-sets/{set}/calendar");
    world.set_hour(12);
    // hour(0) is Friday, 2024-10-04; the clock is set back on the 27th.
    let shown = world.get(&format!("{path}?ring=Broad&count=3")).await.expect(200);
    assert_eq!(shown["held"]["because"], "window");
    let lines: Vec<String> = shown["periods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let of = |name: &str| text(&one[name]);
            format!(
                "{} to {} = {} after {}",
                of("local_from"),
                of("local_until"),
                of("from"),
                of("after")
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    2024-10-07T22:00:00+02:00 to 2024-10-08T02:00:00+02:00 = 2024-10-07T20:00:00Z after it is outside of its windows
    2024-10-09T22:00:00+02:00 to 2024-10-10T04:00:00+02:00 = 2024-10-09T20:00:00Z after it is outside of its windows
    2024-10-10T22:00:00+02:00 to 2024-10-11T04:00:00+02:00 = 2024-10-10T20:00:00Z after it is outside of its windows
    ");
    let many = world.get(&format!("{path}?ring=1&count=17")).await.expect(200);
    insta::assert_snapshot!(text(&many["periods"][15]["local_from"]), @"2024-11-04T22:00:00+01:00");
    let open = world.get(&format!("{path}?ring=First")).await.expect(200);
    assert_eq!((&open["held"], open["periods"].as_array().unwrap().len()), (&Value::Null, 1));
    assert_eq!((&open["periods"][0]["until"], &open["time_zone"]), (&Value::Null, &json!("UTC")));
    let mut said = Vec::new();
    for query in
        ["", "?ring=Wide", "?ring=Broad&count=0", "?ring=Broad&count=101", "?ring=Broad&to=1"]
    {
        said.push(
            world.get(&format!("{path}{query}")).await.problem().lines().next().unwrap().to_owned(),
        );
    }
    insta::assert_snapshot!(said.join("\n"), @"
    400 invalid_parameter: ring: the field `ring` is missing
    400 invalid_parameter: ring: there is no such ring; there are 0 (First), 1 (Broad)
    400 invalid_parameter: count: 0 is out of range; 1 to 100 is right
    400 invalid_parameter: count: 101 is out of range; 1 to 100 is right
    400 invalid_parameter: to: unknown field `to`, expected `ring` or `count`
    ");
}

#[tokio::test]
async fn a_freeze_holds_a_rollout_until_it_is_crossed_or_ended() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    world.start(tenant, rollout).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let explained = async || {
        let why = world.get(&format!("{base}/rollouts/{rollout}/explain")).await.expect(200);
        text(&why["summary"]).to_owned()
    };
    world.set_hour(1);
    let made = world
        .post(
            &format!("{base}/freezes"),
            json!({ "until": "2024-10-06T00:00:00Z", "reason": "year end" }),
        )
        .await
        .expect(201);
    assert_eq!(
        (&made["scope"], &made["state"], &made["owner"]),
        (&json!("tenant"), &json!("standing"), &json!("first"))
    );
    let held = explained().await;
    // As many devices are at work as may be, so what is held is the next ring.
    let freeze = "calendar: the next ring may not open until 2024-10-06 00:00 UTC: a freeze of the tenant by first (year end)";
    assert!(held.contains(freeze), "{held}");
    let one = format!("{base}/freezes/{}", id(&made));
    let (ben, cross) = (world.person("ben").await, format!("{one}/crossings"));
    let as_ben = async |path: &str, body: Value| {
        world.call(Method::POST, path, Some(&ben), Some(&body)).await
    };
    let body = json!({ "rollout_id": rollout, "reason": "exploited" });
    let mut said = vec![world.post(&cross, body.clone()).await.problem()];
    let crossed = as_ben(&cross, body.clone()).await.expect(200);
    assert_eq!(
        (&crossed["crossings"][0]["by"], &crossed["crossings"][0]["release_name"]),
        (&json!("ben"), &json!("November"))
    );
    let free = explained().await;
    assert!(!free.contains("freeze"), "{free}");
    said.push(as_ben(&cross, body).await.problem());
    said.push(as_ben(&cross, json!({ "rollout_id": id(&made), "reason": "x" })).await.problem());
    said.push(as_ben(&cross, json!({ "rollout_id": rollout, "reason": " " })).await.problem());
    let over = as_ben(&format!("{one}/end"), json!({ "reason": "done early" })).await.expect(200);
    assert_eq!((&over["state"], &over["ended_by"]), (&json!("over"), &json!("ben")));
    said.push(as_ben(&format!("{one}/end"), json!({ "reason": "again" })).await.problem());
    assert_eq!(world.get(&one).await.expect(200), over);
    assert_eq!(world.get(&format!("{base}/freezes")).await.expect(200)["items"], json!([over]));
    for bad in [
        json!({ "reason": "" }),
        json!({ "reason": "x", "ring": "Broad" }),
        json!({ "reason": "x", "until": "2024-10-04T00:30:00Z" }),
        json!({ "reason": "x", "ring_set_id": id(&made) }),
    ] {
        said.push(world.post(&format!("{base}/freezes"), bad).await.problem());
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    403 forbidden: first made the freeze; somebody else has to let a rollout cross it
    409 conflict: somebody let this rollout cross the freeze already
    422 invalid: /rollout_id: there is no such rollout
      /rollout_id: there is no such rollout
    422 invalid: /reason: this is empty; 1 to 1000 characters are right
      /reason: this is empty; 1 to 1000 characters are right
    409 conflict: the freeze is over already
    422 invalid: /reason: this is empty; 1 to 1000 characters are right
      /reason: this is empty; 1 to 1000 characters are right
    422 invalid: /ring_set_id: a ring belongs to a ring set; say which
      /ring_set_id: a ring belongs to a ring set; say which
    422 invalid: /until: it would be over before it began
      /until: it would be over before it began
    422 invalid: /ring_set_id: there is no such ring set
      /ring_set_id: there is no such ring set
    "#);
    let events =
        world.get(&format!("{base}/rollouts/{rollout}/events?limit=500")).await.expect(200);
    let kinds: Vec<&str> =
        events["items"].as_array().unwrap().iter().map(|event| text(&event["kind"])).collect();
    assert!(kinds.contains(&"freeze_crossed"), "{kinds:?}");
}

const ICS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20241004\r\n\
    SUMMARY:Today\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20201225\r\nRRULE:FREQ=YEARLY\r\n\
    SUMMARY:Christmas\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[tokio::test]
async fn holidays_are_imported_and_named_by_rings() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let base = format!("/api/v1/tenants/{tenant}");
    let path = format!("{base}/holidays");
    let made = world.post(&path, json!({ "name": "Zurich", "ics": ICS })).await.expect(201);
    // Christmas from the year before to five years ahead.
    assert_eq!(made["holidays"].as_array().unwrap().len(), 7);
    assert_eq!(
        made["holidays"][1],
        json!({ "name": "Today", "first_day": "2024-10-04", "last_day": "2024-10-04" })
    );
    let mut calendar = nights();
    calendar["holidays"] = json!("Zurich");
    calendar["windows"] = json!([]);
    let set = world.post(&format!("{base}/ring-sets"), with_calendar(calendar)).await.expect(201);
    let times = format!("{base}/ring-sets/{}/calendar?ring=Broad", id(&set));
    let held = world.get(&times).await.expect(200)["held"].clone();
    assert_eq!(
        held,
        json!({ "because": "holiday", "text": "it is a holiday: Today (Zurich)", "until": "2024-10-04T22:00:00Z" })
    );
    // Replaced by name.
    let later = ICS.replace("20241004", "20241005");
    let again = world.post(&path, json!({ "name": "Zurich", "ics": later })).await.expect(201);
    assert_eq!(again["id"], made["id"]);
    assert_eq!(world.get(&times).await.expect(200)["held"], Value::Null);
    let one = format!("{path}/{}", id(&made));
    let mut said = vec![
        world.post(&path, json!({ "name": "", "ics": "hello" })).await.problem(),
        world
            .post(&path, json!({ "name": "x", "ics": "hello" }))
            .await
            .problem()
            .lines()
            .next()
            .unwrap()
            .to_owned(),
        world.call(Method::DELETE, &one, Some(&world.admin), None).await.problem(),
        world
            .call(Method::DELETE, &format!("{one}?reason=x"), Some(&world.admin), None)
            .await
            .problem(),
    ];
    assert_eq!(world.get(&one).await.expect(200), again);
    let gone = format!("{base}/ring-sets/{}", id(&set));
    world.call(Method::DELETE, &gone, Some(&world.admin), None).await.expect(204);
    world
        .call(Method::DELETE, &format!("{one}?reason=x"), Some(&world.admin), None)
        .await
        .expect(204);
    said.push(world.get(&one).await.problem());
    insta::assert_snapshot!(said.join("\n"), @"
    422 invalid: /name: this is empty; 1 to 64 characters are right
      /name: this is empty; 1 to 64 characters are right
    422 invalid: /ics: this is no iCalendar file (BEGIN:VCALENDAR ... END:VCALENDAR): line 1 is not understood
    400 invalid_parameter: reason: the field `reason` is missing
      reason: the field `reason` is missing
    409 conflict: these look at the holidays of Zurich: ring set Standard
    404 not_found: there is no such holiday calendar here
    ");
}
