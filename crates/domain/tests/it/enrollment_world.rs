//! A tenant in memory: groups, policies and foreign update rings by id, with an executor of plans
//! that can be killed in the middle of a step and can lose answers.
//!
//! Never looks at a plan as a whole: steps are all it knows.

use chrono::{DateTime, TimeDelta};
use domain::enrollment::desired::desired;
use domain::enrollment::find::{kept, our_groups};
use domain::enrollment::key::{Key, Kind};
use domain::enrollment::object::{GroupPayload, GroupRef, Observed, Payload, Recorded, Target};
use domain::enrollment::plan::{Afterwards, Change, Mode, Plan, Step, plan};
use domain::enrollment::settings::Settings;
use domain::ids::{DirectoryObjectId, TenantId};
use domain::ring::RingSet;
use uuid::Uuid;

/// What happens to the executor at a step. All but `Done` kill it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    /// Done, but the record is lost.
    Lost,
    /// Only the first call of several is done, and nothing recorded.
    Half,
    /// A create that is repeated after a lost answer.
    Twice,
    Not,
}

#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) tag: Option<Key>,
    born: i64,
    /// With the ids of groups in its targets.
    pub(crate) body: Payload,
    /// Of a group: the ids of its member groups.
    pub(crate) members: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) objects: Vec<Object>,
    pub(crate) records: Vec<Recorded>,
    clock: u32,
}

pub(crate) const TENANT: TenantId = TenantId(Uuid::from_u128(7));

impl World {
    /// A tenant with these update rings of its own.
    pub(crate) fn with(foreign: &[&[Target]]) -> Self {
        let mut world = Self::default();
        for targets in foreign {
            world.insert(None, Payload::Exclusion { targets: targets.to_vec() }, Vec::new());
        }
        world
    }

    fn insert(&mut self, tag: Option<Key>, body: Payload, members: Vec<String>) -> String {
        self.clock += 1;
        let id = Uuid::from_u128(u128::from(self.clock)).to_string();
        self.objects.push(Object { id: id.clone(), tag, born: self.clock.into(), body, members });
        id
    }

    pub(crate) fn object(&mut self, key: &Key) -> &mut Object {
        let id = kept(key, &self.observe(), &self.records).expect("it is there").id.clone();
        self.objects.iter_mut().find(|object| object.id == id).expect("it is there")
    }

    pub(crate) fn remove(&mut self, key: &Key) {
        let id = self.object(key).id.clone();
        self.objects.retain(|object| object.id != id);
    }

    /// As the server reads it: first the groups, then all with the groups by key.
    pub(crate) fn observe(&self) -> Vec<Observed> {
        let mut all: Vec<Observed> = self.objects.iter().filter_map(|o| self.seen(o)).collect();
        let groups = our_groups(&all, &self.records);
        for observed in &mut all {
            let object = self.objects.iter().find(|object| object.id == observed.id);
            let members = object.into_iter().flat_map(|object| &object.members);
            if let Payload::Group(group) = &mut observed.payload {
                group.nested = members.filter_map(|id| groups.get(id)).cloned().collect();
            }
            retarget(&mut observed.payload, |group| match group {
                GroupRef::Other(id) => match groups.get(&id.to_string()) {
                    Some(key) => GroupRef::Ours(key.clone()),
                    None => GroupRef::Other(id),
                },
                GroupRef::Ours(key) => GroupRef::Ours(key),
            });
        }
        all
    }

