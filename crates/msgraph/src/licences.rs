//! What the tenant has bought (v1.0 `/subscribedSkus`): subscriptions and the plans in them.
//!
//! Never judges which licence suffices, and never looks at who holds one.

use serde::Deserialize;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable};

/// Filtering and paging are not supported here; three resource units a read.
const SKUS: &str = "/subscribedSkus?$select=skuPartNumber,capabilityStatus,prepaidUnits,consumedUnits,servicePlans";

/// One product that the tenant subscribes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedSku {
    /// Microsoft's name for the product, `ENTERPRISEPREMIUM` say.
    pub part_number: String,
    pub status: SkuStatus,
    /// Licences that can be given out.
    pub enabled_units: u32,
    /// Licences that have been given out.
    pub consumed_units: u32,
    pub plans: Vec<ServicePlan>,
}

/// Whether a subscription is paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkuStatus {
    Enabled,
    /// Expired, and still working for a while.
    Warning,
    Suspended,
    Deleted,
    LockedOut,
    Other(String),
}

/// One service within a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePlan {
    /// Microsoft's name, `WINDOWSUPDATEFORBUSINESS_DEPLOYMENTSERVICE` say.
    pub name: String,
    /// Ready for use, rather than disabled or waiting.
    pub provisioned: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSku {
    #[serde(default, deserialize_with = "nullable")]
    sku_part_number: String,
    #[serde(default, deserialize_with = "nullable")]
    capability_status: String,
    #[serde(default, deserialize_with = "nullable")]
    prepaid_units: WireUnits,
    #[serde(default, deserialize_with = "nullable")]
    consumed_units: i64,
    #[serde(default, deserialize_with = "nullable")]
    service_plans: Vec<WirePlan>,
}

#[derive(Default, Deserialize)]
struct WireUnits {
    #[serde(default, deserialize_with = "nullable")]
    enabled: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePlan {
    #[serde(default, deserialize_with = "nullable")]
    service_plan_name: String,
    #[serde(default, deserialize_with = "nullable")]
    provisioning_status: String,
}

impl Client {
    /// Every subscription, lapsed ones included.
    pub async fn subscribed_skus(&self) -> Result<Vec<SubscribedSku>, GraphError> {
        self.pages(Version::V1, SKUS, |wire: WireSku| Some(sku(wire)))?.all().await
    }
}

fn sku(wire: WireSku) -> SubscribedSku {
    let plan = |plan: WirePlan| ServicePlan {
        name: plan.service_plan_name,
        provisioned: plan.provisioning_status.eq_ignore_ascii_case("success"),
    };
    SubscribedSku {
        part_number: wire.sku_part_number,
        status: status(wire.capability_status),
        enabled_units: units(wire.prepaid_units.enabled),
        consumed_units: units(wire.consumed_units),
        plans: wire.service_plans.into_iter().map(plan).collect(),
    }
}

/// The schema says int32; what is below zero counts as none.
fn units(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

fn status(text: String) -> SkuStatus {
    match text.as_str() {
        "Enabled" => SkuStatus::Enabled,
        "Warning" => SkuStatus::Warning,
        "Suspended" => SkuStatus::Suspended,
        "Deleted" => SkuStatus::Deleted,
        "LockedOut" => SkuStatus::LockedOut,
        _ => SkuStatus::Other(text),
    }
}
