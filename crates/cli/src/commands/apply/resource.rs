//! Things that are one body each: what is there, what differs, and what is sent.

use serde_json::{Map, Value, json};

use super::plan::{Deed, Item, Sets, Verb};
use crate::client::Query;
use crate::commands::Context;
use crate::declared::{Place, Resource, Sort};
use crate::diff;
use crate::failure::Failure;

/// A request that makes a thing so.
#[derive(Debug)]
pub(super) struct Sending {
    /// Behind the tenant's path. With an id it takes the place of what is there.
    pub(super) path: &'static str,
    pub(super) id: Option<String>,
    pub(super) replaces: bool,
    pub(super) body: Value,
    /// Whose id is put into the body when it is sent: the file may make it first.
    pub(super) ring_set: Option<String>,
}

pub(super) async fn item(
    context: &Context<'_>,
    tenant: &str,
    sets: &Sets,
    place: Place,
    wanted: Resource,
) -> Result<Item, Failure> {
    if let Some(name) = &wanted.ring_set {
        sets.rings(name, &place)?;
    }
    let current = current(context, tenant, &wanted).await?;
    let seen =
        current.as_ref().map_or_else(|| json!({}), |current| as_shown(current, &wanted.view));
    let mut to = wanted.view.clone();
    let mut from = seen;
    if let Some(name) = &wanted.ring_set {
        let id = current.as_ref().and_then(|current| current["ring_set_id"].as_str());
        let now = id.and_then(|id| id.parse().ok()).map(|id| sets.name(id));
        from["ring_set"] = json!(now);
        to["ring_set"] = json!(name);
    }
    let fields = diff::changes(&from, &to);
    let verb = match (&current, fields.is_empty()) {
        (Some(_), true) => Verb::Same,
        (Some(_), false) => Verb::Update,
        (None, _) => Verb::Create,
    };
    let mut notes = Vec::new();
    let (id, replaces) = match wanted.sort {
        Sort::Budget | Sort::VersionFloors | Sort::Strategies => (None, true),
        // An import takes the place of the calendar of that name.
        Sort::Holidays => (None, false),
        Sort::Signal | Sort::Rule => {
            let id = current.as_ref().and_then(|current| current["id"].as_str()).map(str::to_owned);
            (id.clone(), id.is_some())
        }
        Sort::Freeze if verb == Verb::Update => {
            return Err(place.wrong(&format!(
                "a freeze is never changed, and {:?} is there with another `{}`; end that one first, \
                 or give this one another reason",
                wanted.name,
                fields.first().map_or("", |change| change.path.as_str()),
            )));
        }
        Sort::Freeze => (None, false),
    };
    if wanted.sort == Sort::Freeze && verb == Verb::Create {
        notes.push("nothing is offered in it any more as soon as it is made".to_owned());
    }
    let Resource { sort, name, body, ring_set, .. } = wanted;
    let sending = Sending { path: sort.path(), id, replaces, body, ring_set };
    Ok(Item { place, kind: sort.kind(), name, verb, fields, notes, deed: Deed::Send(sending) })
}

/// What is there already under this name.
async fn current(
    context: &Context<'_>,
    tenant: &str,
    wanted: &Resource,
) -> Result<Option<Value>, Failure> {
    let path = ["tenants", tenant, wanted.sort.path()];
    if wanted.sort == Sort::Strategies {
        let all = context.client.all::<Value>(&path, &Query::new()).await?;
        let chosen = all.into_iter().map(|one| one.json).filter(|one| one["chosen"] == true);
        let pairs = chosen
            .filter_map(|one| Some((one["kind"].as_str()?.to_owned(), one["strategy"].clone())));
        return Ok(Some(json!({ "chosen": pairs.collect::<Map<_, _>>() })));
    }
    let is_single = matches!(wanted.sort, Sort::Budget | Sort::VersionFloors);
    if is_single {
        return Ok(Some(context.client.get::<Value>(&path, &Query::new()).await?.json));
    }
    let all = context.client.all::<Value>(&path, &Query::new()).await?;
    let is_it = |one: &Value| match wanted.sort {
        Sort::Freeze => one["reason"] == wanted.name.as_str() && one["state"] != "ended",
        Sort::Budget
        | Sort::VersionFloors
        | Sort::Strategies
        | Sort::Signal
        | Sort::Rule
        | Sort::Holidays => one["name"] == wanted.name.as_str(),
    };
    let found = all.into_iter().map(|document| document.json).find(is_it);
    match (wanted.sort, found) {
        // By itself: of calendars a list does not show the days, and the change of a signal or a rule is held
        // against what is seen here.
        (Sort::Holidays | Sort::Signal | Sort::Rule, Some(found)) => {
            let id = found["id"].as_str().unwrap_or_default();
            let path = [&path[..], &[id]].concat();
            Ok(Some(context.client.get::<Value>(&path, &Query::new()).await?.json))
        }
        (_, found) => Ok(found),
    }
}

/// Of what is there, the fields that the file says something about.
pub(super) fn as_shown(current: &Value, wanted: &Value) -> Value {
    let names = wanted.as_object().into_iter().flat_map(Map::keys);
    Value::Object(names.map(|name| (name.clone(), current[name].clone())).collect())
}
