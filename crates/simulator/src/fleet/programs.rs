//! What a device makes of the versions of programs that it is told to have. Updates of programs show
//! nowhere but in the inventory, which a device sends once a day.

use crate::choice::Purpose;
use crate::clock::{DAY, HOUR, Packed, Seconds};
use crate::config::Scenario;
use crate::fleet::life::Surroundings;
use crate::fleet::{Device, Fleet};
use crate::ledger::{Event, Line, Subject};
use crate::tenant::programs::{BEFORE, NEW, Number, Orders, Program, orders};

/// The programs of one device, in the order of [`Program::ALL`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Programs {
    installed: [Number; 2],
    /// As the inventory has it.
    sent: [Number; 2],
    sent_at: Packed,
    orders: [Orders; 2],
    /// An update that is wrong: the device is not heard of any more once it has sent its inventory.
    fading: bool,
}

impl Programs {
    /// One device in twenty has no Office, one in thirty is ahead with Edge.
    pub(super) fn new(choices: crate::choice::Choices, index: u32, now: Seconds) -> Self {
        let edge = if choices.chance(index, Purpose::Programs, 0, 3_300) { NEW } else { BEFORE };
        let office = if choices.chance(index, Purpose::Programs, 1, 5_000) { 0 } else { BEFORE };
        let installed = [edge, office];
        let orders = [Orders::default(); 2];
        let sent_at = Packed::from(now - choices.span(index, Purpose::Programs, 2, (0, DAY)));
        Self { installed, sent: installed, sent_at, orders, fading: false }
    }
}

impl Device {
    /// What the inventory says: the version of a program, if the device has it.
    pub(crate) fn inventory(&self, program: Program) -> Option<&'static str> {
        program.version(self.programs.sent[program.slot()])
    }
}

/// Where an updater that looks for its orders goes.
fn goal(installed: Number, orders: Orders) -> Option<Number> {
    let Orders { target, still, back, .. } = orders;
    let moves = target > installed || back && target < installed;
    (installed > 0 && target > 0 && !still && moves).then_some(target)
}

impl Fleet {
    /// At a check-in: takes new orders, and sends the inventory when it is time. Whether the device goes dark.
    pub(super) fn programs(
        &mut self,
        around: &mut Surroundings<'_>,
        index: u32,
        now: Seconds,
    ) -> bool {
        let mut looks = false;
        for program in Program::ALL {
            let new = orders(around.rules.programs(), around.tenant, program, (index, now));
            looks |= self.order(around, (index, program), new, now);
        }
        if looks && self.device(index).next_look == Packed::NEVER {
            // Edge looks every ten hours, Office once a day, when the device is on.
            let count = self.device(index).check_ins;
            let wait = self.choices.span(index, Purpose::ProgramLook, count, (HOUR / 2, 10 * HOUR));
            let at = self.device(index).hours.next_on(now + wait);
            self.look_at(index, at);
        }
        let programs = &mut self.device_mut(index).programs;
        if now - programs.sent_at.seconds() >= DAY {
            programs.sent = programs.installed;
            programs.sent_at = Packed::from(now);
            if programs.fading {
                programs.fading = false;
                return true;
            }
        }
        false
    }

    /// Takes orders for one program; whether there is something to do.
    fn order(
        &mut self,
        around: &mut Surroundings<'_>,
        (index, program): (u32, Program),
        new: Orders,
        now: Seconds,
    ) -> bool {
        let programs = &mut self.device_mut(index).programs;
        let installed = programs.installed[program.slot()];
        let before = std::mem::replace(&mut programs.orders[program.slot()], new);
        let (was, is) = (goal(installed, before), goal(installed, new));
        let event = if new.conflict && !before.conflict {
            Some((Event::PolicyConflict, new.target))
        } else if is.is_some_and(|goal| goal > installed) && was != is {
            let resumed = before.still && before.target == new.target;
            Some((if resumed { Event::Resumed } else { Event::Offered }, new.target))
        } else if new.still && !before.still && installed > 0 && new.target > installed {
            // Whether it had heard of the version before or not.
            Some((Event::Held, new.target))
        } else {
            None
        };
        if let Some((event, number)) = event {
            self.note_program(around, (index, program, number), event, now);
        }
        is.is_some()
    }

    /// The updaters look what they are to have, and do it.
    pub(super) fn look(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        for program in Program::ALL {
            let slot = program.slot();
            let programs = self.device(index).programs;
            let installed = programs.installed[slot];
            let Some(goal) = goal(installed, programs.orders[slot]) else { continue };
            if goal > installed && self.never_takes(around.scenario, index, goal) {
                continue;
            }
            let (began, ended, number) = if goal > installed {
                (Event::InstallStarted, Event::Installed, goal)
            } else {
                (Event::UninstallStarted, Event::Uninstalled, installed)
            };
            self.note_program(around, (index, program, number), began, now);
            self.device_mut(index).programs.installed[slot] = goal;
            self.note_program(around, (index, program, number), ended, now);
            let wrong = around.scenario == Scenario::Silent && goal == NEW && goal > installed;
            if wrong && self.choices.chance(index, Purpose::Silence, goal.into(), 25_000) {
                self.device_mut(index).programs.fading = true;
            }
        }
    }

    /// A version that is wrong is never taken by one device in four; nothing says so.
    fn never_takes(&self, scenario: Scenario, index: u32, number: Number) -> bool {
        scenario == Scenario::BadUpdate
            && number == NEW
            && self.choices.chance(index, Purpose::ProgramLook, u32::MAX, 25_000)
    }

    fn note_program(
        &self,
        around: &mut Surroundings<'_>,
        (index, program, number): (u32, Program, Number),
        event: Event,
        at: Seconds,
    ) {
        let orders = self.device(index).programs.orders[program.slot()];
        around.book.write(Line {
            at,
            device: Some(index),
            policy: orders.policy,
            subject: orders.group.map_or(Subject::Nothing, Subject::Group),
            event,
            level: Some(program.level(number)),
            code: None,
        });
    }

    /// The device that fell silent because of a program; not heard of any more.
    pub(super) fn go_dark(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        self.device_mut(index).dark = true;
        for program in Program::ALL {
            if self.device(index).programs.installed[program.slot()] == NEW {
                self.note_program(around, (index, program, NEW), Event::WentDark, now);
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_updater_goes_down_only_where_it_is_told_to() {
        let to = |target, still, back| Orders { target, still, back, ..Orders::default() };
        assert_eq!(goal(1, to(2, false, false)), Some(2));
        assert_eq!(goal(2, to(1, false, false)), None, "it stays on the newer one");
        assert_eq!(goal(2, to(1, false, true)), Some(1));
        assert_eq!(goal(1, to(2, true, false)), None, "updates are switched off");
        assert_eq!(goal(0, to(2, false, false)), None, "it does not have the program");
        assert_eq!(goal(2, to(0, false, true)), None, "there is no such version");
    }
}
