//! Documents that are made from tables of the domain: they stand in `docs/`, and fail here when a
//! table says something else. `UPDATE_DOCS=1` writes them.

mod filters;
mod messages;

use std::fmt::Write;
use std::path::Path;

use domain::metric::METRICS;
use domain::offering::{Offering, offering, usual};
use domain::permission::{self, Capability, PERMISSIONS, Permission};
use domain::primary::{Owner, PrimaryReason};
use domain::readiness::network::{ENDPOINTS, Listed};
use domain::readiness::{CHECKS, Check, Fix, Level};
use domain::update::{Delivery, Strategy};

#[test]
fn metrics() {
    let mut text = head(
        "Metrics",
        "What `/metrics` holds, for Prometheus: nothing else, and all of it from the start but for what is told \
         apart by route. It takes no token, so no label names a tenant, a device or a person. Alert rules are in \
         `deploy/prometheus` (`promtool check rules`, `promtool test rules`), a dashboard for Grafana in \
         `deploy/grafana`. What is said to be the same on every server holds for all of them: take its `max`.",
    );
    line(&mut text, "| metric | type | unit | labels | meaning |");
    line(&mut text, "|---|---|---|---|---|");
    for row in &METRICS {
        let labels: Vec<String> =
            row.labels.iter().map(|label| format!("`{}`", label.name)).collect();
        let (name, kind, unit) = (row.name, row.kind.word(), row.unit);
        let row =
            format!("| `{name}` | {kind} | {unit} | {} | {} |", labels.join(", "), row.meaning);
        line(&mut text, &row);
    }
    line(&mut text, "\n## Labels\n");
    line(&mut text, "| metric | label | meaning | values |");
    line(&mut text, "|---|---|---|---|");
    for row in &METRICS {
        for label in row.labels {
            let values: Vec<String> = label.values.iter().map(|one| format!("`{one}`")).collect();
            let (name, label, meaning) = (row.name, label.name, label.meaning);
            line(
                &mut text,
                &format!("| `{name}` | `{label}` | {meaning} | {} |", values.join(" ")),
            );
        }
    }
    is_current("metrics.md", &text);
}

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
fn reasons() {
    let mut text = head(
        "Why a device is not up to date",
        "Every device that is not up to date has exactly one primary reason: what has to change first. What is \
         wrong with the device itself comes before what its rollout waits for. `concentric device explain` shows \
         it with its evidence and its age, and `concentric report run quality-status` for every device.",
    );
    line(
        &mut text,
        "| reason | whose turn | what is wrong | what to do | Windows Autopatch calls it |",
    );
    line(&mut text, "|---|---|---|---|---|");
    for reason in PrimaryReason::all() {
        let row = reason.row();
        let owner = match row.owner {
            Owner::Administrator => "administrator",
            Owner::Microsoft => "Microsoft",
            Owner::User => "user",
            Owner::Concentric => "Concentric",
        };
        let alerts = row.alerts.join(", ");
        line(
            &mut text,
            &format!("| `{}` | {owner} | {} | {} | {alerts} |", row.word, row.title, row.fix),
        );
    }
    is_current("reasons.md", &text);
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
