//! Reading groups that somebody else made: by name, by id, and what kinds of members they have.
//!
//! Only reads.

use domain::ids::DirectoryObjectId;
use serde::Deserialize;
use uuid::Uuid;

use crate::client::Client;
use crate::error::GraphError;
use crate::groups::{DEVICE, GROUP, Group, WireGroup, group, group_path};
use crate::odata::{Version, literal};

const SELECT: &str = "$select=id,mailNickname,displayName,description,createdDateTime";

/// The direct members of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupMembers {
    pub devices: Vec<DirectoryObjectId>,
    /// Groups within the group, whose members are its transitive members.
    pub groups: Vec<DirectoryObjectId>,
    /// How many members are neither: users, contacts, service principals.
    pub others: usize,
}

#[derive(Deserialize)]
struct WireMember {
    id: Uuid,
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
}

/// What a member is; decided by its type alone.
pub(crate) enum MemberKind {
    Device,
    Group,
    Other,
}

impl MemberKind {
    /// Graph leaves the type out where a list has one type only: devices, where we read.
    pub(crate) fn of(odata_type: Option<&str>) -> Self {
        match odata_type {
            None | Some(DEVICE) => Self::Device,
            Some(GROUP) => Self::Group,
            Some(_) => Self::Other,
        }
    }
}

impl Client {
    /// The groups whose display name begins with `prefix`; all groups for an empty one.
    pub async fn groups_named(&self, prefix: &str) -> Result<Vec<Group>, GraphError> {
        match prefix {
            "" => self.groups("").await,
            _ => self.groups(&starts_with("displayName", prefix)).await,
        }
    }

    /// The groups whose nickname begins with `prefix`; nicknames are not unique in Entra.
    pub async fn groups_nicknamed(&self, prefix: &str) -> Result<Vec<Group>, GraphError> {
        self.groups(&starts_with("mailNickname", prefix)).await
    }

    async fn groups(&self, filter: &str) -> Result<Vec<Group>, GraphError> {
        let path = format!("/groups?{filter}{SELECT}&$top=999");
        let found = self.pages(Version::V1, &path, Some::<WireGroup>)?.all().await?;
        found.into_iter().map(group).collect()
    }

    /// One group; `None` if there is none of this id.
    pub async fn group(&self, id: DirectoryObjectId) -> Result<Option<Group>, GraphError> {
        let path = format!("{}?{SELECT}", group_path(id));
        match self.get_json::<WireGroup>(Version::V1, &path).await {
            Ok(wire) => group(wire).map(Some),
            Err(GraphError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The direct members of a group by their kind.
    pub async fn group_members(
        &self,
        group: DirectoryObjectId,
    ) -> Result<GroupMembers, GraphError> {
        let path = format!("{}/members?$select=id&$top=999", group_path(group));
        let mut pages = self.pages(Version::V1, &path, Some::<WireMember>)?;
        let mut members = GroupMembers::default();
        while let Some(page) = pages.next().await? {
            for member in page {
                match MemberKind::of(member.odata_type.as_deref()) {
                    MemberKind::Device => members.devices.push(member.id.into()),
                    MemberKind::Group => members.groups.push(member.id.into()),
                    MemberKind::Other => members.others += 1,
                }
            }
        }
        Ok(members)
    }
}

fn starts_with(property: &str, prefix: &str) -> String {
    format!("$filter=startsWith({property},{})&", literal(prefix))
}
