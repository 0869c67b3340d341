//! Failed and lost devices of a rollout, by code.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::AttemptState;

/// Devices of one ring that failed or were lost and said the same of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    pub ring: u8,
    pub ring_name: String,
    /// `failed` or `lost`.
    pub state: AttemptState,
    /// As the device reported it: `0x80070643`; none: it said nothing.
    pub code: Option<String>,
    /// What Microsoft calls the code: `ERROR_INSTALL_FAILURE`.
    pub name: Option<String>,
    /// What it means; none: the code is not known here.
    pub text: Option<String>,
    pub devices: u32,
}
