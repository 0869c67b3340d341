//! How many devices of a ring stand where. Gates read these counters, never devices.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::attempt::AttemptState;

/// Devices of one ring by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeMap<AttemptState, u32>", from = "BTreeMap<AttemptState, u32>")]
pub struct Tally {
    counts: [u32; AttemptState::ALL.len()],
}

impl Tally {
    /// A tally from (state, devices) pairs; a state named twice is added up.
    #[must_use]
    pub fn of(counts: impl IntoIterator<Item = (AttemptState, u32)>) -> Self {
        let mut tally = Self::default();
        for (state, devices) in counts {
            let slot = &mut tally.counts[state as usize];
            *slot = slot.saturating_add(devices);
        }
        tally
    }

    /// Devices in `state` now.
    #[must_use]
    pub fn in_state(&self, state: AttemptState) -> u32 {
        self.counts[state as usize]
    }

    fn sum(&self, states: &[AttemptState]) -> u32 {
        states.iter().fold(0, |total, state| total.saturating_add(self.in_state(*state)))
    }

    /// N: everyone in the ring.
    #[must_use]
    pub fn members(&self) -> u32 {
        self.sum(&AttemptState::ALL)
    }

    /// A: members that can be judged, so without the excluded and those that could not be
    /// reached or would not start within the window (quality.md A2).
    #[must_use]
    pub fn eligible(&self) -> u32 {
        self.members() - self.sum(&[AttemptState::Excluded, AttemptState::Unresolved])
    }

    /// Devices that were ever offered the update.
    #[must_use]
    pub fn offered(&self) -> u32 {
        self.members() - self.sum(&[AttemptState::Assigned, AttemptState::Excluded])
    }

    /// Devices that were offered the update and have it, may have it, or failed to: without those that
    /// could not be reached or would not start, and those whose offer was taken back.
    #[must_use]
    pub fn exposed(&self) -> u32 {
        let gone = self.sum(&[AttemptState::Unresolved, AttemptState::Withdrawn]);
        self.offered().saturating_sub(gone)
    }

    /// Devices still to be offered.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.in_state(AttemptState::Assigned)
    }

    /// Devices without the update that would be offered it if they were not held.
    #[must_use]
    pub fn waiting_or_withdrawn(&self) -> u32 {
        self.sum(&[AttemptState::Assigned, AttemptState::Withdrawn])
    }

    /// Offered, outcome not known yet (I18).
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.sum(&[AttemptState::Offered, AttemptState::Installing, AttemptState::Installed])
    }

    /// S: confirmed good.
    #[must_use]
    pub fn confirmed(&self) -> u32 {
        self.in_state(AttemptState::Confirmed)
    }

    /// F, first kind: failed installs and devices that rolled back by themselves.
    #[must_use]
    pub fn failed(&self) -> u32 {
        self.in_state(AttemptState::Failed)
    }

    /// F, second kind: went silent after the install had started.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.in_state(AttemptState::Lost)
    }

    /// S + F: devices whose outcome is known.
    #[must_use]
    pub fn judged(&self) -> u32 {
        self.sum(&[AttemptState::Confirmed, AttemptState::Failed, AttemptState::Lost])
    }

    /// Devices that run the update, or may: what a rollback has to reach.
    #[must_use]
    pub fn removable(&self) -> u32 {
        self.sum(&[AttemptState::Installed, AttemptState::Lost, AttemptState::Confirmed])
    }

    /// In the middle of an install, or installed and not confirmed yet: the outcome is under way.
    #[must_use]
    pub fn in_install(&self) -> u32 {
        self.sum(&[AttemptState::Installing, AttemptState::Installed])
    }

    /// In the middle of an install. A rollback waits for the outcome: told to uninstall now, such a
    /// device would look clean and finish the install afterwards.
    #[must_use]
    pub fn installing(&self) -> u32 {
        self.in_state(AttemptState::Installing)
    }

    /// Told to uninstall, not done yet.
    #[must_use]
    pub fn removing(&self) -> u32 {
        self.in_state(AttemptState::Removing)
    }
}

impl From<Tally> for BTreeMap<AttemptState, u32> {
    fn from(tally: Tally) -> Self {
        AttemptState::ALL
            .into_iter()
            .map(|state| (state, tally.in_state(state)))
            .filter(|(_, devices)| *devices > 0)
            .collect()
    }
}

impl From<BTreeMap<AttemptState, u32>> for Tally {
    fn from(counts: BTreeMap<AttemptState, u32>) -> Self {
        Self::of(counts)
    }
}
