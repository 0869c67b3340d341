//! Delta queries of the directory: everything once, then only what changed.
//!
//! A round walks the whole collection, or the log of changes from where the round before began. It
//! ends with a link that starts the next round at the place the log had reached when this one began:
//! what changes during a round is told again, as Microsoft warns it may be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::choice::Purpose;
use crate::clock::{DAY, Seconds};
use crate::graph::datum::{Datum, write_text};
use crate::graph::devices::Directory;
use crate::graph::filter::Filter;
use crate::graph::list;
use crate::graph::reply::{Body, Reply};
use crate::graph::request::Request;
use crate::tenant::groups::{Change, GroupSlot, Groups, Member};
use crate::world::World;

/// Directory tokens live this long, in the time of the tenant.
const LIFETIME: Seconds = 7 * DAY;
/// Devices, or changes, on one page.
const PAGE: u32 = 200;

/// Where a client stands. `at` and `part` walk the collection when `whole`, else `at` walks the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    whole: bool,
    at: u32,
    part: u32,
    /// Where the next round begins in the log.
    next_round: u32,
    issued: Seconds,
}

impl Place {
    fn text(self) -> String {
        let Self { whole, at, part, next_round, issued } = self;
        format!("{}.{at:x}.{part:x}.{next_round:x}.{issued:x}", u8::from(whole))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let whole = parts.next()? == "1";
        let mut number = || i64::from_str_radix(parts.next()?, 16).ok();
        let (at, part, next_round, issued) = (number()?, number()?, number()?, number()?);
        let small = |number| u32::try_from(number).ok();
        Some(Self {
            whole,
            at: small(at)?,
            part: small(part)?,
            next_round: small(next_round)?,
            issued,
        })
    }
}

/// A page: the items as JSON, and where to go on within the round.
type Page = (Vec<String>, Option<Place>);

pub(crate) fn devices(world: &World, request: &Request) -> Reply {
    let log = world.fleet.changes();
    answer(world, request, "devices", log.len(), |place| {
        let end = place.at.saturating_add(PAGE).min(place.end(log.len(), world.fleet.count()));
        let numbers: BTreeSet<u32> = if place.whole {
            (place.at..end).collect()
        } else {
            part(log, place.at, end).iter().copied().collect()
        };
        let source = Directory { fleet: &world.fleet, members: None, typed: false };
        let items = numbers.into_iter().filter(|number| {
            wanted(request, &world.choices.id(*number, Purpose::ObjectId).to_string())
        });
        let items = items.filter_map(|number| device(world, request, &source, number, place.whole));
        let items = items.collect();
        let more = end < place.end(log.len(), world.fleet.count());
        (items, more.then_some(Place { at: end, ..place }))
    })
}

/// A device as it stands; one that is not there is only told of in later rounds.
fn device(
    world: &World,
    request: &Request,
    source: &Directory<'_>,
    number: u32,
    whole: bool,
) -> Option<String> {
    if world.fleet.in_entra(number) {
        return Some(list::show(source, request, number).into_text());
    }
    let id = world.choices.id(number, Purpose::ObjectId);
    (!whole).then(|| json!({ "id": id, "@removed": { "reason": "deleted" } }).to_string())
}

impl Place {
    /// Where the walk of this round ends.
    fn end(self, log: usize, whole: u32) -> u32 {
        let log = u32::try_from(log).unwrap_or(u32::MAX);
        if self.whole { whole } else { self.next_round.min(log) }
    }
}

fn part<Item>(log: &[Item], from: u32, to: u32) -> &[Item] {
    let place = |at| usize::try_from(at).unwrap_or(usize::MAX);
    log.get(place(from)..place(to)).unwrap_or_default()
}

/// Whether `$filter`, which may only name ids here, lets an object through.
fn wanted(request: &Request, id: &str) -> bool {
    let filter = request.option("filter").and_then(Filter::parse);
    filter.is_none_or(|filter| filter.holds(&|_| Datum::Text(id.into())))
}

/// The part that both collections share: tokens, links, refusals.
fn answer(
    world: &World,
    request: &Request,
    context: &str,
    log: usize,
    page: impl Fn(Place) -> Page,
) -> Reply {
    if ["top", "expand", "orderby", "skip"].iter().any(|name| request.option(name).is_some()) {
        return Reply::bad_request("The query option is not supported for delta queries.");
    }
    let log = u32::try_from(log).unwrap_or(u32::MAX);
    let now = world.now();
    let fresh = Place { whole: true, at: 0, part: 0, next_round: log, issued: now };
    let token = request.option("skiptoken").or_else(|| request.option("deltatoken"));
    let place = match token {
        None => fresh,
        Some("latest") => Place { whole: false, at: log, ..fresh },
        Some(token) => match Place::parse(token) {
            None => return Reply::bad_request("Badly formed token."),
            // Too old, or of a tenant before this one.
            Some(place) if now - place.issued > LIFETIME || place.next_round > log => {
                return resync(request);
            }
            // A new round goes up to the present end of the log.
            Some(place) if request.option("skiptoken").is_none() => {
                Place { next_round: log, issued: now, ..place }
            }
            Some(place) => place,
        },
    };
    let (items, next) = page(place);
    let (name, link) = if let Some(next) = next {
        ("@odata.nextLink", request.link("skiptoken", &next.text()))
    } else {
        let next = Place { whole: false, at: place.next_round, part: 0, ..place };
        ("@odata.deltaLink", request.link("deltatoken", &next.text()))
    };
    let mut body = String::from("{\"@odata.context\":");
    write_text(&mut body, &request.context(context));
    body.push(',');
    write_text(&mut body, name);
    body.push(':');
    write_text(&mut body, &link);
    body.push_str(",\"value\":[");
    body.push_str(&items.join(","));
    body.push_str("]}");
    Reply::ok(Body::Written(body))
}

