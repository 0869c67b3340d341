//! Deployments of one update to an audience of devices, and the audiences.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{MINUTE, Seconds};
use crate::tenant::policies::Lagging;
use crate::tenant::{Object, Properties};

/// How long an accepted change of an audience takes: 202 is not done.
pub(crate) const AUDIENCE_DELAY: Seconds = 4 * MINUTE;

#[derive(Debug)]
pub(crate) struct Audience {
    pub(crate) id: Uuid,
    members: BTreeMap<u32, Seconds>,
    exclusions: BTreeMap<u32, Seconds>,
}

/// What was asked of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requested {
    Nothing,
    Paused,
    Archived,
}

#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) object: Object,
    pub(crate) audience: Uuid,
    pub(crate) entry: String,
    pub(crate) level: u8,
    pub(crate) requested: Lagging<Requested>,
}

const SETTINGS: [&str; 1] = ["settings"];

impl Audience {
    pub(crate) fn new() -> Self {
        Self { id: Uuid::new_v4(), members: BTreeMap::new(), exclusions: BTreeMap::new() }
    }

    /// Adds devices to the members, or to the exclusions; those that were not there.
    pub(crate) fn add(&mut self, excluded: bool, devices: &[u32], now: Seconds) -> Vec<u32> {
        let set = self.set(excluded);
        let new: Vec<u32> =
            devices.iter().copied().filter(|device| !set.contains_key(device)).collect();
        set.extend(new.iter().map(|device| (*device, now + AUDIENCE_DELAY)));
        new
    }

    /// Takes devices out; those that were there.
    pub(crate) fn remove(&mut self, excluded: bool, devices: &[u32]) -> Vec<u32> {
        let set = self.set(excluded);
        devices.iter().copied().filter(|device| set.remove(device).is_some()).collect()
    }

    /// Devices of the members, or of the exclusions, whether or not it has taken effect.
    pub(crate) fn devices(&self, excluded: bool) -> impl Iterator<Item = u32> {
        let set = if excluded { &self.exclusions } else { &self.members };
        set.keys().copied()
    }

    /// Exclusion goes before membership.
    pub(crate) fn reaches(&self, device: u32, now: Seconds) -> bool {
        let counts = |set: &BTreeMap<u32, Seconds>| set.get(&device).is_some_and(|at| *at <= now);
        counts(&self.members) && !counts(&self.exclusions)
    }

    fn set(&mut self, excluded: bool) -> &mut BTreeMap<u32, Seconds> {
        if excluded { &mut self.exclusions } else { &mut self.members }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.windowsUpdates.deploymentAudience",
            "id": self.id.to_string(),
        })
    }
}

impl Requested {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Nothing, Self::Paused, Self::Archived].into_iter().find(|one| one.name() == text)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Paused => "paused",
            Self::Archived => "archived",
        }
    }

    /// The state it comes to, and why.
    const fn effect(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Nothing => ("offering", Some("offeringByRequest")),
            Self::Paused => ("paused", Some("pausedByRequest")),
            Self::Archived => ("archived", None),
        }
    }
}

impl Deployment {
    pub(crate) fn new(
        sent: &Value,
        audience: Uuid,
        (entry, level): (&str, u8),
        now: Seconds,
    ) -> Self {
        let object = Object::new(sent, &SETTINGS, now);
        let requested = Lagging::settled(Requested::Nothing);
        Self { object, audience, entry: entry.to_owned(), level, requested }
    }

    /// What was asked for, where it is something new. What is archived stays so.
    pub(crate) fn merge(&mut self, sent: &Value, now: Seconds) -> Option<Requested> {
        self.object.merge(sent, &SETTINGS, now);
        let asked =
            sent.get("state")?.get("requestedValue")?.as_str().and_then(Requested::parse)?;
        let before = self.requested.written();
        if asked == before || before == Requested::Archived {
            return None;
        }
        self.requested.set(asked, now);
        Some(asked)
    }

    /// Days until the restart is forced; none where nothing is expedited.
    pub(crate) fn expedited(&self) -> Option<u8> {
        let settings = self.object.properties.get("settings")?;
        let is_expedited = settings.get("expedite")?.get("isExpedited")?.as_bool()?;
        let days = settings.get("userExperience").and_then(|one| one.get("daysUntilForcedReboot"));
        let days = days.and_then(Value::as_u64).and_then(|days| u8::try_from(days).ok());
        is_expedited.then_some(days.unwrap_or(0))
    }

    pub(crate) fn json(&self, now: Seconds) -> Properties {
        let mut shown = self.object.json("windowsUpdates.deployment");
        let (effective, reason) = self.requested.effective(now).effect();
        let reasons: Vec<Value> = reason.iter().map(|reason| json!({ "value": reason })).collect();
        shown.insert(
            "state".to_owned(),
            json!({
                "effectiveValue": effective,
                "requestedValue": self.requested.written().name(),
                "reasons": reasons,
            }),
        );
        shown.insert(
            "content".to_owned(),
            json!({ "@odata.type": "#microsoft.graph.windowsUpdates.catalogContent" }),
        );
        shown.entry("settings").or_insert(Value::Null);
        shown
    }
}
