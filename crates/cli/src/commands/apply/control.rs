//! Decisions about single devices: what stands, what a file wants, and the way between.

use api_types::{DeviceAction, DeviceControl, DeviceExplanation};
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use super::plan::{Deed, Item, Sets, Verb};
use crate::client::Query;
use crate::commands::Context;
use crate::declared::{self, Control, Place};
use crate::diff::{self, Change};
use crate::failure::Failure;
use crate::find;

/// One thing to do. A ring set of the same file has no id yet.
#[derive(Debug)]
pub(super) enum Decision {
    Act(DeviceAction),
    Pin { ring_set: String, ring: u8, reason: Option<String> },
}

pub(super) async fn item(
    context: &Context<'_>,
    tenant: &str,
    sets: &Sets,
    place: Place,
    wanted: declared::DeviceControl,
) -> Result<Item, Failure> {
    let device = match find::device(&context.client, tenant, &wanted.device).await {
        Ok(device) => device.id,
        Err(Failure::NotFound(text) | Failure::Usage(text)) => return Err(place.wrong(&text)),
        Err(failure) => return Err(failure),
    };
    let path = ["tenants", tenant, "devices", &device.to_string(), "explain"];
    let now = context.client.get::<DeviceExplanation>(&path, &Query::new()).await?.typed;
    let (word, verb, fields, decisions) = match wanted.control {
        Control::Hold => restrict("hold", &wanted, &now.controls),
        Control::Exclude => restrict("exclude", &wanted, &now.controls),
        Control::Pin => pin(sets, &place, &wanted, &now.controls)?,
        Control::None => end(&now.controls),
    };
    let name = format!("{word} of {}", now.name);
    let deed = Deed::Decide { device, decisions };
    Ok(Item { place, kind: "DeviceControl", name, verb, fields, notes: Vec::new(), deed })
}

type Difference = (String, Verb, Vec<Change>, Vec<Decision>);

fn restrict(
    word: &'static str,
    wanted: &declared::DeviceControl,
    now: &[DeviceControl],
) -> Difference {
    let current = now.iter().find(|control| control.control == word);
    let (reason, expires_at) = (wanted.reason.clone().unwrap_or_default(), wanted.expires_at);
    let from = current.map_or_else(
        || json!({}),
        |now| json!({ "reason": now.reason, "expires_at": now.expires_at }),
    );
    let fields = diff::changes(&from, &json!({ "reason": reason, "expires_at": expires_at }));
    // What has ended by itself is as the file wants it.
    let is_over = expires_at.is_some_and(|at| at <= Utc::now());
    if fields.is_empty() || is_over {
        return (word.to_owned(), Verb::Same, Vec::new(), Vec::new());
    }
    let action = if word == "hold" {
        DeviceAction::Hold { reason, expires_at }
    } else {
        DeviceAction::Exclude { reason, expires_at }
    };
    let verb = if current.is_some() { Verb::Update } else { Verb::Create };
    (word.to_owned(), verb, fields, vec![Decision::Act(action)])
}

fn pin(
    sets: &Sets,
    place: &Place,
    wanted: &declared::DeviceControl,
    now: &[DeviceControl],
) -> Result<Difference, Failure> {
    let ring_set = wanted.ring_set.clone().unwrap_or_default();
    let rings = sets.rings(&ring_set, place)?;
    let ring = find::ring(&ring_set, rings, wanted.ring.as_deref().unwrap_or_default())
        .map_err(|failure| place.wrong(&failure.brief()))?;
    let id = sets.current(&ring_set).map(|set| set.id);
    let current = now
        .iter()
        .find(|control| control.control == "pin" && id.is_some() && control.ring_set_id == id);
    let from = current.map_or_else(
        || json!({}),
        |now| {
            // A reason that the file does not give is left alone.
            let reason = wanted.reason.as_ref().map_or(Value::Null, |_| now.reason.clone().into());
            json!({ "ring": now.ring, "reason": reason })
        },
    );
    let fields = diff::changes(&from, &json!({ "ring": ring, "reason": wanted.reason }));
    let verb = match (fields.is_empty(), current) {
        (true, _) => Verb::Same,
        (false, Some(_)) => Verb::Update,
        (false, None) => Verb::Create,
    };
    let word = format!("pin in {ring_set}");
    let reason = wanted.reason.clone();
    let decisions = match verb {
        Verb::Same => Vec::new(),
        Verb::Create | Verb::Update => vec![Decision::Pin { ring_set, ring, reason }],
    };
    Ok((word, verb, fields, decisions))
}

/// Ends whatever was decided.
fn end(now: &[DeviceControl]) -> Difference {
    let (mut fields, mut decisions) = (Vec::new(), Vec::new());
    for control in now {
        let action = match (control.control.as_str(), control.ring_set_id) {
            ("hold", _) => DeviceAction::Release,
            ("exclude", _) => DeviceAction::Restore,
            ("pin", Some(ring_set_id)) => DeviceAction::Unpin { ring_set_id },
            // Of a newer service; nothing here can end it.
            _ => continue,
        };
        decisions.push(Decision::Act(action));
        fields.push(Change {
            path: control.control.clone(),
            from: Some(control.reason.clone().into()),
            to: None,
        });
    }
    let verb = if decisions.is_empty() { Verb::Same } else { Verb::Update };
    ("decisions".to_owned(), verb, fields, decisions)
}

impl Decision {
    /// `ring_set_id` knows the ids of ring sets by name.
    pub(super) fn action(
        &self,
        ring_set_id: impl Fn(&str) -> Result<Uuid, Failure>,
    ) -> Result<DeviceAction, Failure> {
        Ok(match self {
            Self::Act(action) => action.clone(),
            Self::Pin { ring_set, ring, reason } => DeviceAction::Move {
                ring_set_id: ring_set_id(ring_set)?,
                ring: *ring,
                reason: reason.clone(),
            },
        })
    }
}
