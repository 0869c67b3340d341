//! Profiles for feature updates and policies of the settings catalogue, on which devices act, and profiles
//! for drivers, on which they do not act here. All are shown as written.

use serde_json::{Value, json};

use crate::clock::Seconds;
use crate::tenant::assignments::Assignment;
use crate::tenant::{Object, Properties};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    FeatureProfile,
    DriverProfile,
    SettingsPolicy,
}

#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) kind: Kind,
    pub(crate) object: Object,
    pub(crate) assignments: Vec<Assignment>,
    /// Of settings policies only.
    settings: Vec<Value>,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] =
        [Self::FeatureProfile, Self::DriverProfile, Self::SettingsPolicy];

    /// The segment below `/deviceManagement`.
    pub(crate) const fn collection(self) -> &'static str {
        match self {
            Self::FeatureProfile => "windowsFeatureUpdateProfiles",
            Self::DriverProfile => "windowsDriverUpdateProfiles",
            Self::SettingsPolicy => "configurationPolicies",
        }
    }

    pub(crate) fn of_collection(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.collection() == segment)
    }

    pub(crate) const fn entity(self) -> &'static str {
        match self {
            Self::FeatureProfile => "windowsFeatureUpdateProfile",
            Self::DriverProfile => "windowsDriverUpdateProfile",
            Self::SettingsPolicy => "deviceManagementConfigurationPolicy",
        }
    }

    /// What a new one cannot do without.
    pub(crate) const fn required(self) -> &'static [&'static str] {
        match self {
            Self::FeatureProfile => &["displayName", "featureUpdateVersion"],
            Self::DriverProfile => &["displayName", "approvalType"],
            Self::SettingsPolicy => &["name", "platforms", "technologies"],
        }
    }

    const fn writable(self) -> &'static [&'static str] {
        match self {
            Self::FeatureProfile => &[
                "displayName",
                "description",
                "featureUpdateVersion",
                "installFeatureUpdatesOptional",
                "installLatestWindows10OnWindows11IneligibleDevice",
                "roleScopeTagIds",
                "rolloutSettings",
            ],
            Self::DriverProfile => &[
                "displayName",
                "description",
                "approvalType",
                "deploymentDeferralInDays",
                "roleScopeTagIds",
            ],
            Self::SettingsPolicy => &[
                "name",
                "description",
                "platforms",
                "roleScopeTagIds",
                "technologies",
                "templateReference",
            ],
        }
    }

    fn fallback(name: &str) -> Value {
        match name {
            "installFeatureUpdatesOptional"
            | "installLatestWindows10OnWindows11IneligibleDevice" => json!(false),
            "roleScopeTagIds" => json!(["0"]),
            "templateReference" => json!({
                "templateId": "", "templateFamily": "none",
                "templateDisplayName": null, "templateDisplayVersion": null,
            }),
            _ => Value::Null,
        }
    }
}

impl Document {
    pub(crate) fn new(kind: Kind, sent: &Value, now: Seconds) -> Self {
        let mut object = Object::new(&Value::Null, &[], now);
        let fallbacks =
            kind.writable().iter().map(|name| ((*name).to_owned(), Kind::fallback(name)));
        object.properties.extend(fallbacks);
        let mut new = Self { kind, object, assignments: Vec::new(), settings: Vec::new() };
        new.merge(sent, now);
        new
    }

    pub(crate) fn merge(&mut self, sent: &Value, now: Seconds) {
        self.object.merge(sent, self.kind.writable(), now);
        let settings = sent.get("settings").and_then(Value::as_array);
        if let Some(settings) = settings.filter(|_| self.kind == Kind::SettingsPolicy) {
            self.settings.clone_from(settings);
        }
    }

    pub(crate) fn json(&self) -> Properties {
        let mut shown = self.object.json(self.kind.entity());
        let computed = match self.kind {
            Kind::FeatureProfile => json!({
                "deployableContentDisplayName": self.object.text("featureUpdateVersion"),
                "endOfSupportDate": end_of_support(self.object.text("featureUpdateVersion")),
            }),
            Kind::DriverProfile => json!({
                "deviceReporting": 0,
                "newUpdates": 0,
                "inventorySyncStatus": {
                    "lastSuccessfulSyncDateTime": null, "driverInventorySyncState": "pending",
                },
            }),
            Kind::SettingsPolicy => json!({
                "creationSource": null,
                "isAssigned": !self.assignments.is_empty(),
                "settingCount": self.settings.len(),
            }),
        };
        if let Value::Object(computed) = computed {
            shown.extend(computed);
        }
        shown
    }

    pub(crate) fn assigned(&self) -> Vec<Value> {
        let kind = format!("{}Assignment", self.kind.entity());
        self.assignments.iter().map(|assignment| assignment.json(&kind)).collect()
    }

    /// The settings as they were written.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Value> {
        self.settings.iter()
    }

    /// The settings as Graph shows them, numbered.
    pub(crate) fn settings(&self) -> Vec<Value> {
        let numbered = self.settings.iter().zip(0_u32..).map(|(setting, number)| {
            json!({
                "@odata.type": "#microsoft.graph.deviceManagementConfigurationSetting",
                "id": number.to_string(),
                "settingInstance": setting.get("settingInstance"),
            })
        });
        numbered.collect()
    }
}

/// When Microsoft stops updates for the Enterprise edition of a version.
fn end_of_support(version: &str) -> Option<&'static str> {
    match version.rsplit(' ').next()? {
        "23H2" => Some("2026-11-10T00:00:00Z"),
        "24H2" => Some("2027-10-12T00:00:00Z"),
        "25H2" => Some("2028-10-10T00:00:00Z"),
        _ => None,
    }
}
