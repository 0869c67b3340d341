//! Files that say how things shall be: YAML, or JSON, which is YAML too.
//!
//! Reads them and says where they are wrong. Never asks the service anything.

mod documents;
mod resource;
mod tenant;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use api_types::{
    CreateRingSet, CreateSignal, Delivery, DriverSettings, EdgeSettings, EnrollmentSettings,
    EvidencePolicy, FeatureSettings, OfficeSettings, OnGateFailure, PlacementRules, Ring,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};
use uuid::Uuid;

use self::documents::Document;
pub(crate) use self::resource::{Resource, Sort};
pub(crate) use self::tenant::TenantFile;
use crate::commands::read_text;
use crate::failure::Failure;

const KINDS: &str = "Tenant, RingSet, Enrollment, DeviceControl, Budget, VersionFloors, Strategies, \
    Signal, Rule, Freeze or Holidays";

/// Where in which file.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    file: String,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Place {
    pub(crate) fn wrong(&self, what: &str) -> Failure {
        Failure::Usage(format!("{self}: {what}"))
    }
}

#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) place: Place,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Tenant(TenantFile),
    RingSet(CreateRingSet),
    Enrollment(Enrollment),
    DeviceControl(DeviceControl),
    Resource(Resource),
}

/// What the tenant's enrollment shall be. As `EnrollmentSettings`, with the ring set's name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrollment {
    #[serde(default, rename = "kind")]
    _kind: IgnoredAny,
    pub(crate) ring_set: String,
    #[serde(default)]
    restore_drift: bool,
    #[serde(default)]
    exclude_from_foreign_rings: bool,
    #[serde(default)]
    feature: Option<FeatureSettings>,
    #[serde(default)]
    drivers: Option<DriverSettings>,
    #[serde(default)]
    edge: Option<EdgeSettings>,
    #[serde(default)]
    office: Option<OfficeSettings>,
}

impl Enrollment {
    pub(crate) fn settings(&self, ring_set_id: Uuid) -> EnrollmentSettings {
        EnrollmentSettings {
            ring_set_id,
            restore_drift: self.restore_drift,
            exclude_from_foreign_rings: self.exclude_from_foreign_rings,
            feature: self.feature.clone(),
            drivers: self.drivers.clone(),
            edge: self.edge.clone(),
            office: self.office.clone(),
        }
    }
}

/// What shall hold for one device.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceControl {
    #[serde(default, rename = "kind")]
    _kind: IgnoredAny,
    /// Id, name, or the only beginning of a name.
    pub(crate) device: String,
    pub(crate) control: Control,
    #[serde(default)]
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) ring_set: Option<String>,
    /// Its name, or its position.
    #[serde(default)]
    pub(crate) ring: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Control {
    Hold,
    Exclude,
    Pin,
    /// Whatever was decided about the device ends.
    None,
}

impl DeviceControl {
    /// Fields that the control needs, and those it cannot have.
    fn check(&self, place: &Place) -> Result<(), Failure> {
        let given = [
            ("reason", self.reason.is_some()),
            ("expires_at", self.expires_at.is_some()),
            ("ring_set", self.ring_set.is_some()),
            ("ring", self.ring.is_some()),
        ];
        let (word, needs, may): (&str, &[&str], &[&str]) = match self.control {
            Control::Hold => ("hold", &["reason"], &["expires_at"]),
            Control::Exclude => ("exclude", &["reason"], &["expires_at"]),
            Control::Pin => ("pin", &["ring_set", "ring"], &["reason"]),
            Control::None => ("none", &[], &["reason"]),
        };
        for (name, is_given) in given {
            if !is_given && needs.contains(&name) {
                return Err(place.wrong(&format!("`control: {word}` needs `{name}`")));
            }
            if is_given && !needs.contains(&name) && !may.contains(&name) {
                return Err(place.wrong(&format!("`control: {word}` takes no `{name}`")));
            }
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RingSet {
    #[serde(default, rename = "kind")]
    _kind: IgnoredAny,
    name: String,
    rings: Vec<Ring>,
    #[serde(default)]
    rules: PlacementRules,
}

impl From<RingSet> for CreateRingSet {
    fn from(RingSet { name, rings, rules, .. }: RingSet) -> Self {
        Self { id: None, name, rings, rules }
    }
}

#[derive(Debug, Deserialize)]
struct Head {
    #[serde(default)]
    kind: Option<String>,
}

/// Everything a file says, in its order.
pub(crate) fn read(file: &Path) -> Result<Vec<Declared>, Failure> {
    let documents = open(file)?;
    if documents.is_empty() {
        return Err(Failure::Usage(format!(
            "{} says nothing; it takes documents with `kind: {KINDS}`",
            file.display()
        )));
    }
    documents.iter().map(declared).collect()
}

/// A file with one ring set; the kind need not be said.
pub(crate) fn ring_set(file: &Path) -> Result<CreateRingSet, Failure> {
    let documents = open(file)?;
    let [document] = documents.as_slice() else {
        return Err(Failure::Usage(format!(
            "{}: one ring set is wanted here, and there are {} documents; `concentric apply -f` \
             takes several",
            file.display(),
            documents.len()
        )));
    };
    match document.parse::<Head>()?.kind.as_deref() {
        None | Some("RingSet") => Ok(document.parse::<RingSet>()?.into()),
        Some(kind) => Err(document.place().wrong(&format!(
            "a RingSet is wanted here, not a `{kind}`; `concentric apply -f` takes every kind"
        ))),
    }
}

/// A file with one signal.
pub(crate) fn signal(file: &Path) -> Result<CreateSignal, Failure> {
    match open(file)?.as_slice() {
        [document] => document.parse(),
        documents => Err(Failure::Usage(format!(
            "{}: one signal is wanted here, and there are {} documents",
            file.display(),
            documents.len()
        ))),
    }
}

/// A plan of a rollout. As `CreatePlan`, with names where that has ids.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanFile {
    #[serde(default, rename = "kind")]
    _kind: IgnoredAny,
    /// Name, KB number, or id.
    #[serde(default)]
    pub(crate) update: Option<String>,
    #[serde(default)]
    pub(crate) ring_set: Option<String>,
    /// That of the update if not given.
    #[serde(default)]
    pub(crate) release_name: Option<String>,
    #[serde(default)]
    pub(crate) delivery: Option<Delivery>,
    #[serde(default)]
    pub(crate) starts_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) on_gate_failure: OnGateFailure,
    #[serde(default)]
    pub(crate) inactive_after_days: Option<u16>,
    #[serde(default)]
    pub(crate) evidence: EvidencePolicy,
    #[serde(default)]
    pub(crate) rings: BTreeMap<String, Map<String, Value>>,
}

/// A file with one plan.
pub(crate) fn plan(file: &Path) -> Result<PlanFile, Failure> {
    match open(file)?.as_slice() {
        [document] => document.parse(),
        documents => Err(Failure::Usage(format!(
            "{}: one plan is wanted here, and there are {} documents",
            file.display(),
            documents.len()
        ))),
    }
}

fn open(file: &Path) -> Result<Vec<Document>, Failure> {
    let name = if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() };
    Ok(documents::split(&name, &read_text(file)?))
}

