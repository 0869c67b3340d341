//! Filters: what they tell apart, what they refuse and by which words, and what hostile ones cost.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::filter::{Filter, FilterDevice, FilterError, MAX_LENGTH, Type, VARIABLES};
use domain::registration::facts::{Agent, Architecture, Join, Owner};
use domain::registration::{Reason, Reasons, Sort, Standing};
use proptest::prelude::*;

use crate::world::hour;

fn device(groups: &[String]) -> FilterDevice<'_> {
    FilterDevice {
        name: "PC-0042",
        manufacturer: "Contoso",
        model: "Book 14",
        serial: "5CG0001",
        build: Some(Build { major: 10, minor: 0, build: 26100, revision: 4061 }),
        edition: "Enterprise",
        architecture: Architecture::X64,
        owner: Owner::Company,
        agent: Agent::CoManaged,
        join: Join::Hybrid,
        sort: Sort::Physical,
        category: "Oslo",
        standing: Standing::NotReady,
        reasons: Reasons::empty().with(Reason::Inactive).with(Reason::Held),
        last_sync: Some(hour(0)),
        now: hour(24 * 30 + 5),
        ring: "Fast",
        ring_set: "Autopatch",
        held: true,
        excluded: false,
        groups,
    }
}

fn groups() -> Vec<String> {
    vec!["Finance".to_owned(), "Kiosks Oslo".to_owned()]
}

