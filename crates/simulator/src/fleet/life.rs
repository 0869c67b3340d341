//! The life of a device: check-ins, and the steps from an offer to the reboot and back.

use crate::choice::Purpose;
use crate::clock::{DAY, HOUR, MINUTE, Seconds};
use crate::config::Scenario;
use crate::fleet::models::BAD_MODEL;
use crate::fleet::{Fleet, Phase, What};
use crate::ledger::{Book, CODES, Event, Line};
use crate::tenant::Tenant;
use crate::tenant::catalog::CURRENT;
use crate::tenant::rules::Rules;

/// The parts of the world that devices act on.
pub(crate) struct Surroundings<'world> {
    pub(crate) tenant: &'world Tenant,
    pub(crate) rules: &'world mut Rules,
    pub(crate) book: &'world mut Book,
    pub(crate) scenario: Scenario,
}

impl Fleet {
    /// Lets everything happen that is due up to `now`.
    pub(crate) fn advance(&mut self, around: &mut Surroundings<'_>, now: Seconds) {
        while let Some(due) = self.pop(now) {
            around.rules.refresh(around.tenant, around.book, due.at);
            match due.what {
                What::CheckIn => self.check_in(around, due.device, due.at),
                What::Step => self.step(around, due.device, due.at),
            }
        }
    }

    fn check_in(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let settings = around.rules.settings(around.tenant, index, now);
        let device = self.device_mut(index);
        device.last_sync = now;
        device.reported = device.installed;
        device.check_ins += 1;
        device.paused = settings.paused;
        device.rolled_back = settings.rolled_back;
        let count = device.check_ins;
        let next = now + self.choices.span(index, Purpose::CheckIn, count, (4 * HOUR, 8 * HOUR));
        let next = self.device(index).hours.next_on(next);
        self.check_in_at(index, next);
        if settings.rolled_back {
            self.roll_back(around, index, now);
        }
        if !settings.rolled_back && !settings.paused {
            self.scan(around, index, now);
        }
    }

    /// The update scan: looks whether there is newer content approved for this device.
    fn scan(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let device = self.device(index);
        let free = match device.phase {
            Phase::Idle | Phase::Held | Phase::Installed | Phase::Failed | Phase::Uninstalled => {
                true
            }
            Phase::Offered
            | Phase::Downloading
            | Phase::Installing
            | Phase::RebootPending
            | Phase::Uninstalling
            | Phase::UninstallRebootPending => false,
        };
        if !free {
            return;
        }
        let (installed, failed) = (device.installed, device.failed);
        let Some(offer) = around
            .rules
            .offer(around.tenant, index, now, |level| level > installed && !failed.has(level))
        else {
            return;
        };
        let device = self.device_mut(index);
        device.target = offer.level;
        device.policy = Some(offer.policy);
        device.group = Some(offer.group);
        device.code = None;
        let known = device.offered.has(offer.level);
        device.offered.add(offer.level);
        self.enter(index, Phase::Offered, now);
        if !known {
            self.note(around, index, Event::Offered, now);
        }
        let wait = self.choices.span(
            index,
            Purpose::DownloadStart,
            u32::from(offer.level),
            (MINUTE, 12 * MINUTE),
        );
        self.step_at(index, now + wait);
    }

    fn step(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        match self.device(index).phase {
            Phase::Offered => {
                if self.holds(around, index, now) {
                    return;
                }
                self.enter(index, Phase::Downloading, now);
                self.note(around, index, Event::DownloadStarted, now);
                self.step_after(index, Purpose::Download, (5 * MINUTE, 2 * HOUR), now);
            }
            Phase::Downloading => {
                if self.holds(around, index, now) {
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

    /// Goes on hold when the content is no longer approved or the device knows it is paused.
    fn holds(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) -> bool {
        let device = self.device(index);
        let (target, stopped) = (device.target, device.paused || device.rolled_back);
        let approved =
            around.rules.offer(around.tenant, index, now, |level| level == target).is_some();
        if approved && !stopped {
            return false;
        }
        self.enter(index, Phase::Held, now);
        true
    }

    fn finish_install(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let level = self.device(index).target;
        let share = match around.scenario {
            Scenario::BadUpdate if level == CURRENT => 20_000,
            Scenario::BadModel if level == CURRENT && self.model(index).name == BAD_MODEL => 60_000,
            Scenario::BadUpdate | Scenario::BadModel | Scenario::Healthy | Scenario::Silent => 300,
        };
        if self.choices.chance(index, Purpose::Outcome, u32::from(level), share) {
            let bound = u32::try_from(CODES.len()).unwrap_or(1);
            let code = self.choices.below(index, Purpose::Code, u32::from(level), bound);
            let device = self.device_mut(index);
            device.code = u8::try_from(code).ok();
            device.failed.add(level);
            self.enter(index, Phase::Failed, now);
            self.note(around, index, Event::InstallFailed, now);
            return;
        }
        self.enter(index, Phase::RebootPending, now);
        self.step_after(index, Purpose::Reboot, (HOUR, 12 * HOUR), now);
    }

    fn reboot(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let device = self.device_mut(index);
        let level = device.target;
        device.previous = Some(device.installed);
        device.installed = level;
        self.enter(index, Phase::Installed, now);
        self.note(around, index, Event::Installed, now);
        let share = match around.scenario {
            Scenario::Silent if level == CURRENT => 15_000,
            Scenario::Silent | Scenario::Healthy | Scenario::BadUpdate | Scenario::BadModel => 50,
        };
        if self.choices.chance(index, Purpose::Silence, u32::from(level), share) {
            let device = self.device_mut(index);
            device.dark = true;
            device.next_check_in = None;
            self.note(around, index, Event::WentDark, now);
            return;
        }
        self.report_soon(index, now);
    }

    /// An assigned configuration says to roll back: the last update installed comes off.
    fn roll_back(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
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
        if !applies {
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
        if let Some(previous) = device.previous.take() {
            device.installed = previous;
        }
        self.enter(index, Phase::Uninstalled, now);
        self.note(around, index, Event::Uninstalled, now);
        self.report_soon(index, now);
    }

    /// After a reboot the device stays on for half a day and checks in within the hour.
    fn report_soon(&mut self, index: u32, now: Seconds) {
        let extra = self.device(index).check_ins;
        let wait = self.choices.span(index, Purpose::AfterReboot, extra, (5 * MINUTE, 55 * MINUTE));
        self.device_mut(index).hours.stay_awake(now + DAY / 2);
        self.check_in_at(index, now + wait);
    }

    fn enter(&mut self, index: u32, phase: Phase, now: Seconds) {
        let device = self.device_mut(index);
        device.phase = phase;
        device.phase_since = now;
        device.next_step = None;
    }

    /// Four devices in five wake up for maintenance; the others wait for their user.
    fn step_after(&mut self, index: u32, purpose: Purpose, span: (Seconds, Seconds), now: Seconds) {
        let extra = u32::from(self.device(index).target);
        let at = now + self.choices.span(index, purpose, extra, span);
        let wakes = self.choices.chance(index, Purpose::Wakes, 0, 80_000);
        let at = if wakes { at } else { self.device(index).hours.next_on(at) };
        self.step_at(index, at);
    }

    fn note(&self, around: &mut Surroundings<'_>, index: u32, event: Event, at: Seconds) {
        let device = self.device(index);
        around.book.write(Line {
            at,
            device: Some(index),
            policy: device.policy,
            group: device.group,
            event,
            level: Some(device.target),
            code: if event == Event::InstallFailed { device.code } else { None },
        });
    }
}
