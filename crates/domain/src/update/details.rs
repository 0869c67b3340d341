//! What the catalogue says of an update beyond its name and its builds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How bad the worst vulnerability is that an update closes. Declared in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Moderate,
    Important,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Moderate, Self::Important, Self::Critical];

    /// The word used in JSON and pages, which is Microsoft's own (facts/graph.md 4.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moderate => "moderate",
            Self::Important => "important",
            Self::Critical => "critical",
        }
    }

    /// The severity of that word.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

/// What only some entries say. Everything is optional, because Microsoft leaves it out at will.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// None: it closes nothing, or the catalogue does not say (in a word we know).
    pub max_severity: Option<Severity>,
    /// Highest CVSS base score of what it closes, in tenths: 88 is 8.8.
    pub max_base_score_tenths: Option<u8>,
    /// Numbers of vulnerabilities that are being exploited, for example `CVE-2026-1234`.
    pub exploited_cves: Vec<String>,
    /// Of a driver or firmware.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<Driver>,
}

/// What the catalogue says of a driver. Texts are empty where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Driver {
    pub manufacturer: String,
    pub provider: String,
    /// `Firmware`, `Display`, `OtherHardware`.
    pub class: String,
    pub description: String,
    /// The date of the driver itself, which is older than its release.
    pub version_at: Option<DateTime<Utc>>,
}
