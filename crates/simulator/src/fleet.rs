//! The fleet: what each device is, and where it stands with its update.

mod driver;
pub(crate) mod hours;
mod install;
pub(crate) mod life;
pub(crate) mod look;
pub(crate) mod models;
pub(crate) mod programs;
mod roster;
pub(crate) mod upgrade;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::choice::{Choices, Purpose};
use crate::clock::{DAY, HOUR, Packed, Seconds};
use crate::defect::Defects;
use crate::fleet::driver::Stage;
use crate::fleet::hours::Hours;
use crate::fleet::models::Model;
use crate::fleet::programs::Programs;
use crate::fleet::upgrade::Upgrade;
use crate::ledger::Name;
use crate::tenant::catalog::{BASELINE, Release};
use crate::tenant::rules::Stops;

/// How far the device is with the update it is working on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Idle,
    Offered,
    Downloading,
    /// The device saw that the approval is gone, or that it is paused, and waits.
    Held,
    Installing,
    RebootPending,
    /// On the new build; the next check-in reports it.
    Installed,
    Failed,
    Uninstalling,
    UninstallRebootPending,
    Uninstalled,
}

/// One bit per catalogue level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Levels(u32);

impl Levels {
    pub(crate) fn has(self, level: u8) -> bool {
        self.0 & (1 << (level & 31)) != 0
    }

    pub(crate) fn add(&mut self, level: u8) {
        self.0 |= 1 << (level & 31);
    }
}

/// The changing part of a device; everything else is a hash of its index. A million of them are
/// kept, so moments are packed and small things are bytes.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) hours: Hours,
    pub(crate) last_sync: Packed,
    next_check_in: Packed,
    /// When the present phase ends by itself.
    next_step: Packed,
    /// When the present phase began.
    pub(crate) phase_since: Packed,
    /// No scan takes a failed install up again before this.
    pub(crate) retry_from: Packed,
    pub(crate) check_ins: u32,
    pub(crate) offered: Levels,
    /// What the device gave up.
    pub(crate) failed: Levels,
    pub(crate) policy: Option<Name>,
    pub(crate) group: Option<Name>,
    pub(crate) phase: Phase,
    pub(crate) installed: u8,
    pub(crate) reported: u8,
    /// What the device ran before `installed`; an uninstall goes back there.
    pub(crate) previous: Option<u8>,
    pub(crate) target: u8,
    /// Installs of the target that failed.
    pub(crate) failures: u8,
    pub(crate) code: Option<u8>,
    pub(crate) dark: bool,
    /// What the device knew of its update configuration at its last check-in.
    pub(crate) quality: Stops,
    pub(crate) feature: Stops,
    /// Days until the restart of an expedited update is forced.
    pub(crate) forced: Option<u8>,
    /// An update ring offered the target.
    pub(crate) by_ring: bool,
    pub(crate) upgrade: Upgrade,
    pub(crate) programs: Programs,
    /// When the updaters of programs look for their orders.
    next_look: Packed,
}

/// Something a device does at a given time. The order of the fields is the order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Packed,
    device: u32,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Step,
    CheckIn,
    Look,
}

#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) choices: Choices,
    devices: Vec<Device>,
    due: BinaryHeap<Reverse<Due>>,
    /// Devices in the order in which the directory's view of them changed.
    changes: Vec<u32>,
    /// What is wrong with single devices.
    defects: Defects,
    /// Devices that were retired.
    gone: BTreeSet<u32>,
    /// Drivers that devices were offered, by device and level.
    drivers: BTreeMap<(u32, u8), Stage>,
    start: Seconds,
}

impl Fleet {
    pub(crate) fn new(choices: Choices, count: u32, start: Seconds) -> Self {
        let devices: Vec<Device> =
            (0..count).map(|index| Device::new(choices, index, start)).collect();
        let due = (0..count)
            .zip(&devices)
            .map(|(device, state)| {
                Reverse(Due { at: state.next_check_in, device, what: What::CheckIn })
            })
            .collect::<Vec<_>>();
        Self {
            choices,
            devices,
            due: BinaryHeap::from(due),
            changes: Vec::new(),
            defects: Defects::default(),
            gone: BTreeSet::new(),
            drivers: BTreeMap::new(),
            start,
        }
    }

    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.devices.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn device(&self, index: u32) -> &Device {
        &self.devices[slot(index)]
    }

    fn device_mut(&mut self, index: u32) -> &mut Device {
        &mut self.devices[slot(index)]
    }

