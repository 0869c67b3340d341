//! Reading the catalogue of a tenant, and what Microsoft says is wrong with the products in it.

use std::collections::BTreeSet;

use domain::inventory::{ImportedCatalog, ImportedUpdate, UpdateBuild};
use domain::update::UpdateKind;
use domain::update::details::Details;
use domain::update::known_issue::KnownIssue;
use msgraph::{Cadence, Classification, Client, FeatureUpdateEntry, QualityUpdateEntry};
use scheduler::FleetError;

use super::graph;

/// Cost: the pages of the catalogue, and a request for each product that it has updates for.
pub(super) async fn read(client: &Client) -> Result<ImportedCatalog, FleetError> {
    let quality = client.quality_updates().await.map_err(graph)?;
    let features = client.feature_updates().await.map_err(graph)?;
    let updates: Vec<ImportedUpdate> =
        quality.into_iter().map(quality_update).chain(features.into_iter().map(feature)).collect();
    // The dashboard is a service of its own: where Graph has it not for a tenant, the rest still counts.
    let known_issues = match issues(client, &updates).await {
        Ok(issues) => Some(issues),
        Err(FleetError::Rejected(why)) => {
            tracing::warn!(why, "known issues could not be read");
            None
        }
        Err(error @ (FleetError::Refused(_) | FleetError::Later { .. })) => return Err(error),
    };
    Ok(ImportedCatalog { updates, known_issues })
}

async fn issues(
    client: &Client,
    updates: &[ImportedUpdate],
) -> Result<Vec<KnownIssue>, FleetError> {
    let served: BTreeSet<String> = updates
        .iter()
        .flat_map(|update| &update.builds)
        .map(|build| format!("{}, version {}", build.product, build.version))
        .collect();
    let mut issues = Vec::new();
    for product in client.products().await.map_err(graph)? {
        if served.contains(&product.name) {
            issues.extend(client.known_issues(&product).await.map_err(graph)?);
        }
    }
    Ok(issues)
}

fn quality_update(entry: QualityUpdateEntry) -> ImportedUpdate {
    let builds = entry.revisions.into_iter().map(|revision| UpdateBuild {
        build: revision.build,
        product: revision.product,
        version: revision.version,
        kb: revision.kb,
        is_hotpatch: revision.is_hotpatch,
    });
    ImportedUpdate {
        kind: UpdateKind::Quality,
        version: None,
        channel: None,
        catalog_entry_id: entry.catalog_entry_id,
        title: if entry.display_name.is_empty() { entry.catalog_name } else { entry.display_name },
        short_name: entry.short_name,
        classification: match entry.classification {
            Classification::Security => "security".to_owned(),
            Classification::NonSecurity => "nonSecurity".to_owned(),
            Classification::Other(other) => other,
        },
        cadence: match entry.cadence {
            Cadence::Monthly => "monthly".to_owned(),
            Cadence::OutOfBand => "outOfBand".to_owned(),
            Cadence::Other(other) => other,
        },
        kb: entry.kb,
        released_at: entry.release_at,
        deployable_until: entry.deployable_until,
        is_expeditable: entry.is_expeditable,
        details: entry.details,
        builds: builds.collect(),
    }
}

fn feature(entry: FeatureUpdateEntry) -> ImportedUpdate {
    let (product, version) = match entry.version.split_once(", version ") {
        Some((product, version)) => (product.to_owned(), version.to_owned()),
        None => (entry.version.clone(), String::new()),
    };
    let build = |build| UpdateBuild { build, product, version, kb: None, is_hotpatch: false };
    ImportedUpdate {
        kind: UpdateKind::Feature,
        channel: None,
        catalog_entry_id: entry.catalog_entry_id,
        title: entry.display_name,
        short_name: entry.version.clone(),
        version: Some(entry.version),
        classification: "feature".to_owned(),
        cadence: String::new(),
        kb: None,
        released_at: entry.release_at,
        deployable_until: entry.deployable_until,
        is_expeditable: false,
        details: Details::default(),
        builds: entry.build.map(build).into_iter().collect(),
    }
}
