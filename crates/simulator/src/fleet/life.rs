//! The life of a device between updates: check-ins, scans, holds. The work on an update itself is
//! in `install.rs`.

use crate::choice::Purpose;
use crate::clock::{DAY, HOUR, MINUTE, Packed, Seconds};
use crate::config::Scenario;
use crate::fleet::upgrade::USUAL_WINDOW;
use crate::fleet::{Device, Fleet, Phase, What};
use crate::ledger::{Book, Event, Line, Subject};
use crate::tenant::Tenant;
use crate::tenant::catalog::FEATURE;
use crate::tenant::rules::{Offer, Rules};

/// The parts of the world that devices act on.
pub(crate) struct Surroundings<'world> {
    pub(crate) tenant: &'world Tenant,
    pub(crate) rules: &'world mut Rules,
    pub(crate) book: &'world mut Book,
    pub(crate) scenario: Scenario,
}

impl Device {
    /// Whether the device knows that this content is not to be worked on. What is expedited goes past
    /// a pause, not past a rollback.
    fn is_stopped(&self, level: u8, expedited: bool) -> bool {
        if level == FEATURE {
            self.feature.paused || self.feature.rolled_back
        } else {
            self.quality.rolled_back || self.quality.paused && !expedited
        }
    }
}

impl Fleet {
    /// Lets everything happen that is due up to `now`.
    pub(crate) fn advance(&mut self, around: &mut Surroundings<'_>, now: Seconds) {
        while let Some(due) = self.pop(now) {
            let at = due.at.seconds();
            if !self.acts(due.device) {
                continue;
            }
            around.rules.refresh(around.tenant, around.book, at);
            match due.what {
                What::CheckIn => self.check_in(around, due.device, at),
                What::Step => self.step(around, due.device, at),
                What::Look => self.look(around, due.device, at),
            }
        }
    }

    fn check_in(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let settings = around.rules.settings(around.tenant, index, now);
        let device = self.device_mut(index);
        device.last_sync = now.into();
        let upgrade = &mut device.upgrade;
        let news = device.reported != device.installed || upgrade.reported != upgrade.installed;
        upgrade.reported = upgrade.installed;
        upgrade.window = settings.window.unwrap_or(USUAL_WINDOW);
        device.reported = device.installed;
        device.check_ins += 1;
        device.quality = settings.quality;
        device.feature = settings.feature;
        let count = device.check_ins;
        if news {
            self.changes.push(index);
        }
        if self.programs(around, index, now) {
            self.go_dark(around, index, now);
            return;
        }
        let next = now + self.choices.span(index, Purpose::CheckIn, count, (4 * HOUR, 8 * HOUR));
        let next = self.device(index).hours.next_on(next);
        self.check_in_at(index, next);
        self.drive(around, index, now);
        if settings.quality.rolled_back {
            self.roll_back(around, index, now);
        }
        if settings.feature.rolled_back {
            self.go_back(around, index, now);
        }
        match self.device(index).phase {
            Phase::Offered | Phase::Downloading => {
                self.holds(around, index, now);
            }
            Phase::Idle | Phase::Held | Phase::Installed | Phase::Failed | Phase::Uninstalled => {
                self.scan(around, index, now);
            }
            Phase::Installing
            | Phase::RebootPending
            | Phase::Uninstalling
            | Phase::UninstallRebootPending => {}
        }
    }

