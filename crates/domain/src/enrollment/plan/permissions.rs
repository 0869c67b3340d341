//! Which Graph permission each change takes (facts/graph.md 3.2 and 6).
//!
//! Asks for the least: `Group.Create` covers the groups that the application made itself.

use super::Change;
use crate::enrollment::key::{Key, Kind};
use crate::enrollment::object::Payload;

const GROUPS: &str = "Group.Create";
const MEMBERS: &str = "GroupMember.ReadWrite.All";
const CONFIGURATION: &str = "DeviceManagementConfiguration.ReadWrite.All";

pub(super) fn permissions(key: &Key, change: &Change) -> Vec<String> {
    let names = match key.kind() {
        Kind::Group => of_group(change),
        Kind::UpdateRing | Kind::FeatureProfile | Kind::DriverProfile | Kind::SettingsPolicy => {
            match change {
                Change::Create { .. }
                | Change::Update { .. }
                | Change::Delete { .. }
                | Change::Restore { .. } => vec![CONFIGURATION],
                Change::Adopt { .. } | Change::Release { .. } => Vec::new(),
            }
        }
    };
    names.into_iter().map(str::to_owned).collect()
}

fn of_group(change: &Change) -> Vec<&'static str> {
    match change {
        Change::Create { to } => {
            let has_members = to.needs().next().is_some();
            if has_members { vec![GROUPS, MEMBERS] } else { vec![GROUPS] }
        }
        Change::Update { from, to, .. } | Change::Restore { from, to, .. } => {
            let renamed = from.name() != to.name();
            let mut names = if renamed { vec![GROUPS] } else { Vec::new() };
            // A group that came back under another id is a new member under an old key.
            if !renamed || members(from) != members(to) {
                names.push(MEMBERS);
            }
            names
        }
        Change::Delete { .. } => vec![GROUPS],
        Change::Adopt { .. } | Change::Release { .. } => Vec::new(),
    }
}

fn members(group: &Payload) -> Vec<&Key> {
    let mut members: Vec<&Key> = group.needs().collect();
    members.sort();
    members
}
