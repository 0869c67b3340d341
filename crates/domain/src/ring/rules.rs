//! How the rings of a set get their members besides their own groups, and what such rules must keep to.
//!
//! Never places a device; `placement` does.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Ring, RingSetError};
use crate::ids::DirectoryObjectId;

/// Source groups a ring set may have; each is read from Graph with every sync.
pub const MAX_SOURCES: usize = 50;

/// How the rings of a set get their members, besides the groups of each ring.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementRules {
    /// The percentages share out the members of these Entra groups. None: every registered device
    /// that no ring set with sources claims.
    #[serde(default)]
    pub sources: Vec<DirectoryObjectId>,
    /// What early rings should have one device of each of; none: chance alone.
    #[serde(default)]
    pub cover: Vec<Stratum>,
    /// Rings up to here cover; later ones are large enough to by themselves.
    #[serde(default)]
    pub cover_rings: u8,
}

/// A property that sorts a fleet into strata, all of which an early ring should have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stratum {
    /// Manufacturer and model.
    Model,
    /// The Windows version (major, minor, build).
    Build,
    /// The site.
    Site,
}

/// Whether `rules` suit `rings`. One Entra group serves one purpose: it feeds the percentages or one
/// ring, never both (facts/autopatch.md 3.5).
pub(super) fn check(rules: &PlacementRules, rings: &[Ring]) -> Result<(), RingSetError> {
    if usize::from(rules.cover_rings) > rings.len() {
        return Err(RingSetError::CoverRings { rings: rings.len(), cover: rules.cover_rings });
    }
    let mut seen = HashSet::new();
    if let Some(again) = rules.cover.iter().find(|stratum| !seen.insert(**stratum)) {
        return Err(RingSetError::RepeatedStratum(*again));
    }
    if rules.sources.len() > MAX_SOURCES {
        return Err(RingSetError::Sources(rules.sources.len()));
    }
    let mut sources = HashSet::new();
    if let Some(again) = rules.sources.iter().find(|group| !sources.insert(**group)) {
        return Err(RingSetError::RepeatedSource(*again));
    }
    for (ring, of) in rings.iter().enumerate() {
        if let Some(group) = of.membership.groups.iter().find(|group| sources.contains(group)) {
            return Err(RingSetError::SourceOfRing { ring, group: *group });
        }
    }
    if !sources.is_empty() && rings.iter().all(|ring| ring.membership.percent == 0) {
        return Err(RingSetError::SourcesUnshared);
    }
    Ok(())
}
