//! What a signal answers, and why.

use domain::signal::{Answer, Why};

use super::{moment, number};

/// `its source had an error 4 times in a row`.
#[must_use]
pub fn why(answer: &Answer) -> String {
    match answer.why {
        Why::Passes => "it passes".to_owned(),
        Why::TooFewPasses { passes, needed } => {
            format!("it passed {passes} of {needed} times in a row")
        }
        Why::NotDue => "its first reading is not due yet".to_owned(),
        Why::NeverRead => "it has not been read yet".to_owned(),
        Why::Stale { since } => format!("its newest reading is too old since {}", moment(since)),
        Why::NoData => "its source has no data".to_owned(),
        Why::NoDataIgnored => "its source has no data, which is passed over".to_owned(),
        Why::Errors { in_a_row } => format!("it could not be read {} in a row", times(in_a_row)),
        Why::Held => "its source asks to wait".to_owned(),
        Why::Failing { failures, limit } => {
            format!("it failed {}; more than {limit} fail the gate", times(failures))
        }
        Why::Failed { failures, limit } => {
            format!("it failed {}, and {limit} at most are put up with", times(failures))
        }
        Why::Evidence { level, evidence } => {
            let value = evidence.value();
            format!("more devices fail than may ({}: evidence {value:.0})", level.name())
        }
    }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", number(count)) }
}