    /// The version the device came with.
    pub(crate) fn release(&self, index: u32) -> Release {
        if self.choices.chance(index, Purpose::Build, 0, 62_000) {
            Release::Windows24H2
        } else {
            Release::Windows23H2
        }
    }

    pub(crate) fn model(&self, index: u32) -> &'static Model {
        models::of(self.choices, index)
    }

    pub(crate) fn name(&self, index: u32) -> String {
        let site = hours::site(self.choices, index).0;
        let prefix: String = site.chars().filter(char::is_ascii_alphabetic).take(3).collect();
        format!("{}-{index:07}", prefix.to_uppercase())
    }

    /// The device that has this id on the surface `purpose` stands for, and is there.
    pub(crate) fn find(&self, id: &str, purpose: Purpose) -> Option<u32> {
        let index = self.choices.device(id.parse().ok()?, purpose, self.count())?;
        let there = if purpose == Purpose::ManagedId {
            self.in_intune(index)
        } else {
            self.in_entra(index)
        };
        there.then_some(index)
    }

    pub(crate) fn start(&self) -> Seconds {
        self.start
    }

    pub(crate) fn changes(&self) -> &[u32] {
        &self.changes
    }

    fn check_in_at(&mut self, index: u32, at: Seconds) {
        if self.device(index).dark {
            return;
        }
        let at = Packed::from(at);
        self.device_mut(index).next_check_in = at;
        self.due.push(Reverse(Due { at, device: index, what: What::CheckIn }));
    }

    /// An administrator asks the device to check in; it does when it is switched on.
    pub(crate) fn ask_to_sync(&mut self, index: u32, now: Seconds) {
        let asked = self.device(index).hours.next_on(now + 60);
        if self.device(index).next_check_in > Packed::from(asked) {
            self.check_in_at(index, asked);
        }
    }

    fn step_at(&mut self, index: u32, at: Seconds) {
        let at = Packed::from(at);
        self.device_mut(index).next_step = at;
        self.due.push(Reverse(Due { at, device: index, what: What::Step }));
    }

    fn look_at(&mut self, index: u32, at: Seconds) {
        let at = Packed::from(at);
        self.device_mut(index).next_look = at;
        self.due.push(Reverse(Due { at, device: index, what: What::Look }));
    }

    /// The next thing due at or before `now`; what was planned anew since is passed over.
    fn pop(&mut self, now: Seconds) -> Option<Due> {
        loop {
            let Reverse(due) = *self.due.peek()?;
            if due.at.seconds() > now {
                return None;
            }
            self.due.pop();
            let device = self.device_mut(due.device);
            let planned = match due.what {
                What::Step => &mut device.next_step,
                What::CheckIn => &mut device.next_check_in,
                What::Look => &mut device.next_look,
            };
            if *planned == due.at {
                *planned = Packed::NEVER;
                return Some(due);
            }
        }
    }
}

pub(crate) fn slot(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl Device {
    fn new(choices: Choices, index: u32, start: Seconds) -> Self {
        let mut hours = Hours::new(choices, index);
        let away = choices.chance(index, Purpose::Habit, 0, 1_500);
        let last_sync = if away {
            start - choices.span(index, Purpose::FirstCheckIn, 0, (8 * DAY, 50 * DAY))
        } else {
            let ago = choices.span(index, Purpose::FirstCheckIn, 0, (60, 5 * HOUR));
            hours.last_on(start - ago)
        };
        if away {
            let back = choices.span(index, Purpose::FirstCheckIn, 1, (4 * DAY, 40 * DAY));
            hours.away_until(start + back);
        }
        let ahead = choices.span(index, Purpose::FirstCheckIn, 2, (60, 6 * HOUR));
        Self {
            last_sync: last_sync.into(),
            next_check_in: hours.next_on(start + ahead).into(),
            hours,
            next_step: Packed::NEVER,
            phase_since: last_sync.into(),
            retry_from: Packed::LONG_AGO,
            check_ins: 0,
            offered: Levels::default(),
            failed: Levels::default(),
            policy: None,
            group: None,
            phase: Phase::Idle,
            installed: BASELINE,
            reported: BASELINE,
            previous: None,
            target: 0,
            failures: 0,
            code: None,
            dark: false,
            quality: Stops::default(),
            feature: Stops::default(),
            forced: None,
            by_ring: false,
            upgrade: Upgrade::NONE,
            programs: Programs::new(choices, index, start),
            next_look: Packed::NEVER,
        }
    }
}
