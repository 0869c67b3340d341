//! Reading whole collections of policies with their assignments and settings.
//!
//! Never trusts `$expand`: what did not come with the list is asked for.

use chrono::{DateTime, FixedOffset};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::area::PolicyArea;
use super::targets::WireTarget;
use super::{Policy, Remote};
use crate::batch::BatchPart;
use crate::client::Client;
use crate::ensure::Entity;
use crate::error::GraphError;
use crate::odata::Version;

/// An object of whatever kind.
#[derive(Deserialize)]
pub(super) struct Raw {
    pub(super) id: String,
    #[serde(rename = "createdDateTime")]
    created: Option<DateTime<FixedOffset>>,
    #[serde(flatten)]
    pub(super) body: Map<String, Value>,
}

impl Entity for Raw {
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> Option<DateTime<FixedOffset>> {
        self.created
    }
}

impl Raw {
    pub(super) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is_of(&self, area: PolicyArea) -> bool {
        !area.is_mixed || self.text("@odata.type") == area.kind
    }

    fn remote<P: Policy>(self, area: PolicyArea) -> Remote<P> {
        let assignments = self.body.get("assignments").and_then(Value::as_array);
        Remote {
            name: self.text(area.name).to_owned(),
            description: self.text("description").to_owned(),
            created_at: self.created,
            settings: P::decode(&self.body),
            targets: assignments.into_iter().flatten().map(WireTarget::of_assignment).collect(),
            id: self.id,
        }
    }
}

impl Client {
    /// The policies of one kind with their targets. `marker` leaves out those whose description does
    /// not contain it; kinds that share a collection are told apart by nothing else.
    pub async fn policies<P: Policy>(
        &self,
        marker: Option<&str>,
    ) -> Result<Vec<Remote<P>>, GraphError> {
        let area = P::area();
        let list = format!("{}?$expand=assignments", area.collection);
        let mut pages = self.pages::<Raw, Raw>(area.version, &list, Some)?;
        let mut found = Vec::new();
        while let Some(items) = pages.next().await? {
            found.extend(items.into_iter().filter(|raw| {
                let is_marked = |marker: &str| raw.text("description").contains(marker);
                raw.is_of(area) && marker.is_none_or(is_marked)
            }));
        }
        let found = self.with(area, found, "assignments").await?;
        let found = self.with_settings(area, found).await?;
        Ok(found.into_iter().map(|raw| raw.remote(area)).collect())
    }

    pub(super) async fn with_settings(
        &self,
        area: PolicyArea,
        found: Vec<Raw>,
    ) -> Result<Vec<Raw>, GraphError> {
        if area.has_settings { self.with(area, found, "settings").await } else { Ok(found) }
    }

    /// Adds a collection of each object to those that came without it. What is gone by now is left
    /// out.
    async fn with(
        &self,
        area: PolicyArea,
        mut found: Vec<Raw>,
        what: &str,
    ) -> Result<Vec<Raw>, GraphError> {
        let lacks = |raw: &Raw| {
            let has_more = raw.body.contains_key(&format!("{what}@odata.nextLink"));
            has_more || !raw.body.get(what).is_some_and(Value::is_array)
        };
        let path = |raw: &Raw| format!("{}/{what}", area.path(&raw.id));
        let parts: Vec<BatchPart> = found
            .iter()
            .filter(|raw| lacks(raw))
            .map(|raw| BatchPart { method: Method::GET, url: path(raw), body: None })
            .collect();
        let mut answers = self.batch(area.version, &parts).await?.into_iter();
        let mut gone = Vec::new();
        for raw in found.iter_mut().filter(|raw| lacks(raw)) {
            let path = path(raw);
            let Some(answer) = answers.next() else { break };
            if answer.status == 404 {
                gone.push(raw.id.clone());
                continue;
            }
            if !answer.is_success() {
                return Err(answer.error(&path));
            }
            let items = if answer.body.get("@odata.nextLink").is_some_and(Value::is_string) {
                self.collection(area.version, &path).await?
            } else {
                answer.body.get("value").cloned().unwrap_or_default()
            };
            raw.body.insert(what.to_owned(), items);
        }
        found.retain(|raw| !gone.contains(&raw.id));
        Ok(found)
    }

    /// All pages of a collection that did not fit into one.
    pub(super) async fn collection(
        &self,
        version: Version,
        path: &str,
    ) -> Result<Value, GraphError> {
        Ok(Value::Array(self.pages::<Value, Value>(version, path, Some)?.all().await?))
    }
}
