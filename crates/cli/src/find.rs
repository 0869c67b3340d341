//! Finds what a person means: a tenant, a rollout, a ring set by name, id or beginning of an id.

use api_types::{
    Device, DeviceName, HolidayCalendar, Release, Ring, RingSet, Rollout, Rule, SavedPlan, Signal,
    Tenant, Update,
};
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

/// The ring set meant, or the only one there is.
pub(crate) async fn only_ring_set(
    client: &Client,
    tenant: &str,
    wanted: Option<&str>,
) -> Result<Document<RingSet>, Failure> {
    let mut sets = client.all(&["tenants", tenant, "ring-sets"], &Query::new()).await?;
    if let Some(wanted) = wanted {
        return choose("ring set", wanted, sets, |r: &RingSet| (r.id, &r.name));
    }
    let names: Vec<String> = sets.iter().map(|set| format!("  {}", set.typed.name)).collect();
    match (sets.pop(), names.len()) {
        (Some(set), 1) => Ok(set),
        (None, _) => Err(Failure::NotFound("there is no ring set yet".to_owned())),
        (Some(_), count) => Err(Failure::Usage(format!(
            "there are {count} ring sets; say which with --ring-set:\n{}",
            names.join("\n")
        ))),
    }
}

pub(crate) async fn holidays(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<HolidayCalendar>, Failure> {
    let all = client.all(&["tenants", tenant, "holidays"], &Query::new()).await?;
    choose("holidays", wanted, all, |h: &HolidayCalendar| (h.id, &h.name))
}

pub(crate) async fn signal(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Signal>, Failure> {
    let signals = client.all(&["tenants", tenant, "signals"], &Query::new()).await?;
    choose("signal", wanted, signals, |s: &Signal| (s.id, &s.name))
}

pub(crate) async fn release(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Release>, Failure> {
    let releases = client.all(&["tenants", tenant, "releases"], &Query::new()).await?;
    choose("release", wanted, releases, |r: &Release| (r.id, &r.name))
}

pub(crate) async fn rule(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Rule>, Failure> {
    let rules = client.all(&["tenants", tenant, "rules"], &Query::new()).await?;
    choose("rule", wanted, rules, |r: &Rule| (r.id, &r.definition.name))
}

pub(crate) async fn update(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Update>, Failure> {
    let updates = client.all(&["tenants", tenant, "updates"], &Query::new()).await?;
    if let Some(number) = kb(wanted) {
        let has = |update: &Document<Update>| {
            let typed = &update.typed;
            let mut all = typed.builds.iter().map(|build| &build.kb).chain([&typed.kb]);
            all.any(|one| one.as_deref().and_then(kb) == Some(number))
        };
        let found: Vec<_> = updates.into_iter().filter(has).collect();
        return only_kb(wanted, found);
    }
    choose("update", wanted, updates, |u: &Update| (u.id, &u.short_name))
}

/// The digits of `KB5031234`, however its letters are written.
fn kb(text: &str) -> Option<&str> {
    let (letters, digits) = text.split_at_checked(2)?;
    let is_kb = letters.eq_ignore_ascii_case("kb")
        && !digits.is_empty()
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_kb.then_some(digits)
}

fn only_kb(wanted: &str, mut found: Vec<Document<Update>>) -> Result<Document<Update>, Failure> {
    let lines: Vec<String> = found
        .iter()
        .map(|update| format!("  {}  {}", update.typed.id, update.typed.short_name))
        .collect();
    match (found.pop(), lines.len()) {
        (Some(only), 1) => Ok(only),
        (None, _) => Err(Failure::NotFound(format!(
            "no update is {wanted}; `concentric update list` shows what there is"
        ))),
        (Some(_), count) => Err(Failure::Usage(format!(
            "{count} updates are {wanted}; name one by its id:\n{}",
            lines.join("\n")
        ))),
    }
}

/// A saved plan by id, beginning of its id, or name of its release.
pub(crate) async fn plan(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<SavedPlan>, Failure> {
    let plans = client.all(&["tenants", tenant, "plans"], &Query::new()).await?;
    choose("plan", wanted, plans, |p: &SavedPlan| (p.id.unwrap_or_default(), &p.release_name))
}

/// Position of a ring by its name or position. A name wins.
pub(crate) fn ring(set: &str, rings: &[Ring], wanted: &str) -> Result<u8, Failure> {
    let named = (0_u8..).zip(rings).find(|(_, ring)| ring.name == wanted).map(|(at, _)| at);
    let counted = || wanted.parse().ok().filter(|&at: &u8| usize::from(at) < rings.len());
    named.or_else(counted).ok_or_else(|| {
        let there: Vec<String> =
            (0..).zip(rings).map(|(at, ring)| format!("  {at}  {}", ring.name)).collect();
        Failure::NotFound(format!(
            "the ring set {set} has no ring `{wanted}`; it has:\n{}",
            there.join("\n")
        ))
    })
}

/// A device by id, name, or the only beginning of a name. An id is taken as it is.
pub(crate) async fn device(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<DeviceName, Failure> {
    if let Ok(id) = Uuid::try_parse(wanted) {
        return Ok(DeviceName { id, name: wanted.to_owned() });
    }
    let query = vec![("name_prefix", wanted.to_owned())];
    let path = ["tenants", tenant, "devices"];
    let (mut found, more) = client.list::<Device>(&path, &query, 20).await?;
    let exact: Vec<usize> =
        (0..).zip(&found).filter(|(_, d)| d.typed.name == wanted).map(|(at, _)| at).collect();
    let at = match (exact.as_slice(), found.len()) {
        (&[at], _) => at,
        ([], 1) if !more => 0,
        ([], 0) => {
            return Err(Failure::NotFound(format!(
                "there is no device `{wanted}`; `concentric device list --name-prefix` shows what \
                 there is"
            )));
        }
        // Names are not unique: two of the very same name are told apart by id alone.
        (_, _) => {
            let names: Vec<String> =
                found.iter().map(|d| format!("  {}  {}", d.typed.id, d.typed.name)).collect();
            return Err(Failure::Usage(format!(
                "`{wanted}` can mean several devices{}:\n{}",
                if more { ", among them" } else { "" },
                names.join("\n")
            )));
        }
    };
    let Device { id, name, .. } = found.swap_remove(at).typed;
    Ok(DeviceName { id, name })
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
