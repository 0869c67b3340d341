//! The policies of an enrollment: listing, making, changing, assigning and deleting each kind.
//!
//! Speaks of domain payloads on one side and of the wire on the other. Never deletes or changes a
//! policy that it was not told to, and never drops what an assignment of others holds.

mod area;
mod drivers;
mod edge;
mod exclusion;
mod features;
mod office;
mod pins;
mod reading;
mod settings_catalog;
mod targets;
mod update_rings;

use chrono::{DateTime, FixedOffset};
use domain::enrollment::object::UpdateRingPayload;
use serde_json::{Map, Value, json};

pub use area::PolicyArea;
pub use targets::WireTarget;

use crate::client::Client;
use crate::ensure::Wanted;
use crate::error::GraphError;
use crate::odata::Version;
use area::Update;
use reading::Raw;

/// What a kind of policy holds, both ways between the domain and the wire.
pub trait Policy: Clone + PartialEq + Send + Sync + 'static {
    /// Where such policies live.
    fn area() -> PolicyArea;

    /// The properties that we set, by their wire names.
    fn encode(&self) -> Map<String, Value>;

    /// What an object of the area holds of it; what we do not know is left out of account.
    fn decode(object: &Map<String, Value>) -> Self;
}

/// A policy to make or change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicySpec<'a, P> {
    pub name: &'a str,
    /// Contains the tag.
    pub description: &'a str,
    /// The natural key: the word of the description that finds the policy again.
    pub tag: &'a str,
    pub settings: &'a P,
}

/// A policy as it stands on Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote<P> {
    pub id: String,
    pub name: String,
    pub description: String,
    pub created_at: Option<DateTime<FixedOffset>>,
    pub settings: P,
    pub targets: Vec<WireTarget>,
}

impl<P> Remote<P> {
    /// Whether the tag is a word of the description.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.description.split_whitespace().any(|word| word == tag)
    }
}

/// Whether both are the same targets, in whatever order.
fn same(one: &[WireTarget], other: &[WireTarget]) -> bool {
    let sorted = |targets: &[WireTarget]| {
        let mut sorted = targets.to_vec();
        sorted.sort();
        sorted
    };
    sorted(one) == sorted(other)
}

impl Client {
    /// Every update ring of the tenant, ours and others'.
    pub async fn update_rings(&self) -> Result<Vec<Remote<UpdateRingPayload>>, GraphError> {
        self.policies(None).await
    }

    /// The oldest policy with the tag of `spec`, made as `spec` says if it was something else, or a
    /// new one. Its targets are not touched. Returns its id.
    pub async fn create_policy<P: Policy>(
        &self,
        spec: PolicySpec<'_, P>,
    ) -> Result<String, GraphError> {
        let area = P::area();
        let has_tag = |raw: &Raw| {
            raw.is_of(area) && raw.text("description").split_whitespace().any(|w| w == spec.tag)
        };
        let wanted = Wanted {
            version: area.version,
            list: area.collection,
            collection: area.collection,
            is_it: &has_tag,
        };
        let Some(found) = self.find(&wanted).await? else {
            return Ok(self.ensure(&wanted, &Value::Object(body(area, &spec))).await?.id);
        };
        let settings = self.with_settings(area, vec![found]).await?;
        let Some(found) = settings.into_iter().next() else {
            return Err(GraphError::NotFound { path: area.collection.to_owned() });
        };
        let is_as_wanted = P::decode(&found.body) == *spec.settings
            && found.text(area.name) == spec.name
            && found.text("description") == spec.description;
        if is_as_wanted {
            return Ok(found.id);
        }
        self.update_policy(&found.id, spec, &[]).await
    }

    /// The policy with the tag of `spec`, made or changed to be as `spec` says and to have exactly these
    /// targets. What is so already is not written. Others with the tag are what a replacement that was cut
    /// off left behind, and are deleted.
    pub async fn ensure_policy<P: Policy>(
        &self,
        spec: PolicySpec<'_, P>,
        targets: &[WireTarget],
    ) -> Result<String, GraphError> {
        let found = self.policies::<P>(Some(spec.tag)).await?;
        self.ensure_policy_among(spec, targets, &found).await
    }

