//! The work on an update: download, install with its retries, reboot, and the way back.

use crate::choice::Purpose;
use crate::clock::{HOUR, MINUTE, Packed, Seconds};
use crate::config::Scenario;
use crate::fleet::life::Surroundings;
use crate::fleet::models::BAD_MODEL;
use crate::fleet::{Fleet, Phase};
use crate::ledger::{CODES, Event};
use crate::tenant::catalog::{CURRENT, FEATURE};

/// Installs of one update, the first and its retries.
const ATTEMPTS: u8 = 3;

impl Fleet {
    pub(super) fn step(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        match self.device(index).phase {
            Phase::Offered => {
                if self.holds_between(around, index, now) {
                    return;
                }
                self.enter(index, Phase::Downloading, now);
                self.note(around, index, Event::DownloadStarted, now);
                self.step_after(index, Purpose::Download, (5 * MINUTE, 2 * HOUR), now);
            }
            Phase::Downloading => {
                if self.holds_between(around, index, now) {
                    return;
                }
                self.enter(index, Phase::Installing, now);
                self.note(around, index, Event::InstallStarted, now);
                self.step_after(index, Purpose::Install, (10 * MINUTE, HOUR), now);
            }
            Phase::Installing => self.finish_install(around, index, now),
            Phase::RebootPending => self.reboot(around, index, now),
            Phase::Uninstalling => {
                self.enter(index, Phase::UninstallRebootPending, now);
                self.step_after(index, Purpose::Uninstall, (20 * MINUTE, 4 * HOUR), now);
            }
            Phase::UninstallRebootPending => self.finish_uninstall(around, index, now),
            Phase::Idle | Phase::Held | Phase::Installed | Phase::Failed | Phase::Uninstalled => {}
        }
    }

    fn finish_install(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        if self.device(index).failures < self.failing_attempts(around.scenario, index) {
            self.fail(around, index, now);
            return;
        }
        self.enter(index, Phase::RebootPending, now);
        let span = match self.device(index).forced {
            Some(0) => (5 * MINUTE, 30 * MINUTE),
            Some(1 | 2) => (30 * MINUTE, 8 * HOUR),
            Some(_) | None => (HOUR, 12 * HOUR),
        };
        self.step_after(index, Purpose::Reboot, span, now);
    }

    /// How many installs of the target fail on this device before one works. What is wrong with
    /// an update stays wrong; of the other failures, one in a hundred devices, most heal.
    fn failing_attempts(&self, scenario: Scenario, index: u32) -> u8 {
        let level = self.device(index).target;
        let extra = u32::from(level);
        let persistent = match scenario {
            Scenario::BadUpdate if level == CURRENT => 20_000,
            Scenario::BadModel if level == CURRENT && self.model(index).name == BAD_MODEL => 60_000,
            Scenario::BadUpdate | Scenario::BadModel | Scenario::Healthy | Scenario::Silent => 300,
        };
        if self.choices.chance(index, Purpose::Outcome, extra, persistent) {
            return ATTEMPTS;
        }
        if !self.choices.chance(index, Purpose::FirstTry, extra, 700) {
            return 0;
        }
        // Seven in ten of these heal at the second attempt, the others at the third.
        if self.choices.chance(index, Purpose::Heals, extra, 70_000) { 1 } else { 2 }
    }

    fn fail(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let level = self.device(index).target;
        let bound = u32::try_from(CODES.len()).unwrap_or(1);
        let code = self.choices.below(index, Purpose::Code, u32::from(level), bound);
        let failures = self.device(index).failures + 1;
        let extra = u32::from(level) * 8 + u32::from(failures);
        let wait = self.choices.span(index, Purpose::Retry, extra, (18 * HOUR, 30 * HOUR));
        let device = self.device_mut(index);
        device.code = u8::try_from(code).ok();
        device.failures = failures;
        device.retry_from = Packed::from(now + wait);
        self.enter(index, Phase::Failed, now);
        self.note(around, index, Event::InstallFailed, now);
        if failures >= ATTEMPTS {
            self.device_mut(index).failed.add(level);
            self.note(around, index, Event::GaveUp, now);
        }
    }

    fn reboot(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let device = self.device_mut(index);
        let level = device.target;
        if level == FEATURE {
            self.upgraded(index, now);
        } else {
            device.previous = Some(device.installed);
            device.installed = level;
        }
        self.enter(index, Phase::Installed, now);
        self.note(around, index, Event::Installed, now);
        let share = match around.scenario {
            Scenario::Silent if level == CURRENT => 15_000,
            Scenario::Silent | Scenario::Healthy | Scenario::BadUpdate | Scenario::BadModel => 50,
        };
        if self.choices.chance(index, Purpose::Silence, u32::from(level), share) {
            let device = self.device_mut(index);
            device.dark = true;
            device.next_check_in = Packed::NEVER;
            self.note(around, index, Event::WentDark, now);
            return;
        }
        self.report_soon(index, now);
    }

    /// An assigned configuration says to roll back: the last update installed comes off.
    pub(super) fn roll_back(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let device = self.device(index);
        let applies = match device.phase {
            Phase::Installed => device.previous.is_some(),
            Phase::RebootPending => true,
            Phase::Idle
            | Phase::Offered
            | Phase::Downloading
            | Phase::Held
            | Phase::Installing
            | Phase::Failed
            | Phase::Uninstalling
            | Phase::UninstallRebootPending
            | Phase::Uninstalled => false,
        };
        // Of a version other configurations speak.
        if !applies || device.target == FEATURE {
            return;
        }
        if self.device(index).phase == Phase::RebootPending {
            let device = self.device_mut(index);
            device.previous = Some(device.installed);
        }
        self.enter(index, Phase::Uninstalling, now);
        self.note(around, index, Event::UninstallStarted, now);
        self.step_after(index, Purpose::Uninstall, (5 * MINUTE, 40 * MINUTE), now);
    }

    fn finish_uninstall(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let device = self.device_mut(index);
        if device.target == FEATURE {
            device.upgrade.installed = false;
        } else if let Some(previous) = device.previous.take() {
            device.installed = previous;
        }
        self.enter(index, Phase::Uninstalled, now);
        self.note(around, index, Event::Uninstalled, now);
        self.report_soon(index, now);
    }
}
