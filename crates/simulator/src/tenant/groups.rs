//! Entra groups of devices.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::choice::{Choices, Purpose};
use crate::clock::{MINUTE, Seconds, stamp};
use crate::tenant::Properties;

/// How long a new member goes unnoticed by Windows Update.
const MEMBERSHIP_DELAY: Seconds = 4 * MINUTE;

/// Place of a group in [`Groups`]; never given to another group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupSlot(usize);

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: Uuid,
    pub(crate) properties: Properties,
    /// Device index, and when its membership takes effect.
    members: BTreeMap<u32, Seconds>,
}

#[derive(Debug, Default)]
pub(crate) struct Groups {
    slots: Vec<Option<Group>>,
    by_id: HashMap<Uuid, GroupSlot>,
}

impl Group {
    pub(crate) fn has(&self, device: u32) -> bool {
        self.members.contains_key(&device)
    }

    pub(crate) fn add(&mut self, device: u32, now: Seconds) {
        self.members.insert(device, now.saturating_add(MEMBERSHIP_DELAY));
    }

    pub(crate) fn remove(&mut self, device: u32) -> bool {
        self.members.remove(&device).is_some()
    }

    pub(crate) fn members_from(&self, first: u32) -> impl Iterator<Item = u32> {
        self.members.range(first..).map(|(device, _)| *device)
    }
}

impl Groups {
    pub(crate) fn insert(&mut self, properties: Properties) -> Uuid {
        let id = Uuid::new_v4();
        self.insert_as(id, properties, BTreeMap::new());
        id
    }

    fn insert_as(&mut self, id: Uuid, properties: Properties, members: BTreeMap<u32, Seconds>) {
        self.by_id.insert(id, GroupSlot(self.slots.len()));
        self.slots.push(Some(Group { id, properties, members }));
    }

    pub(crate) fn slot(&self, id: Uuid) -> Option<GroupSlot> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&Group> {
        self.slots.get(self.slot(id)?.0)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: Uuid) -> Option<&mut Group> {
        let slot = self.slot(id)?;
        self.slots.get_mut(slot.0)?.as_mut()
    }

    pub(crate) fn delete(&mut self, id: Uuid) -> bool {
        let Some(slot) = self.by_id.remove(&id) else { return false };
        self.slots.get_mut(slot.0).and_then(Option::take).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.slots.iter().flatten()
    }

    /// Whether Windows Update sees the device in the group by now.
    pub(crate) fn counts(&self, slot: GroupSlot, device: u32, now: Seconds) -> bool {
        self.slots
            .get(slot.0)
            .and_then(Option::as_ref)
            .and_then(|group| group.members.get(&device))
            .is_some_and(|effective| *effective <= now)
    }

    /// The two groups the organisation had before anybody came to roll out updates: half a
    /// percent of the fleet as pilots, two percent as executives, nobody in both.
    pub(crate) fn seed(&mut self, choices: Choices, devices: u32, now: Seconds) {
        let pilots = (devices / 200).max(5).min(devices);
        let executives = (devices / 50).max(5).min(devices - pilots);
        let mut members = sample(choices, devices, pilots + executives).into_iter();
        let groups = [
            ("Windows pilot devices", "windows-pilot", pilots),
            ("Executive devices", "executive-devices", executives),
        ];
        for ((name, nickname, count), number) in groups.into_iter().zip(0_u32..) {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let members = members.by_ref().take(count).map(|device| (device, Seconds::MIN));
            let properties = security_group(
                &json!({ "displayName": name, "mailNickname": nickname,
                    "description": "Kept by the organisation" }),
                now,
            );
            let id = choices.id(u32::MAX - number, Purpose::Sample);
            self.insert_as(id, properties, members.collect());
        }
    }
}

/// `count` different devices, those with the lowest hashes.
fn sample(choices: Choices, devices: u32, count: u32) -> Vec<u32> {
    let mut drawn: Vec<(u64, u32)> =
        (0..devices).map(|device| (choices.hash(device, Purpose::Sample, 0), device)).collect();
    drawn.sort_unstable();
    drawn.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    drawn.into_iter().map(|(_, device)| device).collect()
}

/// The properties of a group as it is shown, from those a client sent.
pub(crate) fn security_group(sent: &Value, now: Seconds) -> Properties {
    let mut properties = Properties::new();
    for (name, fallback) in [
        ("createdDateTime", Value::from(stamp(now))),
        ("description", Value::Null),
        ("displayName", Value::Null),
        ("groupTypes", json!([])),
        ("isAssignableToRole", Value::Null),
        ("mail", Value::Null),
        ("mailEnabled", Value::from(false)),
        ("mailNickname", Value::Null),
        ("membershipRule", Value::Null),
        ("membershipRuleProcessingState", Value::Null),
        ("securityEnabled", Value::from(true)),
        ("visibility", Value::Null),
    ] {
        let given = sent.get(name).filter(|_| name != "createdDateTime").cloned();
        properties.insert(name.to_owned(), given.unwrap_or(fallback));
    }
    properties
}
