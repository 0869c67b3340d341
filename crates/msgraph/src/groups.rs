//! Entra groups that stand for rings: finding, creating, reading, deleting.
//!
//! Changing who is in a group is in `group_members`, reading other people's groups in
//! `group_reading`. Never touches a group it was not told to.

use chrono::{DateTime, FixedOffset};
use domain::ids::DirectoryObjectId;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::client::Client;
use crate::ensure::{Entity, Wanted};
use crate::error::GraphError;
use crate::odata::{Version, literal, nullable};

pub(crate) const DEVICE: &str = "#microsoft.graph.device";
pub(crate) const GROUP: &str = "#microsoft.graph.group";

/// What to create, and under which key to find it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSpec {
    /// The natural key.
    pub mail_nickname: String,
    pub display_name: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: DirectoryObjectId,
    pub mail_nickname: String,
    pub display_name: String,
    pub description: String,
    pub created_at: Option<DateTime<FixedOffset>>,
}

/// Whether members of member groups count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transitive {
    Yes,
    No,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireGroup {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    mail_nickname: String,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    #[serde(default, deserialize_with = "nullable")]
    description: String,
    created_date_time: Option<DateTime<FixedOffset>>,
}

impl Entity for WireGroup {
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> Option<DateTime<FixedOffset>> {
        self.created_date_time
    }
}

#[derive(Deserialize)]
struct WireMember {
    id: Uuid,
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
}

impl Client {
    /// The oldest group of this nickname.
    pub async fn find_group(&self, mail_nickname: &str) -> Result<Option<Group>, GraphError> {
        let list = list(mail_nickname);
        self.find(&wanted(&list, &is(mail_nickname))).await?.map(group).transpose()
    }

    /// The oldest group of this nickname, or a new one. Group nicknames are not unique in Entra.
    pub async fn ensure_group(&self, spec: &GroupSpec) -> Result<DirectoryObjectId, GraphError> {
        let list = list(&spec.mail_nickname);
        let body = json!({
            "displayName": spec.display_name,
            "description": spec.description,
            "mailNickname": spec.mail_nickname,
            "mailEnabled": false,
            "securityEnabled": true,
        });
        let found = self.ensure(&wanted(&list, &is(&spec.mail_nickname)), &body).await?;
        Ok(group(found)?.id)
    }

    /// The devices in a group. Other kinds of members are left out.
    pub async fn group_devices(
        &self,
        group: DirectoryObjectId,
        transitive: Transitive,
    ) -> Result<Vec<DirectoryObjectId>, GraphError> {
        let members = match transitive {
            Transitive::Yes => "transitiveMembers",
            Transitive::No => "members",
        };
        // Not the cast to devices: combined with other options it is answered from an index that
        // lags behind writes, and `add_group_members` reads its own writes.
        let path = format!("{}/{members}?$select=id&$top=999", group_path(group));
        let pages = self.pages(Version::V1, &path, |member: WireMember| {
            let is_device = member.odata_type.is_none_or(|kind| kind == DEVICE);
            is_device.then_some(DirectoryObjectId(member.id))
        })?;
        pages.all().await
    }

    /// Renames a group and describes it anew. Its nickname stays, so it is found as before.
    pub async fn update_group(
        &self,
        group: DirectoryObjectId,
        display_name: &str,
        description: &str,
    ) -> Result<(), GraphError> {
        let body = json!({ "displayName": display_name, "description": description });
        self.patch(Version::V1, &group_path(group), body).await?;
        Ok(())
    }

    /// Deletes a group; one that is gone already is fine.
    pub async fn delete_group(&self, group: DirectoryObjectId) -> Result<(), GraphError> {
        self.delete(Version::V1, &group_path(group)).await
    }
}

pub(crate) fn group_path(group: DirectoryObjectId) -> String {
    format!("/groups/{group}")
}

fn list(mail_nickname: &str) -> String {
    format!(
        "/groups?$filter=mailNickname eq {}\
         &$select=id,mailNickname,displayName,description,createdDateTime",
        literal(mail_nickname)
    )
}

/// The server filters; this guards against one that does not.
fn is(mail_nickname: &str) -> impl Fn(&WireGroup) -> bool + Sync {
    move |group| group.mail_nickname.eq_ignore_ascii_case(mail_nickname)
}

fn wanted<'a>(
    list: &'a str,
    is_it: &'a (dyn Fn(&WireGroup) -> bool + Sync),
) -> Wanted<'a, WireGroup> {
    Wanted { version: Version::V1, list, collection: "/groups", is_it }
}

pub(crate) fn group(wire: WireGroup) -> Result<Group, GraphError> {
    let id = wire.id.parse().map_err(|error| GraphError::decode("/groups", error))?;
    Ok(Group {
        id,
        mail_nickname: wire.mail_nickname,
        display_name: wire.display_name,
        description: wire.description,
        created_at: wire.created_date_time,
    })
}
