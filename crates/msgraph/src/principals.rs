//! Applications as a tenant knows them, and what they have been allowed (v1.0 `/servicePrincipals`).
//!
//! Only reads. Never grants a role: consent is a person's act.

use serde::Deserialize;
use uuid::Uuid;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, literal, nullable};

/// An application's presence in this tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePrincipal {
    /// The object id, which differs from tenant to tenant.
    pub id: Uuid,
    /// The application (client) id, the same everywhere.
    pub app_id: Uuid,
    pub display_name: String,
    /// Whether it may sign in.
    pub enabled: bool,
}

/// One application permission that was consented to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AppRoleAssignment {
    /// The [`AppRole::id`].
    pub role: Uuid,
    /// The object id of the service principal that the role is for.
    pub resource: Uuid,
}

/// One application permission that a resource offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRole {
    pub id: Uuid,
    /// The permission's name, `Device.Read.All` say.
    pub value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePrincipal {
    id: Uuid,
    app_id: Uuid,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    account_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAssignment {
    app_role_id: Uuid,
    resource_id: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRoles {
    #[serde(default, deserialize_with = "nullable")]
    app_roles: Vec<WireRole>,
}

#[derive(Deserialize)]
struct WireRole {
    id: Uuid,
    value: Option<String>,
}

impl Client {
    /// The service principal of an application; `None` if the tenant does not know it.
    pub async fn service_principal(
        &self,
        app_id: Uuid,
    ) -> Result<Option<ServicePrincipal>, GraphError> {
        let path = format!(
            "/servicePrincipals?$filter=appId eq {}&$select=id,appId,displayName,accountEnabled",
            literal(&app_id.to_string())
        );
        let pages = self.pages(Version::V1, &path, |wire: WirePrincipal| Some(principal(wire)))?;
        // The server filters; this guards against one that does not.
        Ok(pages.all().await?.into_iter().find(|found| found.app_id == app_id))
    }

    /// What a service principal (by its object id) has been allowed, on every resource.
    ///
    /// A token holds the roles of the moment it was made: see [`Client::forget_token`].
    pub async fn app_role_assignments(
        &self,
        principal: Uuid,
    ) -> Result<Vec<AppRoleAssignment>, GraphError> {
        let path = format!(
            "/servicePrincipals/{principal}/appRoleAssignments?$select=appRoleId,resourceId"
        );
        let pages = self.pages(Version::V1, &path, |wire: WireAssignment| {
            Some(AppRoleAssignment { role: wire.app_role_id, resource: wire.resource_id })
        })?;
        pages.all().await
    }

    /// The application permissions that a resource (by its object id) offers; those of Microsoft
    /// Graph, mostly. Permissions without a name are left out.
    pub async fn app_roles(&self, resource: Uuid) -> Result<Vec<AppRole>, GraphError> {
        let path = format!("/servicePrincipals/{resource}?$select=appRoles");
        let wire: WireRoles = self.get_json(Version::V1, &path).await?;
        let roles = wire.app_roles.into_iter();
        Ok(roles.filter_map(|role| Some(AppRole { id: role.id, value: role.value? })).collect())
    }
}

fn principal(wire: WirePrincipal) -> ServicePrincipal {
    ServicePrincipal {
        id: wire.id,
        app_id: wire.app_id,
        display_name: wire.display_name,
        // Only a clear "no" disables an application.
        enabled: wire.account_enabled.unwrap_or(true),
    }
}
