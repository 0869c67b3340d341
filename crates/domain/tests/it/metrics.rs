//! The table of metrics, and what refers to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::alert::Severity;
use domain::metric::{METRICS, Metric, MetricType};
use domain::signal::Outcome;
use domain::webhook::Refusal;
use domain::work::WorkKind;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn each_metric_has_its_row_and_a_name_by_the_rules() {
    let mut names = BTreeSet::new();
    for (at, row) in METRICS.iter().enumerate() {
        assert_eq!(row.metric as usize, at, "{}", row.name);
        assert_eq!(row.metric.name(), row.name);
        assert!(names.insert(row.name), "{} stands there twice", row.name);
        let is_total = row.name.ends_with("_total");
        match row.kind {
            MetricType::Counter => assert!(is_total, "{}", row.name),
            MetricType::Gauge => assert!(!is_total, "{}", row.name),
            MetricType::Histogram => assert!(row.name.ends_with("_seconds"), "{}", row.name),
        }
        let is_time = row.unit.starts_with("seconds");
        assert_eq!(row.name.ends_with("_seconds"), is_time, "{}", row.name);
    }
}

#[test]
fn labels_hold_the_words_of_the_domain() {
    let sorted = |mut words: Vec<&'static str>| {
        words.sort_unstable();
        words
    };
    let values = |metric: Metric| sorted(metric.row().labels[0].values.to_vec());
    let kinds = || WorkKind::ALL.iter().map(|kind| kind.name()).collect();
    for metric in [Metric::Work, Metric::WorkSeconds, Metric::WorkLag] {
        assert_eq!(values(metric), sorted(kinds()));
    }
    let tried = Refusal::ALL.iter().map(|refusal| refusal.name()).chain(["taken"]);
    let tried = sorted(tried.collect());
    assert_eq!(values(Metric::WebhookTries), tried);
    assert_eq!(values(Metric::DeskTries), tried);
    let sent = domain::outbox::Refusal::ALL.iter().map(|refusal| refusal.name()).chain(["taken"]);
    assert_eq!(values(Metric::LetterTries), sorted(sent.collect()));
    let read = [Outcome::Pass, Outcome::Fail, Outcome::Hold, Outcome::NoData, Outcome::Error];
    let read = read.iter().map(|outcome| outcome.name());
    assert_eq!(values(Metric::SignalReadings), sorted(read.collect()));
    let severities = [Severity::Information, Severity::Warning, Severity::Critical];
    let severities = severities.iter().map(|severity| severity.word());
    assert_eq!(values(Metric::OpenAlerts), sorted(severities.collect()));
}

/// Everything in a text that looks like one of our metrics.
fn named(text: &str) -> BTreeSet<String> {
    let is_part =
        |letter: char| letter.is_ascii_lowercase() || letter == '_' || letter.is_ascii_digit();
    text.split(|letter: char| !is_part(letter))
        .filter(|word| word.starts_with("concentric_"))
        .map(str::to_owned)
        .collect()
}

fn known() -> BTreeSet<String> {
    METRICS
        .iter()
        .flat_map(|row| match row.kind {
            MetricType::Counter | MetricType::Gauge => vec![row.name.to_owned()],
            MetricType::Histogram => ["", "_bucket", "_sum", "_count"]
                .iter()
                .map(|end| format!("{}{end}", row.name))
                .collect(),
        })
        .collect()
}

#[test]
fn dashboard_and_rules_name_what_there_is() {
    let known = known();
    let mut all = BTreeSet::new();
    for file in ["grafana/concentric.json", "prometheus/rules.yml", "prometheus/tests.yml"] {
        let text = std::fs::read_to_string(root().join("deploy").join(file)).expect(file);
        let named = named(&text);
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
        all.extend(named);
    }
    for row in &METRICS {
        let is_it = |name: &String| name.strip_suffix("_bucket").unwrap_or(name) == row.name;
        assert!(all.iter().any(is_it), "{} is in no picture and no rule", row.name);
    }
}

/// Every rule is played by a test of its own: one that fires, and one that does not.
#[test]
fn every_rule_has_its_test() {
    let read = |file: &str| {
        std::fs::read_to_string(root().join("deploy/prometheus").join(file)).expect(file)
    };
    let (rules, tests) = (read("rules.yml"), read("tests.yml"));
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: Vec<&str> = alerts.collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        let fires = format!("alertname: {alert}\n        exp_alerts:\n");
        assert!(tests.contains(&fires), "{alert} never fires in a test");
        let rests = format!("alertname: {alert}, exp_alerts: []");
        assert!(tests.contains(&rests), "{alert} is never silent in a test");
    }
}

/// Whoever measures names the metric by the table.
#[test]
fn no_metric_is_measured_beside_the_table() {
    let mut looked_at = 0;
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if !matches!(name, "node_modules" | "target" | "tests" | "web") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                looked_at += measured(&path, &text);
            }
        }
    }
    assert!(looked_at > 10, "{looked_at}");
}

fn measured(path: &Path, text: &str) -> usize {
    let mut found = 0;
    for begin in ["metrics::counter!(", "metrics::gauge!(", "metrics::histogram!("] {
        for (at, _) in text.match_indices(begin) {
            let argument = text[at + begin.len()..].trim_start();
            let by_table = ["Metric::", "domain::metric::Metric::", "row.name"];
            let first = argument.lines().next().unwrap_or_default();
            let is_by_table = by_table.iter().any(|name| argument.starts_with(name));
            assert!(is_by_table, "{}: {first}", path.display());
            found += 1;
        }
    }
    found
}
