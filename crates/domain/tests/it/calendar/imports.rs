//! Holidays out of iCalendar files as different programs write them.

use domain::calendar::{Holiday, ImportError, When, import};

use super::day;

fn file(events: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{events}END:VCALENDAR\r\n")
}

fn event(lines: &[&str]) -> String {
    format!("BEGIN:VEVENT\r\nUID:{}\r\n{}\r\nEND:VEVENT\r\n", lines.len(), lines.join("\r\n"))
}

fn read(events: &str) -> Result<Vec<Holiday>, ImportError> {
    import(&file(events), day("2026-01-01"), day("2028-12-31"))
}

fn lines(events: &str) -> String {
    let holidays = read(events).expect("a good file");
    let line = |holiday: &Holiday| match holiday.when {
        When::Days { first, last } => format!("{first} to {last}: {}", holiday.name),
        When::Hours { from, until } => format!("{from} to {until}: {}", holiday.name),
    };
    holidays.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn days_and_times_single_and_recurring() {
    let events = [
        // As most calendars of public holidays have them.
        event(&[
            "DTSTART;VALUE=DATE:20260101",
            "DTEND;VALUE=DATE:20260102",
            "SUMMARY:New Year's Day",
            "TRANSP:TRANSPARENT",
        ]),
        // No end: one day. Folded, with an escaped comma.
        event(&["DTSTART;VALUE=DATE:20261224", "SUMMARY:Christmas\\, and the day\r\n  before it"]),
        event(&["DTSTART;VALUE=DATE:20261225", "DURATION:P2D", "SUMMARY:Christmas"]),
        // A half day, by the clock of its zone.
        event(&[
            "DTSTART;TZID=Europe/Zurich:20260420T120000",
            "DTEND;TZID=Europe/Zurich:20260420T180000",
            "SUMMARY:Sechseläuten",
        ]),
        event(&["DTSTART:20260501T060000Z", "DURATION:PT4H30M", "SUMMARY:Move"]),
        // Every year, and the third Monday of September.
        event(&["DTSTART;VALUE=DATE:20200801", "RRULE:FREQ=YEARLY", "SUMMARY:National Day"]),
        event(&[
            "DTSTART;VALUE=DATE:20240916",
            "RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=3MO;UNTIL=20270930",
            "SUMMARY:Bettag",
        ]),
        event(&[
            "DTSTART;VALUE=DATE:20260601",
            "RRULE:FREQ=DAILY;COUNT=3",
            "EXDATE;VALUE=DATE:20260602",
            "SUMMARY:Twice",
        ]),
        event(&["DTSTART;VALUE=DATE:20260701", "STATUS:CANCELLED", "SUMMARY:Not any more"]),
        event(&["DTSTART;VALUE=DATE:20190701", "SUMMARY:Long ago"]),
    ];
    insta::assert_snapshot!(lines(&events.concat()), @"
    2026-01-01 to 2026-01-01: New Year's Day
    2026-06-01 to 2026-06-01: Twice
    2026-06-03 to 2026-06-03: Twice
    2026-08-01 to 2026-08-01: National Day
    2026-09-21 to 2026-09-21: Bettag
    2026-12-24 to 2026-12-24: Christmas, and the day before it
    2026-12-25 to 2026-12-26: Christmas
    2027-08-01 to 2027-08-01: National Day
    2027-09-20 to 2027-09-20: Bettag
    2028-08-01 to 2028-08-01: National Day
    2026-04-20 10:00:00 UTC to 2026-04-20 16:00:00 UTC: Sechseläuten
    2026-05-01 06:00:00 UTC to 2026-05-01 10:30:00 UTC: Move
    ");
}

#[test]
fn recurring_times_follow_the_clock_and_moved_ones_are_moved() {
    let events = [
        "BEGIN:VEVENT\nUID:weekly\nDTSTART;TZID=America/New_York:20260304T220000\nDTEND;TZID=America/New_York:20260305T020000\nRRULE:FREQ=WEEKLY;UNTIL=20260326T020000Z\nSUMMARY:Backup\nEND:VEVENT\n",
        "BEGIN:VEVENT\nUID:weekly\nRECURRENCE-ID;TZID=America/New_York:20260318T220000\nDTSTART;TZID=America/New_York:20260319T230000\nDTEND;TZID=America/New_York:20260320T010000\nSUMMARY:Backup\\, moved\nEND:VEVENT\n",
    ];
    // The clock is changed on the 8th. The last one would start exactly at the end of the rule.
    insta::assert_snapshot!(lines(&events.concat()), @"
    2026-03-05 03:00:00 UTC to 2026-03-05 07:00:00 UTC: Backup
    2026-03-12 02:00:00 UTC to 2026-03-12 06:00:00 UTC: Backup
    2026-03-20 03:00:00 UTC to 2026-03-20 05:00:00 UTC: Backup, moved
    2026-03-26 02:00:00 UTC to 2026-03-26 06:00:00 UTC: Backup
    ");
}

#[test]
fn what_cannot_be_understood_is_refused_by_name() {
    let why = |event_lines: &[&str]| match read(&event(event_lines)) {
        Err(ImportError::Event { event, why }) => format!("{event}: {why}"),
        other => panic!("{other:?}"),
    };
    let refusals = [
        why(&["DTSTART:20260101T120000", "DTEND:20260101T130000", "SUMMARY:Floating"]),
        why(&[
            "DTSTART;TZID=W. Europe Standard Time:20260101T120000",
            "DURATION:PT1H",
            "SUMMARY:Outlook",
        ]),
        why(&["DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=HOURLY", "SUMMARY:Hourly"]),
        why(&["DTSTART;VALUE=DATE:20260101", "RDATE;VALUE=DATE:20260301", "SUMMARY:Dates"]),
        why(&["DTSTART;VALUE=DATE:20260102", "DTEND;VALUE=DATE:20260101", "SUMMARY:Backwards"]),
        why(&["DTSTART;VALUE=DATE:20260101", "DTEND;VALUE=DATE:20270101", "SUMMARY:A year"]),
        why(&["DTSTART;VALUE=DATE:20260101", "DTEND:20260102T000000Z", "SUMMARY:Both"]),
        why(&["DTSTART:20260101T120000Z", "SUMMARY:No end"]),
        why(&["DTSTART;VALUE=DATE:20261301", "SUMMARY:Month 13"]),
        why(&["SUMMARY:No start"]),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    Floating: DTSTART has a time without a time zone
    Outlook: there is no time zone "W. Europe Standard Time"; a name of the IANA database is right, as Europe/Zurich or UTC
    Hourly: a rule of days is right: FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY
    Dates: RDATE is not understood; give each date an event of its own
    Backwards: it must last at least a minute, and 60 days at most
    A year: it must last at least a minute, and 60 days at most
    Both: DTSTART and DTEND must both be days, or both be times
    No end: it has a time, and neither DTEND nor DURATION
    Month 13: DTSTART "20261301" is neither a day nor a time
    No start: it has no DTSTART
    "#);
    for text in ["", "hello", "BEGIN:VCALENDAR", "<html></html>"] {
        let found = import(text, day("2026-01-01"), day("2027-01-01"));
        assert!(matches!(found, Err(ImportError::Unreadable(_))), "{text:?}: {found:?}");
    }
    assert_eq!(
        read(&event(&["DTSTART;VALUE=DATE:20400101", "SUMMARY:Later"])),
        Err(ImportError::Empty)
    );
    let daily = event(&["DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=DAILY", "SUMMARY:Every day"]);
    assert!(matches!(read(&daily), Err(ImportError::TooMany(_))));
}

mod fuzz {
    use proptest::prelude::*;

    use super::{day, event, file, import};

    proptest! {
        /// Whatever a file holds, it is read or refused.
        #[test]
        fn no_file_breaks_the_import(
            start in "[0-9TZ]{0,16}",
            rule in "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|SECONDLY))?(;[A-Z]{3,8}=[-0-9A-Z,]{0,8}){0,3}",
            rest in "[ -~\r\n]{0,40}",
        ) {
            let lines = [format!("DTSTART:{start}"), format!("RRULE:{rule}"), rest];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let _ = import(&file(&event(&lines)), day("2026-01-01"), day("2027-01-01"));
        }
    }
}
