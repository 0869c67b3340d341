//! What has changed in certain groups: who came, who left, which groups are gone.
//!
//! Never asks about all groups of a tenant at once.

use std::collections::BTreeMap;

use domain::ids::DirectoryObjectId;
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use crate::client::Client;
use crate::deltas::DeltaLink;
use crate::error::GraphError;
use crate::group_reading::MemberKind;
use crate::odata::{literal, nullable};

/// How many groups one delta query can follow (documented).
pub const GROUPS_PER_DELTA: usize = 50;

/// One round of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDelta {
    /// Each group once, in order of their ids.
    pub changes: Vec<GroupChange>,
    /// Where the next round begins.
    pub link: DeltaLink,
}

/// What has become of one group. Without a link, that is: everything in it.
///
/// To be applied to what is known so that a second time changes nothing: a member may be added
/// that is in already, or removed that never was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    pub group: DirectoryObjectId,
    /// The group is gone, for now or for good, and all its members with it.
    pub deleted: bool,
    /// `None` if Graph does not say.
    pub display_name: Option<String>,
    pub added_devices: Vec<DirectoryObjectId>,
    pub added_groups: Vec<DirectoryObjectId>,
    /// Of whatever kind, users too.
    pub removed: Vec<DirectoryObjectId>,
}

#[derive(Deserialize)]
struct WireGroup {
    id: Uuid,
    #[serde(rename = "displayName")]
    display_name: Option<String>,
    #[serde(rename = "@removed")]
    removed: Option<IgnoredAny>,
    #[serde(rename = "members@delta", default, deserialize_with = "nullable")]
    members: Vec<WireMember>,
}

#[derive(Deserialize)]
struct WireMember {
    id: Uuid,
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
    #[serde(rename = "@removed")]
    removed: Option<IgnoredAny>,
}

/// What several mentions of one group come to. The last one counts.
#[derive(Default)]
struct Merged {
    deleted: bool,
    display_name: Option<String>,
    members: BTreeMap<DirectoryObjectId, Change>,
}

enum Change {
    AddedDevice,
    AddedGroup,
    AddedOther,
    Removed,
}

impl Client {
    /// What has changed in the groups of `ids` (1 to [`GROUPS_PER_DELTA`]) since `link`, or
    /// without one all that is in them. A link keeps following the groups it was made for:
    /// start anew when they change, and after [`GraphError::StartOver`]. A group that does not
    /// exist does not come up.
    pub async fn group_delta(
        &self,
        ids: &[DirectoryObjectId],
        link: Option<&DeltaLink>,
    ) -> Result<GroupDelta, GraphError> {
        let query = format!("$select=id,displayName,members&$filter={}", filter(ids)?);
        let pages = self.delta_pages("groups", &query, link, |wire: WireGroup| wire)?;
        let mut merged: BTreeMap<DirectoryObjectId, Merged> = BTreeMap::new();
        let link = pages
            .drain(|page| {
                for wire in page {
                    merged.entry(wire.id.into()).or_default().take(wire);
                }
            })
            .await?;
        let changes = merged.into_iter().map(|(group, merged)| merged.change(group)).collect();
        Ok(GroupDelta { changes, link })
    }
}

/// Without any id this would read every group of the tenant.
fn filter(ids: &[DirectoryObjectId]) -> Result<String, GraphError> {
    if ids.is_empty() || ids.len() > GROUPS_PER_DELTA {
        return Err(GraphError::Rejected {
            status: 400,
            code: "groups".to_owned(),
            message: format!("{} groups, not 1 to {GROUPS_PER_DELTA}", ids.len()),
            path: "/groups/delta".to_owned(),
        });
    }
    let one = |id: &DirectoryObjectId| format!("id eq {}", literal(&id.to_string()));
    Ok(ids.iter().map(one).collect::<Vec<_>>().join(" or "))
}

impl Merged {
    fn take(&mut self, wire: WireGroup) {
        self.deleted = wire.removed.is_some();
        if wire.display_name.is_some() {
            self.display_name = wire.display_name;
        }
        for member in wire.members {
            let change = match (member.removed, MemberKind::of(member.odata_type.as_deref())) {
                (Some(_), _) => Change::Removed,
                (None, MemberKind::Device) => Change::AddedDevice,
                (None, MemberKind::Group) => Change::AddedGroup,
                (None, MemberKind::Other) => Change::AddedOther,
            };
            self.members.insert(member.id.into(), change);
        }
    }

    fn change(self, group: DirectoryObjectId) -> GroupChange {
        let (mut devices, mut groups, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (id, change) in self.members {
            match change {
                Change::AddedDevice => devices.push(id),
                Change::AddedGroup => groups.push(id),
                Change::AddedOther => {}
                Change::Removed => removed.push(id),
            }
        }
        GroupChange {
            group,
            deleted: self.deleted,
            display_name: self.display_name,
            added_devices: devices,
            added_groups: groups,
            removed,
        }
    }
}
