//! The statistics of the gates: against an independent reference, against exact enumeration, and
//! against the tables of quality.md A4.

mod combination;
mod learning;
mod reference;
mod tables;
mod validity;

use domain::evidence::{Alpha, EValue, Limit};

fn limit(share: f64) -> Limit {
    Limit::new(share).expect("a share")
}

fn alpha(share: f64) -> Alpha {
    Alpha::new(share).expect("a share")
}

/// The evidence with this plain value.
fn at(value: f64) -> EValue {
    EValue::from_ln(value.ln()).expect("finite")
}

fn close(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found} is not {expected} within {within}");
}
