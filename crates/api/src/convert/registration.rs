//! How devices stand, and why, in the words of the API.

use api_types as wire;
use domain::control::{Control, DeviceControl};
use domain::placement::Why;
use domain::registration::{Reason, Standing};
use store::registration::{DeviceExplanation, Placement, RegistrationSummary};
use store::ring_sets::RingSetRow;

pub(crate) fn registration(summary: &RegistrationSummary) -> wire::RegistrationSummary {
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let standing = |(standing, devices): &(Standing, u64)| wire::Counted {
        name: standing.word().to_owned(),
        title: standing_title(*standing).to_owned(),
        devices: small(*devices),
    };
    let reason = |(reason, devices): &(Reason, u64)| wire::Counted {
        name: reason.word().to_owned(),
        title: reason.title().to_owned(),
        devices: small(*devices),
    };
    wire::RegistrationSummary {
        devices: small(summary.devices),
        standings: summary.standings.iter().map(standing).collect(),
        reasons: summary.reasons.iter().map(reason).collect(),
        due: small(summary.due),
    }
}

fn standing_title(standing: Standing) -> &'static str {
    match standing {
        Standing::Ready => "Registered, and served",
        Standing::NotReady => "Registered, but not served for now",
        Standing::PrerequisiteFailed => "A prerequisite fails",
        Standing::GroupConflict => "Groups of two ring sets claim it",
        Standing::Excluded => "Excluded by an administrator",
    }
}

pub(crate) fn explanation(
    explained: DeviceExplanation,
    sets: &[RingSetRow],
) -> wire::DeviceExplanation {
    let reason = |reason: Reason| wire::DeviceReason {
        reason: reason.word().to_owned(),
        title: reason.title().to_owned(),
        turn: turn(reason).to_owned(),
        remedy: reason.remedy().to_owned(),
    };
    let now = explained.registration;
    let due = if explained.due { " It is about to be judged again." } else { "" };
    wire::DeviceExplanation {
        id: explained.device.id.0,
        standing: explained.device.registration.map(|known| known.standing.word().to_owned()),
        judged_at: explained.device.standing_at,
        summary: format!("{}: {}.{due}", explained.device.name, standing_title(now.standing)),
        reasons: now.reasons.iter().map(reason).collect(),
        rings: sets.iter().map(|set| ring(set, &explained.placements, now.standing)).collect(),
        controls: explained.controls.iter().map(control).collect(),
        status: None,
        primary_reason: None,
        name: explained.device.name,
    }
}

fn turn(reason: Reason) -> &'static str {
    use domain::registration::Turn;
    match reason.turn() {
        Turn::Administrator => "administrator",
        Turn::Microsoft => "microsoft",
        Turn::User => "user",
        Turn::Concentric => "concentric",
    }
}

fn ring(set: &RingSetRow, placements: &[Placement], standing: Standing) -> wire::RingPlacement {
    let placed = placements.iter().find(|placement| placement.ring_set == set.id);
    let name = placed.and_then(|placed| set.set.rings().get(placed.ring.slot()));
    let name = name.map(|ring| ring.name.clone());
    let summary = match (placed, &name) {
        (Some(placed), Some(name)) => format!("In {name}: {}.", because(placed.why)),
        (Some(_), None) => {
            "In a ring that the set no longer has; the next pass moves it.".to_owned()
        }
        (None, _) => match standing {
            Standing::Ready | Standing::NotReady => {
                "In no ring: no group and no share of this set takes it.".to_owned()
            }
            Standing::PrerequisiteFailed | Standing::GroupConflict | Standing::Excluded => {
                "In no ring, because it is not registered.".to_owned()
            }
        },
    };
    wire::RingPlacement {
        ring_set_id: set.id.0,
        ring_set: set.set.name().to_owned(),
        ring: placed.map(|placed| placed.ring.0),
        ring_name: name,
        why: placed.map(|placed| placed.why.word().to_owned()),
        summary,
    }
}

fn because(why: Why) -> &'static str {
    match why {
        Why::Pinned => "an administrator moved it there",
        Why::Group => "one of its groups belongs to the ring",
        Why::Kept => "it was there before",
        Why::Covers => "the ring had no device of its kind",
        Why::Fills => "the ring would have been empty",
        Why::Percentage => "the share of the ring, by its place in the order of the set",
    }
}

fn control(control: &DeviceControl) -> wire::DeviceControl {
    let (word, pin) = match control.control {
        Control::Hold => ("hold", None),
        Control::Exclude => ("exclude", None),
        Control::Pin { ring_set, ring } => ("pin", Some((ring_set.0, ring.0))),
    };
    wire::DeviceControl {
        control: word.to_owned(),
        ring_set_id: pin.map(|(ring_set, _)| ring_set),
        ring: pin.map(|(_, ring)| ring),
        reason: control.reason.clone(),
        owner: control.owner.clone(),
        since: control.since,
        expires_at: control.expires_at,
    }
}
