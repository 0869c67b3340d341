//! Who belongs to the fleet, and what is wrong with whom: devices come, go, fall ill and get well.
//! A device that went keeps its number, so that delta queries can tell that it went.

use crate::clock::Seconds;
use crate::defect::{Defect, Defects};
use crate::fleet::{Device, Due, Fleet, What};

impl Fleet {
    pub(crate) fn is_gone(&self, index: u32) -> bool {
        !self.gone.is_empty() && self.gone.contains(&index)
    }

    /// Devices retired and deleted, in the order of their numbers.
    pub(crate) fn gone(&self) -> impl Iterator<Item = u32> {
        self.gone.iter().copied()
    }

    /// Enrols new devices; the first of their numbers.
    pub(crate) fn enrol(&mut self, count: u32, now: Seconds) -> u32 {
        let first = self.count();
        for index in first..first.saturating_add(count) {
            let new = Device::new(self.choices, index, now);
            let at = new.next_check_in;
            self.devices.push(new);
            self.due.push(std::cmp::Reverse(Due { at, device: index, what: What::CheckIn }));
            self.changes.push(index);
        }
        first
    }

    /// Retires a device and deletes it from the directory; false where there is none.
    pub(crate) fn retire(&mut self, index: u32) -> bool {
        let retired = index < self.count() && self.gone.insert(index);
        if retired {
            self.changes.push(index);
        }
        retired
    }

    /// Puts these defects in the place of those before. What has got well checks in at once.
    pub(crate) fn strike(&mut self, defects: Defects, now: Seconds) {
        let before = std::mem::replace(&mut self.defects, defects);
        for defect in defects.changed(before) {
            for index in self.struck_by(defect) {
                if !defects.has(defect) && !self.is_gone(index) {
                    self.device_mut(index).last_sync = now.into();
                    self.check_in_at(index, now + 60);
                }
                self.changes.push(index);
            }
        }
    }

    /// Whether the device takes part in anything at all.
    pub(super) fn acts(&self, index: u32) -> bool {
        !self.is_gone(index) && !self.is_silent(index)
    }

    /// The devices a defect strikes, as far as the fleet has them.
    pub(crate) fn struck_by(&self, defect: Defect) -> impl Iterator<Item = u32> + use<> {
        let count = self.count();
        defect.strikes().filter(move |index| *index < count)
    }
}
