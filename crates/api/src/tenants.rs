//! Tenants, and where their Graph is.

use api_types::{
    ConnectionInput, CreateTenant, CredentialInput, List, ListQuery, RemoveMissing, Tenant,
};
use axum::extract::State as Given;
use axum::http::StatusCode;
use store::tenants::{Credential, GraphConnection, NewTenant};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::tenants::tenant;
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::TenantPath;
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// List tenants
///
/// A token of one tenant sees that one only.
#[utoipa::path(get, path = "/api/v1/tenants", operation_id = "tenant_list", tag = "tenants",
    params(ListQuery),
    responses((status = 200, body = List<Tenant>, description = "One page of tenants")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Tenant>>, Problem> {
    let only = caller.grants.tenants();
    let fetch = |page| state.store.tenant_list(page, only.as_ref());
    listing::list(&query, fetch, |row| row.id.0, tenant).await
}

/// Add a tenant
///
/// Its catalogue, devices and groups are read at once.
#[utoipa::path(post, path = "/api/v1/tenants", operation_id = "tenant_create", tag = "tenants",
    request_body = CreateTenant,
    responses((status = 201, body = Tenant, description = "The tenant, not connected yet")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Json(body): Json<CreateTenant>,
) -> Result<Created<Tenant>, Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 100);
    let connection = connection_in(body.connection, "/connection", &mut checks);
    checks.finish()?;
    let new = NewTenant { name: body.name, connection };
    let row = state.store.tenant_create(&new, &caller.name, state.now()).await?;
    Ok(Created { location: format!("/api/v1/tenants/{}", row.id), body: tenant(row) })
}

/// Read a tenant
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}", operation_id = "tenant_read",
    tag = "tenants", params(TenantPath),
    responses((status = 200, body = Tenant, description = "The tenant")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
) -> Result<axum::Json<Tenant>, Problem> {
    Ok(axum::Json(tenant(state.store.tenant_fetch(path.tenant).await?)))
}

/// Replace the connection of a tenant
///
/// It is tried at once; until then it is unverified.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/connection", operation_id = "tenant_connect",
    tag = "tenants", params(TenantPath), request_body = ConnectionInput,
    responses((status = 200, body = Tenant, description = "The tenant, not connected yet")))]
pub(crate) async fn connect(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<TenantPath>,
    Json(body): Json<ConnectionInput>,
) -> Result<axum::Json<Tenant>, Problem> {
    let mut checks = Checks::default();
    let connection = connection_in(body, "", &mut checks);
    checks.finish()?;
    let now = state.now();
    let row = state.store.tenant_connect(path.tenant, &connection, &caller.name, now).await?;
    Ok(axum::Json(tenant(row)))
}

/// Read the tenant from Graph again
///
/// Catalogue, devices and groups, from scratch. This answers at once; `synced_at` of the tenant
/// says when it is done.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/sync", operation_id = "tenant_sync",
    tag = "tenants", params(TenantPath),
    responses((status = 202, description = "It will be read")))]
pub(crate) async fn sync(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<TenantPath>,
) -> Result<StatusCode, Problem> {
    let TenantPath { tenant } = path;
    state.store.sync_request(tenant, &caller.name, state.now()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Confirm that missing devices are gone
///
/// A read that shows less than four fifths of a fleet is not believed, and nobody is removed for it
/// (`missing_devices` of the tenant). This removes them, if the tenant, which is read again at once, still
/// shows at most so many as missing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/remove-missing",
    operation_id = "tenant_remove_missing", tag = "tenants", params(TenantPath),
    request_body = RemoveMissing,
    responses((status = 202, description = "It will be read")))]
pub(crate) async fn remove_missing(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<TenantPath>,
    Json(body): Json<RemoveMissing>,
) -> Result<StatusCode, Problem> {
    let confirmed =
        state.store.removal_confirm(path.tenant, body.devices, &caller.name, state.now());
    confirmed.await.map_err(Problem::about("/devices"))?;
    Ok(StatusCode::ACCEPTED)
}

fn connection_in(body: ConnectionInput, at: &str, checks: &mut Checks) -> GraphConnection {
    let graph_url = body.graph_url.as_deref().unwrap_or("https://graph.microsoft.com");
    let login_url = body.login_url.as_deref().unwrap_or("https://login.microsoftonline.com");
    let (credential, credential_expires) = match body.credential {
        CredentialInput::Secret { secret, expires_at } => {
            checks.secret(&format!("{at}/credential/secret"), &secret);
            (Credential::Secret(secret), expires_at)
        }
        CredentialInput::Certificate { certificate_pem, private_key_pem } => {
            let expires =
                checks.certificate(&format!("{at}/credential/certificate_pem"), &certificate_pem);
            checks.pem(&format!("{at}/credential/private_key_pem"), &private_key_pem);
            (Credential::Certificate { certificate_pem, private_key_pem }, expires)
        }
    };
    GraphConnection {
        entra_tenant: body.entra_tenant_id.into(),
        client_id: body.client_id,
        graph_url: checks.base_url(&format!("{at}/graph_url"), graph_url),
        login_url: checks.base_url(&format!("{at}/login_url"), login_url),
        credential,
        credential_expires,
    }
}
