//! Documents that are made from tables of the domain: they stand in `docs/`, and fail here when a
//! table says something else. `UPDATE_DOCS=1` writes them.

use std::fmt::Write;
use std::path::Path;

use domain::filter::{Filter, FilterError, MAX_LENGTH, VARIABLES};
use domain::offering::{Offering, offering, usual};
use domain::permission::{self, Capability, PERMISSIONS, Permission};
use domain::readiness::network::{ENDPOINTS, Listed};
use domain::readiness::{CHECKS, Check, Fix, Level};
use domain::update::{Delivery, Strategy};

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
fn permissions() {
    let mut text = head(
        "Permissions",
        "Every application permission of Microsoft Graph that Concentric can use. Nothing is asked for by \
         default: a tenant grants what it wants done (*for*), and no more. `tenant assess` names what \
         is missing, `tenant enroll --plan-only` what a plan takes, and `concentric tenant permissions` \
         prints this table.",
    );
    line(&mut text, "| permission | for | why | changes things |");
    line(&mut text, "|---|---|---|---|");
    for permission in &PERMISSIONS {
        let capabilities: Vec<&str> = permission.capabilities.iter().copied().map(word).collect();
        let writes = if permission.writes() { "yes" } else { "" };
        let (value, reason) = (permission.value, permission.reason);
        let row = format!("| `{value}` | {} | {reason} | {writes} |", capabilities.join(", "));
        line(&mut text, &row);
    }
    line(&mut text, "\n## By what is to be done\n");
    for capability in Capability::ALL {
        let wanted = [capability];
        let needed = permission::needed(&wanted);
        let names: Vec<String> = needed.map(|one| format!("`{}`", one.value)).collect();
        line(
            &mut text,
            &format!("- **{}** ({}): {}", word(capability), what(capability), names.join(", ")),
        );
    }
    line(&mut text, "\n## Granted already?\n");
    line(
        &mut text,
        "A permission counts as granted when one that contains it is, though that is more than was \
         asked for:\n",
    );
    for permission in PERMISSIONS.iter().filter(|one| !one.contained_in.is_empty()) {
        line(&mut text, &format!("- `{}`: {}", permission.value, wider(permission)));
    }
    line(&mut text, "\n## App roles\n");
    line(
        &mut text,
        "For who grants by script, of the application 00000003-0000-0000-c000-000000000000:\n",
    );
    line(&mut text, "| permission | app role |");
    line(&mut text, "|---|---|");
    for permission in &PERMISSIONS {
        line(&mut text, &format!("| `{}` | `{}` |", permission.value, permission.role));
    }
    is_current("permissions.md", &text);
}

fn wider(permission: &Permission) -> String {
    let names: Vec<String> =
        permission.contained_in.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// As the command line says it.
const fn word(capability: Capability) -> &'static str {
    match capability {
        Capability::Assess => "assess",
        Capability::Register => "register",
        Capability::Enroll => "enroll",
        Capability::RollOut => "roll-out",
        Capability::ActOnDevices => "act-on-devices",
    }
}

const fn what(capability: Capability) -> &'static str {
    match capability {
        Capability::Assess => "the readiness checks; writes nothing",
        Capability::Register => "judging and placing devices; writes nothing",
        Capability::Enroll => "groups and policies for the rings",
        Capability::RollOut => "offering updates, pausing, taking back",
        Capability::ActOnDevices => "asking a device to check in at once",
    }
}

/// Every way of delivering something, with what it is called.
const DELIVERIES: [(&str, Delivery); 6] = [
    ("Quality updates", Delivery::Quality { expedite: None }),
    ("Quality updates, expedited", Delivery::Quality { expedite: Some(2) }),
    ("Feature updates", Delivery::Feature { uninstall_window_days: 30 }),
    ("Drivers and firmware", Delivery::Driver),
    ("Microsoft Edge", Delivery::Edge),
    ("Microsoft 365 Apps", Delivery::Microsoft365Apps { deadline_days: 7 }),
];

#[test]
fn kinds() {
    let mut text = head(
        "Kinds of updates",
        "How a release of each kind is told to devices by each strategy, and what is impossible. The strategy \
         is chosen for a tenant and kind with `concentric tenant strategy KIND STRATEGY` and settled when \
         a rollout is made: a later choice changes no rollout that is there. What is impossible is \
         refused with the reason that stands here.",
    );
    line(&mut text, "| kind | deployment service | intune |");
    line(&mut text, "|---|---|---|");
    for (name, delivery) in DELIVERIES {
        let cell = |strategy| match offering(delivery, strategy) {
            Ok(_) if usual(delivery.kind()) == strategy => "yes, unless chosen otherwise",
            Ok(_) => "yes",
            Err(_) => "no",
        };
        let [service, intune] = Strategy::ALL.map(cell);
        line(&mut text, &format!("| {name} | {service} | {intune} |"));
    }
    for (name, delivery) in DELIVERIES {
        for strategy in Strategy::ALL {
            line(&mut text, &format!("\n## {name}: {}\n", strategy.name()));
            match offering(delivery, strategy) {
                Ok(offering) => describe_offering(&mut text, offering),
                Err(impossible) => line(&mut text, &format!("Impossible: {}.", impossible.reason)),
            }
        }
    }
    is_current("kinds.md", &text);
}

