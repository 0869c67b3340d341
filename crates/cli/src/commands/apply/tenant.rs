//! The tenant that a file is about: what is there, what differs, and what is sent.

use api_types::Tenant;
use serde_json::{Value, json};
use uuid::Uuid;

use super::plan::{Deed, Item, Verb};
use super::resource::as_shown;
use crate::client::Query;
use crate::commands::Context;
use crate::declared::{Declared, Place, TenantFile, What};
use crate::diff;
use crate::failure::Failure;

/// Which tenant the rest of a file is about.
#[derive(Debug)]
pub(super) enum About {
    /// Its id, and what is to be done to it, if the file says anything of it.
    There(String, Option<Item>),
    /// It is not there yet.
    Missing { item: Item, wanted: TenantFile },
}

/// Takes the tenant out of what a file says. There is one at most, as all else in the file is of it.
pub(super) async fn take(
    context: &Context<'_>,
    declared: &mut Vec<Declared>,
) -> Result<About, Failure> {
    let mut found: Option<(Place, TenantFile)> = None;
    let mut rest = Vec::with_capacity(declared.len());
    for one in declared.drain(..) {
        match (one.what, &found) {
            (What::Tenant(_), Some(_)) => {
                return Err(one.place.wrong("a file is about one tenant, and this is the second"));
            }
            (What::Tenant(tenant), None) => found = Some((one.place, tenant)),
            (what, _) => rest.push(Declared { place: one.place, what }),
        }
    }
    *declared = rest;
    match found {
        None => Ok(About::There(context.tenant().await?, None)),
        Some((place, tenant)) => about(context, place, tenant).await,
    }
}

async fn about(context: &Context<'_>, place: Place, wanted: TenantFile) -> Result<About, Failure> {
    let all = context.client.all::<Tenant>(&["tenants"], &Query::new()).await?;
    let current = all.into_iter().find(|tenant| tenant.typed.name == wanted.name);
    let id = current.as_ref().map(|tenant| tenant.typed.id.to_string());
    let same = |meant: &str| meant == wanted.name || Some(meant) == id.as_deref();
    if let Some(meant) = context.tenant.filter(|meant| !same(meant)) {
        return Err(place.wrong(&format!(
            "the file is about `{}`, and --tenant or CONCENTRIC_TENANT says `{meant}`",
            wanted.name
        )));
    }
    let current = match &id {
        // By itself: its change is held against what is seen here.
        Some(id) => Some(context.client.get::<Value>(&["tenants", id], &Query::new()).await?.json),
        None => None,
    };
    let to = wanted.view();
    let from = match &current {
        None => json!({}),
        Some(current) => as_shown(current, &to),
    };
    let fields = diff::changes(&from, &to);
    let mut notes = Vec::new();
    let verb = match (&current, fields.is_empty()) {
        (None, _) => {
            notes.push("all else in the file is worked out once it is there".to_owned());
            Verb::Create
        }
        (Some(_), true) => Verb::Same,
        (Some(_), false) => {
            notes.push("its credential is sent anew".to_owned());
            Verb::Update
        }
    };
    let name = wanted.name.clone();
    let deed = Deed::Tenant { id: id.clone(), wanted: wanted.clone() };
    let item = Item { place, kind: "Tenant", name, verb, fields, notes, deed };
    Ok(match id {
        Some(id) => About::There(id, Some(item)),
        None => About::Missing { item, wanted },
    })
}

/// Makes it so; its id.
pub(super) async fn send(
    context: &Context<'_>,
    place: &Place,
    id: Option<&str>,
    wanted: &TenantFile,
) -> Result<Uuid, Failure> {
    let body = wanted.body(place)?;
    let client = &context.client;
    let tenant = match id {
        Some(id) => client.put::<Tenant>(&["tenants", id, "connection"], &body.connection).await?,
        None => client.post::<Tenant>(&["tenants"], &body).await?,
    };
    Ok(tenant.typed.id)
}
