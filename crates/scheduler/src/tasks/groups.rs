//! Following the groups that ring sets name, by what changed of them.

use std::collections::BTreeSet;

use domain::ids::{DirectoryObjectId, TenantId};

use super::{TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// As many as Graph takes in the filter of one delta query.
const AT_ONCE: usize = 50;
/// How deep groups may be nested in groups. Every level takes a round.
const DEEPEST: usize = 16;
/// How many directory objects are looked up at a time.
const LOOK_UP: usize = 1_000;

/// Reads groups and what is nested in them. A set of groups is followed by the link it ended with;
/// groups that came in later (nested ones, or those of a new ring set) are a set of their own.
pub(super) async fn follow<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<(), TaskError> {
    let mut read = BTreeSet::new();
    for _ in 0..DEEPEST {
        let watched = world.journal.watched_groups(tenant).await?;
        let fresh: BTreeSet<DirectoryObjectId> =
            watched.into_iter().filter(|group| !read.contains(group)).collect();
        if fresh.is_empty() {
            break;
        }
        let ordered: Vec<DirectoryObjectId> = fresh.iter().copied().collect();
        for groups in ordered.chunks(AT_ONCE) {
            let link = world.journal.group_link(tenant, groups).await?;
            let changes = world.fleet.group_changes(tenant, groups, link.as_deref()).await?;
            world.journal.keep_groups(tenant, groups, &changes).await?;
        }
        read.extend(fresh);
    }
    let unknown = world.journal.unknown_members(tenant).await?;
    for objects in unknown.chunks(LOOK_UP) {
        let devices = world.fleet.directory_devices(tenant, objects).await?;
        world.journal.import_directory(tenant, &devices).await?;
    }
    Ok(())
}
