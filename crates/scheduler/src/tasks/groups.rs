//! Following the groups that ring sets name, by what changed of them.

use std::collections::BTreeSet;

use domain::ids::{DirectoryObjectId, TenantId};

use super::{TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// How deep groups may be nested in groups. Every level takes a round.
const DEEPEST: usize = 16;
/// How many directory objects are looked up at a time.
const LOOK_UP: usize = 1_000;

/// Reads groups and what is nested in them, each from where its last read ended.
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
        for group in &fresh {
            let link = world.journal.group_link(tenant, *group).await?;
            let changes = world.fleet.group_changes(tenant, *group, link.as_deref()).await?;
            let now = world.clock.now();
            world.journal.keep_group(tenant, *group, &changes, now).await?;
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
