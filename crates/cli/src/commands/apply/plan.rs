//! Works out what differs between a file and the service. Asks, and changes nothing.

use std::collections::HashSet;

use api_types::{CreateRingSet, EnrollmentSettings, EnrollmentState, Ring, RingSet};
use serde_json::{Value, json};
use uuid::Uuid;

use super::control::{self, Decision};
use super::resource::{self, Sending};
use crate::client::Query;
use crate::commands::Context;
use crate::commands::ring_set::{change, preview};
use crate::declared::{self, Declared, Place, TenantFile, What};
use crate::diff::{self, Change};
use crate::enrolling;
use crate::failure::Failure;
use crate::output::say;

/// One document of the file, and what is to be done so that it holds.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) verb: Verb,
    pub(super) fields: Vec<Change>,
    /// What follows from it, in words.
    pub(super) notes: Vec<String>,
    pub(super) deed: Deed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Same,
    Create,
    Update,
}

#[derive(Debug)]
pub(super) enum Deed {
    RingSet { id: Option<Uuid>, body: CreateRingSet },
    Decide { device: Uuid, decisions: Vec<Decision> },
    Enroll(declared::Enrollment),
    Send(Sending),
    Tenant { id: Option<String>, wanted: TenantFile },
}

impl Item {
    pub(super) fn is_pending(&self) -> bool {
        self.verb != Verb::Same
    }
}

/// Ring sets as they are, and as the file wants them.
#[derive(Debug)]
pub(super) struct Sets {
    current: Vec<RingSet>,
    wanted: Vec<CreateRingSet>,
}

impl Sets {
    pub(super) fn current(&self, name: &str) -> Option<&RingSet> {
        self.current.iter().find(|set| set.name == name)
    }

    /// The rings of a set once the file holds.
    pub(super) fn rings(&self, name: &str, place: &Place) -> Result<&[Ring], Failure> {
        let wanted = self.wanted.iter().find(|set| set.name == name).map(|set| &set.rings);
        let rings = wanted.or_else(|| self.current(name).map(|set| &set.rings));
        rings.map(Vec::as_slice).ok_or_else(|| {
            let wanted = self.wanted.iter().map(|set| &set.name);
            let names: Vec<String> =
                self.current.iter().map(|set| &set.name).chain(wanted).cloned().collect();
            place.wrong(&format!(
                "there is no ring set `{name}`, neither in this file nor in the tenant; there is: {}",
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            ))
        })
    }

    pub(super) fn name(&self, id: Uuid) -> String {
        let set = self.current.iter().find(|set| set.id == id);
        set.map_or_else(|| id.to_string(), |set| set.name.clone())
    }
}

pub(super) async fn work_out(
    context: &Context<'_>,
    tenant: &str,
    declared: Vec<Declared>,
) -> Result<Vec<Item>, Failure> {
    let all = context.client.all(&["tenants", tenant, "ring-sets"], &Query::new()).await?;
    let wanted = declared.iter().filter_map(|document| match &document.what {
        What::RingSet(set) => Some(set.clone()),
        What::Tenant(_) | What::Enrollment(_) | What::DeviceControl(_) | What::Resource(_) => None,
    });
    let sets =
        Sets { wanted: wanted.collect(), current: all.into_iter().map(|set| set.typed).collect() };
    let (mut rings, mut others) = (Vec::new(), Vec::new());
    let (mut controls, mut enrollments) = (Vec::new(), Vec::new());
    for Declared { place, what } in declared {
        match what {
            What::RingSet(body) => rings.push(ring_set(context, tenant, &sets, place, body).await?),
            What::DeviceControl(wanted) => {
                controls.push(control::item(context, tenant, &sets, place, wanted).await?);
            }
            What::Resource(wanted) => {
                others.push(resource::item(context, tenant, &sets, place, wanted).await?);
            }
            // Taken out of it before.
            What::Tenant(_) => {}
            What::Enrollment(wanted) => enrollments.push((place, wanted)),
        }
    }
    let mut items = rings;
    items.extend(others);
    items.extend(controls);
    for (place, wanted) in enrollments {
        items.push(enrollment(context, tenant, &sets, &items, place, wanted).await?);
    }
    once_each(&items)?;
    Ok(items)
}