    /// The update scan: looks whether there is newer content approved for this device.
    fn scan(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let device = self.device(index);
        let (installed, failed) = (device.installed, device.failed);
        let (before, target) = (device.phase, device.target);
        let waits = before == Phase::Failed && now < device.retry_from.seconds();
        let has =
            |level| if level == FEATURE { device.upgrade.installed } else { level <= installed };
        let held = self.is_safeguarded(around.tenant, index);
        let takes = |level| {
            !(has(level)
                || failed.has(level)
                || waits && level == target
                || held && level == FEATURE)
        };
        let offer = around.rules.offer(around.tenant, index, now, |level| {
            takes(level) && !device.is_stopped(level, false)
        });
        let expedited = |offer: &Offer| offer.forced.is_some();
        let offer = offer
            .or_else(|| around.rules.offer(around.tenant, index, now, takes).filter(expedited));
        let Some(offer) = offer else { return };
        let device = self.device_mut(index);
        let same = device.target == offer.level;
        if !(same && before == Phase::Failed) {
            device.failures = 0;
        }
        device.target = offer.level;
        device.policy = Some(offer.policy);
        device.group = Some(offer.group);
        device.forced = offer.forced;
        device.by_ring = offer.by_ring;
        device.code = None;
        let known = device.offered.has(offer.level);
        device.offered.add(offer.level);
        self.enter(index, Phase::Offered, now);
        let event = match before {
            Phase::Failed if same => Some(Event::RetryStarted),
            Phase::Held if same => Some(Event::Resumed),
            Phase::Idle
            | Phase::Offered
            | Phase::Downloading
            | Phase::Held
            | Phase::Installing
            | Phase::RebootPending
            | Phase::Installed
            | Phase::Failed
            | Phase::Uninstalling
            | Phase::UninstallRebootPending
            | Phase::Uninstalled => (!known).then_some(Event::Offered),
        };
        if let Some(event) = event {
            self.note(around, index, event, now);
        }
        let level = u32::from(offer.level);
        let span = (MINUTE, 12 * MINUTE);
        let wait = self.choices.span(index, Purpose::DownloadStart, level, span);
        self.step_at(index, now + wait);
    }

    /// As [`Self::holds`], between check-ins: of an update ring nothing is heard then.
    pub(super) fn holds_between(
        &mut self,
        around: &mut Surroundings<'_>,
        index: u32,
        now: Seconds,
    ) -> bool {
        let device = self.device(index);
        if device.by_ring && !device.is_stopped(device.target, false) {
            return false;
        }
        self.holds(around, index, now)
    }

    /// Goes on hold when the content is no longer approved or the device knows it is paused.
    pub(super) fn holds(
        &mut self,
        around: &mut Surroundings<'_>,
        index: u32,
        now: Seconds,
    ) -> bool {
        let device = self.device(index);
        let target = device.target;
        let offer = around.rules.offer(around.tenant, index, now, |level| level == target);
        let expedited = offer.is_some_and(|offer| offer.forced.is_some());
        if offer.is_some() && !self.device(index).is_stopped(target, expedited) {
            return false;
        }
        self.enter(index, Phase::Held, now);
        self.note(around, index, Event::Held, now);
        true
    }

    /// After a reboot the device stays on for half a day and checks in within the hour.
    pub(super) fn report_soon(&mut self, index: u32, now: Seconds) {
        let extra = self.device(index).check_ins;
        let wait = self.choices.span(index, Purpose::AfterReboot, extra, (5 * MINUTE, 55 * MINUTE));
        self.device_mut(index).hours.stay_awake(now + DAY / 2);
        self.check_in_at(index, now + wait);
    }

    pub(super) fn enter(&mut self, index: u32, phase: Phase, now: Seconds) {
        let device = self.device_mut(index);
        device.phase = phase;
        device.phase_since = now.into();
        device.next_step = Packed::NEVER;
    }

    /// Four devices in five wake up for maintenance; the others wait for their user.
    pub(super) fn step_after(
        &mut self,
        index: u32,
        purpose: Purpose,
        span: (Seconds, Seconds),
        now: Seconds,
    ) {
        let extra = u32::from(self.device(index).target);
        let at = now + self.choices.span(index, purpose, extra, span);
        let wakes = self.choices.chance(index, Purpose::Wakes, 0, 80_000);
        let at = if wakes { at } else { self.device(index).hours.next_on(at) };
        self.step_at(index, at);
    }

    pub(super) fn note(
        &self,
        around: &mut Surroundings<'_>,
        index: u32,
        event: Event,
        at: Seconds,
    ) {
        let device = self.device(index);
        around.book.write(Line {
            at,
            device: Some(index),
            policy: device.policy,
            subject: device.group.map_or(Subject::Nothing, Subject::Group),
            event,
            level: Some(device.target),
            code: device.code.filter(|_| matches!(event, Event::InstallFailed | Event::GaveUp)),
        });
    }
}
