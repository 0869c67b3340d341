//! `/admin/windows/updates`: the catalogue, release health and the enrolment of devices.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::choice::Purpose;
use crate::clock::Seconds;
use crate::graph::datum::Datum;
use crate::graph::list::{self, INTUNE, Small, Source};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::tenant::enrolment::Category;
use crate::tenant::health;
use crate::world::World;

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", ["catalog", "entries"]) => {
            list::page(&Small(catalog(world, request)), request, "catalog/entries", INTUNE)
        }
        ("GET", ["catalog", "entries", id]) => catalog(world, request)
            .into_iter()
            .find(|entry| entry.get("id").and_then(Value::as_str) == Some(id))
            .map_or_else(Reply::not_found, Reply::ok),
        ("GET", ["products"]) => {
            list::page(&Small(health::products()), request, "products", INTUNE)
        }
        ("GET", ["products", product, "knownIssues"]) => known_issues(world, request, product),
        ("GET", ["updatableAssets"] | ["updatableAssets", "azureADDevice"]) => {
            list::page(&Assets { world, now: world.now() }, request, "updatableAssets", INTUNE)
        }
        ("POST", ["updatableAssets", action @ ("enrollAssetsById" | "unenrollAssetsById")]) => {
            let ids = request.body().get("ids").and_then(Value::as_array);
            let ids: Vec<&str> = ids.into_iter().flatten().filter_map(Value::as_str).collect();
            enrol(world, request, &ids, action.starts_with("enroll"))
        }
        ("POST", ["updatableAssets", action @ ("enrollAssets" | "unenrollAssets")]) => {
            let assets = request.body().get("assets").and_then(Value::as_array);
            let ids = assets.into_iter().flatten().filter_map(|one| one.get("id")?.as_str());
            enrol(world, request, &ids.collect::<Vec<_>>(), action.starts_with("enroll"))
        }
        (method @ ("GET" | "DELETE"), ["updatableAssets", id]) => asset(world, request, method, id),
        (_, ["catalog", "entries"] | ["products" | "updatableAssets", ..]) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
        (_, []) => Reply::no_segment("updates"),
    }
}

/// The entries, with their revisions only where the request expands them.
fn catalog(world: &World, request: &Request) -> Vec<Value> {
    let expanded = request.option("expand").is_some_and(|what| what.contains("productRevisions"));
    let mut entries = Small(world.tenant.catalog.list(world.now()));
    if !expanded {
        entries.without("productRevisions");
    }
    let Small(mut entries) = entries;
    let ascending = |order: &str| order.contains("releaseDateTime") && !order.contains("desc");
    if request.option("orderby").is_some_and(ascending) {
        entries.sort_by_key(|entry| entry.get("releaseDateTime").map(ToString::to_string));
    }
    entries
}

/// The issues of one product, with their articles only where the request expands them.
fn known_issues(world: &World, request: &Request, product: &str) -> Reply {
    let Some(issues) = health::known_issues(&world.tenant.catalog, product, world.now()) else {
        return Reply::not_found();
    };
    let mut issues = Small(issues);
    for article in ["originatingKnowledgeBaseArticle", "resolvingKnowledgeBaseArticle"] {
        if !request.option("expand").is_some_and(|what| what.contains(article)) {
            issues.without(article);
        }
    }
    let context = format!("products('{product}')/knownIssues");
    list::page(&issues, request, &context, INTUNE)
}

struct Assets<'world> {
    world: &'world World,
    now: Seconds,
}

impl Source for Assets<'_> {
    fn numbers(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_> {
        let there = |index: &u32| self.world.fleet.in_entra(*index);
        Box::new(self.world.tenant.enrolments.from(first).filter(there))
    }

    fn property(&self, number: u32, name: &str) -> Option<Datum<'_>> {
        match name {
            "id" => Some(Datum::Id(self.world.choices.id(number, Purpose::DeviceId))),
            "errors" => Some(Datum::Json(Cow::Owned(json!([])))),
            "enrollment" => {
                Some(Datum::Json(Cow::Owned(self.world.tenant.enrolments.json(number, self.now))))
            }
            _ => None,
        }
    }

    fn all(&self, _number: u32) -> Cow<'_, [&str]> {
        Cow::Borrowed(&["id", "errors", "enrollment"])
    }

    fn kind(&self, _number: u32) -> Option<&str> {
        Some("#microsoft.graph.windowsUpdates.azureADDevice")
    }
}

fn enrol(world: &mut World, request: &Request, ids: &[&str], enrolled: bool) -> Reply {
    let category = request.body().get("updateCategory").and_then(Value::as_str);
    let Some(category) = category.and_then(Category::parse) else {
        return Reply::bad_request("Invalid value for 'updateCategory'.");
    };
    if ids.is_empty() {
        return Reply::bad_request("At least one asset is required.");
    }
    let now = world.now();
    // Ids of devices that do not exist are taken like the others; nothing comes of them.
    for device in ids.iter().filter_map(|id| world.fleet.find(id, Purpose::DeviceId)) {
        world.tenant.enrolments.set(device, category, enrolled, now);
    }
    Reply::accepted()
}

fn asset(world: &mut World, request: &Request, method: &str, id: &str) -> Reply {
    let device = world.fleet.find(id, Purpose::DeviceId);
    let device = device.filter(|device| world.tenant.enrolments.knows(*device));
    let Some(device) = device else { return Reply::not_found() };
    if method == "DELETE" {
        world.tenant.enrolments.forget(device);
        return Reply::accepted();
    }
    Reply::ok(list::show(&Assets { world, now: world.now() }, request, device))
}
