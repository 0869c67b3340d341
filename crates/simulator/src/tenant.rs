//! What administrators made in the tenant: groups, policies, configurations, enrolments, jobs.

pub(crate) mod assignments;
pub(crate) mod catalog;
pub(crate) mod configurations;
pub(crate) mod deployments;
pub(crate) mod documents;
pub(crate) mod drivers;
pub(crate) mod enrolment;
pub(crate) mod groups;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod organisation;
mod planted;
pub(crate) mod policies;
pub(crate) mod programs;
pub(crate) mod rules;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::clock::{Seconds, stamp};
use crate::tenant::catalog::Catalog;
use crate::tenant::configurations::Configuration;
use crate::tenant::deployments::{Audience, Deployment};
use crate::tenant::documents::Document;
use crate::tenant::drivers::UpdatePolicy;
use crate::tenant::enrolment::Enrolments;
use crate::tenant::groups::Groups;
use crate::tenant::jobs::Job;
use crate::tenant::policies::Policy;

/// The JSON properties of an object.
pub(crate) type Properties = Map<String, Value>;

#[derive(Debug)]
pub(crate) struct Tenant {
    /// Counts the changes that may alter what devices are offered.
    pub(crate) version: u64,
    pub(crate) catalog: Catalog,
    pub(crate) groups: Groups,
    pub(crate) policies: Vec<Policy>,
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) audiences: Vec<Audience>,
    pub(crate) update_policies: Vec<UpdatePolicy>,
    pub(crate) configurations: Vec<Configuration>,
    pub(crate) documents: Vec<Document>,
    pub(crate) enrolments: Enrolments,
    pub(crate) jobs: Vec<Job>,
    pub(crate) safeguard: Option<Safeguard>,
    /// Update rings offer what is newest.
    pub(crate) rings_offer: bool,
}

/// Microsoft holds devices of one model back from the Windows version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Safeguard {
    pub(crate) id: u32,
    pub(crate) model: String,
}

impl Tenant {
    pub(crate) fn new(start: Seconds) -> Self {
        Self {
            version: 1,
            catalog: Catalog::new(start),
            groups: Groups::default(),
            policies: Vec::new(),
            deployments: Vec::new(),
            audiences: Vec::new(),
            update_policies: Vec::new(),
            configurations: Vec::new(),
            documents: Vec::new(),
            enrolments: Enrolments::default(),
            jobs: Vec::new(),
            safeguard: None,
            rings_offer: false,
        }
    }

    pub(crate) fn changed(&mut self) {
        self.version += 1;
    }
}

/// What all objects have: an id, two timestamps, and the properties the client wrote.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) id: Uuid,
    pub(crate) created: Seconds,
    pub(crate) modified: Seconds,
    pub(crate) properties: Properties,
}

impl Object {
    /// Keeps the `known` properties of what was sent; Graph drops the others without a word.
    pub(crate) fn new(sent: &Value, known: &[&str], now: Seconds) -> Self {
        let mut object =
            Self { id: Uuid::new_v4(), created: now, modified: now, properties: Properties::new() };
        object.merge(sent, known, now);
        object
    }

    pub(crate) fn merge(&mut self, sent: &Value, known: &[&str], now: Seconds) {
        self.modified = now;
        for &name in known {
            if let Some(value) = sent.get(name) {
                self.properties.insert(name.to_owned(), value.clone());
            }
        }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.properties.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The object as Graph shows it, with its type and timestamps.
    pub(crate) fn json(&self, kind: &str) -> Properties {
        let mut shown = Properties::new();
        shown.insert("@odata.type".to_owned(), Value::from(format!("#microsoft.graph.{kind}")));
        shown.insert("id".to_owned(), Value::from(self.id.to_string()));
        shown.insert("createdDateTime".to_owned(), Value::from(stamp(self.created)));
        shown.insert("lastModifiedDateTime".to_owned(), Value::from(stamp(self.modified)));
        shown.extend(self.properties.clone());
        shown
    }
}

/// The group ids named by `{"assignments": [{"groupId": ..}]}`.
pub(crate) fn group_ids(assignment: Option<&Value>) -> Vec<Uuid> {
    assignment
        .and_then(|value| value.get("assignments"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("groupId")?.as_str()?.parse().ok())
        .collect()
}
