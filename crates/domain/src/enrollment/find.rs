//! Which of the observed objects stands for a key.
//!
//! Never picks by name: names are for people.

use std::collections::HashMap;

use super::key::{Key, Kind};
use super::object::{Observed, Recorded};

/// The object that counts for `key`: the recorded one, else the oldest. All others are duplicates.
#[must_use]
pub fn kept<'a>(
    key: &Key,
    observed: &'a [Observed],
    recorded: &[Recorded],
) -> Option<&'a Observed> {
    let is_recorded = |object: &Observed| {
        recorded.iter().any(|record| record.key == *key && record.id == object.id)
    };
    observed.iter().filter(|object| object.key == *key).min_by(|one, other| {
        let rank = |object: &Observed| {
            (!is_recorded(object), object.created_at.is_none(), object.created_at)
        };
        rank(one).cmp(&rank(other)).then_with(|| one.id.cmp(&other.id))
    })
}

/// The groups of ours by their id on Graph, to turn targets and members into keys. A recorded group
/// counts even when it is gone: what still targets it was written by us, and is as it was.
#[must_use]
pub fn our_groups(observed: &[Observed], recorded: &[Recorded]) -> HashMap<String, Key> {
    let is_group = |key: &Key| key.kind() == Kind::Group;
    let mut groups: HashMap<String, Key> = recorded
        .iter()
        .filter(|record| is_group(&record.key))
        .map(|record| (record.id.clone(), record.key.clone()))
        .collect();
    for object in observed.iter().filter(|object| is_group(&object.key)) {
        if let Some(kept) = kept(&object.key, observed, recorded) {
            groups.insert(kept.id.clone(), kept.key.clone());
        }
    }
    groups
}