/// The client has to begin again, at the address in `Location`.
fn resync(request: &Request) -> Reply {
    let message = "The delta token is too old. A full synchronization is required.";
    let again = request.without_token();
    Reply::error(410, "syncStateNotFound", message)
        .header("Location", again.trim_end_matches(['?', '&']))
}

pub(crate) fn groups(world: &World, request: &Request) -> Reply {
    let groups = &world.tenant.groups;
    let log = groups.log();
    answer(world, request, "groups", log.len(), |place| {
        if place.whole {
            whole_groups(world, request, place)
        } else {
            let end = place.at.saturating_add(PAGE).min(place.end(log.len(), 0));
            let items = changed_groups(world, request, part(log, place.at, end));
            let more = end < place.end(log.len(), 0);
            (items, more.then_some(Place { at: end, ..place }))
        }
    })
}

/// Groups from a place on, a large one over several pages.
fn whole_groups(world: &World, request: &Request, place: Place) -> Page {
    let groups = &world.tenant.groups;
    let (mut items, mut room) = (Vec::new(), PAGE);
    for (slot, group) in groups.from(GroupSlot(place.at)) {
        if room == 0 {
            return (items, Some(Place { at: slot.0, part: 0, ..place }));
        }
        room -= 1;
        if !wanted(request, &groups.id(slot).to_string()) {
            continue;
        }
        let first = if slot.0 == place.at { place.part } else { 0 };
        let mut members = group.devices_from(first).filter(|device| world.fleet.in_entra(*device));
        let mut told: Vec<Member> = Vec::new();
        for device in members.by_ref().take(usize::try_from(room).unwrap_or(0)) {
            told.push(Member::Device(device));
            room -= 1;
        }
        let rest = members.next();
        if first == 0 {
            told.extend(group.nested().map(Member::Group));
        }
        items.extend(item(world, request, slot, true, &told));
        if let Some(device) = rest {
            return (items, Some(Place { at: slot.0, part: device, ..place }));
        }
    }
    (items, None)
}

fn changed_groups(world: &World, request: &Request, changes: &[Change]) -> Vec<String> {
    let mut told: BTreeMap<GroupSlot, (bool, BTreeSet<Member>)> = BTreeMap::new();
    for change in changes {
        let (itself, members) = told.entry(change.group).or_default();
        match change.member {
            Some(member) => {
                members.insert(member);
            }
            None => *itself = true,
        }
    }
    told.into_iter()
        .filter(|(slot, _)| wanted(request, &world.tenant.groups.id(*slot).to_string()))
        .filter_map(|(slot, (itself, members))| {
            item(world, request, slot, itself, &members.into_iter().collect::<Vec<_>>())
        })
        .collect()
}

/// A group as it stands, with those of its members that are to be told of.
fn item(
    world: &World,
    request: &Request,
    slot: GroupSlot,
    itself: bool,
    members: &[Member],
) -> Option<String> {
    let groups: &Groups = &world.tenant.groups;
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(groups.id(slot)));
    let Some(group) = groups.get(slot) else {
        shown.insert("@removed".to_owned(), json!({ "reason": "deleted" }));
        return Some(Value::Object(shown).to_string());
    };
    let selected = request.selected();
    let asked = |one: &str| selected.as_ref().is_none_or(|names| names.contains(&one));
    if itself {
        let properties = group.properties.iter().filter(|(name, _)| asked(name));
        shown.extend(properties.map(|(name, value)| (name.clone(), value.clone())));
    }
    let members = if asked("members") { members } else { &[] };
    if !itself && members.is_empty() {
        return None;
    }
    let tell = members.iter().map(|member| {
        let (kind, id) = match *member {
            Member::Device(device) => ("device", world.choices.id(device, Purpose::ObjectId)),
            Member::Group(nested) => ("group", groups.id(nested)),
        };
        let mut told = json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "id": id });
        let there = match *member {
            Member::Device(device) => world.fleet.in_entra(device),
            Member::Group(_) => true,
        };
        if !(there && group.has(*member)) {
            told["@removed"] = json!({ "reason": "deleted" });
        }
        told
    });
    let all: Vec<Value> = tell.collect();
    if !all.is_empty() {
        shown.insert("members@delta".to_owned(), Value::from(all));
    }
    Some(Value::Object(shown).to_string())
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_token_reads_back_as_it_was_written() {
        let place = Place { whole: true, at: 7, part: 300, next_round: 9, issued: 1_794_333_600 };
        assert_eq!(Place::parse(&place.text()), Some(place));
        assert_eq!(Place::parse("1.7.x.9.0"), None);
    }
}
