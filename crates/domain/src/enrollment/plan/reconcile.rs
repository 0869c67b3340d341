//! One pass over all keys: first what is wanted, then what is not wanted any more.
//!
//! Decides nothing from names or from the clock; only what is there, what was written, what is
//! wanted.

mod unwanted;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, Plan, Step};
use crate::enrollment::drift::difference;
use crate::enrollment::find::kept;
use crate::enrollment::key::{Key, Kind};
use crate::enrollment::object::{Observed, Payload, Recorded, Target};

pub(super) struct Reconcile<'a> {
    /// In the order of keys, which is the order of steps.
    desired: BTreeMap<&'a Key, &'a Payload>,
    observed: &'a [Observed],
    recorded: &'a [Recorded],
    /// What may be taken back from others; `None` is everything.
    restored: Option<Vec<Key>>,
    /// Remove our exclusions even where no record says that they are ours.
    unenrolls: bool,
    /// Groups that are to have another id than before, so that what targets them is written again.
    moved: BTreeSet<Key>,
    /// Groups that others deleted and this plan does not make again.
    absent: BTreeSet<Key>,
    /// Groups that objects left to others still target.
    held: BTreeSet<Key>,
    plan: Plan,
}

impl<'a> Reconcile<'a> {
    pub(super) fn new(
        desired: &'a [(Key, Payload)],
        observed: &'a [Observed],
        recorded: &'a [Recorded],
        restored: Option<Vec<Key>>,
    ) -> Self {
        Self {
            desired: desired.iter().map(|(key, payload)| (key, payload)).collect(),
            observed,
            recorded,
            restored,
            unenrolls: false,
            moved: BTreeSet::new(),
            absent: BTreeSet::new(),
            held: BTreeSet::new(),
            plan: Plan::default(),
        }
    }

    pub(super) fn plan(mut self) -> Plan {
        for (key, payload) in self.desired.clone() {
            self.wanted(key, payload);
        }
        for key in self.known().into_iter().rev() {
            self.unwanted(key);
        }
        self.plan
    }

    pub(super) fn unenroll(mut self) -> Plan {
        self.unenrolls = true;
        self.plan()
    }

    /// Every key that is recorded or observed.
    fn known(&self) -> BTreeSet<&'a Key> {
        let recorded = self.recorded.iter().map(|record| &record.key);
        recorded.chain(self.observed.iter().map(|object| &object.key)).collect()
    }

    fn record(&self, key: &Key) -> Option<&'a Recorded> {
        self.recorded.iter().find(|record| record.key == *key)
    }

    fn found(&self, key: &Key) -> Option<&'a Observed> {
        kept(key, self.observed, self.recorded)
    }

    fn restores(&self, key: &Key) -> bool {
        self.restored.as_ref().is_none_or(|keys| keys.contains(key))
    }

    fn push(&mut self, key: &Key, change: Change) {
        self.plan.steps.push(Step::new(key.clone(), change));
    }

    /// Left to others, and listed.
    fn skip(&mut self, record: &Recorded, found: Option<&Observed>) {
        self.plan.skipped.extend(difference(record, found));
        match found {
            Some(found) => self.held.extend(found.payload.needs().cloned()),
            None if record.key.kind() == Kind::Group => {
                self.absent.insert(record.key.clone());
            }
            None => {}
        }
    }
}

fn holds_our_exclusion(object: &Observed) -> bool {
    object.payload.targets().contains(&Target::our_exclusion())
}
