//! What a rollout waits for.

use domain::evidence::Level;
use domain::pause::{Scope, StandingPause};
use domain::rollout::decide::WaitingOn;

use super::calendar::held;
use super::gate::holding;
use super::{Rings, capital, devices, failure, moment, number};

/// One sentence. `by` is who last asked something of the rollout.
#[must_use]
pub fn waiting(on: &WaitingOn, rings: &Rings, by: Option<&str>) -> String {
    match on {
        WaitingOn::Nothing => "Nothing is left to do.".to_owned(),
        WaitingOn::Person => {
            let who = by.unwrap_or("a person");
            format!("Held by {who}: it goes on when it is resumed, or rolled back, or cancelled.")
        }
        WaitingOn::StandingPause { ring, pauses } => {
            let named: Vec<String> = pauses.iter().map(standing).collect();
            let until = if named.len() > 1 { "each of these is lifted" } else { "that is lifted" };
            let goes_on = capital(&rings.name(*ring));
            format!("{goes_on} is paused: {}. It goes on when {until}.", named.join("; "))
        }
        WaitingOn::Review { cause: why, level } => {
            let proposed = match level {
                Level::Calm | Level::Watch | Level::Pause => "",
                Level::RollBack => " The evidence by now is enough to propose a rollback.",
            };
            format!(
                "Paused by the service, because {}. It waits for a person to look, and then to \
                 resume, promote, roll back or cancel.{proposed}",
                failure(*why, rings),
            )
        }
        WaitingOn::Opening { ring, at } => {
            format!("{} opens at {}.", capital(&rings.name(*ring)), moment(*at))
        }
        WaitingOn::Calendar { ring, held: of } => {
            format!("{} may not open {}.", capital(&rings.name(*ring)), held(of))
        }
        WaitingOn::Offers { ring, held: of, then } => format!(
            "No more of {} is offered the update {}. {}",
            rings.name(*ring),
            held(of),
            waiting(then, rings, by)
        ),
        WaitingOn::Members { ring } => format!(
            "{} has no devices: nothing can be offered to it, and no later ring can open.",
            capital(&rings.name(*ring))
        ),
        WaitingOn::Gate { ring, report } => {
            format!("The gate of {} waits for {}.", rings.name(*ring), holding(report, rings))
        }
        WaitingOn::Budget { ring, needs, limit, .. } => format!(
            "{} waits for the budget of the tenant: at most {} may be between offer and outcome over \
             all rollouts, and fewer than {} of them are free. The gate goes on meanwhile.",
            capital(&rings.name(*ring)),
            devices(*limit),
            number(*needs),
        ),
        WaitingOn::LastOffers { devices: left } => format!(
            "Every gate has passed; {} still to be offered as earlier offers come to an outcome.",
            is_are(*left)
        ),
        WaitingOn::HeldSegments { ring, segments, devices: left } => {
            let names: Vec<String> =
                segments.iter().map(|segment| rings.segment(*segment)).collect();
            let (names, left) = (names.join(", "), is_are(*left));
            match ring {
                Some(ring) => format!(
                    "Nobody is left to serve in {}: all of its {left} held, with {names}, until a \
                     person lets them go on, or promotes the ring, which then is passed over.",
                    rings.name(*ring),
                ),
                None => format!(
                    "Every other device was served; {left} of {names} held until a person lets them \
                     go on, or cancels the rollout."
                ),
            }
        }
        WaitingOn::Removal { removing, to_go } => format!(
            "The update is being taken back: {} uninstalling now, {} still to be told.",
            is_are(*removing),
            devices(*to_go)
        ),
        WaitingOn::RemovalReview { removed, stranded } => format!(
            "{} of {} told to uninstall could not, beyond chance: no more are told until a person has \
             looked and resumes it.",
            super::number(*stranded),
            devices(removed.saturating_add(*stranded))
        ),
        WaitingOn::LateInstalls { until } => format!(
            "Every device known to have the update has removed it; until {} it is watched for \
             devices that had not heard yet and installed it after all.",
            moment(*until)
        ),
    }
}

/// `the tenant by ana since 2026-11-10 18:00 UTC (printing fails)`.
fn standing(pause: &StandingPause) -> String {
    let what = match pause.scope {
        Scope::Tenant => "the tenant",
        Scope::Release => "the release",
        Scope::Ring { .. } => "the ring",
    };
    let reason = pause.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{what} by {} since {}{reason}", pause.by, moment(pause.at))
}

fn is_are(count: u32) -> String {
    format!("{} {}", devices(count), if count == 1 { "is" } else { "are" })
}
