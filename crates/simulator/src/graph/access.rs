//! Which permissions a request needs, and the refusal of each service where they are lacking. What
//! a request does is not looked at here, nor whether its address exists.

use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::permission::Permission::{
    self, ApplicationReadAll, ConfigurationReadAll, ConfigurationReadWriteAll, DeviceReadAll,
    DirectoryReadAll, GroupCreate, GroupMemberReadAll, GroupMemberReadBasicAll,
    GroupMemberReadWriteAll, GroupReadAll, GroupReadBasicAll, GroupReadWriteAll,
    LicenseAssignmentReadAll, ManagedDevicesPrivilegedOperationsAll, ManagedDevicesReadAll,
    ManagedDevicesReadWriteAll, OrganizationReadAll, PolicyReadAll, RoleManagementReadDirectory,
    ServiceConfigReadAll, ServiceConfigReadWriteAll, UserReadAll, UserReadBasicAll,
    WindowsUpdatesReadAll, WindowsUpdatesReadWriteAll,
};
use crate::world::World;

/// Any one of these is enough.
type AnyOf = &'static [Permission];

const ORGANISATION: AnyOf =
    &[ServiceConfigReadAll, ServiceConfigReadWriteAll, OrganizationReadAll, DirectoryReadAll];
const LICENCES: AnyOf = &[LicenseAssignmentReadAll, OrganizationReadAll, DirectoryReadAll];
const POLICIES: AnyOf = &[PolicyReadAll];
const USERS: AnyOf = &[UserReadBasicAll, UserReadAll, DirectoryReadAll];
const DIRECTORY_ROLES: AnyOf = &[RoleManagementReadDirectory, DirectoryReadAll];
const APPLICATIONS: AnyOf = &[ApplicationReadAll, DirectoryReadAll];
const DEVICES: AnyOf = &[DeviceReadAll, DirectoryReadAll];
const GROUPS: AnyOf = &[
    GroupReadBasicAll,
    GroupReadAll,
    GroupReadWriteAll,
    GroupMemberReadAll,
    GroupMemberReadWriteAll,
    DirectoryReadAll,
];
const MEMBERS: AnyOf = &[
    GroupMemberReadBasicAll,
    GroupMemberReadAll,
    GroupMemberReadWriteAll,
    GroupReadAll,
    GroupReadWriteAll,
    DirectoryReadAll,
];
const NEW_GROUP: AnyOf = &[GroupCreate, GroupReadWriteAll];
const MEMBERS_WRITTEN: AnyOf = &[GroupMemberReadWriteAll, GroupReadWriteAll];
const GROUPS_WRITTEN: AnyOf = &[GroupReadWriteAll];

const INTUNE_ACCOUNT: AnyOf = &[
    ServiceConfigReadAll,
    ServiceConfigReadWriteAll,
    ConfigurationReadAll,
    ConfigurationReadWriteAll,
    ManagedDevicesReadAll,
    ManagedDevicesReadWriteAll,
];
const MANAGED: AnyOf = &[ManagedDevicesReadAll, ManagedDevicesReadWriteAll];
const ACTIONS: AnyOf = &[ManagedDevicesPrivilegedOperationsAll];
const CONFIGURATIONS: AnyOf = &[ConfigurationReadAll, ConfigurationReadWriteAll];
const CONFIGURATIONS_WRITTEN: AnyOf = &[ConfigurationReadWriteAll];
const UPDATES: AnyOf = &[WindowsUpdatesReadAll, WindowsUpdatesReadWriteAll];
const UPDATES_WRITTEN: AnyOf = &[WindowsUpdatesReadWriteAll];

/// Why the token of the request does not suffice for it.
pub(crate) fn refusal(world: &World, request: &Request) -> Option<Reply> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let needed = needed(request, &segments)?;
    let roles = request.roles;
    if needed.iter().any(|permission| roles.has(*permission)) {
        return None;
    }
    // Who may create groups may do with them as he likes.
    if let (["groups", id, ..], true) = (segments.as_slice(), roles.has(GroupCreate))
        && world.tenant.groups.is_of_the_client(id)
    {
        return None;
    }
    if matches!(segments.first(), Some(&("deviceManagement" | "admin"))) {
        let scopes: Vec<&str> = needed.iter().map(|permission| permission.name()).collect();
        let message = format!(
            "Application is not authorized to perform this operation. Application must have one \
             of the following scopes: {}",
            scopes.join(", ")
        );
        return Some(Reply::error(403, "Forbidden", &message));
    }
    let message = "Insufficient privileges to complete the operation.";
    Some(Reply::error(403, "Authorization_RequestDenied", message))
}

/// `None` where any token will do: the parts of a batch are asked one by one, and what does not
/// exist is nobody's.
fn needed(request: &Request, segments: &[&str]) -> Option<AnyOf> {
    let reads = request.method == "GET";
    let of = |read, written| Some(if reads { read } else { written });
    match segments {
        ["organization", ..] => Some(ORGANISATION),
        ["subscribedSkus", ..] => Some(LICENCES),
        ["policies" | "identity", ..] => Some(POLICIES),
        ["users" | "users(userPrincipalName)", ..] => Some(USERS),
        ["directoryRoles", ..] => Some(DIRECTORY_ROLES),
        ["servicePrincipals" | "servicePrincipals(appId)", ..] => Some(APPLICATIONS),
        ["devices" | "devices(deviceId)", ..] => Some(DEVICES),
        ["groups"] => of(GROUPS, NEW_GROUP),
        ["groups", _, "members" | "transitiveMembers", ..] => of(MEMBERS, MEMBERS_WRITTEN),
        ["groups", _] if request.method == "PATCH" && only_adds_members(request) => {
            Some(MEMBERS_WRITTEN)
        }
        ["groups", ..] => of(GROUPS, GROUPS_WRITTEN),
        ["deviceManagement"] => Some(INTUNE_ACCOUNT),
        ["deviceManagement", "managedDevices", ..] => of(MANAGED, ACTIONS),
        ["deviceManagement", ..] => of(CONFIGURATIONS, CONFIGURATIONS_WRITTEN),
        ["admin", "windows", ..] => of(UPDATES, UPDATES_WRITTEN),
        _ => None,
    }
}

fn only_adds_members(request: &Request) -> bool {
    let mut names = request.body().as_object().into_iter().flat_map(serde_json::Map::keys);
    names.all(|name| name == "members@odata.bind")
}
