//! Why a device is not served, whose turn it is, and what to do.
//!
//! One table: what is stored, shown and told of a reason stands in its row. Never decides whether a
//! reason applies; [`rules`](super::rules) does.

use std::fmt;

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

macro_rules! reasons {
    ($($(#[$of:meta])* $variant:ident = $code:literal $word:literal, $turn:ident, $title:literal, $remedy:literal;)*) => {
        /// Why a device is not served. The codes are stored, so they never change meaning; the order is
        /// the order of the checks (facts/autopatch.md 3.2).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$of])* $variant = $code,)* }

        impl Reason {
            /// All of them, in the order in which they are told.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its bit in [`Reasons`], counted from 0.
            #[must_use]
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code,)* }
            }

            /// The word for it in filters, JSON and pages.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What is wrong, in a few words for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// Who can end it.
            #[must_use]
            pub const fn turn(self) -> Turn {
                match self { $(Self::$variant => Turn::$turn,)* }
            }

            /// What they do about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

reasons! {
    /// What Intune would say of the device is unknown then, so nothing of it is judged.
    NotInIntune = 0 "not_in_intune", Administrator, "Not in Intune",
        "Enrol the device in Intune, or delete its stale record in Entra.";
    NotInEntra = 1 "not_in_entra", Administrator, "Not in Entra",
        "Join the device to Entra; without a device id there, no update can be offered to it.";
    EntraDisabled = 2 "entra_disabled", Administrator, "Disabled in Entra",
        "Enable the device in Entra, or retire it.";
    /// Registered only (workplace joined).
    JoinUnsupported = 3 "join_unsupported", Administrator, "Only registered with Entra",
        "Join the device to Entra, or hybrid join it; being registered (workplace joined) is not enough.";
    ConfigurationManagerOnly = 4 "configuration_manager_only", Administrator,
        "Managed by Configuration Manager alone",
        "Turn on co-management for the device, or enrol it in Intune.";
    MissingSerial = 5 "missing_serial", Administrator, "No serial number",
        "Have the manufacturer's tool write a serial number to the firmware; emulators have none.";
    MissingModel = 6 "missing_model", Administrator, "No model",
        "Have the manufacturer's tool write the model to the firmware; emulators have none.";
    MissingManufacturer = 7 "missing_manufacturer", Administrator, "No manufacturer",
        "Have the manufacturer's tool write the manufacturer to the firmware; emulators have none.";
    /// Passes by itself with the next contact.
    Inactive = 8 "inactive", User, "No contact with Intune for 28 days",
        "Switch the device on and connect it to the internet; retire it if nobody has it any more.";
    Personal = 9 "personal", Administrator, "Personally owned",
        "Change the ownership in Intune to corporate, if the organisation owns the device.";
    NotWindows = 10 "not_windows", Administrator, "Not Windows",
        "Take the device out of the groups that feed the ring sets.";
    EditionUnsupported = 11 "edition_unsupported", Administrator, "Windows edition not supported",
        "Upgrade to Windows Pro, Enterprise or Education; servers and Home editions are not served.";
    BuildUnsupported = 12 "build_unsupported", Administrator, "Windows older than 1809",
        "Upgrade to Windows 10, version 1809 (10.0.17763) or later, better to a version in service.";
    ArchitectureUnsupported = 13 "architecture_unsupported", Administrator, "Not a 64-bit Windows",
        "Install a 64-bit Windows (x64 or Arm64), or replace the device.";
    MultiSession = 14 "multi_session", Administrator, "Windows multi-session",
        "Update pooled session hosts by their image; only personal virtual desktops are served.";
    UpdatesNotInIntune = 15 "updates_not_in_intune", Administrator,
        "Windows Update policies left to Configuration Manager",
        "Move the co-management workload \"Windows Update policies\" to Intune or Pilot Intune.";
    ConfigurationNotInIntune = 16 "configuration_not_in_intune", Administrator,
        "Device configuration left to Configuration Manager",
        "Move the co-management workload \"Device configuration\" to Intune or Pilot Intune.";
    OfficeNotInIntune = 17 "office_not_in_intune", Administrator,
        "Office Click-to-Run left to Configuration Manager",
        "Move the co-management workload \"Office Click-to-Run apps\" to Intune or Pilot Intune.";
    DuplicateSerial = 18 "duplicate_serial", Administrator, "Serial number shared with another device",
        "Delete the stale records of the same machine in Intune; they keep its serial number.";
    GroupConflict = 19 "group_conflict", Administrator, "Claimed by two ring sets",
        "Take the device out of the groups of all ring sets but one.";
    Excluded = 20 "excluded", Administrator, "Excluded by an administrator",
        "Lift the exclusion to have the device served again.";
    Held = 21 "held", Administrator, "Held by an administrator",
        "Lift the hold, or wait until it expires.";
}

impl Reason {
    /// The reason of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.word() == word)
    }
}

/// Set of reasons. Bit n is the reason with code n.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Reasons(pub i32);

impl Reasons {
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// The set with this reason in it.
    #[must_use]
    pub const fn with(self, reason: Reason) -> Self {
        Self(self.0 | (1 << reason.code()))
    }

    /// The set with this reason in it if it `applies`, else the set.
    #[must_use]
    pub(super) fn with_if(self, reason: Reason, applies: bool) -> Self {
        if applies { self.with(reason) } else { self }
    }

    #[must_use]
    pub const fn without(self, reason: Reason) -> Self {
        Self(self.0 & !(1 << reason.code()))
    }

    #[must_use]
    pub const fn has(self, reason: Reason) -> bool {
        self.0 & (1 << reason.code()) != 0
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons, in the order in which they are told.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.iter().copied().filter(move |reason| self.has(*reason))
    }
}

impl FromIterator<Reason> for Reasons {
    fn from_iter<I: IntoIterator<Item = Reason>>(reasons: I) -> Self {
        reasons.into_iter().fold(Self::empty(), Self::with)
    }
}

/// The words, with commas between them.
impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reason) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(reason.word())?;
        }
        Ok(())
    }
}