    /// The same where all policies that may have the tag were `found` a moment ago.
    pub async fn ensure_policy_among<P: Policy>(
        &self,
        spec: PolicySpec<'_, P>,
        targets: &[WireTarget],
        found: &[Remote<P>],
    ) -> Result<String, GraphError> {
        let mut found: Vec<&Remote<P>> = found.iter().filter(|one| one.has_tag(spec.tag)).collect();
        let is_as_wanted = |one: &Remote<P>| {
            one.settings == *spec.settings
                && one.name == spec.name
                && one.description == spec.description
        };
        found.sort_by_key(|one| {
            (!is_as_wanted(one), one.created_at.is_none(), one.created_at, one.id.clone())
        });
        let mut found = found.into_iter();
        let (id, assigned) = match found.next() {
            Some(one) if is_as_wanted(one) => (one.id.clone(), same(&one.targets, targets)),
            Some(one) => (self.update_policy(&one.id, spec, targets).await?, false),
            None => (self.create_policy(spec).await?, false),
        };
        if !assigned {
            self.assign_policy::<P>(&id, targets).await?;
        }
        for left_behind in found {
            self.delete_policy::<P>(&left_behind.id).await?;
        }
        Ok(id)
    }

    /// Changes name, description and settings, and returns the policy's id. Where Graph can only
    /// replace a policy, a new one is made, given `targets`, and the old one deleted: cut off in
    /// between, both are there, with one tag.
    pub async fn update_policy<P: Policy>(
        &self,
        id: &str,
        spec: PolicySpec<'_, P>,
        targets: &[WireTarget],
    ) -> Result<String, GraphError> {
        let area = P::area();
        let body = Value::Object(body(area, &spec));
        match area.update {
            Update::Patch => {
                self.patch(area.version, &area.path(id), body).await?;
                Ok(id.to_owned())
            }
            Update::Replace => {
                let made: Raw =
                    self.post_once(area.version, area.collection, body).await?.json()?;
                if !targets.is_empty() {
                    self.assign_policy::<P>(&made.id, targets).await?;
                }
                self.delete_policy::<P>(id).await?;
                Ok(made.id)
            }
        }
    }

    /// Makes exactly these the policy's targets. A target that is not understood is refused, for it
    /// cannot be written back as it was.
    pub async fn assign_policy<P: Policy>(
        &self,
        id: &str,
        targets: &[WireTarget],
    ) -> Result<(), GraphError> {
        let area = P::area();
        let targets: Result<Vec<Value>, GraphError> =
            targets.iter().map(WireTarget::encode).collect();
        self.assign(area, area.version, id, targets?).await
    }

    /// Deletes a policy; one that is gone already is fine.
    pub async fn delete_policy<P: Policy>(&self, id: &str) -> Result<(), GraphError> {
        let area = P::area();
        self.delete(area.version, &area.path(id)).await
    }

    /// Replaces the whole assignment set, as the action does by itself.
    async fn assign(
        &self,
        area: PolicyArea,
        version: Version,
        id: &str,
        targets: Vec<Value>,
    ) -> Result<(), GraphError> {
        let assignments: Vec<Value> = targets
            .into_iter()
            .map(|target| json!({ "@odata.type": area.assignment, "target": target }))
            .collect();
        let path = format!("{}/assign", area.path(id));
        self.post_again(version, &path, json!({ "assignments": assignments })).await?;
        Ok(())
    }
}

fn body<P: Policy>(area: PolicyArea, spec: &PolicySpec<'_, P>) -> Map<String, Value> {
    let mut body = spec.settings.encode();
    body.insert("@odata.type".to_owned(), json!(area.kind));
    body.insert(area.name.to_owned(), json!(spec.name));
    body.insert("description".to_owned(), json!(spec.description));
    body
}
