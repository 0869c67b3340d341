//! The budget of a tenant.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most devices between offer and outcome, over all rollouts of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Budget {
    /// None: no limit.
    pub devices: Option<u32>,
    /// Devices that were offered an update, outcome not known yet. Above `devices` when that was lowered,
    /// or devices that had been given up came back.
    pub in_flight: u32,
    /// Rollouts that wait for room.
    pub waiting_rollouts: u32,
}

/// A budget to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetBudget {
    /// `null`: no limit. 0: nothing new is offered.
    #[serde(deserialize_with = "given")]
    #[schema(required, maximum = 2_000_000_000)]
    pub devices: Option<u32>,
}

/// `null`, but written down: a body that says nothing must not lift a limit.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    Option::deserialize(from)
}