fn describe_offering(text: &mut String, offering: &Offering) {
    line(text, "| what | on Microsoft Graph |");
    line(text, "|---|---|");
    for (what, how) in [
        ("offered by", offering.offered),
        ("a wave", offering.wave),
        ("paused", offering.paused),
        ("taken back", offering.withdrawn),
        ("rolled back", offering.rolled_back),
        ("how far a device is", offering.state),
    ] {
        line(text, &format!("| {what} | {how} |"));
    }
    line(text, "");
    for limit in offering.limits {
        line(text, &format!("- {limit}"));
    }
}

#[test]
fn readiness_checks() {
    let mut text = head(
        "Readiness checks",
        "What `concentric tenant assess` looks at. *At worst* is the worst a check finds by itself: \
         **not ready** blocks enrollment, **advisory** does not. A check that could not be run is an \
         **error**, and blocks too: what is not known is not fine. *Since* and *until* say when Microsoft \
         asked for the same before it served a tenant. In sources, WAP is the folder of Windows \
         Autopatch in MicrosoftDocs/windows-itpro-docs and MEM that of Intune in memdocs.",
    );
    line(&mut text, "| check | what has to hold | at worst | since | until |");
    line(&mut text, "|---|---|---|---|---|");
    for check in &CHECKS {
        let (id, until) = (check.id.word(), check.until.unwrap_or(""));
        let row = format!(
            "| [`{id}`](#{id}) | {} | {} | {} | {until} |",
            check.rule,
            level(check.failing),
            check.since
        );
        line(&mut text, &row);
    }
    for check in &CHECKS {
        describe(&mut text, check);
    }
    endpoints(&mut text);
    is_current("readiness-checks.md", &text);
}

fn describe(text: &mut String, check: &Check) {
    line(text, &format!("\n## {}\n", check.id.word()));
    line(text, &format!("**{}.** {}\n", check.title, check.rule));
    line(text, &format!("{}\n", check.rationale));
    line(text, &format!("- to do: {}", check.remedy));
    if let Some(Fix::ExcludeFromUpdateRings) = check.fix {
        line(
            text,
            "- enrollment can: exclude our devices from them (`--exclude-from-foreign-rings`)",
        );
    }
    let reads = if check.reads.starts_with("GET") {
        format!("`{}`", check.reads)
    } else {
        check.reads.into()
    };
    line(text, &format!("- reads: {reads}"));
    line(text, &format!("- source: {}", published(check.source)));
}

/// Sources that a reader can look up.
fn published(source: &str) -> String {
    let parts = source.split("; ").filter(|part| !part.starts_with("facts/"));
    let parts: Vec<&str> = parts
        .map(|part| part.split_once(" in facts/").map_or(part, |(before, _)| before))
        .collect();
    parts.join("; ")
}

fn endpoints(text: &mut String) {
    line(text, "\n## The addresses of the network check\n");
    line(
        text,
        "Tried on TCP 443 with TLS 1.2 or 1.3 by `tenant assess --network`. Under a wildcard a known host \
         stands for all; where none is known, the address is only listed.\n",
    );
    line(text, "| address | tried | what for | required |");
    line(text, "|---|---|---|---|");
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.listed != Listed::Launch) {
        let host =
            endpoint.host.map_or("", |host| if host == endpoint.published { "yes" } else { host });
        let required = if endpoint.required { "yes" } else { "" };
        let (published, what_for) = (endpoint.published, endpoint.what_for);
        line(text, &format!("| `{published}` | {host} | {what_for} | {required} |"));
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Ready => "ready",
        Level::Advisory => "advisory",
        Level::NotReady => "not ready",
        Level::Error => "error",
    }
}

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

fn head(title: &str, about: &str) -> String {
    format!(
        "# {title}\n\n<!-- Made from the domain's tables by crates/domain/tests/it/documents.rs; \
         UPDATE_DOCS=1 writes it. -->\n\n{about}\n\n"
    )
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a text takes lines");
}

/// Compares with what is kept, or keeps it.
fn is_current(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).expect("it can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/{name} is stale: run `UPDATE_DOCS=1 cargo test -p concentric-domain documents`"
    );
}
