//! Events of the history, and what comes next, in one sentence each.

use domain::rollout::phase::{Event, Pauser};
use domain::rollout::revision::Change;
use serde::Deserialize as _;
use serde_json::Value;

use super::{Rings, capital, devices, failure, number, revisions};

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
        Event::Superseded { .. } => {
            "Superseded by a newer release; devices that have not begun to install are left to it."
                .to_owned()
        }
        Event::EvidenceMoved { level } => {
            format!("The evidence against the release {}.", super::level(level))
        }
        Event::SegmentHeld { segment } => {
            format!("{} is held; the rest goes on.", capital(&rings.segment(segment)))
        }
        Event::SegmentReleased { segment } => {
            format!("{} goes on, as a person asked.", capital(&rings.segment(segment)))
        }
        Event::OffersTakenBack { ring } => format!(
            "Offers of {} that no device had acted on were taken back, as a person asked.",
            rings.name(ring)
        ),
        Event::OffersReturned { ring } => {
            format!("Offers of {} that were taken back are given again.", rings.name(ring))
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
        Event::Superseded { .. } => "Next, a newer release takes its place.".to_owned(),
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
        Event::OffersTakenBack { ring } => format!(
            "Next, offers of {} that no device has acted on are taken back, as a person asked.",
            rings.name(ring)
        ),
        Event::OffersReturned { ring } => {
            format!("Next, offers of {} that were taken back are given again.", rings.name(ring))
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
        "pause_set" | "pause_lifted" => {
            let what = ring_of(body, "ring", rings).unwrap_or_else(|| "it".to_owned());
            let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            let verb = if kind == "pause_set" { "paused" } else { "lifted the pause of" };
            format!("{actor} {verb} {what}{reason}")
        }
        "created" => match (text("saved_plan"), text("hash")) {
            (Some(_), Some(hash)) => {
                let short = hash.get(..12).unwrap_or(hash);
                format!("Created by {actor}, exactly as the plan {short} was saved.")
            }
            (_, _) => format!("Created by {actor}."),
        },
        "freeze_crossed" => {
            let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{actor} let it go on in a freeze{reason}")
        }
        "tenant_created" => format!("Tenant added by {actor}."),
        "tenant_connected" => format!("Connection of the tenant replaced by {actor}."),
        "plan_revised" => {
            let changes = body.get("changes").map(Vec::<Change>::deserialize);
            let changes = changes.and_then(Result::ok).unwrap_or_default();
            let changes: Vec<_> = changes.iter().map(|one| revisions::change(one, rings)).collect();
            let number = body.get("revision").and_then(Value::as_i64).unwrap_or_default();
            let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{actor} made revision {number} of the plan ({}){reason}", changes.join("; "))
        }
        "plan_saved" => {
            format!("{actor} saved a plan of {}.", text("release").unwrap_or("a release"))
        }
        "budget_set" => match body.get("devices").and_then(Value::as_u64) {
            Some(most) => format!(
                "{actor} set the budget: at most {} devices between offer and outcome, over all \
                 rollouts.",
                number(most)
            ),
            None => format!("{actor} lifted the budget of devices between offer and outcome."),
        },
        "approved" => {
            let ring = ring_of(body, "ring", rings).unwrap_or_else(|| "a ring".to_owned());
            let comment = text("comment").map(|comment| format!(": {comment}")).unwrap_or_default();
            format!("{actor} approved of {ring}{comment}")
        }
        "approval_withdrawn" => {
            let ring = ring_of(body, "ring", rings).unwrap_or_else(|| "a ring".to_owned());
            format!("{actor} took back the approval of {ring}.")
        }
        "ring_set_created" => format!("Ring set added by {actor}."),
        "release_created" => format!("Release approved by {actor}."),
        "sync_requested" => format!("{actor} asked to read the tenant from Graph again."),
        "enrollment_check_requested" => {
            format!("{actor} asked to compare the enrollment with Graph.")
        }
        "registration_requested" => format!("{actor} asked to judge every device again."),
        "ring_set_placed" => {
            let moved = body.get("memberships").and_then(Value::as_u64).unwrap_or_default();
            format!(
                "{actor} had the devices of a ring set placed again: {} changed.",
                number(moved)
            )
        }
        "signal_tested" => {
            format!("{actor} tested the signal {}.", text("name").unwrap_or("that was named"))
        }
        "webhook_disabled" => {
            let name = text("name").unwrap_or("that was named");
            match text("reason") {
                Some("gone") => format!("The webhook {name} wants nothing more and is disabled."),
                _ => format!("The webhook {name} took nothing for days and is disabled."),
            }
        }
        "support_filed" | "support_handed_on" | "support_hand_on_given_up" | "support_moved" => {
            of_support(kind, actor, body)
        }
        "overtaken" => "A newer release over the same rings takes its place.".to_owned(),
        "left_out" => left_out(body),
        unknown => format!("{} by {actor}.", capital(&unknown.replace('_', " "))),
    }
}

/// What became of a support request.
fn of_support(kind: &str, actor: &str, body: &Value) -> String {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let title = text("title").unwrap_or("of that time");
    match kind {
        "support_filed" => format!("{actor} filed the support request {title}."),
        "support_handed_on" => {
            let desk = text("name").unwrap_or("a desk");
            format!("{actor} handed the support request {title} on to {desk}.")
        }
        "support_hand_on_given_up" => {
            let desk = text("name").unwrap_or("A desk");
            format!("{desk} took nothing of the support request {title} for days.")
        }
        _ => {
            let status = text("status").unwrap_or("another status").replace('_', " ");
            format!("{actor} moved the support request {title}: it is {status}.")
        }
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

/// Devices that a wave passed over for good.
fn left_out(body: &Value) -> String {
    let reasons = body.get("reasons").and_then(Value::as_object).into_iter().flatten();
    let each: Vec<String> = reasons
        .map(|(reason, count)| {
            let count = u32::try_from(count.as_u64().unwrap_or(0)).unwrap_or(u32::MAX);
            let why = match reason.as_str() {
                "ahead" => "ahead of the update",
                "below_floor" => "kept from builds below the version floor",
                "superseded" => "served by a newer release",
                other => other,
            };
            format!("{} {why}", devices(count))
        })
        .collect();
    format!("Left out before the wave: {}.", each.join(", "))
}

fn ring_of(body: &Value, name: &str, rings: &Rings) -> Option<String> {
    let ring = body.get(name)?.as_u64()?;
    u8::try_from(ring).ok().map(|ring| rings.name(domain::ring::RingIndex(ring)))
}
