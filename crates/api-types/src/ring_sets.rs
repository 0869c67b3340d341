//! Ring sets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Quorum, RingCalendar};

/// An ordered list of 2 to 15 rings that share a fleet between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRingSet {
    /// Of a set that a preview was asked for: the id it was previewed under. Devices are then placed
    /// just as the preview said. None: a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    pub name: String,
    #[schema(min_items = 2, max_items = 15)]
    pub rings: Vec<Ring>,
    #[serde(default)]
    pub rules: PlacementRules,
}

/// One stage of a ring set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    pub name: String,
    /// Share of the devices that no group assigns. All rings of a set add up to 100.
    #[schema(maximum = 100)]
    pub percent: u8,
    /// Object ids of Entra groups whose devices belong here whatever the percentages say.
    #[serde(default)]
    pub groups: Vec<Uuid>,
    /// Days after the start before the ring may open, 0 to 30.
    #[schema(maximum = 30)]
    pub deferral_days: u8,
    /// Days after the offer before a restart is forced, 0 to 30.
    #[schema(maximum = 30)]
    pub deadline_days: u8,
    /// Least days between download and forced restart, 0 to 7.
    #[schema(maximum = 7)]
    pub grace_days: u8,
    #[serde(default)]
    pub gate: Gate,
    #[serde(default)]
    pub waves: Waves,
    /// Who has to agree before the next ring opens, besides the gate. None: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Quorum>,
    /// When it may open, and when its devices may be offered an update. None: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<RingCalendar>,
}

/// What must be true of a ring before the next one opens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// Least share of eligible devices whose outcome is known.
    #[schema(minimum = 0.01, maximum = 100)]
    pub min_judged_percent: f64,
    /// How long to watch after that share is reached; 2160 (90 days) at most.
    #[schema(minimum = 0, maximum = 2160)]
    pub bake_hours: f64,
    /// Most devices that failed or were lost, as a share of the eligible ones.
    #[schema(minimum = 0, maximum = 99.99)]
    pub max_failed_percent: f64,
    /// How that is shown.
    pub success: SuccessRule,
    /// Most devices lost during install, as a share of the eligible ones.
    #[schema(minimum = 0, maximum = 99.99)]
    pub max_lost_percent: f64,
    /// How old the newest observation of the fleet may be.
    #[schema(minimum = 0.01, maximum = 2160)]
    pub max_data_age_hours: f64,
    /// How long a device's outcome is waited for.
    #[schema(minimum = 0.01, maximum = 2160)]
    pub observation_window_hours: f64,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            min_judged_percent: 80.0,
            bake_hours: 24.0,
            max_failed_percent: 5.0,
            success: SuccessRule::Point,
            max_lost_percent: 2.0,
            max_data_age_hours: 12.0,
            observation_window_hours: 120.0,
        }
    }
}

/// How a gate wants success shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuccessRule {
    /// By the failure rate at the time of the gate: in rings of some 250 devices and more its upper
    /// bound (95 %), in smaller ones the rate itself.
    #[default]
    Point,
    /// By a certificate that the failure rate is below the limit, which takes hundreds of devices.
    Certified,
}

/// How many devices of a ring may be between offer and outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Waves {
    #[schema(minimum = 1)]
    pub least: u32,
    /// No less than `least`.
    #[schema(minimum = 1)]
    pub most: u32,
    /// Share of the ring.
    #[schema(minimum = 1, maximum = 100)]
    pub percent: u8,
}

impl Default for Waves {
    fn default() -> Self {
        Self { least: 50, most: 500, percent: 5 }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RingSet {
    pub id: Uuid,
    pub name: String,
    pub rings: Vec<Ring>,
    #[serde(default)]
    pub rules: PlacementRules,
    /// Members of each ring, in order.
    pub members: Vec<u32>,
    /// Devices were last placed; none: not yet.
    pub placed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// How the rings of a set get their members, besides the groups of each ring.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlacementRules {
    /// Object ids of Entra groups whose devices the percentages share out. None: every registered
    /// device that no set with sources claims.
    #[schema(max_items = 50)]
    pub sources: Vec<Uuid>,
    /// What early rings should have one device of each of.
    pub cover: Vec<Stratum>,
    /// So many rings, from the first on, cover.
    #[schema(maximum = 15)]
    pub cover_rings: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stratum {
    /// Manufacturer and model.
    Model,
    /// The Windows version.
    Build,
    /// Intune's device category.
    Site,
}

/// Who would move, and why, before anything is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RingSetPreview {
    /// The id of the set, or the one that a set to be made was previewed under.
    pub ring_set_id: Uuid,
    pub rings: Vec<RingPreview>,
    pub moves: Vec<RingMove>,
    /// What to think about: rings too small to tell anything, empty ones, strata nobody covers.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RingPreview {
    pub name: String,
    pub members_before: u32,
    pub members_after: u32,
    /// Strata of the fleet that have a device in the ring afterwards, of those there are; none: the
    /// ring does not cover.
    pub covered: Option<Coverage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    pub strata: u32,
    pub covered: u32,
    /// At most 20, largest first.
    pub uncovered: Vec<String>,
}

/// Devices that go the same way for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RingMove {
    /// None: in no ring.
    pub from: Option<String>,
    pub to: Option<String>,
    /// `pinned`, `group`, `kept`, `covers`, `fills`, `percentage`, `left`.
    pub why: String,
    pub devices: u32,
    pub examples: Vec<crate::DeviceName>,
}
