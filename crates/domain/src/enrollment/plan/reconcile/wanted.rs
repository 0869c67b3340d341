//! What is wanted: made, taken over, changed, or left to others.
//!
//! Never makes a second object for a key that has one.

use super::{Change, Reconcile, holds_our_exclusion};
use crate::enrollment::fields::{is_between, is_same};
use crate::enrollment::key::{Key, Kind};
use crate::enrollment::object::{Observed, Payload, Recorded};

impl Reconcile<'_> {
    pub(super) fn wanted(&mut self, key: &Key, payload: &Payload) {
        match (self.found(key), self.record(key)) {
            (None, None) => self.create(key, payload),
            (None, Some(_)) if self.restores(key) => {
                self.note_move(key);
                self.create(key, payload);
            }
            (None, Some(record)) => self.skip(record, None),
            (Some(found), None) => self.take(key, payload, found),
            // What was recorded is gone, and this is what was made in its place.
            (Some(found), Some(record)) if found.id != record.id => {
                self.note_move(key);
                self.take(key, payload, found);
            }
            (Some(found), Some(record)) if key.is_ours() => {
                self.keep(key, payload, found, record);
            }
            (Some(found), Some(record)) => self.exclude(key, payload, found, record),
        }
    }

    fn create(&mut self, key: &Key, payload: &Payload) {
        // A foreign update ring that is not there cannot be made.
        if key.is_ours() && !self.waits(payload) {
            self.push(key, Change::Create { to: payload.clone() });
        }
    }

    /// There, but not in our records.
    fn take(&mut self, key: &Key, payload: &Payload, found: &Observed) {
        let is_there = if key.is_ours() { true } else { holds_our_exclusion(found) };
        if is_there {
            let adopt = Change::Adopt { id: found.id.clone(), holds: found.payload.clone() };
            self.push(key, adopt);
        }
        if !is_same(&found.payload, payload) || self.targets_moved(payload) {
            self.update(key, payload, found);
        }
    }

    fn keep(&mut self, key: &Key, payload: &Payload, found: &Observed, record: &Recorded) {
        let may_change = self.restores(key) || is_between(&found.payload, &record.applied, payload);
        let differs = !is_same(&found.payload, payload);
        if (differs || self.targets_moved(payload)) && may_change {
            self.update(key, payload, found);
        } else if differs {
            self.skip(record, Some(found));
        } else if !is_same(&record.applied, payload) {
            let adopt = Change::Adopt { id: found.id.clone(), holds: found.payload.clone() };
            self.push(key, adopt);
        }
    }

    /// Of a foreign update ring only our exclusion counts; what else others do to it is theirs.
    fn exclude(&mut self, key: &Key, payload: &Payload, found: &Observed, record: &Recorded) {
        let is_there = holds_our_exclusion(found);
        if is_there && !self.targets_moved(payload) {
            return;
        }
        if is_there || self.restores(key) {
            self.update(key, payload, found);
        } else {
            self.skip(record, Some(found));
        }
    }

    fn update(&mut self, key: &Key, payload: &Payload, found: &Observed) {
        if self.waits(payload) {
            return;
        }
        let (from, to) = (found.payload.clone(), payload.clone());
        self.push(key, Change::Update { id: found.id.clone(), from, to });
    }

    fn note_move(&mut self, key: &Key) {
        if key.kind() == Kind::Group {
            self.moved.insert(key.clone());
        }
    }

    fn targets_moved(&self, payload: &Payload) -> bool {
        payload.needs().any(|group| self.moved.contains(group))
    }

    /// It needs a group that others deleted.
    fn waits(&self, payload: &Payload) -> bool {
        payload.needs().any(|group| self.absent.contains(group))
    }
}
