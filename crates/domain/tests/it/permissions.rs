//! The table of permissions: who asks for what, and what counts as granted.

use std::collections::HashSet;

use domain::ids::EntraTenantId;
use domain::permission::{self, Capability, PERMISSIONS, Permission};
use uuid::Uuid;

fn named(value: &str) -> &'static Permission {
    PERMISSIONS.iter().find(|permission| permission.value == value).expect("in the table")
}

fn names(permissions: &[&Permission]) -> Vec<&'static str> {
    permissions.iter().map(|permission| permission.value).collect()
}

#[test]
fn every_permission_has_its_own_name_role_and_reason() {
    let mut seen = HashSet::new();
    for permission in &PERMISSIONS {
        assert!(seen.insert(permission.value.to_owned()), "{} twice", permission.value);
        assert!(seen.insert(permission.role.to_string()), "role of {} twice", permission.value);
        assert!(permission.reason.ends_with('.'), "{}", permission.value);
        assert!(!permission.capabilities.is_empty(), "{} is for nothing", permission.value);
        for wider in permission.contained_in {
            assert!(permission::role(wider).is_some(), "{wider} has no role");
            assert_ne!(*wider, permission.value);
        }
    }
}

#[test]
fn a_tenant_that_is_only_looked_at_grants_no_write() {
    let looking = [Capability::Assess, Capability::Register];
    let writes: Vec<_> = permission::needed(&looking).filter(|found| found.writes()).collect();
    assert_eq!(writes, Vec::<&Permission>::new());
    for doing in [Capability::Enroll, Capability::RollOut, Capability::ActOnDevices] {
        assert!(permission::needed(&[doing]).any(Permission::writes), "{doing:?} writes");
    }
}

#[test]
fn each_capability_asks_for_its_own() {
    let asked = |capability| names(&permission::needed(&[capability]).collect::<Vec<_>>());
    assert_eq!(
        asked(Capability::Register),
        ["DeviceManagementManagedDevices.Read.All", "GroupMember.Read.All", "Device.Read.All",]
    );
    assert_eq!(
        asked(Capability::ActOnDevices),
        [
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.PrivilegedOperations.All",
        ]
    );
    let all: Vec<_> = permission::needed(&Capability::ALL).collect();
    assert_eq!(all.len(), PERMISSIONS.len());
    assert_eq!(permission::needed(&[]).count(), 0);
}

#[test]
fn what_a_granted_permission_contains_is_not_missing() {
    let everything: Vec<Uuid> = PERMISSIONS.iter().map(|permission| permission.role).collect();
    assert_eq!(permission::missing(&everything, &Capability::ALL), Vec::<&Permission>::new());
    assert_eq!(permission::missing(&[], &Capability::ALL).len(), PERMISSIONS.len());

    let register = [Capability::Register];
    let members = named("GroupMember.ReadWrite.All").role;
    assert_eq!(
        names(&permission::missing(&[members], &register)),
        ["DeviceManagementManagedDevices.Read.All", "Device.Read.All",]
    );
    // A permission nobody asks for may contain one that is.
    let directory = permission::role("Directory.Read.All").expect("a role");
    let left = permission::missing(&[directory], &register);
    assert_eq!(names(&left), ["DeviceManagementManagedDevices.Read.All"]);
    // Never the other way round.
    let reading = named("GroupMember.Read.All").role;
    let writing = permission::missing(&[reading], &[Capability::Enroll]);
    assert!(names(&writing).contains(&"GroupMember.ReadWrite.All"));
}

#[test]
fn the_consent_link_names_tenant_and_application() {
    let tenant = EntraTenantId(Uuid::from_u128(1));
    let expected = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001\
        /adminconsent?client_id=00000000-0000-0000-0000-000000000002";
    for login in ["https://login.microsoftonline.com", "https://login.microsoftonline.com/"] {
        assert_eq!(permission::consent_link(login, tenant, Uuid::from_u128(2)), expected);
    }
}
