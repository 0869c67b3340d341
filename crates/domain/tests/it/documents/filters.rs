//! The language of filters.

use domain::filter::{Filter, FilterError, MAX_LENGTH, VARIABLES};

use super::{head, is_current, line};

/// The functions a filter may call, and what each takes and gives.
const FUNCTIONS: [(&str, &str); 10] = [
    ("contains", "`text.contains(text)`: is it in there?"),
    ("startsWith", "`text.startsWith(text)`"),
    ("endsWith", "`text.endsWith(text)`"),
    (
        "lowerAscii",
        "`text.lowerAscii()`: the text in small letters, to compare without regard to case",
    ),
    ("size", "`size(text)`, `list.size()`: characters of a text, entries of a list"),
    ("timestamp", "`timestamp(\"2026-11-10T00:00:00Z\")`: a time, written out"),
    ("duration", "`duration(\"36h\")`: a length of time, written out; hours, minutes, seconds"),
    ("exists", "`list.exists(x, condition)`: is it true of some entry?"),
    ("exists_one", "`list.exists_one(x, condition)`: of exactly one?"),
    ("all", "`list.all(x, condition)`: of every one?"),
];

/// Conditions that people write, and what they select.
const EXAMPLES: [(&str, &str); 12] = [
    (r#"name.startsWith("OSL-")"#, "devices whose names begin so"),
    (r#"manufacturer.lowerAscii() == "contoso" && model.contains("Book")"#, "one model line"),
    ("build < 26100", "what runs an older Windows than 24H2"),
    ("build == 26100 && revision < 4061", "24H2 without a certain quality update"),
    (
        r#"standing == "prerequisite_failed" && !("personal" in reasons)"#,
        "what somebody should mend",
    ),
    (
        r#""missing_serial" in reasons || "missing_model" in reasons"#,
        "machines without a name plate",
    ),
    (r#"agent == "co_managed" && join == "hybrid""#, "what Configuration Manager also manages"),
    (r#"sort in ["cloud_pc", "virtual_desktop"]"#, "machines in a data centre"),
    ("inactive_days > 14 && inactive_days < 20000", "silent for two weeks, but heard of once"),
    (r#"last_sync > timestamp("2026-11-10T18:00:00Z")"#, "heard of since a certain moment"),
    (r#"groups.exists(g, g.startsWith("Kiosk")) || category == "Kiosk""#, "by group or category"),
    (r#"ring == "First" && !held"#, "a ring, without those that are held"),
];

#[test]
fn filters() {
    let mut text = head(
        "Filters",
        "A filter says which devices, as a condition in CEL, the Common Expression Language. Commands take \
         it with `--filter`, the API as `filter`: `device list`, and everything that is done to \
         devices. It is checked whole before the first device is looked at: a wrong name, a wrong \
         type, or a word that a variable never has is refused, with what would be right.",
    );
    line(&mut text, "## Examples\n");
    line(&mut text, "| filter | selects |");
    line(&mut text, "|---|---|");
    for (filter, selects) in EXAMPLES {
        assert!(Filter::parse(filter).is_ok(), "{filter}");
        line(&mut text, &format!("| `{}` | {selects} |", filter.replace('|', "\\|")));
    }
    line(&mut text, "\nIn a shell, single quotes around a filter keep its double quotes:\n");
    line(
        &mut text,
        "    concentric device list --filter 'build < 26100 && !(\"personal\" in reasons)'",
    );
    line(&mut text, "\n## Variables\n");
    line(
        &mut text,
        "Every variable has its type for every device. What is unknown is an empty text, 0, or the beginning \
         of 1970; there is no null.\n",
    );
    line(&mut text, "| variable | type | meaning |");
    line(&mut text, "|---|---|---|");
    for variable in VARIABLES {
        let words: Vec<String> = variable.words.iter().map(|word| format!("`{word}`")).collect();
        let words =
            if words.is_empty() { String::new() } else { format!(" One of {}.", words.join(", ")) };
        let words = if variable.of.word().starts_with("list") {
            words.replace(" One of", " Of")
        } else {
            words
        };
        line(
            &mut text,
            &format!("| `{}` | {} | {}{words} |", variable.name, variable.of, variable.meaning),
        );
    }
    rules(&mut text);
    is_current("filters.md", &text);
}

fn rules(text: &mut String) {
    line(text, "\n## What a filter may say\n");
    line(
        text,
        "`==` `!=` `<` `<=` `>` `>=` between values of one type, `&&` `||` `!`, `a ? b : c`, `in` a list, `+` \
         and `-` on numbers, and between a time and a length; lists of texts or numbers written out; \
         and these functions:\n",
    );
    let told: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
    let Err(error @ FilterError::UnknownFunction { .. }) = Filter::parse("nothing(name)") else {
        panic!("a function that is not there is taken");
    };
    assert!(error.to_string().ends_with(&format!("there are {}", told.join(", "))), "{error}");
    for (_, says) in FUNCTIONS {
        line(text, &format!("- {says}"));
    }
    line(
        text,
        &format!(
            "\nNo patterns, no fractions, no maps, no loop inside another: a filter costs what its text \
             and a device's lists allow, and no more. It may have {MAX_LENGTH} characters."
        ),
    );
}
