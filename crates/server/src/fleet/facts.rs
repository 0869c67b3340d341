//! What readiness depends on, read from Graph. A read that is refused is an answer, not a failure.

use domain::enrollment::desired::NAMES;
use domain::enrollment::tag::key_of;
use domain::ids::TenantId;
use domain::permission::GRAPH_APP;
use domain::readiness::facts::{
    ConditionalAccess, Fleet, Intune, Licence, MdmAuthority, NamedObject, Organization, Principal,
    Read, TenantFacts, UpdateRing,
};
use msgraph::{
    Client, ConditionalAccessPolicy, GraphError, PolicyState, SkuStatus, SubscriptionState,
    WireTarget,
};
use scheduler::FleetError;
use uuid::Uuid;

use super::graph;

/// Names of the accounts that Autopatch made in 2022.
const SERVICE_ACCOUNTS: [&str; 3] = ["MsAdmin@", "MsAdminInt@", "MsTest@"];

/// Who asks.
pub(super) struct Asking {
    pub(super) tenant: TenantId,
    pub(super) client_id: Uuid,
}

/// Fails only without a connection: then nothing would be an answer.
pub(super) async fn read(
    client: &Client,
    asking: &Asking,
    fleet: Read<Fleet>,
) -> Result<TenantFacts, FleetError> {
    // Consent given since the last token was issued shows in a new one only.
    client.forget_token().await;
    client.verify().await.map_err(graph)?;
    let principal = principal(client, asking.client_id).await;
    let (organization, licences, security_defaults, access, accounts, intune, rings, groups) = tokio::join!(
        organization(client),
        licences(client),
        client.security_defaults(),
        client.conditional_access_policies(),
        client.users_named(&SERVICE_ACCOUNTS),
        intune(client),
        update_rings(client, asking),
        groups(client, asking),
    );
    let policies = |policies: Vec<ConditionalAccessPolicy>| {
        policies
            .into_iter()
            .filter(|policy| policy.state == PolicyState::Enabled)
            .map(|policy| conditional_access(policy, asking.client_id))
            .collect()
    };
    Ok(TenantFacts {
        organization: answer(organization, "DeviceManagementServiceConfig.Read.All"),
        licences: answer(licences, "LicenseAssignment.Read.All"),
        security_defaults: answer(security_defaults, "Policy.Read.All"),
        conditional_access: answer(access.map(policies), "Policy.Read.All"),
        service_accounts: answer(
            accounts.map(|users| users.into_iter().map(|user| user.user_principal_name).collect()),
            "User.ReadBasic.All",
        ),
        intune: answer(intune, "DeviceManagementServiceConfig.Read.All"),
        update_rings: answer(rings, "DeviceManagementConfiguration.Read.All"),
        groups: answer(groups, "Group.Read.All"),
        principal: answer(principal, "Application.Read.All"),
        fleet,
        network: None,
    })
}

fn answer<T>(read: Result<T, GraphError>, permission: &'static str) -> Read<T> {
    match read {
        Ok(known) => Read::Known(known),
        Err(GraphError::Forbidden { .. }) => Read::Denied(permission),
        Err(error) => Read::Failed(error.to_string()),
    }
}

async fn organization(client: &Client) -> Result<Organization, GraphError> {
    let read = client.organization().await?;
    let mdm_authority = match read.mdm_authority {
        msgraph::MdmAuthority::Intune => MdmAuthority::Intune,
        msgraph::MdmAuthority::Unknown => MdmAuthority::Unset,
        msgraph::MdmAuthority::Sccm => MdmAuthority::Other("Configuration Manager".to_owned()),
        msgraph::MdmAuthority::Office365 => MdmAuthority::Other("Microsoft 365".to_owned()),
        msgraph::MdmAuthority::Other(other) => MdmAuthority::Other(other),
    };
    Ok(Organization {
        name: read.display_name,
        mdm_authority,
        directory_sync: read.on_premises_sync,
        last_directory_sync: read.on_premises_last_sync,
    })
}

async fn licences(client: &Client) -> Result<Vec<Licence>, GraphError> {
    let skus = client.subscribed_skus().await?.into_iter();
    Ok(skus
        .map(|sku| Licence {
            active: matches!(sku.status, SkuStatus::Enabled | SkuStatus::Warning),
            sku: sku.part_number,
            units: sku.enabled_units,
            plans: sku.plans.into_iter().filter(|plan| plan.provisioned).map(|p| p.name).collect(),
        })
        .collect())
}

fn conditional_access(policy: ConditionalAccessPolicy, client_id: Uuid) -> ConditionalAccess {
    let ours = client_id.to_string();
    let names = |list: &[String], every: &str| {
        list.iter().any(|one| one.eq_ignore_ascii_case(&ours) || one.eq_ignore_ascii_case(every))
    };
    let every = "ServicePrincipalsInMyTenant";
    let grants = |word: &str| policy.grants.iter().any(|grant| grant.eq_ignore_ascii_case(word));
    ConditionalAccess {
        includes_all_users: policy.includes_all_users,
        requires_mfa: grants("mfa"),
        blocks: grants("block"),
        concerns_our_principal: names(&policy.included_service_principals, every)
            && !names(&policy.excluded_service_principals, every),
        name: policy.name,
    }
}

async fn intune(client: &Client) -> Result<Intune, GraphError> {
    let read = client.intune_settings().await?;
    Ok(Intune {
        active: matches!(
            read.subscription_state,
            SubscriptionState::Active | SubscriptionState::Warning
        ),
        subscription_state: format!("{:?}", read.subscription_state),
        unlicensed_admins: read.unlicensed_admins,
    })
}

async fn update_rings(client: &Client, asking: &Asking) -> Result<Vec<UpdateRing>, GraphError> {
    let rings = client.update_rings().await?.into_iter();
    Ok(rings
        .map(|ring| UpdateRing {
            ours: is_ours(asking.tenant, &ring.description),
            named_as_ours: ring.name.starts_with(NAMES),
            all_devices: ring.targets.contains(&WireTarget::AllDevices),
            all_users: ring.targets.contains(&WireTarget::AllUsers),
            id: ring.id,
            name: ring.name,
        })
        .collect())
}

/// Made by the enrollment, or for a rollout.
fn is_ours(tenant: TenantId, description: &str) -> bool {
    key_of(tenant, description).is_some() || description.contains("Kept by Concentric")
}

async fn groups(client: &Client, asking: &Asking) -> Result<Vec<NamedObject>, GraphError> {
    let groups = client.groups_named(NAMES).await?.into_iter();
    Ok(groups
        .map(|group| NamedObject {
            ours: is_ours(asking.tenant, &group.description),
            id: group.id.to_string(),
            name: group.display_name,
        })
        .collect())
}

async fn principal(client: &Client, client_id: Uuid) -> Result<Option<Principal>, GraphError> {
    let Some(ours) = client.service_principal(client_id).await? else { return Ok(None) };
    let Some(microsoft) = client.service_principal(GRAPH_APP).await? else {
        return Ok(Some(Principal { enabled: ours.enabled, granted: Vec::new() }));
    };
    let granted = client.app_role_assignments(ours.id).await?.into_iter();
    let granted = granted.filter(|one| one.resource == microsoft.id).map(|one| one.role).collect();
    Ok(Some(Principal { enabled: ours.enabled, granted }))
}
