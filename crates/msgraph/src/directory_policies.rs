//! What the directory demands at sign-in: security defaults and conditional access (v1.0).
//!
//! Only reads. Never works out whether a policy hits somebody; it says what stands in it.

use serde::Deserialize;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable};

const SECURITY_DEFAULTS: &str =
    "/policies/identitySecurityDefaultsEnforcementPolicy?$select=isEnabled";
const CONDITIONAL_ACCESS: &str =
    "/identity/conditionalAccess/policies?$select=id,displayName,state,conditions,grantControls";
/// How a policy names everybody, in place of an id.
const ALL: &str = "All";

/// One conditional access policy. Lists hold object ids, or one of Microsoft's words for a
/// whole (`All`, `None`, `ServicePrincipalsInMyTenant`, `Office365`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionalAccessPolicy {
    pub id: String,
    pub name: String,
    pub state: PolicyState,
    pub includes_all_users: bool,
    pub excluded_users: usize,
    pub excluded_groups: usize,
    /// Object ids of service principals, where a policy is about workloads and not people.
    pub included_service_principals: Vec<String>,
    pub excluded_service_principals: Vec<String>,
    /// What is signed in to, by application id.
    pub applications: Vec<String>,
    /// What is demanded, in Microsoft's words: `mfa`, `block`, `compliantDevice`.
    pub grants: Vec<String>,
}

/// Whether a policy is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyState {
    Enabled,
    Disabled,
    /// Evaluated and logged, not enforced.
    ReportOnly,
    Other(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDefaults {
    is_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePolicy {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    #[serde(default, deserialize_with = "nullable")]
    state: String,
    #[serde(default, deserialize_with = "nullable")]
    conditions: WireConditions,
    #[serde(default, deserialize_with = "nullable")]
    grant_controls: WireGrants,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConditions {
    #[serde(default, deserialize_with = "nullable")]
    users: WireUsers,
    #[serde(default, deserialize_with = "nullable")]
    client_applications: WireClients,
    #[serde(default, deserialize_with = "nullable")]
    applications: WireApplications,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUsers {
    #[serde(default, deserialize_with = "nullable")]
    include_users: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    exclude_users: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    exclude_groups: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireClients {
    #[serde(default, deserialize_with = "nullable")]
    include_service_principals: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    exclude_service_principals: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireApplications {
    #[serde(default, deserialize_with = "nullable")]
    include_applications: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGrants {
    #[serde(default, deserialize_with = "nullable")]
    built_in_controls: Vec<String>,
}

impl Client {
    /// Whether Microsoft's security defaults are on, which demand a second factor of everybody.
    pub async fn security_defaults(&self) -> Result<bool, GraphError> {
        let defaults: WireDefaults = self.get_json(Version::V1, SECURITY_DEFAULTS).await?;
        Ok(defaults.is_enabled)
    }

    /// Every conditional access policy. Read sparingly: one call a second is all that a tenant
    /// allows, of all its applications together.
    pub async fn conditional_access_policies(
        &self,
    ) -> Result<Vec<ConditionalAccessPolicy>, GraphError> {
        let pages = self.pages(Version::V1, CONDITIONAL_ACCESS, |wire| Some(policy(wire)))?;
        pages.all().await
    }
}

fn policy(wire: WirePolicy) -> ConditionalAccessPolicy {
    let WireConditions { users, client_applications, applications } = wire.conditions;
    ConditionalAccessPolicy {
        id: wire.id,
        name: wire.display_name,
        state: state(wire.state),
        includes_all_users: users.include_users.iter().any(|user| user == ALL),
        excluded_users: users.exclude_users.len(),
        excluded_groups: users.exclude_groups.len(),
        included_service_principals: client_applications.include_service_principals,
        excluded_service_principals: client_applications.exclude_service_principals,
        applications: applications.include_applications,
        grants: wire.grant_controls.built_in_controls,
    }
}

fn state(text: String) -> PolicyState {
    match text.as_str() {
        "enabled" => PolicyState::Enabled,
        "disabled" => PolicyState::Disabled,
        "enabledForReportingButNotEnforced" => PolicyState::ReportOnly,
        _ => PolicyState::Other(text),
    }
}
