//! Which update replaces which.
//!
//! # What replaces what
//!
//! - Quality updates are cumulative: one replaces another when it brings a higher revision to every
//!   Windows version that the other is made for. One that does so for some of them replaces it there.
//! - A Windows version replaces earlier ones of the same product.
//! - A driver replaces an earlier one of the same name.
//! - Edge and Microsoft 365 Apps: a higher version in the same channel.
//!
//! An optional update (a preview) contains the security update before it, and yet nobody would call that
//! superseded: what is [`superseded_by`] an optional update is optional itself. [`relation`] is about
//! content alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::UpdateKind;
use super::servicing::Servicing;
use crate::ids::UpdateId;
use crate::inventory::ImportedUpdate;

/// A Windows version by its build: major, minor, build.
pub type Line = (u32, u32, u32);

/// How one update stands to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A device that takes it has all that the other brings.
    Replaces,
    /// The same, but only for these Windows versions.
    Partly(Vec<Line>),
    /// Neither.
    Not,
}

/// What of an update decides which others it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    kind: UpdateKind,
    /// What updates have in common that can replace each other.
    family: String,
    /// The highest revision for each Windows version.
    lines: BTreeMap<Line, u32>,
    version: Vec<u64>,
    optional: bool,
    released_at: DateTime<Utc>,
}

impl Content {
    #[must_use]
    pub fn of(update: &ImportedUpdate) -> Self {
        let mut lines = BTreeMap::new();
        for one in &update.builds {
            let build = one.build;
            let highest = lines.entry((build.major, build.minor, build.build)).or_insert(0);
            *highest = build.revision.max(*highest);
        }
        let version = update.version.as_deref().unwrap_or_default();
        let family = match update.kind {
            UpdateKind::Quality => String::new(),
            // `Windows 11, version 25H2`
            UpdateKind::Feature => {
                version.split_once(", version").map_or(version, |(product, _)| product).to_owned()
            }
            UpdateKind::Driver => update.title.replace(version, "").trim().to_lowercase(),
            UpdateKind::Edge | UpdateKind::Microsoft365Apps => {
                update.channel.clone().unwrap_or_default().to_lowercase()
            }
        };
        Self {
            kind: update.kind,
            family,
            lines,
            version: numbers(version),
            optional: Servicing::of(update) == Some(Servicing::Preview),
            released_at: update.released_at,
        }
    }
}

/// The numbers of `131.0.2903.86`; none when there is something else in it.
fn numbers(version: &str) -> Vec<u64> {
    let parsed: Result<Vec<u64>, _> = version.split('.').map(str::parse).collect();
    parsed.unwrap_or_default()
}

/// How `newer` stands to `older`.
#[must_use]
pub fn relation(newer: &Content, older: &Content) -> Relation {
    if newer.kind != older.kind || newer.family != older.family {
        return Relation::Not;
    }
    let whole = match newer.kind {
        UpdateKind::Quality => return by_line(newer, older),
        UpdateKind::Feature => newer.lines.keys().max() > older.lines.keys().max(),
        UpdateKind::Driver => newer.released_at > older.released_at,
        UpdateKind::Edge | UpdateKind::Microsoft365Apps => newer.version > older.version,
    };
    if whole { Relation::Replaces } else { Relation::Not }
}

fn by_line(newer: &Content, older: &Content) -> Relation {
    let higher = |(line, revision): (&Line, &u32)| {
        newer.lines.get(line).is_some_and(|brought| brought > revision).then_some(*line)
    };
    let replaced: Vec<Line> = older.lines.iter().filter_map(higher).collect();
    match replaced.len() {
        0 => Relation::Not,
        some if some == older.lines.len() => Relation::Replaces,
        _ => Relation::Partly(replaced),
    }
}

/// For each update the newest one that replaces it, in the order given. Cost: the square of the
/// updates of one kind, of which a catalogue has some hundreds.
#[must_use]
pub fn superseded_by(all: &[(UpdateId, Content)]) -> Vec<Option<UpdateId>> {
    let newest = |older: &Content| {
        let replacing = all.iter().filter(|(_, newer)| {
            (older.optional || !newer.optional) && relation(newer, older) == Relation::Replaces
        });
        replacing.max_by_key(|(id, newer)| (newer.released_at, *id)).map(|(id, _)| *id)
    };
    all.iter().map(|(_, older)| newest(older)).collect()
}
