//! Finds what a person means: a tenant, a rollout, a ring set by name, id or beginning of an id.

use api_types::{Release, RingSet, Rollout, Tenant, Update};
use uuid::Uuid;

use crate::client::{Client, Document, Query};
use crate::failure::Failure;

/// The tenant meant, or the only one there is.
pub(crate) async fn tenant(
    client: &Client,
    wanted: Option<&str>,
) -> Result<Document<Tenant>, Failure> {
    if let Some(id) = wanted.and_then(uuid) {
        return client.get(&["tenants", &id], &Query::new()).await;
    }
    let mut tenants = client.all::<Tenant>(&["tenants"], &Query::new()).await?;
    if let Some(wanted) = wanted {
        return choose("tenant", wanted, tenants, |t| (t.id, &t.name));
    }
    let names: Vec<String> = tenants.iter().map(|t| format!("  {}", t.typed.name)).collect();
    match (tenants.pop(), names.len()) {
        (Some(tenant), 1) => Ok(tenant),
        (None, _) => Err(Failure::NotFound(
            "there is no tenant yet; `concentric tenant create` makes one".to_owned(),
        )),
        (Some(_), count) => Err(Failure::Usage(format!(
            "there are {count} tenants; say which with --tenant or CONCENTRIC_TENANT:\n{}",
            names.join("\n")
        ))),
    }
}

/// A rollout by id, beginning of its id, or name of its release.
pub(crate) async fn rollout(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Rollout>, Failure> {
    if let Some(id) = uuid(wanted) {
        return client.get(&["tenants", tenant, "rollouts", &id], &Query::new()).await;
    }
    let rollouts = client.all(&["tenants", tenant, "rollouts"], &Query::new()).await?;
    choose("rollout", wanted, rollouts, |r: &Rollout| (r.id, &r.release_name))
}

pub(crate) async fn ring_set(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<RingSet>, Failure> {
    let sets = client.all(&["tenants", tenant, "ring-sets"], &Query::new()).await?;
    choose("ring set", wanted, sets, |r: &RingSet| (r.id, &r.name))
}

pub(crate) async fn release(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Release>, Failure> {
    let releases = client.all(&["tenants", tenant, "releases"], &Query::new()).await?;
    choose("release", wanted, releases, |r: &Release| (r.id, &r.name))
}

pub(crate) async fn update(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Update>, Failure> {
    let updates = client.all(&["tenants", tenant, "updates"], &Query::new()).await?;
    choose("update", wanted, updates, |u: &Update| (u.id, &u.short_name))
}

/// A name that fits exactly wins over beginnings of ids.
pub(crate) fn choose<T>(
    what: &str,
    wanted: &str,
    all: Vec<Document<T>>,
    key: impl Fn(&T) -> (Uuid, &str),
) -> Result<Document<T>, Failure> {
    let prefix = wanted.to_ascii_lowercase();
    let mut found: Vec<Document<T>> = Vec::new();
    let mut by_id: Vec<Document<T>> = Vec::new();
    for item in all {
        let (id, name) = key(&item.typed);
        let (named, begun) = (name == wanted, id.to_string().starts_with(&prefix));
        if named {
            found.push(item);
        } else if begun && !prefix.is_empty() {
            by_id.push(item);
        }
    }
    if found.is_empty() {
        found = by_id;
    }
    let lines: Vec<String> = found
        .iter()
        .map(|item| key(&item.typed))
        .map(|(id, name)| format!("  {id}  {name}"))
        .collect();
    match (found.pop(), lines.len()) {
        (Some(only), 1) => Ok(only),
        (None, _) => Err(Failure::NotFound(format!(
            "there is no {what} `{wanted}`; `concentric {} list` shows what there is",
            what.replace(' ', "-")
        ))),
        (Some(_), count) => Err(Failure::Usage(format!(
            "`{wanted}` can mean {count} {what}s; say more of the id:\n{}",
            lines.join("\n")
        ))),
    }
}

fn uuid(text: &str) -> Option<String> {
    Uuid::try_parse(text).ok().map(|id| id.to_string())
}