fn declared(document: &Document) -> Result<Declared, Failure> {
    let place = document.place();
    let what = match document.parse::<Head>()?.kind.as_deref() {
        Some("Tenant") => What::Tenant(tenant::read(document)?),
        Some("RingSet") => What::RingSet(document.parse::<RingSet>()?.into()),
        Some("Enrollment") => What::Enrollment(document.parse()?),
        Some("DeviceControl") => {
            let control: DeviceControl = document.parse()?;
            control.check(&place)?;
            What::DeviceControl(control)
        }
        Some(kind) => {
            let Some(sort) = Sort::ALL.into_iter().find(|sort| sort.kind() == kind) else {
                return Err(place.wrong(&format!("unknown kind `{kind}`; it can be {KINDS}")));
            };
            What::Resource(resource::read(sort, document)?)
        }
        None => return Err(place.wrong(&format!("`kind` is missing; it can be {KINDS}"))),
    };
    Ok(Declared { place, what })
}

impl Document {
    fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_saphyr::from_str(&self.text).map_err(|error| self.wrong(&error))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Lines that files are made of, so that some get past the first.
    const LINES: [&str; 32] = [
        "kind: Tenant",
        "secret_file: x",
        "kind: RingSet",
        "kind: Enrollment",
        "kind: DeviceControl",
        "---",
        "...",
        "name: x",
        "update: KB5068861",
        "ring_set: Default",
        "rings:",
        "  - name: Test",
        "  Test: { bake_hours: 24 }",
        "    percent: 1e309",
        "    deadline_days: -1",
        "starts_at: 2026-13-01T00:00:00Z",
        "starts_at: 2026-11-01T00:00:00Z",
        "on_gate_failure: pause",
        "inactive_after_days: 99999999999999999999",
        "evidence: {}",
        "? [a, b]",
        ": {",
        "- &a [*a]",
        "x: !!binary aGk=",
        "<<: *a",
        "\t- x",
        "'",
        "| ",
        "%YAML 1.2",
        "{\"update\": null}",
        "\u{feff}name: y",
        "#",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_file_says_something_or_is_refused(
            lines in vec(prop_oneof![8 => proptest::sample::select(&LINES[..]).prop_map(str::to_owned), 1 => any::<String>()], 0..16),
        ) {
            for document in documents::split("file", &lines.join("\n")) {
                let _ = declared(&document);
                let _ = document.parse::<PlanFile>();
                let _ = document.parse::<CreateSignal>();
            }
        }
    }

    /// A file of a few lines is not to fill the memory.
    #[test]
    fn names_that_stand_for_names_are_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = vec![format!("*a{}", level - 1); 10].join(", ");
            text = format!("{text}a{level}: &a{level} [{before}]\n");
        }
        let documents = documents::split("file", &text);
        assert!(documents[0].parse::<Value>().is_err());
        assert!(documents[0].parse::<PlanFile>().is_err());
    }
}
