//! What was measured, beside what was aimed at.

use std::fmt::Write as _;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or_default()
    }

    fn text(&self) -> String {
        format!("p50 {}, p99 {}", time(self.percentile(50)), time(self.percentile(99)))
    }
}

#[derive(Default)]
struct Row {
    what: String,
    ours: String,
    beside: String,
    ratio: String,
    target: String,
    met: &'static str,
}

#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

pub(crate) fn time(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

fn met(met: bool) -> &'static str {
    if met { "yes" } else { "NO" }
}

impl Table {
    /// Something that has no target of its own.
    pub(crate) fn note(&mut self, what: &str, ours: String) {
        self.0.push(Row { what: what.to_owned(), ours, ..Row::default() });
    }

    pub(crate) fn limit(&mut self, what: &str, ours: Duration, most: Duration) {
        self.0.push(Row {
            what: what.to_owned(),
            ours: time(ours),
            target: format!("< {}", time(most)),
            met: met(ours < most),
            ..Row::default()
        });
    }

    /// `ours` says the number that has to stay under `most`.
    pub(crate) fn number(&mut self, what: &str, ours: String, number: f64, most: (f64, &str)) {
        self.0.push(Row {
            what: what.to_owned(),
            ours,
            target: format!("< {} {}", most.0, most.1),
            met: met(number < most.0),
            ..Row::default()
        });
    }

    /// How many a second, as a part of what is done beside it: at least `least` percent.
    pub(crate) fn share(&mut self, what: &str, (ours, name, beside): (f64, &str, f64), least: f64) {
        let percent = 100.0 * ours / beside;
        self.0.push(Row {
            what: what.to_owned(),
            ours: format!("{ours:.0} /s"),
            beside: format!("{name}: {beside:.0} /s"),
            ratio: format!("{percent:.0} %"),
            target: format!(">= {least:.0} %"),
            met: met(percent >= least),
        });
    }

    pub(crate) fn none(&mut self, what: &str, ours: u64) {
        self.0.push(Row {
            what: what.to_owned(),
            ours: ours.to_string(),
            target: "0".to_owned(),
            met: met(ours == 0),
            ..Row::default()
        });
    }

    /// The ratio is that of the medians.
    pub(crate) fn latency(
        &mut self,
        what: &str,
        ours: &Latencies,
        beside: (&str, &Latencies),
        most: Duration,
    ) {
        let (name, raw) = beside;
        let ratio = ours.percentile(50).as_secs_f64() / raw.percentile(50).as_secs_f64();
        self.0.push(Row {
            what: format!("{what} ({} times)", ours.count()),
            ours: ours.text(),
            beside: format!("{name}: {}", raw.text()),
            ratio: format!("{ratio:.1} x"),
            target: format!("p99 < {}", time(most)),
            met: met(ours.percentile(99) < most),
        });
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from(
            "| what | ours | beside it | ratio | target | met |\n|---|---|---|---|---|---|\n",
        );
        for row in &self.0 {
            let Row { what, ours, beside, ratio, target, met } = row;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {what} | {ours} | {beside} | {ratio} | {target} | {met} |");
        }
        text
    }
}
