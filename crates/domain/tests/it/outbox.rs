//! Letters: what is one, how long it is tried, and that no line break gets anywhere near a header.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::outbox::{
    Attachment, EmailAddress, Envelope, Fate, LIFE, Letter, LetterError, Recipient, Refusal, Tried,
    fate,
};
use uuid::Uuid;

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

fn envelope(tries: u32) -> Envelope {
    Envelope {
        id: Uuid::from_u128(7),
        to: Recipient::Email("ana@example.com".parse().unwrap()),
        letter: Letter::plain("Hello", "A text.").unwrap(),
        attachments: Vec::new(),
        at: at(0),
        tries,
        due_since: at(0),
    }
}

fn ended(refusal: Option<Refusal>) -> Tried {
    Tried { code: None, latency_ms: 5, refusal }
}

#[test]
fn addresses_are_plain_and_hold_no_tricks() {
    for right in ["a@b", "ana.ops+x@mail.example.com", "o'brien@x.y"] {
        assert!(right.parse::<EmailAddress>().is_ok(), "{right}");
    }
    let address: EmailAddress = "Ana@EXAMPLE.com".parse().unwrap();
    assert_eq!(address.as_str(), "Ana@example.com", "a host has no case, a name may");
    let long = format!("{}@example.com", "a".repeat(65));
    for wrong in [
        "",
        "@",
        "a@",
        "@b",
        "a@b@c",
        "a b@c",
        "a@b c",
        "a\r\nBcc: x@y.z@b",
        "a@b\r\nBcc: x",
        "a@b,c@d",
        "<a@b>",
        "\"a\"@b",
        "a@-b",
        "a@b..c",
        ".a@b",
        "a.@b",
        "a..b@c",
        "ä@b",
        "a@[127.0.0.1]",
        &long,
    ] {
        assert!(wrong.parse::<EmailAddress>().is_err(), "{wrong:?}");
    }
}

#[test]
fn subjects_and_names_of_files_are_one_line() {
    for wrong in ["", "a\nBcc: x@y.z", "a\r\n\r\nbody", "a\u{0}", &"a".repeat(201)] {
        assert_eq!(Letter::plain(wrong, "text").err(), Some(LetterError::Subject), "{wrong:?}");
    }
    assert_eq!(Letter::plain("a", "").err(), Some(LetterError::Text));
    for wrong in ["", "a\"; x=\"y", "../a", "a\r\nX: y", "a\\b"] {
        let file = Attachment::new(wrong, "text/csv", Vec::new());
        assert_eq!(file.err(), Some(LetterError::AttachmentName), "{wrong:?}");
    }
    for wrong in ["", "text", "text/", "text/csv; x=y", "text/csv\r\nX: y"] {
        let file = Attachment::new("a.csv", wrong, Vec::new());
        assert_eq!(file.err(), Some(LetterError::MediaType), "{wrong:?}");
    }
}

#[test]
fn what_is_refused_for_good_ends_and_everything_else_is_tried_for_days() {
    assert_eq!(fate(&envelope(0), ended(None), at(1)), Fate::Delivered);
    for refusal in Refusal::ALL {
        let fate = fate(&envelope(0), ended(Some(refusal)), at(1));
        let is_over = fate == Fate::GivenUp;
        assert_eq!(is_over, refusal.is_final(), "{refusal:?}: {fate:?}");
        assert_eq!(Refusal::from_name(refusal.name()), Some(refusal));
    }
    let mut now = at(0);
    let mut tries = 0;
    while let Fate::Again { at } = fate(&envelope(tries), ended(Some(Refusal::Later)), now) {
        assert!(at > now);
        now = at;
        tries += 1;
    }
    assert!(tries > 7 && now - at(0) <= LIFE && now - at(0) > LIFE / 2, "{tries} tries, {now}");
}

#[test]
fn replies_and_statuses_are_sorted_by_what_they_say() {
    let replies = [
        (421, Refusal::Later),
        (450, Refusal::Later),
        (535, Refusal::Login),
        (550, Refusal::Refused),
        (554, Refusal::Refused),
        (220, Refusal::BadAnswer),
    ];
    for (code, refusal) in replies {
        assert_eq!(Refusal::of_reply(code), refusal, "{code}");
    }
    let statuses = [
        (200, None),
        (202, None),
        (302, Some(Refusal::BadAnswer)),
        (400, Some(Refusal::Denied)),
        (404, Some(Refusal::Gone)),
        (410, Some(Refusal::Gone)),
        (429, Some(Refusal::Later)),
        (500, Some(Refusal::Later)),
        (503, Some(Refusal::Later)),
    ];
    for (status, refusal) in statuses {
        assert_eq!(Refusal::of_status(status), refusal, "{status}");
    }
}
