//! Events of the history, and what comes next, in one sentence each.

use domain::rollout::phase::{Event, Pauser};
use serde::Deserialize as _;
use serde_json::Value;

use super::{Rings, capital, devices, failure};

/// What happened.
#[must_use]
pub fn happened(event: Event, rings: &Rings) -> String {
    match event {
        Event::RingOpened { ring } => format!("{} opened.", capital(&rings.name(ring))),
        Event::WaveOffered { ring, wave, devices: count } => {
            format!("Wave {wave} of {}: {} offered the update.", rings.name(ring), devices(count))
        }
        Event::SoakStarted { ring } => {
            format!("Enough devices of {} are judged; the watch began.", rings.name(ring))
        }
        Event::Paused { by: Pauser::Person } => "Paused, as a person asked.".to_owned(),
        Event::Paused { by: Pauser::Service(why) } => {
            format!("Paused by the service, because {}.", failure(why, rings))
        }
        Event::Resumed => "Resumed.".to_owned(),
        Event::Completed => "Completed: every ring passed and was offered the update.".to_owned(),
        Event::RollbackStarted => "The rollback began; open offers are taken back.".to_owned(),
        Event::RemovalWave { ring, wave, devices: count } => format!(
            "Removal wave {wave} of {}: {} told to uninstall.",
            rings.name(ring),
            devices(count)
        ),
        Event::RolledBack => "Rolled back: no reachable device runs the update.".to_owned(),
        Event::Cancelled => "Cancelled; devices keep what they have.".to_owned(),
        Event::EvidenceMoved { level } => {
            format!("The evidence against the release {}.", super::level(level))
        }
        Event::SegmentHeld { segment } => {
            format!("{} is held; the rest goes on.", capital(&rings.segment(segment)))
        }
        Event::SegmentReleased { segment } => {
            format!("{} goes on, as a person asked.", capital(&rings.segment(segment)))
        }
    }
}

/// What is done next, at once.
#[must_use]
pub fn next(event: Event, rings: &Rings) -> String {
    match event {
        Event::RingOpened { ring } => format!("Next, {} opens.", rings.name(ring)),
        Event::WaveOffered { ring, wave, devices: count } => {
            format!("Next, wave {wave} of {} is offered to {}.", rings.name(ring), devices(count))
        }
        Event::SoakStarted { ring } => {
            format!("Enough devices of {} are judged; next, the watch begins.", rings.name(ring))
        }
        Event::Paused { by: Pauser::Person } => "Next, it is paused, as a person asked.".to_owned(),
        Event::Paused { by: Pauser::Service(why) } => {
            format!("Next, the service pauses it, because {}.", failure(why, rings))
        }
        Event::Resumed => "Next, it resumes.".to_owned(),
        Event::Completed => "Next, it is completed.".to_owned(),
        Event::RollbackStarted => "Next, the rollback begins.".to_owned(),
        Event::RemovalWave { ring, wave, devices: count } => format!(
            "Next, removal wave {wave} of {} tells {} to uninstall.",
            rings.name(ring),
            devices(count)
        ),
        Event::RolledBack => "Next, the rollback is finished.".to_owned(),
        Event::Cancelled => "Next, it is cancelled.".to_owned(),
        Event::EvidenceMoved { level } => format!(
            "Next, it is put on record that the evidence against the release {}.",
            super::level(level)
        ),
        Event::SegmentHeld { segment } => {
            format!("Next, {} is held, and the rest goes on.", rings.segment(segment))
        }
        Event::SegmentReleased { segment } => {
            format!("Next, {} goes on, as a person asked.", rings.segment(segment))
        }
    }
}

/// One entry of the history. Kinds that this program does not know are named as they are: a later
/// version may have written them.
#[must_use]
pub fn entry(kind: &str, actor: &str, body: &Value, rings: &Rings) -> String {
    if let Some(Ok(event)) = body.get("event").map(Event::deserialize) {
        return happened(event, rings);
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    match kind {
        "requested" => requested(actor, body, rings),
        "segment_requested" => {
            let wish = text("wish").unwrap_or("decide about");
            let named = body.get("segment");
            let named = |key: &str| named.and_then(|named| named.get(key)).and_then(Value::as_str);
            let (kind, name) = (named("kind").unwrap_or("segment"), named("name").unwrap_or(""));
            let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{actor} asked to {wish} {kind} {name}{reason}")
        }
        "accepted" => {
            let ring = ring_of(body, "ring", rings).unwrap_or_else(|| "a ring".to_owned());
            format!("Graph has accepted that {ring} is {}.", text("access").unwrap_or("changed"))
        }
        "freeze_crossed" => {
            let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{actor} let it go on in a freeze{reason}")
        }
        "created" => format!("Created by {actor}."),
        "tenant_created" => format!("Tenant added by {actor}."),
        "tenant_connected" => format!("Connection of the tenant replaced by {actor}."),
        "ring_set_created" => format!("Ring set added by {actor}."),
        "release_created" => format!("Release approved by {actor}."),
        unknown => format!("{} by {actor}.", capital(&unknown.replace('_', " "))),
    }
}

fn requested(actor: &str, body: &Value, rings: &Rings) -> String {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let asked = match text("wish") {
        Some("run") => "to go on",
        Some("hold") => "to hold",
        Some("cancel") => "to cancel",
        Some("withdraw") => "to take the update back",
        Some(_) | None => "for something this version does not know",
    };
    let vouched = ring_of(body, "promoted", rings)
        .map(|ring| format!(", vouching for every ring up to {ring}"))
        .unwrap_or_default();
    let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{actor} asked {asked}{vouched}{reason}")
}

fn ring_of(body: &Value, name: &str, rings: &Rings) -> Option<String> {
    let ring = body.get(name)?.as_u64()?;
    u8::try_from(ring).ok().map(|ring| rings.name(domain::ring::RingIndex(ring)))
}
