//! Deleting what rollouts left on Graph, when a tenant is unenrolled.
//!
//! Only what bears a name that a rollout of this tenant gave it, and the deployments that its rollouts
//! are known to have made, which have no names.

use domain::app::EdgePin;
use domain::duty::Deployed;
use domain::enrollment::object::FeaturePayload;
use domain::ids::TenantId;
use domain::update::UpdateKind;
use msgraph::Client;
use scheduler::FleetError;

use super::graph;

pub(super) async fn clear_rollouts(
    client: &Client,
    tenant: TenantId,
    deployed: &[Deployed],
) -> Result<(), FleetError> {
    let name = format!("concentric:{tenant}/");
    // What offers goes before the groups it offers to.
    for policy in client.quality_policies_named(&name).await.map_err(graph)? {
        client.delete_quality_policy(&policy).await.map_err(graph)?;
    }
    for Deployed { kind, deployment, audience } in deployed {
        match (kind, deployment) {
            (UpdateKind::Driver, Some(policy)) => {
                client.delete_update_policy(policy).await.map_err(graph)?;
            }
            (_, Some(deployment)) => {
                client.delete_deployment(deployment).await.map_err(graph)?;
            }
            (_, None) => {}
        }
        client.delete_audience(audience).await.map_err(graph)?;
    }
    for profile in client.policies::<FeaturePayload>(Some(&name)).await.map_err(graph)? {
        if profile.name.starts_with(&name) {
            client.delete_policy::<FeaturePayload>(&profile.id).await.map_err(graph)?;
        }
    }
    // Of whichever program: they share a collection.
    for pin in client.policies::<EdgePin>(Some(&name)).await.map_err(graph)? {
        if pin.name.starts_with(&name) {
            client.delete_policy::<EdgePin>(&pin.id).await.map_err(graph)?;
        }
    }
    for ring in client.update_rings().await.map_err(graph)? {
        if ring.name.starts_with(&name) {
            client.delete_update_ring(&ring.id).await.map_err(graph)?;
        }
    }
    for group in client.groups_named(&name).await.map_err(graph)? {
        client.delete_group(group.id).await.map_err(graph)?;
    }
    Ok(())
}
