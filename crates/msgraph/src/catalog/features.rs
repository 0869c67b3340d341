//! Windows versions of the catalogue.

use chrono::{DateTime, Utc};
use domain::build::Build;
use serde::Deserialize;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable, real_time};

const FEATURE_UPDATES: &str = "/admin/windows/updates/catalog/entries\
    ?$filter=isof('microsoft.graph.windowsUpdates.featureUpdateCatalogEntry')";

/// One Windows version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureUpdateEntry {
    pub catalog_entry_id: String,
    pub display_name: String,
    /// As Microsoft writes it, and as a deployment names it: `Windows 11, version 25H2`.
    pub version: String,
    /// What devices run after it, at revision 0; none when the catalogue gives no number.
    pub build: Option<Build>,
    pub release_at: DateTime<Utc>,
    pub deployable_until: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    id: String,
    #[serde(rename = "@odata.type", default)]
    odata_type: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    #[serde(default, deserialize_with = "nullable")]
    version: String,
    #[serde(default, deserialize_with = "nullable")]
    build_number: String,
    release_date_time: DateTime<Utc>,
    deployable_until_date_time: Option<DateTime<Utc>>,
}

impl Client {
    /// Every Windows version that the catalogue knows.
    pub async fn feature_updates(&self) -> Result<Vec<FeatureUpdateEntry>, GraphError> {
        self.pages(Version::Beta, FEATURE_UPDATES, entry)?.all().await
    }
}

fn entry(wire: WireEntry) -> Option<FeatureUpdateEntry> {
    if wire.odata_type.is_some_and(|kind| !kind.ends_with(".featureUpdateCatalogEntry")) {
        return None;
    }
    let version = if wire.version.is_empty() { &wire.display_name } else { &wire.version };
    Some(FeatureUpdateEntry {
        catalog_entry_id: wire.id,
        version: version.clone(),
        // Every Windows that is served is 10.0 by its own account.
        build: wire.build_number.trim().parse().ok().map(|build| Build {
            major: 10,
            minor: 0,
            build,
            revision: 0,
        }),
        display_name: wire.display_name,
        release_at: wire.release_date_time,
        deployable_until: real_time(wire.deployable_until_date_time),
    })
}
