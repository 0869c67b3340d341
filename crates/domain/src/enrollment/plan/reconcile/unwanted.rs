//! What is not wanted any more, and duplicates: deleted, given back, or forgotten.
//!
//! Never deletes an object without our tag that is not in our records either.

use super::{Change, Reconcile, holds_our_exclusion};
use crate::enrollment::fields::is_same;
use crate::enrollment::key::Key;
use crate::enrollment::object::{Observed, Recorded};
use crate::enrollment::plan::record::without_exclusion;

impl Reconcile<'_> {
    pub(super) fn unwanted(&mut self, key: &Key) {
        let found = self.found(key);
        if key.is_ours() {
            self.delete_duplicates(key, found);
        }
        if self.desired.contains_key(key) {
            return;
        }
        match (found, self.record(key)) {
            (Some(found), record) if key.is_ours() => self.delete_unwanted(key, found, record),
            (Some(found), record) => self.give_back(key, found, record),
            (None, Some(record)) => self.release(key, record, "it is gone already"),
            (None, None) => {}
        }
    }

    fn delete_duplicates(&mut self, key: &Key, kept: Option<&Observed>) {
        let is_other = |object: &&Observed| kept.is_some_and(|kept| kept.id != object.id);
        let duplicates: Vec<&Observed> = self
            .observed
            .iter()
            .filter(|object| object.key == *key && object.tagged)
            .filter(is_other)
            .collect();
        for duplicate in duplicates {
            self.delete(key, duplicate);
        }
    }

    fn delete_unwanted(&mut self, key: &Key, found: &Observed, record: Option<&Recorded>) {
        let record = record.filter(|record| record.id == found.id);
        let changed_by_others = record.filter(|record| !is_same(&found.payload, &record.applied));
        match changed_by_others {
            Some(record) if !self.restores(key) => self.skip(record, Some(found)),
            Some(_) | None => {
                let is_ours = found.tagged || record.is_some();
                if is_ours && !self.held.contains(key) {
                    self.delete(key, found);
                }
            }
        }
    }

    fn give_back(&mut self, key: &Key, found: &Observed, record: Option<&Recorded>) {
        match (holds_our_exclusion(found), record) {
            (true, None) if !self.unenrolls => {}
            (true, _) => {
                let to = without_exclusion(&found.payload);
                let (id, from) = (found.id.clone(), found.payload.clone());
                self.push(key, Change::Restore { id, from, to });
            }
            (false, Some(record)) => {
                self.release(key, record, "others took our exclusion away already");
            }
            (false, None) => {}
        }
    }

    fn release(&mut self, key: &Key, record: &Recorded, why: &str) {
        self.push(key, Change::Release { id: record.id.clone(), why: why.to_owned() });
    }

    fn delete(&mut self, key: &Key, object: &Observed) {
        let (id, holds) = (object.id.clone(), object.payload.clone());
        self.push(key, Change::Delete { id, holds });
    }
}
