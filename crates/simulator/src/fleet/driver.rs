//! Drivers on devices, beside whatever else a device works on: offered at one check-in, installed from the
//! next one on, and there at the one after that.

use crate::choice::Purpose;
use crate::clock::{HOUR, MINUTE, Packed, Seconds};
use crate::config::Scenario;
use crate::fleet::Fleet;
use crate::fleet::life::Surroundings;
use crate::fleet::models::BAD_MODEL;
use crate::ledger::{CODES, Event, Line, Subject};
use crate::tenant::drivers::{DRIVERS, Driver};
use crate::tenant::rules::DriverOffer;

/// How far a device is with one driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Offered,
    /// The approval was gone before it began.
    Held,
    Installing {
        until: Packed,
    },
    Installed,
    /// Windows went back to the driver before, and does not try again.
    FellBack,
}

impl Fleet {
    /// Whether the driver is better than what the device has.
    pub(crate) fn needs(&self, index: u32, driver: &Driver) -> bool {
        self.model(index).manufacturer == driver.maker
            && self.drivers.get(&(index, driver.level)) != Some(&Stage::Installed)
    }

    /// What a check-in comes to for the drivers of the device.
    pub(super) fn drive(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let maker = self.model(index).manufacturer;
        for driver in DRIVERS.iter().filter(|driver| driver.maker == maker) {
            let offer = around.rules.driver(around.tenant, index, driver.level, now);
            let before = self.drivers.get(&(index, driver.level)).copied();
            let Some((stage, event)) =
                self.next_stage(around.scenario, index, driver, before, offer.is_some(), now)
            else {
                continue;
            };
            self.drivers.insert((index, driver.level), stage);
            let code = (event == Event::InstallFailed).then(|| self.driver_code(index, driver));
            let line = |of: Option<DriverOffer>| Line {
                at: now,
                device: Some(index),
                policy: of.map(|of| of.policy),
                subject: of.map_or(Subject::Nothing, |of| Subject::Group(of.audience)),
                event,
                level: Some(driver.level),
                code,
            };
            around.book.write(line(offer));
        }
    }

    fn next_stage(
        &self,
        scenario: Scenario,
        index: u32,
        driver: &Driver,
        before: Option<Stage>,
        offered: bool,
        now: Seconds,
    ) -> Option<(Stage, Event)> {
        match (before, offered) {
            (None, true) => Some((Stage::Offered, Event::Offered)),
            (None | Some(Stage::Held), false) => None,
            (Some(Stage::Held), true) => Some((Stage::Offered, Event::Resumed)),
            (Some(Stage::Offered), false) => Some((Stage::Held, Event::Held)),
            (Some(Stage::Offered), true) => {
                let level = u32::from(driver.level);
                let span = (10 * MINUTE, 4 * HOUR);
                let until = now + self.choices.span(index, Purpose::Install, level, span);
                Some((Stage::Installing { until: until.into() }, Event::InstallStarted))
            }
            (Some(Stage::Installing { until }), _) if now >= until.seconds() => {
                Some((Stage::Installed, Event::Installed))
            }
            (Some(Stage::Installing { .. }), _) => None,
            (Some(Stage::Installed), _) if self.falls_back(scenario, index, driver) => {
                Some((Stage::FellBack, Event::InstallFailed))
            }
            (Some(Stage::Installed | Stage::FellBack), _) => None,
        }
    }

    /// The bad model does not bear the driver.
    fn falls_back(&self, scenario: Scenario, index: u32, driver: &Driver) -> bool {
        let share = match scenario {
            Scenario::BadModel if self.model(index).name == BAD_MODEL => 80_000,
            Scenario::BadUpdate => 20_000,
            Scenario::BadModel | Scenario::Healthy | Scenario::Silent => 0,
        };
        self.choices.chance(index, Purpose::Outcome, u32::from(driver.level), share)
    }

    fn driver_code(&self, index: u32, driver: &Driver) -> u8 {
        let bound = u32::try_from(CODES.len()).unwrap_or(1);
        let code = self.choices.below(index, Purpose::Code, u32::from(driver.level), bound);
        u8::try_from(code).unwrap_or(0)
    }
}