/// Two documents about one thing could not both hold.
fn once_each(items: &[Item]) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    match items.iter().find(|item| !seen.insert((item.kind, item.name.as_str()))) {
        None => Ok(()),
        Some(item) => {
            let what = format!("{} {} stands in the file twice", item.kind, item.name);
            Err(item.place.wrong(&what))
        }
    }
}

async fn ring_set(
    context: &Context<'_>,
    tenant: &str,
    sets: &Sets,
    place: Place,
    mut body: CreateRingSet,
) -> Result<Item, Failure> {
    let current = match sets.current(&body.name) {
        // By itself: its change is held against what is seen here.
        Some(set) => {
            let id = set.id.to_string();
            let path = ["tenants", tenant, "ring-sets", &id];
            Some(context.client.get::<RingSet>(&path, &Query::new()).await?.typed)
        }
        None => None,
    };
    let (verb, fields) = match &current {
        None => (Verb::Create, diff::changes(&json!({}), &change::comparable(body.clone())?)),
        Some(current) => {
            let fields = change::changes(current, &body)?;
            (if fields.is_empty() { Verb::Same } else { Verb::Update }, fields)
        }
    };
    let id = current.as_ref().map(|set| set.id);
    let mut notes = Vec::new();
    if verb != Verb::Same {
        // The service's own judgement of the file, before anything is changed.
        let shown = preview::ask(context, tenant, id, &body).await.inspect_err(|_| {
            say(&format!("{place}: RingSet {} is refused:", body.name));
        })?;
        if id.is_none() {
            // Devices fall where the preview said.
            body.id = Some(shown.typed.ring_set_id);
        }
        notes.extend(preview::moves(&shown.typed));
        notes.extend(shown.typed.notes.iter().map(|note| format!("! {note}")));
    }
    let name = body.name.clone();
    Ok(Item { place, kind: "RingSet", name, verb, fields, notes, deed: Deed::RingSet { id, body } })
}

async fn enrollment(
    context: &Context<'_>,
    tenant: &str,
    sets: &Sets,
    before: &[Item],
    place: Place,
    wanted: declared::Enrollment,
) -> Result<Item, Failure> {
    sets.rings(&wanted.ring_set, &place)?;
    let now = enrolling::read(&context.client, tenant).await?.typed;
    let is_there = match now.state {
        EnrollmentState::Enrolled | EnrollmentState::Enrolling => true,
        EnrollmentState::NotEnrolled | EnrollmentState::Unenrolling => false,
    };
    let current = match now.settings.filter(|_| is_there) {
        Some(settings) => view(&settings, &sets.name(settings.ring_set_id))?,
        None => json!({}),
    };
    let fields = diff::changes(&current, &view(&wanted.settings(Uuid::nil()), &wanted.ring_set)?);
    let mut notes = Vec::new();
    let ring_set_changes = before
        .iter()
        .any(|item| item.kind == "RingSet" && item.name == wanted.ring_set && item.is_pending());
    let verb = match (is_there, fields.is_empty(), ring_set_changes) {
        (false, ..) => Verb::Create,
        (true, false, _) => Verb::Update,
        (true, true, true) => {
            notes.push("carries the change of its ring set to Microsoft Graph".to_owned());
            Verb::Update
        }
        (true, true, false) => Verb::Same,
    };
    if now.state == EnrollmentState::Enrolling {
        notes.push("is under way; `concentric tenant enrollment` shows how far it is".to_owned());
    }
    let name = "of the tenant".to_owned();
    Ok(Item { place, kind: "Enrollment", name, verb, fields, notes, deed: Deed::Enroll(wanted) })
}

/// Settings as a file says them: with the name of the ring set.
fn view(settings: &EnrollmentSettings, ring_set: &str) -> Result<Value, Failure> {
    let mut value =
        serde_json::to_value(settings).map_err(|error| Failure::Failed(error.to_string()))?;
    if let Value::Object(fields) = &mut value {
        fields.remove("ring_set_id");
        fields.insert("ring_set".to_owned(), ring_set.into());
    }
    Ok(value)
}
