//! Entra groups of devices.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::choice::{Choices, Purpose};
use crate::clock::{MINUTE, Packed, Seconds, stamp};
use crate::fleet::slot as place;
use crate::tenant::Properties;

/// How long a new member goes unnoticed by Windows Update.
pub(crate) const MEMBERSHIP_DELAY: Seconds = 4 * MINUTE;

/// Place of a group in [`Groups`]; never given to another group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupSlot(pub(crate) u32);

#[derive(Debug)]
pub(crate) struct Group {
    /// Made by the client, which may do with it as it likes.
    of_the_client: bool,
    pub(crate) properties: Properties,
    /// Device index, and when its membership takes effect.
    members: BTreeMap<u32, Packed>,
    /// Groups whose members count as members.
    nested: BTreeSet<GroupSlot>,
}

/// A member: a device by its index, or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Member {
    Device(u32),
    Group(GroupSlot),
}

/// One change, in the order in which delta queries tell of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) group: GroupSlot,
    /// `None` when the group itself was changed, made or deleted.
    pub(crate) member: Option<Member>,
}

/// Deleted groups keep their slot and id.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    slots: Vec<(Uuid, Option<Group>)>,
    by_id: HashMap<Uuid, GroupSlot>,
    log: Vec<Change>,
}

impl Group {
    pub(crate) fn has(&self, member: Member) -> bool {
        match member {
            Member::Device(device) => self.members.contains_key(&device),
            Member::Group(slot) => self.nested.contains(&slot),
        }
    }

    pub(crate) fn devices_from(&self, first: u32) -> impl Iterator<Item = u32> {
        self.members.range(first..).map(|(device, _)| *device)
    }

    pub(crate) fn nested(&self) -> impl Iterator<Item = GroupSlot> {
        self.nested.iter().copied()
    }
}

impl Groups {
    pub(crate) fn insert(&mut self, properties: Properties) -> GroupSlot {
        self.insert_as(Uuid::new_v4(), properties, BTreeMap::new(), true)
    }

    /// A group that the organisation made itself.
    pub(crate) fn insert_for_others(&mut self, id: Uuid, properties: Properties) -> GroupSlot {
        self.insert_as(id, properties, BTreeMap::new(), false)
    }

    fn insert_as(
        &mut self,
        id: Uuid,
        properties: Properties,
        members: BTreeMap<u32, Packed>,
        of_the_client: bool,
    ) -> GroupSlot {
        let slot = GroupSlot(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.by_id.insert(id, slot);
        let nested = BTreeSet::new();
        self.slots.push((id, Some(Group { of_the_client, properties, members, nested })));
        self.log.push(Change { group: slot, member: None });
        slot
    }

    pub(crate) fn is_of_the_client(&self, id: &str) -> bool {
        let slot = id.parse().ok().and_then(|id| self.slot(id));
        slot.and_then(|slot| self.get(slot)).is_some_and(|group| group.of_the_client)
    }

    pub(crate) fn slot(&self, id: Uuid) -> Option<GroupSlot> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn get(&self, slot: GroupSlot) -> Option<&Group> {
        self.slots.get(place(slot.0))?.1.as_ref()
    }

    fn get_mut(&mut self, slot: GroupSlot) -> Option<&mut Group> {
        self.slots.get_mut(place(slot.0))?.1.as_mut()
    }

    /// The id of a group that lives or lived.
    pub(crate) fn id(&self, slot: GroupSlot) -> Uuid {
        self.slots.get(place(slot.0)).map_or(Uuid::nil(), |(id, _)| *id)
    }

    pub(crate) fn set(&mut self, slot: GroupSlot, name: &str, value: Value) {
        if let Some(group) = self.get_mut(slot) {
            group.properties.insert(name.to_owned(), value);
            self.log.push(Change { group: slot, member: None });
        }
    }

    pub(crate) fn add(&mut self, slot: GroupSlot, member: Member, now: Seconds) {
        let Some(group) = self.get_mut(slot) else { return };
        match member {
            Member::Device(device) => {
                group.members.insert(device, Packed::from(now + MEMBERSHIP_DELAY));
            }
            Member::Group(nested) => {
                group.nested.insert(nested);
            }
        }
        self.log.push(Change { group: slot, member: Some(member) });
    }

    pub(crate) fn remove(&mut self, slot: GroupSlot, member: Member) -> bool {
        let removed = self.get_mut(slot).is_some_and(|group| match member {
            Member::Device(device) => group.members.remove(&device).is_some(),
            Member::Group(nested) => group.nested.remove(&nested),
        });
        if removed {
            self.log.push(Change { group: slot, member: Some(member) });
        }
        removed
    }

    /// The groups a device is in.
    fn with(&self, device: u32) -> Vec<GroupSlot> {
        let with = self.iter().filter(|(_, group)| group.has(Member::Device(device)));
        with.map(|(slot, _)| slot).collect()
    }

    /// Delta queries have to look again at the memberships of a device.
    pub(crate) fn look_again(&mut self, device: u32) {
        let member = Some(Member::Device(device));
        let changes = self.with(device).into_iter().map(|group| Change { group, member });
        self.log.extend(changes);
    }

    /// Takes a device out of all groups.
    pub(crate) fn remove_everywhere(&mut self, device: u32) {
        for slot in self.with(device) {
            self.remove(slot, Member::Device(device));
        }
    }

    pub(crate) fn delete(&mut self, slot: GroupSlot) {
        self.by_id.remove(&self.id(slot));
        if let Some((_, group)) = self.slots.get_mut(place(slot.0)) {
            *group = None;
        }
        self.log.push(Change { group: slot, member: None });
        let parents: Vec<GroupSlot> = self.iter().map(|(parent, _)| parent).collect();
        for parent in parents {
            self.remove(parent, Member::Group(slot));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (GroupSlot, &Group)> {
        self.from(GroupSlot(0))
    }

    pub(crate) fn from(&self, first: GroupSlot) -> impl Iterator<Item = (GroupSlot, &Group)> {
        let slots = self.slots.iter().zip(0_u32..).skip(place(first.0));
        slots.filter_map(|((_, group), slot)| Some((GroupSlot(slot), group.as_ref()?)))
    }

    pub(crate) fn log(&self) -> &[Change] {
        &self.log
    }

    /// A group with all groups nested in it, however deep, itself first.
    pub(crate) fn reach(&self, id: Uuid) -> Vec<GroupSlot> {
        let mut reached: Vec<GroupSlot> = self.slot(id).into_iter().collect();
        let mut next = 0;
        while let Some(slot) = reached.get(next).copied() {
            next += 1;
            for nested in self.get(slot).into_iter().flat_map(Group::nested) {
                // Groups may contain each other.
                if !reached.contains(&nested) {
                    reached.push(nested);
                }
            }
        }
        reached
    }

    /// Whether Windows Update sees the device in the group by now.
    pub(crate) fn counts(&self, slot: GroupSlot, device: u32, now: Seconds) -> bool {
        self.get(slot)
            .and_then(|group| group.members.get(&device))
            .is_some_and(|effective| effective.seconds() <= now)
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
            let members = members.by_ref().take(count).map(|device| (device, Packed::LONG_AGO));
            let properties = security_group(
                &json!({ "displayName": name, "mailNickname": nickname,
                    "description": "Kept by the organisation" }),
                now,
            );
            let id = choices.id(u32::MAX - number, Purpose::Sample);
            self.insert_as(id, properties, members.collect(), false);
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
