//! By which of Microsoft's ways each kind of update is delivered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UpdateKind;

/// Which of Microsoft's two ways tells the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The deployment service: approvals, deployments, audiences.
    DeploymentService,
    /// Policies of Intune.
    Intune,
}

/// How one kind of update is delivered to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindStrategy {
    pub kind: UpdateKind,
    pub strategy: Strategy,
    /// By a person; else it is what is usual for the kind.
    pub chosen: bool,
    /// Why no release of this kind can be delivered by this strategy; none: it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impossible: Option<String>,
}

/// The choices of a tenant. A kind that is not given is delivered as usual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseStrategies {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Strategy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<Strategy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<Strategy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<Strategy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microsoft_365_apps: Option<Strategy>,
}
