//! What people and files say, of any shape: refused or taken, never a panic, and what is taken can be used.

use chrono::NaiveDate;
use domain::build::Build;
use domain::calendar::{Rule, Zone, import};
use domain::filter::Filter;
use proptest::collection::vec;
use proptest::prelude::*;

/// Pieces that filters are made of, so that some get past the first character.
const WORDS: [&str; 34] = [
    "name",
    "build",
    "groups",
    "reasons",
    "last_sync",
    "held",
    "ring",
    "model",
    "==",
    "!=",
    "<",
    "&&",
    "||",
    "!",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "?",
    ":",
    "in",
    "\"x\"",
    "26100",
    "-1",
    "startsWith",
    "exists",
    "timestamp",
    "duration",
    "size",
    "true",
    "9223372036854775808",
    "\"\\u{0}\"",
];

const RULES: [&str; 30] = [
    "FREQ=",
    "DAILY",
    "WEEKLY",
    "MONTHLY",
    "YEARLY",
    ";",
    "BYDAY=",
    "MO",
    "2TU",
    "-1FR",
    "53SU",
    ",",
    "BYMONTHDAY=",
    "-31",
    "31",
    "BYMONTH=",
    "2",
    "13",
    "INTERVAL=",
    "0",
    "99999999999",
    "COUNT=",
    "UNTIL=",
    "20261332T250000Z",
    "BYSETPOS=",
    "-1",
    "BYWEEKNO=",
    "WKST=",
    "RRULE:",
    "=",
];

const LINES: [&str; 24] = [
    "BEGIN:VCALENDAR",
    "END:VCALENDAR",
    "BEGIN:VEVENT",
    "END:VEVENT",
    "UID:1",
    "SUMMARY:Holiday",
    "DTSTART;VALUE=DATE:20261225",
    "DTEND;VALUE=DATE:20261226",
    "DTSTART:20261225T120000Z",
    "DTSTART;TZID=Europe/Oslo:20260329T023000",
    "DTSTART;TZID=Nowhere/At All:20260101T000000",
    "DURATION:P1D",
    "DURATION:P99999999D",
    "DTEND;VALUE=DATE:20261224",
    "RRULE:FREQ=YEARLY",
    "RRULE:FREQ=SECONDLY",
    "RRULE:FREQ=DAILY;COUNT=999999999",
    "EXDATE;VALUE=DATE:20271225",
    "RECURRENCE-ID;VALUE=DATE:20271225",
    "STATUS:CANCELLED",
    " folded",
    "DTSTART:",
    ":",
    "X",
];

fn joined(words: &'static [&'static str], between: &'static str) -> impl Strategy<Value = String> {
    vec(prop_oneof![8 => proptest::sample::select(words).prop_map(str::to_owned), 1 => any::<String>()], 0..24)
        .prop_map(move |words| words.join(between))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_a_filter_or_is_refused(text in prop_oneof![any::<String>(), joined(&WORDS, " ")]) {
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(filter.text()).map(|again| again.text().to_owned()), Ok(text.trim().to_owned()));
        }
    }

    #[test]
    fn space_around_a_filter_is_not_part_of_it(before in "[ \t\n]{0,3}", after in "[ \t\n]{0,3}") {
        let filter = Filter::parse(&format!("{before}held == held{after}"));
        prop_assert_eq!(filter.map(|filter| filter.text().to_owned()), Ok("held == held".to_owned()));
    }

    #[test]
    fn any_bytes_are_a_filter_or_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Filter::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_text_is_a_rule_or_is_refused(text in prop_oneof![any::<String>(), joined(&RULES, "")]) {
        let _ = Rule::new(&text);
    }

    #[test]
    fn any_text_is_a_zone_or_a_build_or_neither(text in any::<String>()) {
        let _ = text.parse::<Zone>();
        if let Ok(build) = text.parse::<Build>() {
            prop_assert_eq!(build.to_string().parse::<Build>().ok(), Some(build));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// And in bounded time: a rule without end ends with the time asked for.
    #[test]
    fn any_file_has_holidays_or_is_refused(text in prop_oneof![any::<String>(), joined(&LINES, "\r\n")]) {
        let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
        if let Ok(holidays) = import(&text, day(2026), day(2031)) {
            prop_assert!(!holidays.is_empty());
        }
    }
}