fn matches(text: &str) -> bool {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(filter.text(), text);
    filter.matches(&device(&groups())).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> FilterError {
    match Filter::parse(text) {
        Ok(_) => panic!("{text} is taken"),
        Err(error) => error,
    }
}

#[test]
fn filters_tell_devices_apart() {
    for text in [
        "true",
        r#"name == "PC-0042""#,
        r#"name.startsWith("PC-") && name.endsWith("42") && model.contains("Book")"#,
        r#"manufacturer.lowerAscii() == "contoso""#,
        r#"serial != "" && size(serial) == 7 && serial.size() > 3"#,
        r#"os_build == "10.0.26100.4061""#,
        "build >= 26100 && build < 26100 + 100 && revision > 4000",
        r#"build in [22631, 26100] && edition in ["Enterprise", "Pro"]"#,
        r#"architecture == "x64" && owner == "company" && agent == "co_managed" && join == "hybrid""#,
        r#"sort == "physical" && category == "Oslo" && standing == "not_ready""#,
        r#""held" in reasons && !("personal" in reasons) && reasons.size() == 2"#,
        r#"last_sync > timestamp("2020-01-01T00:00:00Z")"#,
        r#"last_sync + duration("24h") > last_sync"#,
        r#"last_sync - timestamp("2020-01-01T00:00:00Z") > duration("1h")"#,
        "inactive_days == 30 && -inactive_days < 0",
        r#"ring == "Fast" && ring_set == "Autopatch""#,
        "held && !excluded",
        r#""Finance" in groups && groups.exists(g, g.startsWith("Kiosks"))"#,
        r#"groups.all(g, size(g) > 3) && groups.exists_one(g, g == "Finance")"#,
        r#"(held ? ring : ring_set) == "Fast""#,
        // Lists are of one device: a condition may look at several variables inside.
        "groups.exists(g, g.contains(category))",
    ] {
        assert!(matches(text), "{text}");
        assert!(!matches(&format!("!({text})")), "not {text}");
    }
}

#[test]
fn what_is_unknown_has_its_type_all_the_same() {
    let none: Vec<String> = Vec::new();
    let unknown = FilterDevice {
        build: None,
        last_sync: None,
        ring: "",
        reasons: Reasons::empty(),
        ..device(&none)
    };
    let holds = |text: &str| Filter::parse(text).and_then(|filter| filter.matches(&unknown));
    for text in [
        r#"build == 0 && revision == 0 && os_build == """#,
        r#"last_sync == timestamp("1970-01-01T00:00:00Z") && inactive_days > 20000"#,
        r#"ring == "" && groups.size() == 0 && !groups.exists(g, true) && reasons.all(r, false)"#,
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
    // A clock ahead of ours does not make negative days.
    let ahead = FilterDevice { last_sync: Some(DateTime::<Utc>::MAX_UTC), ..unknown };
    let filter = Filter::parse("inactive_days == 0").expect("a good filter");
    assert_eq!(filter.matches(&ahead), Ok(true));
}

#[test]
fn every_variable_is_told_apart_by_name_and_has_the_type_it_says() {
    let all = groups();
    let device = device(&all);
    let mut names = BTreeSet::new();
    for variable in VARIABLES {
        assert!(names.insert(variable.name), "{} twice", variable.name);
        assert!(variable.meaning.ends_with('.'));
        // True of any value of the type, and refused for any other type.
        let always = match variable.of {
            Type::Text => "size(X) >= 0 && X <= X",
            Type::Number => "X + 1 > X",
            Type::Bool => "X || !X",
            Type::Time => "X - X == duration('0s')",
            Type::Texts => "X.all(x, size(x) > 0)",
            Type::Length | Type::Numbers => "false",
        };
        let text = always.replace('X', variable.name);
        let answer = Filter::parse(&text).and_then(|filter| filter.matches(&device));
        assert_eq!(answer, Ok(true), "{text}");
        for word in variable.words {
            let text = if variable.of == Type::Texts {
                format!("'{word}' in {}", variable.name)
            } else {
                format!("{} in ['{word}']", variable.name)
            };
            assert!(Filter::parse(&text).is_ok(), "{text}");
        }
    }
    insta::assert_debug_snapshot!(VARIABLES);
}

#[test]
fn refusals_say_what_is_wrong() {
    let told: Vec<String> = [
        "",
        "nam == \"x\"",
        "device.name == \"x\"",
        "name.matches(\"a+\")",
        "shout(name)",
        "build == \"26100\"",
        "build",
        "name + \"x\" == name",
        "held && build",
        "\"x\" in name",
        "build in [1, \"2\"]",
        "build > 1.5",
        "last_sync > \"2026-01-01\"",
        "last_sync > timestamp(\"yesterday\")",
        "last_sync > timestamp(name)",
        "last_sync == null",
        "groups[0] == \"x\"",
        "groups.map(g, g) == groups",
        "groups.filter(g, true).size() > 1",
        "groups.exists(g, groups.exists(h, g == h))",
        "[\"a\"].exists(g, true)",
        "groups.exists(name, true)",
        "groups.exists(g, g)",
        "name.exists(g, true)",
        "{\"a\": 1} == {}",
        "type(name) == string",
        "name.contains(1)",
        "held ? name : build",
        "has(name.first)",
        "build / 0 == 1",
        "owner == \"Company\"",
        "\"Virtual\" != sort",
        "standing in [\"ready\", \"broken\"]",
        "\"late\" in reasons",
    ]
    .iter()
    .map(|text| format!("{text}\n    {}", refused(text)))
    .collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(matches!(refused("name =="), FilterError::Syntax(_)));
    assert!(matches!(refused("name == 'a' 'b'"), FilterError::Syntax(_)));
}

#[test]
fn what_fails_for_a_device_is_an_error_and_not_false() {
    let filter = Filter::parse("build + 9223372036854775807 > 0").expect("a good filter");
    assert!(matches!(filter.matches(&device(&groups())), Err(FilterError::Evaluation(_))));
}

#[test]
fn hostile_filters_are_refused_quickly() {
    let many = |text: &str| text.repeat(MAX_LENGTH / text.chars().count());
    assert_eq!(refused(&"x".repeat(MAX_LENGTH + 1)), FilterError::TooLong(MAX_LENGTH + 1));
    for text in [
        many("("),
        many("["),
        many("{"),
        many("!"),
        many("-"),
        many("a("),
        many("a["),
        many("a?"),
        many("true?"),
        many("1+"),
        many("a."),
        many("groups.exists(g,"),
        many("\""),
        many("\\"),
        many("r'"),
        many("\u{1F600}"),
        many("{1:"),
        format!("{}true{}", "(".repeat(900), ")".repeat(900)),
        format!("{}true", "!".repeat(1_900)),
        format!("{}1{} == [1]", "[".repeat(200), "]".repeat(200)),
        format!("{}true", "true ? true : ".repeat(140)),
        format!("{}build > 1", "build + ".repeat(200)),
        format!("name{} == \"x\"", ".lowerAscii()".repeat(150)),
        format!("name{}", ".a".repeat(900)),
    ] {
        let _refused_or_small = Filter::parse(&text);
    }
    assert_eq!(refused(&format!("{}build > 1", "build + ".repeat(200))), FilterError::TooDeep);
    assert!(Filter::parse(&format!("{}true{}", "(".repeat(900), ")".repeat(900))).is_err());
}

#[test]
fn a_filter_of_full_length_is_still_cheap() {
    let wide = format!("build in [{}]", vec!["26100"; 280].join(", "));
    assert!(matches(&wide));
    let long = vec!["held"; 240].join(" && ");
    assert!(matches(&long));
    let loops = vec!["groups.all(g, g != \"\")"; 60].join(" && ");
    assert!(matches(&loops));
    let many: Vec<String> = (0..2_000).map(|number| format!("Group {number}")).collect();
    let filter = Filter::parse(&loops).expect("a good filter");
    assert_eq!(filter.matches(&device(&many)), Ok(true));
}

proptest! {
    #[test]
    fn whatever_is_written_is_answered(text in "[ a-z0-9\"'()\\[\\]{}!&|<>=.,?:+-]{0,60}") {
        if let Ok(filter) = Filter::parse(&text) {
            let _answer = filter.matches(&device(&groups()));
        }
    }

    #[test]
    fn conditions_put_together_never_fail(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "held", "excluded", "build > 1", "name == ring", "\"x\" in groups",
                "groups.all(g, g != name)", "inactive_days < 28", "sort == \"virtual\"",
            ]),
            1..6,
        ),
        ops in proptest::collection::vec(proptest::sample::select(vec!["&&", "||", "=="]), 6),
    ) {
        let mut text = format!("({})", parts[0]);
        for (part, op) in parts[1..].iter().zip(&ops) {
            text = format!("({text} {op} ({part}))");
        }
        let filter = Filter::parse(&text);
        prop_assert!(filter.is_ok(), "{}: {:?}", text, filter);
        if let Ok(filter) = filter {
            prop_assert!(filter.matches(&device(&groups())).is_ok());
        }
    }
}
