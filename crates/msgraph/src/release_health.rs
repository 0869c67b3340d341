//! Windows release health (beta `/admin/windows/updates/products`): the products, and what is known to be
//! wrong with them.
//!
//! Words that are not known here are handed on as they are.

use chrono::{DateTime, Utc};
use domain::update::known_issue::KnownIssue;
use serde::Deserialize;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable, real_time, segment};

const PRODUCTS: &str = "/admin/windows/updates/products";
/// The articles are navigation properties.
const ARTICLES: &str = "$expand=originatingKnowledgeBaseArticle,resolvingKnowledgeBaseArticle";

/// One product of the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub id: String,
    /// `Windows 11, version 24H2`.
    pub name: String,
}

#[derive(Deserialize)]
struct WireProduct {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireIssue {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    title: String,
    #[serde(default, deserialize_with = "nullable")]
    description: String,
    #[serde(default, deserialize_with = "nullable")]
    status: String,
    start_date_time: Option<DateTime<Utc>>,
    last_updated_date_time: Option<DateTime<Utc>>,
    resolved_date_time: Option<DateTime<Utc>>,
    originating_knowledge_base_article: Option<WireArticle>,
    resolving_knowledge_base_article: Option<WireArticle>,
    #[serde(default, deserialize_with = "nullable")]
    safeguard_hold_ids: Vec<u32>,
    web_view_url: Option<String>,
}

#[derive(Deserialize)]
struct WireArticle {
    id: Option<String>,
}

impl Client {
    /// Every product of the release health dashboard.
    pub async fn products(&self) -> Result<Vec<Product>, GraphError> {
        let product = |wire: WireProduct| Some(Product { id: wire.id, name: wire.name });
        self.pages(Version::Beta, PRODUCTS, product)?.all().await
    }

    /// What is known to be wrong with a product.
    pub async fn known_issues(&self, product: &Product) -> Result<Vec<KnownIssue>, GraphError> {
        let path = format!("{PRODUCTS}/{}/knownIssues?{ARTICLES}", segment(&product.id));
        let wire = self.pages(Version::Beta, &path, Some::<WireIssue>)?.all().await?;
        Ok(wire.into_iter().map(|wire| issue(wire, &product.name)).collect())
    }
}

fn issue(wire: WireIssue, product: &str) -> KnownIssue {
    let kb = |article: Option<WireArticle>| article.and_then(|article| article.id).map(kb_number);
    KnownIssue {
        id: wire.id,
        product: product.to_owned(),
        title: wire.title,
        description: wire.description,
        status: wire.status,
        started_at: real_time(wire.start_date_time),
        updated_at: real_time(wire.last_updated_date_time),
        resolved_at: real_time(wire.resolved_date_time),
        originating_kb: kb(wire.originating_knowledge_base_article),
        resolving_kb: kb(wire.resolving_knowledge_base_article),
        safeguard_hold_ids: wire.safeguard_hold_ids,
        url: wire.web_view_url,
    }
}

/// `5068861` and `KB5068861` are the same article.
fn kb_number(id: String) -> String {
    if id.starts_with(|first: char| first.is_ascii_digit()) { format!("KB{id}") } else { id }
}
