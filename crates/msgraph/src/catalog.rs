//! The catalogue of quality updates (beta `/admin/windows/updates/catalog/entries`); Windows versions are
//! in [`features`]. Drivers are not listed there, though there is a type for them: they are listed
//! for the devices of an audience (`applicable_content`).
//!
//! Never decides which update matters.

pub(crate) mod features;

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::update::details::{Details, Severity};
use serde::Deserialize;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable, real_time};

const QUALITY_UPDATES: &str = "/admin/windows/updates/catalog/entries\
    ?$filter=isof('microsoft.graph.windowsUpdates.qualityUpdateCatalogEntry')\
    &$expand=microsoft.graph.windowsUpdates.qualityUpdateCatalogEntry/productRevisions";

/// One quality update, for all the Windows versions it is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityUpdateEntry {
    pub catalog_entry_id: String,
    pub display_name: String,
    pub short_name: String,
    pub catalog_name: String,
    pub release_at: DateTime<Utc>,
    pub deployable_until: Option<DateTime<Utc>>,
    pub classification: Classification,
    pub cadence: Cadence,
    pub is_expeditable: bool,
    pub details: Details,
    /// The article of the newest build; each revision has its own.
    pub kb: Option<String>,
    /// By build, ascending.
    pub revisions: Vec<ProductRevision>,
}

/// What an update is for one Windows version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRevision {
    pub build: Build,
    /// `Windows 11`.
    pub product: String,
    /// `24H2`.
    pub version: String,
    pub kb: Option<String>,
    pub is_hotpatch: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Classification {
    Security,
    NonSecurity,
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cadence {
    Monthly,
    OutOfBand,
    Other(String),
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
    short_name: String,
    #[serde(default, deserialize_with = "nullable")]
    catalog_name: String,
    release_date_time: DateTime<Utc>,
    deployable_until_date_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "nullable")]
    quality_update_classification: String,
    #[serde(default, deserialize_with = "nullable")]
    quality_update_cadence: String,
    #[serde(default, deserialize_with = "nullable")]
    is_expeditable: bool,
    cve_severity_information: Option<WireSeverity>,
    #[serde(default, deserialize_with = "nullable")]
    product_revisions: Vec<WireRevision>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSeverity {
    #[serde(default, deserialize_with = "nullable")]
    max_severity: String,
    max_base_score: Option<f64>,
    #[serde(default, deserialize_with = "nullable")]
    exploited_cves: Vec<WireCve>,
}

#[derive(Deserialize)]
struct WireCve {
    number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRevision {
    #[serde(default, deserialize_with = "nullable")]
    product: String,
    #[serde(default, deserialize_with = "nullable")]
    version: String,
    os_build: Option<WireBuild>,
    knowledge_base_article: Option<WireArticle>,
    #[serde(default, deserialize_with = "nullable")]
    is_hotpatch_update: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBuild {
    major_version: u32,
    minor_version: u32,
    build_number: u32,
    update_build_revision: u32,
}

#[derive(Deserialize)]
struct WireArticle {
    id: Option<String>,
}

impl Client {
    /// Every quality update the catalogue knows.
    pub async fn quality_updates(&self) -> Result<Vec<QualityUpdateEntry>, GraphError> {
        self.pages(Version::Beta, QUALITY_UPDATES, entry)?.all().await
    }
}

fn entry(wire: WireEntry) -> Option<QualityUpdateEntry> {
    if wire.odata_type.is_some_and(|kind| !kind.ends_with(".qualityUpdateCatalogEntry")) {
        return None;
    }
    let mut revisions: Vec<ProductRevision> =
        wire.product_revisions.into_iter().filter_map(revision).collect();
    revisions.sort_by_key(|revision| revision.build);
    Some(QualityUpdateEntry {
        catalog_entry_id: wire.id,
        display_name: wire.display_name,
        short_name: wire.short_name,
        catalog_name: wire.catalog_name,
        release_at: wire.release_date_time,
        deployable_until: real_time(wire.deployable_until_date_time),
        classification: match wire.quality_update_classification.as_str() {
            "security" => Classification::Security,
            "nonSecurity" => Classification::NonSecurity,
            other => Classification::Other(other.to_owned()),
        },
        cadence: match wire.quality_update_cadence.as_str() {
            "monthly" => Cadence::Monthly,
            "outOfBand" => Cadence::OutOfBand,
            other => Cadence::Other(other.to_owned()),
        },
        is_expeditable: wire.is_expeditable,
        details: wire.cve_severity_information.map(details).unwrap_or_default(),
        kb: revisions.iter().rev().find_map(|revision| revision.kb.clone()),
        revisions,
    })
}

fn details(wire: WireSeverity) -> Details {
    // Scores have one decimal and go up to 10.
    let tenths = |score: f64| {
        let text = format!("{:.0}", score * 10.0);
        text.parse().ok().filter(|tenths: &u8| *tenths <= 100)
    };
    Details {
        max_severity: Severity::of_name(&wire.max_severity),
        max_base_score_tenths: wire.max_base_score.and_then(tenths),
        exploited_cves: wire.exploited_cves.into_iter().filter_map(|cve| cve.number).collect(),
        driver: None,
    }
}

fn revision(wire: WireRevision) -> Option<ProductRevision> {
    let build = wire.os_build?;
    Some(ProductRevision {
        build: Build {
            major: build.major_version,
            minor: build.minor_version,
            build: build.build_number,
            revision: build.update_build_revision,
        },
        product: wire.product,
        version: wire.version,
        kb: wire.knowledge_base_article.and_then(|article| article.id),
        is_hotpatch: wire.is_hotpatch_update,
    })
}
