//! Why a device is not served, whose turn it is, and what to do.

use serde::{Deserialize, Serialize};

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    Administrator,
    Microsoft,
    User,
    Concentric,
}

/// Set of reasons. Bit n is the reason with code n.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Reasons(pub i32);

/// Why a device is not served. The codes are stored, so they never change meaning; the order is the
/// order of the checks (facts/autopatch.md 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    NotInIntune = 0,
    NotInEntra = 1,
    EntraDisabled = 2,
    JoinUnsupported = 3,
    ConfigurationManagerOnly = 4,
    MissingSerial = 5,
    MissingModel = 6,
    MissingManufacturer = 7,
    Inactive = 8,
    Personal = 9,
    NotWindows = 10,
    EditionUnsupported = 11,
    BuildUnsupported = 12,
    ArchitectureUnsupported = 13,
    MultiSession = 14,
    UpdatesNotInIntune = 15,
    ConfigurationNotInIntune = 16,
    OfficeNotInIntune = 17,
    DuplicateSerial = 18,
    GroupConflict = 19,
    Excluded = 20,
    Held = 21,
}
