//! Support requests: the table of what may happen when, and evidence without secrets.

use chrono::{DateTime, TimeDelta, Utc};
use domain::support::{
    Bundle, Event, LARGEST, REDACTED, REOPEN_WITHIN, Severity, Status, redact, redact_text,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

fn all(reached: DateTime<Utc>) -> [Status; 5] {
    [
        Status::New,
        Status::InProgress,
        Status::Waiting,
        Status::Mitigated { at: reached },
        Status::Resolved { at: reached },
    ]
}

#[test]
fn the_table_of_statuses() {
    let mut table = Vec::new();
    for (when, now) in [("within a day", at(1_439)), ("after a day", at(1_440))] {
        for status in all(at(0)) {
            for event in Event::ALL {
                if let Ok(next) = status.apply(event, now) {
                    let (from, to) = (status.word(), next.word());
                    table.push(format!("{when}: {from} --{event:?}--> {to}"));
                }
            }
        }
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    within a day: new --Started--> in_progress
    within a day: new --Asked--> waiting
    within a day: new --Mitigated--> mitigated
    within a day: new --Resolved--> resolved
    within a day: in_progress --Asked--> waiting
    within a day: in_progress --Mitigated--> mitigated
    within a day: in_progress --Resolved--> resolved
    within a day: waiting --Started--> in_progress
    within a day: waiting --Mitigated--> mitigated
    within a day: waiting --Resolved--> resolved
    within a day: mitigated --Resolved--> resolved
    within a day: mitigated --Reopened--> in_progress
    after a day: new --Started--> in_progress
    after a day: new --Asked--> waiting
    after a day: new --Mitigated--> mitigated
    after a day: new --Resolved--> resolved
    after a day: in_progress --Asked--> waiting
    after a day: in_progress --Mitigated--> mitigated
    after a day: in_progress --Resolved--> resolved
    after a day: waiting --Started--> in_progress
    after a day: waiting --Mitigated--> mitigated
    after a day: waiting --Resolved--> resolved
    after a day: mitigated --Resolved--> resolved
    ");
}

#[test]
fn refusals_say_what_to_do_instead() {
    let said =
        |status: Status, event, minutes| status.apply(event, at(minutes)).unwrap_err().to_string();
    let (mitigated, resolved) = (Status::Mitigated { at: at(0) }, Status::Resolved { at: at(0) });
    assert_eq!(
        said(Status::New, Event::Reopened, 1),
        "the request is new, so there is nothing to reopen"
    );
    assert_eq!(said(Status::Waiting, Event::Asked, 1), "the request is waiting already");
    assert_eq!(
        said(mitigated, Event::Started, 1),
        "the request is mitigated: reopen it, or resolve it"
    );
    assert!(said(mitigated, Event::Reopened, 1_440).contains("file another that follows it"));
    assert!(said(resolved, Event::Reopened, 1).contains("file another that follows it"));
}

#[test]
fn the_answer_of_who_filed_it_ends_the_waiting() {
    assert_eq!(Status::Waiting.after_comment(true, at(1)), Ok(Status::InProgress));
    assert_eq!(Status::Waiting.after_comment(false, at(1)), Ok(Status::Waiting));
    assert_eq!(Status::New.after_comment(true, at(1)), Ok(Status::New));
    let mitigated = Status::Mitigated { at: at(0) };
    assert_eq!(mitigated.after_comment(true, at(1_439)), Ok(mitigated));
    assert!(mitigated.after_comment(true, at(1_440)).is_err());
    assert!(Status::Resolved { at: at(0) }.after_comment(true, at(1)).is_err());
}

#[test]
fn the_worse_the_sooner() {
    let mut all = Severity::ALL;
    all.sort();
    assert!(all.windows(2).all(|two| two[0].answer_within() > two[1].answer_within()));
    assert_eq!(all.map(Severity::letter), ['C', 'B', 'A']);
    assert!(all.iter().all(|severity| Severity::from_word(severity.word()) == Some(*severity)));
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Happens(Event),
    Comment { by_requester: bool },
}

fn step() -> impl Strategy<Value = (Step, i64)> {
    let events = proptest::sample::select(Event::ALL.to_vec()).prop_map(Step::Happens);
    let comments = any::<bool>().prop_map(|by_requester| Step::Comment { by_requester });
    (prop_oneof![events, comments], 0_i64..2_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever happens in whatever order, the invariants of the module hold.
    #[test]
    fn what_has_ended_stays_ended(steps in proptest::collection::vec(step(), 0..30)) {
        let (mut status, mut now) = (Status::New, at(0));
        for (step, minutes) in steps {
            now += TimeDelta::minutes(minutes);
            let next = match step {
                Step::Happens(event) => status.apply(event, now),
                Step::Comment { by_requester } => status.after_comment(by_requester, now),
            };
            match (status, next) {
                (Status::Resolved { .. }, next) => prop_assert!(next.is_err()),
                (Status::Mitigated { at: since }, Ok(next)) => {
                    let is_late = now - since >= REOPEN_WITHIN;
                    if next.is_open() {
                        prop_assert!(!is_late);
                        prop_assert!(matches!(step, Step::Happens(Event::Reopened)), "only reopened");
                    }
                    if is_late {
                        prop_assert!(matches!(next, Status::Resolved { .. }), "only its end");
                    }
                }
                (_, Ok(next)) => prop_assert!(next != Status::New || status == Status::New),
                (_, Err(_)) => {}
            }
            status = next.unwrap_or(status);
            let word = status.word();
            let back = Status::from_word(word, status_at(status)).unwrap();
            prop_assert_eq!(back, status);
        }
    }

    /// A secret is found wherever it stands, and what was redacted stays as it is.
    #[test]
    fn no_secret_is_left(before in "[ a-zA-Z=/:(\"]{0,20}", secret in "[A-Za-z0-9]{20,60}", kind in 0_usize..7, after in "[ ,)\"]{0,3}") {
        let text = match kind {
            0 => format!("{before} con_{secret}{after}"),
            1 => format!("{before} whsec_{secret}{after}"),
            2 => format!("{before} Bearer {secret}{after}"),
            3 => format!("{before} https://ana:{secret}@example.com/x{after}"),
            4 => format!("{before} https://example.com/x?sig={secret}{after}"),
            5 => format!("{before} https://hooks.slack.com/services/{secret}{after}"),
            _ => format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----"),
        };
        let clean = redact_text(&text);
        prop_assert!(!clean.contains(&secret), "{clean}");
        prop_assert_eq!(redact_text(&clean), clean.clone());
        let deep = redact(json!({ "a": [{ "b": text }], "client_secret": secret, "x": { "Password": [secret] } }));
        prop_assert!(!deep.to_string().contains(&secret), "{deep}");
        prop_assert_eq!(redact(deep.clone()), deep);
    }

}

proptest! {
    // Megabytes each.
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Any amount of evidence comes to a document of a bounded size that can be read.
    #[test]
    fn a_bundle_is_bounded(entries in 0_usize..400, length in 1_usize..9_000, explain in 0_usize..400_000) {
        let entry = |number: usize| json!({ "seq": number, "text": "x".repeat(length) });
        let bundle = Bundle {
            explain: json!("y".repeat(explain)),
            decisions: (0..entries / 10).map(entry).collect(),
            timeline: (0..entries).map(entry).collect(),
            ..Bundle::default()
        };
        let closed = bundle.clone().close(at(0));
        prop_assert!(closed.text.len() <= LARGEST);
        let read: Value = serde_json::from_str(&closed.text).unwrap();
        prop_assert_eq!(&read["omitted"], &json!(closed.omitted));
        if closed.omitted.is_empty() {
            prop_assert_eq!(read["timeline"].as_array().unwrap().len(), entries);
        } else {
            let newest = read["timeline"].as_array().unwrap();
            prop_assert!(newest.iter().enumerate().all(|(at, one)| one["seq"] == json!(at)), "the newest are kept");
        }
        prop_assert_eq!(bundle.close(at(0)), closed);
    }
}

fn status_at(status: Status) -> DateTime<Utc> {
    match status {
        Status::Mitigated { at } | Status::Resolved { at } => at,
        Status::New | Status::InProgress | Status::Waiting => at(0),
    }
}

#[test]
fn what_is_no_secret_is_left() {
    for plain in [
        "rollout 0195d111-1111-7000-8000-000000000001 was paused by ana: printing fails",
        "https://graph.microsoft.com/beta/admin/windows/updates",
        "con_fig and token_created",
        "basically",
        "10.0.26100.2314",
    ] {
        assert_eq!(redact_text(plain), plain);
    }
    let kept = json!({ "has_secret": true, "secrets": 3, "client_secret": null, "name": "x" });
    assert_eq!(redact(kept.clone()), kept);
    assert_eq!(redact_text("token=con_0123456789abcdef0123"), format!("token={REDACTED}"));
    for text in [
        "Bearer AaAAaaa0A0AAA00A0aAA",
        "https://example.com/x?sig=0AA0aa0aAaAaaAa00aAa",
        "https://hooks.slack.com/services/T0/B0/x",
        "https://ana:pass@example.com/x#y",
    ] {
        let once = redact_text(text);
        assert_ne!(once, text);
        assert_eq!(redact_text(&once), once);
    }
}
