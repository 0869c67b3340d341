//! What was measured, beside what was aimed at.

use std::fmt::Write as _;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or_default()
    }
}

struct Row {
    what: String,
    ours: String,
    raw: String,
    ratio: String,
    target: String,
    met: bool,
}

pub(crate) struct Table {
    devices: u32,
    rows: Vec<Row>,
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn rate(rows: u64, time: Duration) -> f64 {
    rows as f64 / time.as_secs_f64() / 1_000.0
}

impl Table {
    pub(crate) fn new(devices: u32) -> Self {
        Self { devices, rows: Vec::new() }
    }

    /// Time against time; less is better.
    pub(crate) fn ratio(&mut self, what: &str, ours: Duration, raw: Duration, most: f64) {
        let ratio = ours.as_secs_f64() / raw.as_secs_f64();
        self.rows.push(Row {
            what: what.to_owned(),
            ours: seconds(ours),
            raw: seconds(raw),
            ratio: format!("{ratio:.2} x"),
            target: format!("<= {most} x"),
            met: ratio <= most,
        });
    }

    /// The same for what takes milliseconds.
    pub(crate) fn ratio_fine(&mut self, what: &str, ours: Duration, raw: Duration, most: f64) {
        self.ratio(what, ours, raw, most);
        if let Some(row) = self.rows.last_mut() {
            (row.ours, row.raw) = (millis(ours), millis(raw));
        }
    }

    /// Rate against rate; at least half of raw.
    pub(crate) fn rate(&mut self, what: &str, rows: u64, ours: Duration, raw: Duration) {
        let share = raw.as_secs_f64() / ours.as_secs_f64() * 100.0;
        self.rows.push(Row {
            what: what.to_owned(),
            ours: format!("{:.1} k/s", rate(rows, ours)),
            raw: format!("{:.1} k/s", rate(rows, raw)),
            ratio: format!("{share:.0} %"),
            target: ">= 50 %".to_owned(),
            met: share >= 50.0,
        });
    }

    pub(crate) fn limit(&mut self, what: &str, ours: Duration, most: Duration) {
        self.rows.push(Row {
            what: what.to_owned(),
            ours: millis(ours),
            raw: String::new(),
            ratio: String::new(),
            target: format!("< {}", millis(most)),
            met: ours < most,
        });
    }

    pub(crate) fn latency(&mut self, what: &str, latencies: &Latencies, most: Duration) {
        let (half, worst) = (latencies.percentile(50), latencies.percentile(99));
        self.rows.push(Row {
            what: format!("{what} ({} times)", latencies.0.len()),
            ours: format!("p50 {}, p99 {}", millis(half), millis(worst)),
            raw: String::new(),
            ratio: String::new(),
            target: format!("p99 < {}", millis(most)),
            met: worst < most,
        });
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "{} devices\n\n| what | ours | raw PostgreSQL | ratio | target | met |\n\
             |---|---|---|---|---|---|\n",
            self.devices
        );
        for row in &self.rows {
            let met = if row.met { "yes" } else { "NO" };
            let Row { what, ours, raw, ratio, target, .. } = row;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {what} | {ours} | {raw} | {ratio} | {target} | {met} |");
        }
        text
    }
}