    fn seen(&self, object: &Object) -> Option<Observed> {
        let recorded = self.records.iter().find(|record| record.id == object.id);
        let key = match (&object.tag, &object.body) {
            (Some(key), _) => key.clone(),
            (None, Payload::Exclusion { .. }) => Key::Exclusion(object.id.clone()),
            (None, _) => recorded?.key.clone(),
        };
        Some(Observed {
            key,
            id: object.id.clone(),
            tagged: object.tag.is_some(),
            created_at: Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(object.born)),
            payload: object.body.clone(),
        })
    }

    pub(crate) fn wanted(&self, set: &RingSet, settings: &Settings) -> Vec<(Key, Payload)> {
        desired(TENANT, set, settings, &self.observe())
    }

    pub(crate) fn plan(&self, set: &RingSet, settings: &Settings, mode: Mode) -> Plan {
        plan(&self.wanted(set, settings), &self.observe(), &self.records, mode)
    }

    /// Plans and executes until there is nothing left to do.
    pub(crate) fn settle(
        &mut self,
        set: &RingSet,
        settings: &Settings,
        mode: &Mode,
        fates: &mut impl Iterator<Item = Fate>,
    ) -> Plan {
        for _ in 0..500 {
            let plan = self.plan(set, settings, mode.clone());
            if plan.steps.is_empty() {
                return plan;
            }
            self.take(&plan, fates);
        }
        panic!("it never ends: {:#?}", self.plan(set, settings, mode.clone()).steps);
    }

    /// Plans once, and executes until it is killed.
    pub(crate) fn one_plan(
        &mut self,
        set: &RingSet,
        settings: &Settings,
        mode: &Mode,
        fates: &mut impl Iterator<Item = Fate>,
    ) {
        let plan = self.plan(set, settings, mode.clone());
        self.take(&plan, fates);
    }

    fn take(&mut self, plan: &Plan, fates: &mut impl Iterator<Item = Fate>) {
        for step in &plan.steps {
            let fate = fates.next().unwrap_or(Fate::Done);
            self.execute(step, fate);
            if fate != Fate::Done {
                return;
            }
        }
    }

    fn execute(&mut self, step: &Step, fate: Fate) {
        if fate == Fate::Not {
            return;
        }
        let half = fate == Fate::Half;
        let id = match &step.change {
            Change::Create { to } => {
                if fate == Fate::Twice {
                    self.create(&step.key, to, false);
                }
                self.create(&step.key, to, half)
            }
            Change::Update { id, to, .. } | Change::Restore { id, to, .. } => {
                self.update(id, to, half);
                id.clone()
            }
            Change::Delete { id, .. } => {
                self.objects.retain(|object| object.id != *id);
                id.clone()
            }
            Change::Adopt { id, .. } | Change::Release { id, .. } => id.clone(),
        };
        if fate == Fate::Done {
            let before = self.records.iter().find(|record| record.key == step.key);
            match step.afterwards(&id, before) {
                Afterwards::Keep(record) => {
                    self.records.retain(|other| other.key != record.key);
                    self.records.push(record);
                }
                Afterwards::Forget { id } => self.records.retain(|record| record.id != id),
            }
        }
    }

    fn create(&mut self, key: &Key, to: &Payload, half: bool) -> String {
        let (body, members) = self.resolved(to);
        let id = self.insert(Some(key.clone()), body, members);
        if half {
            let object = self.objects.last_mut().expect("just made");
            object.members.truncate(1);
            set_targets(&mut object.body, Vec::new());
        }
        id
    }

    fn update(&mut self, id: &str, to: &Payload, half: bool) {
        let (mut body, mut members) = self.resolved(to);
        let object = self.objects.iter_mut().find(|object| object.id == *id).expect("it is there");
        if half {
            set_targets(&mut body, object.body.targets().to_vec());
            let (old, new) = (object.members.clone(), members.clone());
            members = old;
            members.extend(new.into_iter().take(1));
            members.sort();
            members.dedup();
        }
        object.body = body;
        object.members = members;
    }

    /// With the ids that groups have by now.
    fn resolved(&self, to: &Payload) -> (Payload, Vec<String>) {
        let observed = self.observe();
        let id =
            |key: &Key| kept(key, &observed, &self.records).expect("groups come first").id.clone();
        let mut body = to.clone();
        let mut members = Vec::new();
        if let Payload::Group(group) = &mut body {
            members = group.nested.iter().map(id).collect();
            group.nested = Vec::new();
        }
        retarget(&mut body, |group| match group {
            GroupRef::Ours(key) => GroupRef::Other(id(&key).parse().expect("a guid")),
            GroupRef::Other(id) => GroupRef::Other(id),
        });
        (body, members)
    }

    /// All there is, in words that do not depend on ids and order. Targets that are groups of ours
    /// which no longer exist are left out: they reach nobody, and Intune keeps them.
    pub(crate) fn picture(&self) -> Vec<String> {
        let of = |key: &Key, payload: &Payload| {
            let mut payload = payload.clone();
            if let Payload::Group(GroupPayload { nested, .. }) = &mut payload {
                nested.sort();
            }
            let mut targets = payload.targets().to_vec();
            targets.retain(|target| !self.is_gone(target));
            targets.sort();
            set_targets(&mut payload, targets);
            format!("{key} {payload:?}")
        };
        let seen = self.observe();
        let objects = seen.iter().map(|o| of(&o.key, &o.payload));
        let records = self.records.iter().map(|r| format!("record {}", of(&r.key, &r.applied)));
        let mut all: Vec<String> = objects.chain(records).collect();
        all.sort();
        all
    }

    fn is_gone(&self, target: &Target) -> bool {
        match target {
            Target::Group(GroupRef::Other(id)) | Target::ExcludedGroup(GroupRef::Other(id)) => {
                id.0.as_u128() < SOMEONE && self.objects.iter().all(|o| o.id != id.to_string())
            }
            Target::Group(GroupRef::Ours(_))
            | Target::ExcludedGroup(GroupRef::Ours(_))
            | Target::AllDevices
            | Target::AllUsers => false,
        }
    }

    pub(crate) fn is_without_duplicates(&self) -> bool {
        let mut keys: Vec<&Key> = self.objects.iter().filter_map(|o| o.tag.as_ref()).collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        keys.len() == count && keys.iter().all(|key| key.kind() != Kind::Group || key.is_ours())
    }
}

/// Ids from here on are groups of the organisation.
const SOMEONE: u128 = 1_000_000;

pub(crate) fn someone(number: u128) -> Target {
    Target::Group(GroupRef::Other(DirectoryObjectId(Uuid::from_u128(SOMEONE + number))))
}

fn targets_mut(payload: &mut Payload) -> Option<&mut Vec<Target>> {
    match payload {
        Payload::Group(_) => None,
        Payload::UpdateRing(policy) => Some(&mut policy.targets),
        Payload::Feature(policy) => Some(&mut policy.targets),
        Payload::Drivers(policy) => Some(&mut policy.targets),
        Payload::Edge(policy) => Some(&mut policy.targets),
        Payload::Office(policy) => Some(&mut policy.targets),
        Payload::Exclusion { targets } => Some(targets),
    }
}

pub(crate) fn set_targets(payload: &mut Payload, new: Vec<Target>) {
    if let Some(targets) = targets_mut(payload) {
        *targets = new;
    }
}

fn retarget(payload: &mut Payload, change: impl Fn(GroupRef) -> GroupRef) {
    let targets = payload.targets().iter().cloned().map(|target| match target {
        Target::Group(group) => Target::Group(change(group)),
        Target::ExcludedGroup(group) => Target::ExcludedGroup(change(group)),
        Target::AllDevices => Target::AllDevices,
        Target::AllUsers => Target::AllUsers,
    });
    let targets = targets.collect();
    set_targets(payload, targets);
}
