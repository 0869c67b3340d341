//! Shares, percentiles, and how they are written.

/// The share of runs that `holds`.
pub(crate) fn share<T>(runs: &[T], holds: impl Fn(&T) -> bool) -> f64 {
    real(count(runs.iter().filter(|run| holds(run)).count())) / real(count(runs.len()))
}

pub(crate) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "counts of devices and runs")]
pub(crate) fn real(number: u64) -> f64 {
    number as f64
}

/// Wilson's upper bound of a share of `runs`, at 99 % both sides.
pub(crate) fn upper_99(share: f64, runs: u64) -> f64 {
    let z = 2.575_829_303_548_901;
    let square = z * z / real(runs);
    let spread = z * (share * (1.0 - share) / real(runs) + square / (4.0 * real(runs))).sqrt();
    (share + square / 2.0 + spread) / (1.0 + square)
}

/// The value that `percent` of the runs do not exceed; a run without a value exceeds all.
pub(crate) fn percentile(runs: &[Option<u64>], percent: u64) -> Option<u64> {
    let mut values: Vec<u64> = runs.iter().map(|run| run.unwrap_or(u64::MAX)).collect();
    values.sort_unstable();
    let rank = (count(values.len()) * percent).div_ceil(100).saturating_sub(1);
    let value = values.get(usize::try_from(rank).ok()?).copied()?;
    (value < u64::MAX).then_some(value)
}

/// `12.34 %`, with as many digits as a share of ten thousand runs has.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn maybe(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), thousands)
}

/// `p50 / p95` of when the runs were stopped.
pub(crate) fn when(runs: &[Option<u64>]) -> String {
    format!("{} / {}", maybe(percentile(runs, 50)), maybe(percentile(runs, 95)))
}

/// The share that was stopped, and when.
pub(crate) fn stopped(runs: &[Option<u64>]) -> String {
    let share = share(runs, Option::is_some);
    // When half of the runs were never stopped, there is no middle one that was.
    match percentile(runs, 50) {
        Some(_) => format!("{} · {}", percent(share), when(runs)),
        None => percent(share),
    }
}
