//! Finds what a person means: a tenant, a rollout, a ring set by name, id or beginning of an id.

use api_types::{
    Channel, Contact, Device, DeviceName, HolidayCalendar, Release, Ring, RingSet, Rollout, Rule,
    SavedPlan, Signal, Tenant, Update, Webhook,
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

pub(crate) async fn contact(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Contact>, Failure> {
    let contacts = client.all(&["tenants", tenant, "contacts"], &Query::new()).await?;
    choose("contact", wanted, contacts, |c: &Contact| (c.id, &c.name))
}

pub(crate) async fn channel(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Channel>, Failure> {
    let channels = client.all(&["tenants", tenant, "notification-channels"], &Query::new()).await?;
    choose("channel", wanted, channels, |c: &Channel| (c.id, &c.name))
}

pub(crate) async fn webhook(
    client: &Client,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Webhook>, Failure> {
    let webhooks = client.all(&["tenants", tenant, "webhooks"], &Query::new()).await?;
    choose("webhook", wanted, webhooks, |w: &Webhook| (w.id, &w.name))
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
            "the ring set {set} has no ring `{wanted}`{}; it has:\n{}",
            did_you_mean(wanted, &rings.iter().map(|ring| ring.name.as_str()).collect::<Vec<_>>()),
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
    let names: Vec<String> = all.iter().map(|item| key(&item.typed).1.to_owned()).collect();
    for item in all {
        let (id, name) = key(&item.typed);
        let (is_it, begins) = (name == wanted, id.to_string().starts_with(&prefix));
        if is_it {
            found.push(item);
        } else if begins && !prefix.is_empty() {
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
            "there is no {what} `{wanted}`{}; `concentric {} list` shows what there is",
            did_you_mean(wanted, &names.iter().map(String::as_str).collect::<Vec<_>>()),
            command(what)
        ))),
        (Some(_), count) => Err(Failure::Usage(format!(
            "`{wanted}` can mean {count} {what}s; say more of the id:\n{}",
            lines.join("\n")
        ))),
    }
}

/// The command that lists such things.
fn command(what: &str) -> String {
    match what {
        "support request" => "support".to_owned(),
        "desk" => "support desk".to_owned(),
        "view" => "report view".to_owned(),
        "schedule" => "report schedule".to_owned(),
        other => other.replace(' ', "-"),
    }
}

/// `; did you mean Contoso?`, when a name that is there is near to what was typed.
pub(crate) fn did_you_mean(typed: &str, there: &[&str]) -> String {
    let plain = typed.to_lowercase();
    // A third of the letters may be wrong: enough for slips, too little for another name.
    let most = (plain.chars().count() / 3).max(1);
    let near = there.iter().map(|name| {
        let name_plain = name.to_lowercase();
        let is_begun = !plain.is_empty() && name_plain.starts_with(&plain);
        let distance = strsim::damerau_levenshtein(&plain, &name_plain);
        (if is_begun { 0 } else { distance }, *name)
    });
    let best = near.filter(|(distance, _)| *distance <= most).min();
    best.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

fn uuid(text: &str) -> Option<String> {
    Uuid::try_parse(text).ok().map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn slips_are_forgiven_and_other_names_are_not_guessed() {
        let there = ["2026-11 B", "2026-10 B", "Contoso"];
        assert_eq!(did_you_mean("contso", &there), "; did you mean `Contoso`?");
        assert_eq!(did_you_mean("Con", &there), "; did you mean `Contoso`?");
        assert_eq!(did_you_mean("2026-11B", &there), "; did you mean `2026-11 B`?");
        assert_eq!(did_you_mean("Fabrikam", &there), "");
        assert_eq!(did_you_mean("", &there), "");
    }
}
