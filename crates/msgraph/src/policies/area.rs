//! Where each kind of policy lives on Graph, and how its collection behaves.
//!
//! Data only: sends nothing.

use crate::odata::{Version, segment};

/// One collection of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyArea {
    pub(super) version: Version,
    pub(super) collection: &'static str,
    /// The `@odata.type` of a policy.
    pub(super) kind: &'static str,
    /// The `@odata.type` of an assignment.
    pub(super) assignment: &'static str,
    /// The property that holds the display name.
    pub(super) name: &'static str,
    /// The collection holds other kinds too, which the server cannot be asked to leave out.
    pub(super) is_mixed: bool,
    /// What a policy says is in a collection of its own.
    pub(super) has_settings: bool,
    pub(super) update: Update,
}

/// How settings are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Update {
    Patch,
    /// By a new policy in place of the old one.
    Replace,
}

impl PolicyArea {
    /// Update rings (facts/graph.md 3.2).
    pub(super) const UPDATE_RINGS: Self = Self {
        version: Version::V1,
        collection: "/deviceManagement/deviceConfigurations",
        kind: "#microsoft.graph.windowsUpdateForBusinessConfiguration",
        assignment: "#microsoft.graph.deviceConfigurationAssignment",
        name: "displayName",
        is_mixed: true,
        has_settings: false,
        update: Update::Patch,
    };

    pub(super) const FEATURES: Self = Self {
        version: Version::Beta,
        collection: "/deviceManagement/windowsFeatureUpdateProfiles",
        kind: "#microsoft.graph.windowsFeatureUpdateProfile",
        assignment: "#microsoft.graph.windowsFeatureUpdateProfileAssignment",
        name: "displayName",
        is_mixed: false,
        has_settings: false,
        update: Update::Patch,
    };

    pub(super) const DRIVERS: Self = Self {
        version: Version::Beta,
        collection: "/deviceManagement/windowsDriverUpdateProfiles",
        kind: "#microsoft.graph.windowsDriverUpdateProfile",
        assignment: "#microsoft.graph.windowsDriverUpdateProfileAssignment",
        name: "displayName",
        is_mixed: false,
        has_settings: false,
        update: Update::Patch,
    };

    /// The settings catalogue. A PATCH leaves settings as they are
    /// (microsoft/terraform-provider-msgraph#36), single settings have no route for one
    /// (microsoftgraph/microsoft-graph-docs-contrib#2018), and a PUT is not in Microsoft's metadata.
    pub(super) const SETTINGS: Self = Self {
        version: Version::Beta,
        collection: "/deviceManagement/configurationPolicies",
        kind: "#microsoft.graph.deviceManagementConfigurationPolicy",
        assignment: "#microsoft.graph.deviceManagementConfigurationPolicyAssignment",
        name: "name",
        is_mixed: false,
        has_settings: true,
        update: Update::Replace,
    };

    pub(super) fn path(&self, id: &str) -> String {
        format!("{}/{}", self.collection, segment(id))
    }
}
