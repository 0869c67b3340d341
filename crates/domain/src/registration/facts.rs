//! What registration looks at, of one device.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::build::Build;

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $code:literal $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl Default for $name {
            /// What nothing is known of.
            fn default() -> Self {
                Self::ALL[0]
            }
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number it is stored under.
            #[must_use]
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code,)* }
            }

            #[must_use]
            pub fn from_code(code: i16) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == code)
            }

            /// The word for it in filters, JSON and pages.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

coded! {
    /// Whose the device is, by Intune's account.
    Owner { Unknown = 0 "unknown", Company = 1 "company", Personal = 2 "personal", }
}
coded! {
    System { Other = 0 "other", Windows = 1 "windows", }
}
coded! {
    Architecture { Unknown = 0 "unknown", X64 = 1 "x64", Arm64 = 2 "arm64", X86 = 3 "x86", Arm = 4 "arm", }
}
coded! {
    /// Who manages the device.
    Agent {
        Unknown = 0 "unknown",
        Intune = 1 "intune",
        /// Intune and Configuration Manager together.
        CoManaged = 2 "co_managed",
        ConfigurationManager = 3 "configuration_manager",
    }
}
coded! {
    /// How the device is known to Entra.
    Join { Unknown = 0 "unknown", Entra = 1 "entra", Hybrid = 2 "hybrid", Registered = 3 "registered", }
}

/// Which workloads of a co-managed device Intune has (facts/autopatch.md 1.2). Stored as bits 0 to 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Workloads {
    pub updates: bool,
    pub configuration: bool,
    pub office: bool,
}

/// What a device is, as Intune and Entra show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    pub system: System,
    pub owner: Owner,
    pub agent: Agent,
    /// Only of co-managed devices.
    pub workloads: Option<Workloads>,
    pub join: Join,
    /// Its account in Entra is switched on.
    pub enabled: bool,
    pub architecture: Architecture,
    /// Intune's `skuFamily`, for example `Enterprise`; empty: unknown.
    pub edition: String,
    /// Windows' product number (`GetProductInfo`), for example 4 for Enterprise, 175 for multi-session.
    pub edition_number: Option<i32>,
    /// Intune's device category, which organisations use for sites; empty: none.
    pub category: String,
}

/// One device, with what is known of it beyond itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each was read for itself, none excludes another"
)]
pub struct DeviceFacts {
    /// Whether Intune knows it at all; if not, only what Entra says is known.
    pub in_intune: bool,
    pub in_entra: bool,
    pub traits: Traits,
    pub build: Option<Build>,
    pub manufacturer: String,
    pub model: String,
    pub serial: String,
    pub last_sync: Option<DateTime<Utc>>,
    /// Other devices have the same serial number.
    pub serial_shared: bool,
    /// The groups of more than one ring set claim it.
    pub claimed_twice: bool,
    pub excluded: bool,
    pub held: bool,
}
