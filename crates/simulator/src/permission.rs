//! The application permissions of Microsoft Graph that this tenant knows, with the ids of their app
//! roles, and sets of them. Which request needs which is in `graph/access.rs`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use uuid::Uuid;

macro_rules! permissions {
    ($($variant:ident = $name:literal, $id:literal, $standing:ident;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(crate) enum Permission {
            $($variant,)*
        }

        impl Permission {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The id of the app role, the same in every tenant.
            pub(crate) const fn role(self) -> Uuid {
                Uuid::from_u128(match self {
                    $(Self::$variant => $id,)*
                })
            }

            /// Whether an administrator has granted it when nothing else is said.
            const fn granted(self) -> bool {
                match self {
                    $(Self::$variant => permissions!(@ $standing),)*
                }
            }
        }
    };
    (@ granted) => { true };
    (@ withheld) => { false };
}

permissions! {
    WindowsUpdatesReadAll =
        "WindowsUpdates.Read.All", 0xfa09_9153_0225_489c_980e_384d_c674_ab81, withheld;
    WindowsUpdatesReadWriteAll =
        "WindowsUpdates.ReadWrite.All", 0x7dd1_be58_6e76_4401_bf8d_31d1_e818_0d5b, granted;
    ConfigurationReadAll =
        "DeviceManagementConfiguration.Read.All", 0xdc37_7aa6_52d8_4e23_b271_2a7a_e04c_edf3, withheld;
    ConfigurationReadWriteAll =
        "DeviceManagementConfiguration.ReadWrite.All", 0x9241_abd9_d0e6_425a_bd4f_47ba_86e7_67a4, granted;
    ManagedDevicesReadAll =
        "DeviceManagementManagedDevices.Read.All", 0x2f51_be20_0bb4_4fed_bf7b_db94_6066_c75e, granted;
    ManagedDevicesReadWriteAll =
        "DeviceManagementManagedDevices.ReadWrite.All", 0x2433_33ab_4d21_40cb_a475_3624_1daa_0842, withheld;
    ManagedDevicesPrivilegedOperationsAll =
        "DeviceManagementManagedDevices.PrivilegedOperations.All", 0x5b07_b0dd_2377_4e44_a38d_703f_09a0_dc3c, granted;
    ServiceConfigReadAll =
        "DeviceManagementServiceConfig.Read.All", 0x06a5_fe6d_c49d_46a7_b082_56b1_b141_03c7, granted;
    ServiceConfigReadWriteAll =
        "DeviceManagementServiceConfig.ReadWrite.All", 0x5ac1_3192_7ace_4fcf_b828_1a26_f280_68ee, withheld;
    RbacReadAll =
        "DeviceManagementRBAC.Read.All", 0x58ca_0d9a_1575_47e1_a3cb_007e_f2e4_583b, granted;
    AppsReadAll =
        "DeviceManagementApps.Read.All", 0x7a6e_e1e7_141e_4cec_ae74_d9db_1557_31ff, granted;
    GroupCreate = "Group.Create", 0xbf7b_1a76_6e77_406b_b258_bf5c_7720_e98f, granted;
    GroupReadWriteAll = "Group.ReadWrite.All", 0x62a8_2d76_70ea_41e2_9197_3705_8180_4d09, withheld;
    GroupReadAll = "Group.Read.All", 0x5b56_7255_7703_4780_807c_7be8_301a_e99b, granted;
    GroupReadBasicAll = "Group.ReadBasic.All", 0x07d6_7222_3a10_4d3b_9ddc_b8aa_4319_8a00, withheld;
    GroupMemberReadAll = "GroupMember.Read.All", 0x9883_0695_27a2_44f7_8c18_0c3e_bc96_98f6, granted;
    GroupMemberReadBasicAll =
        "GroupMember.ReadBasic.All", 0x8222_c640_cae5_4860_8d11_b32c_fad9_5e03, withheld;
    GroupMemberReadWriteAll =
        "GroupMember.ReadWrite.All", 0xdbaa_e8cf_10b5_4b86_a4a1_f871_c94c_6695, granted;
    DeviceReadAll = "Device.Read.All", 0x7438_b122_aefc_4978_80ed_43db_9fcc_7715, granted;
    UserReadBasicAll = "User.ReadBasic.All", 0x9723_5f07_e226_4f63_ace3_3958_8e11_d3a1, granted;
    UserReadAll = "User.Read.All", 0xdf02_1288_bdef_4463_88db_98f2_2de8_9214, withheld;
    OrganizationReadAll =
        "Organization.Read.All", 0x4984_76ce_e0fe_48b0_b801_37ba_7e26_85c6, withheld;
    LicenseAssignmentReadAll =
        "LicenseAssignment.Read.All", 0xe2f9_8668_2877_4f38_a2f4_8202_e071_7aa1, granted;
    PolicyReadAll = "Policy.Read.All", 0x246d_d0d5_5bd0_4def_940b_0421_030a_5b68, granted;
    PolicyReadWriteConditionalAccess =
        "Policy.ReadWrite.ConditionalAccess", 0x01c0_a623_fc9b_48e9_b794_0756_f8e8_f067, withheld;
    ApplicationReadAll = "Application.Read.All", 0x9a5d_68dd_52b0_4cc2_bd40_abcf_44ac_3a30, granted;
    AuditLogReadAll = "AuditLog.Read.All", 0xb0af_ded3_3588_46d8_8b3d_9842_eff7_78da, granted;
    RoleManagementReadDirectory =
        "RoleManagement.Read.Directory", 0x483b_ed4a_2ad3_4361_a73b_c83c_cdbd_c53c, granted;
    DirectoryReadAll = "Directory.Read.All", 0x7ab1_d382_f21e_4acd_a863_ba3e_13f7_da61, withheld;
}

// A set of permissions is one word.
const _: () = assert!(Permission::ALL.len() <= 64);

/// A permission name that is none this tenant knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPermission(pub String);

impl fmt::Display for UnknownPermission {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "unknown permission {:?}", self.0)
    }
}

