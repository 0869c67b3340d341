//! Windows release health: the products of the fleet, and what is known to be wrong with them.
//!
//! The first security update of each quarter breaks something in one Windows version, which is found three
//! days later and mended by the security update after it.

use chrono::Datelike as _;
use serde_json::{Value, json};

use crate::clock::{DAY, Seconds, stamp};
use crate::tenant::catalog::{Catalog, Entry, Release, digest};

const RELEASES: [Release; 2] = [Release::Windows24H2, Release::Windows23H2];
const FOUND_AFTER: Seconds = 3 * DAY;

fn name(release: Release) -> String {
    format!("Windows 11, version {}", release.version())
}

fn id(release: Release) -> String {
    digest(&name(release)).chars().take(8).collect()
}

pub(crate) fn products() -> Vec<Value> {
    let product = |release: Release| {
        json!({
            "id": id(release),
            "name": name(release),
            "groupName": "Windows 11",
            "friendlyNames": [
                format!("Version {} (OS build {})", release.version(), release.build()),
            ],
        })
    };
    RELEASES.map(product).to_vec()
}

/// None: there is no such product.
pub(crate) fn known_issues(catalog: &Catalog, product: &str, now: Seconds) -> Option<Vec<Value>> {
    let release = RELEASES.into_iter().find(|release| id(*release) == product)?;
    let security: Vec<&Entry> = catalog.security(now).collect();
    let breaks = |entry: &Entry| entry.month().month0().is_multiple_of(3);
    let is_hit = matches!(release, Release::Windows24H2);
    let known = security
        .iter()
        .enumerate()
        .filter(|(_, entry)| is_hit && breaks(entry) && entry.released + FOUND_AFTER <= now);
    Some(known.map(|(at, entry)| issue(release, entry, security.get(at + 1).copied())).collect())
}

fn issue(release: Release, entry: &Entry, mended_by: Option<&Entry>) -> Value {
    let found = entry.released + FOUND_AFTER;
    let number = 1_000_000 + u32::from(entry.level);
    let article = |entry: &Entry| {
        let article = entry.article(release);
        let url = format!("https://support.microsoft.com/help/{}", &article[2..]);
        json!({ "id": article, "url": url })
    };
    json!({
        "id": format!("WI{number}"),
        "title": "Some printers print nothing but blank pages",
        "description": "After this update a driver of some printers fails to start.",
        "status": if mended_by.is_some() { "resolved" } else { "confirmed" },
        "startDateTime": stamp(found),
        "lastUpdatedDateTime": stamp(mended_by.map_or(found, |mended| mended.released)),
        "resolvedDateTime": mended_by.map(|mended| stamp(mended.released)),
        "safeguardHoldIds": [],
        "knownIssueHistories": [],
        "webViewUrl": format!(
            "https://admin.microsoft.com/Adminportal/Home?#/windowsreleasehealth/knownissues/:/issue/WI{number}"
        ),
        "originatingKnowledgeBaseArticle": article(entry),
        "resolvingKnowledgeBaseArticle": mended_by.map(article),
    })
}
