//! What a rollout waits for.

use domain::evidence::Level;
use domain::rollout::decide::WaitingOn;

use super::calendar::held;
use super::gate::holding;
use super::{Rings, capital, devices, failure, moment};

/// One sentence. `by` is who last asked something of the rollout.
#[must_use]
pub fn waiting(on: &WaitingOn, rings: &Rings, by: Option<&str>) -> String {
    match on {
        WaitingOn::Nothing => "Nothing is left to do.".to_owned(),
        WaitingOn::Person => {
            let who = by.unwrap_or("a person");
            format!("Held by {who}: it goes on when it is resumed, or rolled back, or cancelled.")
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
        WaitingOn::LastOffers { devices: left } => format!(
            "Every gate has passed; {} still to be offered as earlier offers come to an outcome.",
            is_are(*left)
        ),
        WaitingOn::HeldSegments { segments, devices: left } => {
            let names: Vec<String> =
                segments.iter().map(|segment| rings.segment(*segment)).collect();
            format!(
                "Every other device was served; {} of {} held until a person lets them go on, or \
                 cancels the rollout.",
                is_are(*left),
                names.join(", ")
            )
        }
        WaitingOn::Removal { removing, to_go } => format!(
            "The update is being taken back: {} uninstalling now, {} still to be told.",
            is_are(*removing),
            devices(*to_go)
        ),
        WaitingOn::LateInstalls { until } => format!(
            "Every device known to have the update has removed it; until {} it is watched for \
             devices that had not heard yet and installed it after all.",
            moment(*until)
        ),
    }
}

fn is_are(count: u32) -> String {
    format!("{} {}", devices(count), if count == 1 { "is" } else { "are" })
}
