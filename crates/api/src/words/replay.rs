//! A replay in sentences.

use domain::rollout::replay::{Outcome, Replay, Stop};

use super::{Rings, devices, events, moment, number, waiting};

/// What the other policy says; none where it says the same.
#[must_use]
pub fn would(outcome: &Outcome, rings: &Rings) -> Option<String> {
    match outcome {
        Outcome::Same => None,
        Outcome::Event(event) => Some(events::happened(*event, rings)),
        Outcome::Waits(on) => {
            let reason = waiting::waiting(on, rings, None);
            Some(format!("It would have waited. {reason}"))
        }
    }
}

/// The replay in one or two sentences.
#[must_use]
pub fn summary(replay: &Replay) -> String {
    let stop = |stop: &Stop| format!("{}, {} offered", moment(stop.at), devices(stop.offered));
    match (&replay.stopped, &replay.stops) {
        (None, None) => match replay.differences().count() {
            0 => "The other policy would have decided the same, and never stopped it.".to_owned(),
            count => format!(
                "Neither stopped it; the other policy would have decided {} of {} differently.",
                number(count as u64),
                number(replay.steps.len() as u64)
            ),
        },
        (Some(stopped), None) => format!(
            "The other policy would not have stopped it; it was stopped at {}.",
            stop(stopped)
        ),
        (None, Some(stops)) => format!(
            "The other policy would have stopped it, by {}; it was not stopped.",
            stop(stops)
        ),
        (Some(stopped), Some(stops)) if stopped.seq == stops.seq => {
            format!("Both stop it at the same moment: {}.", stop(stops))
        }
        (Some(stopped), Some(stops)) => format!(
            "The other policy would have stopped it by {}; it was stopped at {}.",
            stop(stops),
            stop(stopped)
        ),
    }
}
