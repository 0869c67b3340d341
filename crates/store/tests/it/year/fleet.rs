//! A fleet that takes what it is offered: who checks in when, and what becomes of each device.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::ids::{EntraDeviceId, RolloutId};
use store::ingest::{CheckIn, Report};

use crate::world::{OLD, device};

/// Devices of each ring, first ring first.
pub(super) const RINGS: [(&str, u32); 4] =
    [("Test", 20), ("First", 180), ("Fast", 1_800), ("Broad", 18_000)];
pub(super) const DEVICES: u128 = 20_000;

/// What a device of the fleet does next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Hears of an offer and begins, if it still stands.
    Begin {
        rollout: RolloutId,
        to: u32,
        fails: bool,
    },
    /// Runs another revision from now on.
    Runs {
        revision: u32,
    },
    /// Says that it is well.
    Well,
    Fails {
        rollout: RolloutId,
    },
}

/// What a tick brings in.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) check_ins: Vec<CheckIn>,
    pub(super) reports: BTreeMap<RolloutId, Vec<Report>>,
}

#[derive(Debug)]
pub(super) struct Fleet {
    /// What each device runs.
    revisions: Vec<u32>,
    steps: BTreeMap<DateTime<Utc>, Vec<(u128, Step)>>,
    /// Devices of each rollout and ring that were offered it so far.
    turns: BTreeMap<(RolloutId, u8), u128>,
}

impl Fleet {
    pub(super) fn new() -> Self {
        let revisions = (0..DEVICES).map(|_| OLD.revision).collect();
        Self { revisions, steps: BTreeMap::new(), turns: BTreeMap::new() }
    }

    pub(super) fn revision(&self, number: u128) -> u32 {
        self.revisions[usize::try_from(number).expect("of the fleet")]
    }

    /// The number of a device, from its id in Entra.
    pub(super) fn number(of: EntraDeviceId) -> u128 {
        of.0.as_u128() - 0x2_0000_0000
    }

    fn plan(&mut self, at: DateTime<Utc>, number: u128, step: Step) {
        self.steps.entry(at).or_default().push((number, step));
    }

    /// Devices are offered a rollout, in this order, of which every `bad`th fails. Each hears of it within
    /// eight hours; one in a hundred is away for three days.
    pub(super) fn offered(
        &mut self,
        (rollout, ring): (RolloutId, u8),
        devices: &[EntraDeviceId],
        (to, bad): (u32, u128),
        at: DateTime<Utc>,
    ) {
        for device in devices {
            let turn = self.turns.entry((rollout, ring)).or_default();
            let number = *turn;
            *turn += 1;
            let away = if number % 100 == 50 { 72 } else { 0 };
            let hears =
                at + TimeDelta::hours(away + 2 + 2 * i64::try_from(number % 4).unwrap_or(0));
            let fails = number % bad == bad - 1;
            self.plan(hears, Self::number(*device), Step::Begin { rollout, to, fails });
        }
    }

    /// Devices are told to uninstall: back on `to` within eight hours.
    pub(super) fn removed(&mut self, devices: &[EntraDeviceId], to: u32, at: DateTime<Utc>) {
        for (turn, device) in (0_i64..).zip(devices) {
            let hears = at + TimeDelta::hours(2 + 2 * (turn % 4));
            self.plan(hears, Self::number(*device), Step::Runs { revision: to });
        }
    }

    /// Everything up to `now`. `is_open`: whether what a rollout offered still stands.
    pub(super) fn until(
        &mut self,
        now: DateTime<Utc>,
        is_open: impl Fn(RolloutId) -> bool,
    ) -> Heard {
        let mut heard = Heard::default();
        while let Some(first) = self.steps.first_entry().filter(|first| *first.key() <= now) {
            let at = *first.key();
            for (number, step) in first.remove() {
                self.take(&mut heard, (at, number), step, &is_open);
            }
        }
        heard
    }

    /// A sign of life of every device.
    pub(super) fn everybody(&self, at: DateTime<Utc>) -> Vec<CheckIn> {
        (0..DEVICES).map(|number| self.check_in(number, at)).collect()
    }

    fn check_in(&self, number: u128, at: DateTime<Utc>) -> CheckIn {
        let build = Some(Build { revision: self.revision(number), ..OLD });
        CheckIn { intune: device(number).intune, build, at }
    }

    fn take(
        &mut self,
        heard: &mut Heard,
        (at, number): (DateTime<Utc>, u128),
        step: Step,
        is_open: &impl Fn(RolloutId) -> bool,
    ) {
        let mut report = |rollout, state, code: Option<&str>| {
            let device = device(number).entra_device.expect("an id");
            let report = Report { device, state, code: code.map(str::to_owned), at };
            heard.reports.entry(rollout).or_default().push(report);
        };
        match step {
            Step::Begin { rollout, .. } if !is_open(rollout) => {}
            Step::Begin { rollout, to, fails } => {
                report(rollout, AttemptState::Installing, None);
                let done = at + TimeDelta::hours(2);
                if fails {
                    self.plan(done, number, Step::Fails { rollout });
                } else {
                    self.plan(done, number, Step::Runs { revision: to });
                    self.plan(done + TimeDelta::hours(6), number, Step::Well);
                }
            }
            Step::Fails { rollout } => report(rollout, AttemptState::Failed, Some("0x800f0922")),
            Step::Runs { revision } => {
                self.revisions[usize::try_from(number).expect("of the fleet")] = revision;
                heard.check_ins.push(self.check_in(number, at));
            }
            Step::Well => heard.check_ins.push(self.check_in(number, at)),
        }
    }
}
