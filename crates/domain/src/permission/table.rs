//! The table of permissions. Names and app roles are those of Microsoft's own list
//! (microsoft-graph-devx-content, permissions.json); least privileges: facts/graph.md 3 and 6.
//!
//! Never holds a permission that nothing asks for.

use uuid::Uuid;

use super::{Capability, Permission};

use Capability::{ActOnDevices, Assess, Enroll, Register, RollOut};

/// Everything Concentric can ask for.
pub const PERMISSIONS: [Permission; 15] = [
    Permission {
        value: "WindowsUpdates.ReadWrite.All",
        role: Uuid::from_u128(0x7dd1be58_6e76_4401_bf8d_31d1e8180d5b),
        capabilities: &[RollOut],
        reason: "Offers updates to devices, pauses them and takes them back.",
        contained_in: &[],
    },
    Permission {
        value: "DeviceManagementConfiguration.Read.All",
        role: Uuid::from_u128(0xdc377aa6_52d8_4e23_b271_2a7ae04cedf3),
        capabilities: &[Assess],
        reason: "Reads update rings, to find those that target everybody.",
        contained_in: &["DeviceManagementConfiguration.ReadWrite.All"],
    },
    Permission {
        value: "DeviceManagementConfiguration.ReadWrite.All",
        role: Uuid::from_u128(0x9241abd9_d0e6_425a_bd4f_47ba86e767a4),
        capabilities: &[Enroll, RollOut],
        reason: "Makes update rings and update policies, and asks for reports of what devices installed.",
        contained_in: &[],
    },
    Permission {
        value: "DeviceManagementManagedDevices.Read.All",
        role: Uuid::from_u128(0x2f51be20_0bb4_4fed_bf7b_db946066c75e),
        capabilities: &[Assess, Register, RollOut, ActOnDevices],
        reason: "Reads managed devices: when they last checked in, what they run, who manages them.",
        contained_in: &["DeviceManagementManagedDevices.ReadWrite.All"],
    },
    Permission {
        value: "DeviceManagementManagedDevices.PrivilegedOperations.All",
        role: Uuid::from_u128(0x5b07b0dd_2377_4e44_a38d_703f09a0dc3c),
        capabilities: &[ActOnDevices],
        reason: "Asks a device to check in or to restart at once.",
        contained_in: &[],
    },
    Permission {
        value: "DeviceManagementServiceConfig.Read.All",
        role: Uuid::from_u128(0x06a5fe6d_c49d_46a7_b082_56b1b14103c7),
        capabilities: &[Assess],
        reason: "Reads the state of the Intune subscription and who manages mobile devices.",
        contained_in: &["DeviceManagementServiceConfig.ReadWrite.All"],
    },
    Permission {
        value: "Group.Create",
        role: Uuid::from_u128(0xbf7b1a76_6e77_406b_b258_bf5c7720e98f),
        capabilities: &[Enroll, RollOut],
        reason: "Makes the groups of rings. Groups that are not ours stay out of reach.",
        contained_in: &["Group.ReadWrite.All"],
    },
    Permission {
        value: "Group.Read.All",
        role: Uuid::from_u128(0x5b567255_7703_4780_807c_7be8301ae99b),
        capabilities: &[Assess, Enroll],
        reason: "Reads names and descriptions of groups, to find ours and names that are taken.",
        contained_in: &["Group.ReadWrite.All", "Directory.Read.All"],
    },
    Permission {
        value: "GroupMember.Read.All",
        role: Uuid::from_u128(0x98830695_27a2_44f7_8c18_0c3ebc9698f6),
        capabilities: &[Register, RollOut],
        reason: "Reads which devices are in a group.",
        contained_in: &[
            "GroupMember.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            "Directory.Read.All",
        ],
    },
    Permission {
        value: "GroupMember.ReadWrite.All",
        role: Uuid::from_u128(0xdbaae8cf_10b5_4b86_a4a1_f871c94c6695),
        capabilities: &[Enroll, RollOut],
        reason: "Puts devices into the groups of rings and takes them out.",
        contained_in: &["Group.ReadWrite.All"],
    },
    Permission {
        value: "Device.Read.All",
        role: Uuid::from_u128(0x7438b122_aefc_4978_80ed_43db9fcc7715),
        capabilities: &[Register, RollOut],
        reason: "Reads the directory objects of devices.",
        contained_in: &["Directory.Read.All"],
    },
    Permission {
        value: "User.ReadBasic.All",
        role: Uuid::from_u128(0x97235f07_e226_4f63_ace3_39588e11d3a1),
        capabilities: &[Assess],
        reason: "Looks for accounts that bear the names of the service accounts of Windows Autopatch.",
        contained_in: &["User.Read.All", "Directory.Read.All"],
    },
    Permission {
        value: "LicenseAssignment.Read.All",
        role: Uuid::from_u128(0xe2f98668_2877_4f38_a2f4_8202e0717aa1),
        capabilities: &[Assess],
        reason: "Reads which subscriptions there are.",
        contained_in: &["Organization.Read.All", "Directory.Read.All"],
    },
    Permission {
        value: "Policy.Read.All",
        role: Uuid::from_u128(0x246dd0d5_5bd0_4def_940b_0421030a5b68),
        capabilities: &[Assess],
        reason: "Reads security defaults and conditional access policies.",
        contained_in: &[],
    },
    Permission {
        value: "Application.Read.All",
        role: Uuid::from_u128(0x9a5d68dd_52b0_4cc2_bd40_abcf44ac3a30),
        capabilities: &[Assess],
        reason: "Reads this application in the tenant, and what it was granted.",
        contained_in: &["Directory.Read.All"],
    },
];

/// Permissions that are never asked for, but contain some that are.
pub(super) const WIDER: [(&str, Uuid); 6] = [
    (
        "DeviceManagementManagedDevices.ReadWrite.All",
        Uuid::from_u128(0x243333ab_4d21_40cb_a475_36241daa0842),
    ),
    (
        "DeviceManagementServiceConfig.ReadWrite.All",
        Uuid::from_u128(0x5ac13192_7ace_4fcf_b828_1a26f28068ee),
    ),
    ("Directory.Read.All", Uuid::from_u128(0x7ab1d382_f21e_4acd_a863_ba3e13f7da61)),
    ("Group.ReadWrite.All", Uuid::from_u128(0x62a82d76_70ea_41e2_9197_370581804d09)),
    ("Organization.Read.All", Uuid::from_u128(0x498476ce_e0fe_48b0_b801_37ba7e2685c6)),
    ("User.Read.All", Uuid::from_u128(0xdf021288_bdef_4463_88db_98f22de89214)),
];
