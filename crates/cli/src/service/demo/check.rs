//! Holds what the service says about a rollout against what happened to the devices. Pure: both
//! accounts come in as arguments.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use api_types::{AttemptState, Event};
use chrono::{DateTime, Utc};
use simulator::{Ledger, LedgerEntry};
use uuid::Uuid;

/// The service's account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    /// The update's entry in the catalogue of Microsoft Graph.
    pub(crate) catalog_entry: String,
    /// By `deviceId` in Entra.
    pub(crate) devices: BTreeMap<Uuid, Standing>,
    pub(crate) events: Vec<Event>,
}

/// Where a device stands in the rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) ring: u8,
    pub(crate) state: AttemptState,
}

/// Something the two accounts do not agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disagreement {
    /// Offered the update, and no device of the rollout.
    Stranger { device: Uuid },
    /// Offered the update although the service never offered it.
    NotOffered { device: Uuid, state: AttemptState },
    /// Offered the update before its ring was opened, or without that.
    RingClosed { device: Uuid, ring: u8, at: DateTime<Utc> },
    /// What the service says became of it never happened there.
    Untrue { device: Uuid, state: AttemptState, missing: &'static str },
}

impl fmt::Display for Disagreement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = crate::text::attempt_state;
        match self {
            Self::Stranger { device } => {
                write!(out, "{device} was offered the update and is not in the rollout")
            }
            Self::NotOffered { device, state } => {
                write!(out, "{device} was offered the update and is {} here", word(*state))
            }
            Self::RingClosed { device, ring, at } => {
                write!(
                    out,
                    "{device} was offered the update at {at}, before ring {ring} was opened"
                )
            }
            Self::Untrue { device, state, missing } => {
                write!(out, "{device} is {} here and never {missing} there", word(*state))
            }
        }
    }
}

/// Every device that was offered the update had been offered it by the service, in an open ring.
pub(crate) fn offers(picture: &Picture, ledger: &Ledger) -> Vec<Disagreement> {
    let opened = opened(&picture.events);
    let offered = of_update(picture, ledger).filter(|entry| entry.event == "offered");
    offered
        .filter_map(|entry| {
            let (device, at) = (entry.device, entry.at);
            let Some(&Standing { ring, state }) = picture.devices.get(&device) else {
                return Some(Disagreement::Stranger { device });
            };
            if !was_offered(state) {
                return Some(Disagreement::NotOffered { device, state });
            }
            let in_time = opened.get(&ring).is_some_and(|opened| *opened <= at);
            (!in_time).then_some(Disagreement::RingClosed { device, ring, at })
        })
        .collect()
}

/// What the service says became of a device did happen there.
pub(crate) fn outcomes(picture: &Picture, ledger: &Ledger) -> Vec<Disagreement> {
    let mut happened: HashSet<(&str, Uuid)> = HashSet::new();
    let mut running: HashSet<Uuid> = HashSet::new();
    for entry in of_update(picture, ledger) {
        happened.insert((entry.event.as_str(), entry.device));
        match entry.event.as_str() {
            "installed" => _ = running.insert(entry.device),
            "uninstalled" => _ = running.remove(&entry.device),
            _ => {}
        }
    }
    let untrue = |(&device, &Standing { state, .. }): (&Uuid, &Standing)| {
        let missing = match evidence(state) {
            Evidence::None => None,
            Evidence::Of(event) => (!happened.contains(&(event, device))).then_some(event),
            Evidence::Gone => running.contains(&device).then_some("uninstalled"),
        };
        missing.map(|missing| Disagreement::Untrue { device, state, missing })
    };
    picture.devices.iter().filter_map(untrue).collect()
}

/// Waves decided while the rollout was paused: between a pause and the next resume.
pub(crate) fn offers_after_pause(events: &[Event]) -> usize {
    let mut paused = false;
    let mut waves = 0;
    for event in events {
        match event.kind.as_str() {
            "paused" => paused = true,
            "resumed" => paused = false,
            "wave_offered" if paused => waves += 1,
            _ => {}
        }
    }
    waves
}

/// What the ledger must show of a device.
#[derive(Debug, Clone, Copy)]
enum Evidence {
    None,
    Of(&'static str),
    /// It does not run the update any more. One that was told to uninstall while its install was
    /// failing never did, and has nothing to uninstall.
    Gone,
}

const fn evidence(state: AttemptState) -> Evidence {
    match state {
        AttemptState::Confirmed => Evidence::Of("installed"),
        AttemptState::Failed => Evidence::Of("install_failed"),
        AttemptState::Removed => Evidence::Gone,
        AttemptState::Assigned | AttemptState::Offered | AttemptState::Unresolved => Evidence::None,
        AttemptState::Withdrawn | AttemptState::Installing => Evidence::None,
        AttemptState::Installed | AttemptState::Lost | AttemptState::Removing => Evidence::None,
        AttemptState::Stranded | AttemptState::Excluded => Evidence::None,
    }
}

const fn was_offered(state: AttemptState) -> bool {
    match state {
        AttemptState::Assigned | AttemptState::Excluded => false,
        AttemptState::Offered | AttemptState::Unresolved | AttemptState::Withdrawn => true,
        AttemptState::Installing | AttemptState::Installed | AttemptState::Lost => true,
        AttemptState::Confirmed | AttemptState::Failed => true,
        AttemptState::Removing | AttemptState::Removed | AttemptState::Stranded => true,
    }
}

fn of_update<'all>(
    picture: &'all Picture,
    ledger: &'all Ledger,
) -> impl Iterator<Item = &'all LedgerEntry> {
    ledger
        .entries
        .iter()
        .filter(|entry| !entry.device.is_nil() && entry.catalog_entry == picture.catalog_entry)
}

/// When each ring was opened.
fn opened(events: &[Event]) -> BTreeMap<u8, DateTime<Utc>> {
    let rings = events.iter().filter(|event| event.kind == "ring_opened");
    rings
        .filter_map(|event| {
            let ring = event.body.pointer("/event/ring")?.as_u64()?;
            Some((u8::try_from(ring).ok()?, event.at))
        })
        .collect()
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