impl std::error::Error for UnknownPermission {}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.iter().find(|permission| permission.name() == text);
        named.copied().ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

/// A set of permissions: what is granted to the application, or what a token carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roles(u64);

impl Roles {
    pub(crate) const NONE: Self = Self(0);
    /// What an administrator may.
    pub(crate) const EVERYTHING: Self = Self(u64::MAX);

    pub(crate) fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    pub(crate) fn without(self, permission: Permission) -> Self {
        Self(self.0 & !(1 << permission as u8))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.has(*permission))
    }

    /// The permissions of these names.
    pub(crate) fn named(names: &[String]) -> Result<Self, UnknownPermission> {
        names.iter().map(|name| name.parse::<Permission>()).collect()
    }
}

/// What the documentation of the service asks an administrator to grant, and a little more.
impl Default for Roles {
    fn default() -> Self {
        Permission::ALL.iter().copied().filter(|permission| permission.granted()).collect()
    }
}

impl FromIterator<Permission> for Roles {
    fn from_iter<All: IntoIterator<Item = Permission>>(all: All) -> Self {
        Self(all.into_iter().fold(0, |set, permission| set | 1 << permission as u8))
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.iter().map(Permission::name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let names = ["Group.Create".to_owned(), "Policy.Read.All".to_owned()];
        let roles = Roles::named(&names).unwrap();
        assert_eq!(roles.iter().count(), 2);
        assert!(roles.has(Permission::GroupCreate));
        assert!(!roles.without(Permission::GroupCreate).has(Permission::GroupCreate));
        assert!(Roles::named(&["Everything.All".to_owned()]).is_err());
        assert_eq!(Roles::default().iter().count(), 18);
    }
}
