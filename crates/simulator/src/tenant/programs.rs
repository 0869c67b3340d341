//! Microsoft Edge and Microsoft 365 Apps: the versions there are, and what policies of the settings catalogue
//! say of them to a device.
//!
//! As Microsoft documents it: where two policies set the same differently, neither counts; a version that
//! does not exist leaves the program as it is. Devices that no policy reaches stay on what they have; the
//! updates that programs take by themselves are not simulated.

use serde_json::Value;

use crate::clock::Seconds;
use crate::ledger::{Book, Name};
use crate::tenant::Tenant;
use crate::tenant::assignments::Reach;
use crate::tenant::documents::{Document, Kind};
use crate::tenant::groups::GroupSlot;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Edge,
    Office,
}

/// Place of a version in [`Program::versions`], plus one; 0 is none.
pub(crate) type Number = u8;

/// What a device has at the start, and the one that is new then.
pub(crate) const BEFORE: Number = 1;
pub(crate) const NEW: Number = 2;

/// Levels of programs in the ledger follow those of Windows.
const FIRST_LEVEL: u8 = 100;

impl Program {
    pub(crate) const ALL: [Self; 2] = [Self::Edge, Self::Office];

    /// Those that exist, oldest first.
    pub(crate) const fn versions(self) -> [&'static str; 3] {
        match self {
            Self::Edge => ["130.0.2849.80", "131.0.2903.86", "132.0.2957.115"],
            Self::Office => ["16.0.18025.20160", "16.0.18129.20158", "16.0.18227.20162"],
        }
    }

    /// As the inventory calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Edge => "Microsoft Edge",
            Self::Office => "Microsoft 365 Apps for enterprise - en-us",
        }
    }

    pub(crate) const fn slot(self) -> usize {
        match self {
            Self::Edge => 0,
            Self::Office => 1,
        }
    }

    pub(crate) fn version(self, number: Number) -> Option<&'static str> {
        self.versions().get(usize::from(number.checked_sub(1)?)).copied()
    }

    fn number(self, version: &str) -> Number {
        let place = self.versions().iter().position(|one| *one == version);
        place.and_then(|place| Number::try_from(place + 1).ok()).unwrap_or(0)
    }

    /// How the ledger counts a version.
    pub(crate) const fn level(self, number: Number) -> u8 {
        match self {
            Self::Edge => FIRST_LEVEL + number,
            Self::Office => FIRST_LEVEL + 50 + number,
        }
    }
}

/// What the ledger calls a version of a program: `edge/131.0.2903.86`.
pub(crate) fn entry(level: u8) -> Option<String> {
    let number = level.checked_sub(FIRST_LEVEL)?;
    let (word, program, number) = match number {
        0..50 => ("edge", Program::Edge, number),
        _ => ("microsoft_365_apps", Program::Office, number - 50),
    };
    Some(format!("{word}/{}", program.version(number)?))
}

/// One thing that policies set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Setting<T> {
    #[default]
    Nothing,
    Set(T),
    Conflict,
}

impl<T: Copy + PartialEq> Setting<T> {
    fn also(&mut self, other: Self) {
        *self = match (*self, other) {
            (one, Self::Nothing) | (Self::Nothing, one) => one,
            (Self::Set(one), Self::Set(other)) if one == other => Self::Set(one),
            _ => Self::Conflict,
        };
    }

    fn value(self) -> Option<T> {
        if let Self::Set(value) = self { Some(value) } else { None }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Says {
    target: Setting<Number>,
    updates: Setting<bool>,
    back: Setting<bool>,
}

impl Says {
    fn is_silent(self) -> bool {
        let Self { target, updates, back } = self;
        target == Setting::Nothing && updates == Setting::Nothing && back == Setting::Nothing
    }
}

/// What one policy says of one program, and to whom.
#[derive(Debug)]
pub(crate) struct Rule {
    program: Program,
    policy: Name,
    everybody: bool,
    included: Vec<(GroupSlot, Name)>,
    excluded: Vec<GroupSlot>,
    says: Says,
}

/// What a device was told of a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    /// The version named, if there is such a one; 0: none.
    pub(crate) target: Number,
    pub(crate) still: bool,
    /// Down to the target as well.
    pub(crate) back: bool,
    pub(crate) conflict: bool,
    pub(crate) policy: Option<Name>,
    pub(crate) group: Option<Name>,
}

const EDGE: &str = "device_vendor_msft_policy_config_update~policy~cat_google~cat_googleupdate\
    ~cat_applications~cat_microsoftedge_";
const OFFICE: &str =
    "device_vendor_msft_policy_config_office16v2~policy~l_microsoftofficemachine~l_updates_";

fn says(program: Program, document: &Document) -> Says {
    let find = |definition: &str| {
        let mut all = document.written().filter_map(|setting| setting.get("settingInstance"));
        all.find(|one| one.get("settingDefinitionId").is_some_and(|id| id == definition))
    };
    let option = |instance: &Value, definition: &str| -> Option<String> {
        let chosen = instance.get("choiceSettingValue")?.get("value")?.as_str()?;
        Some(chosen.strip_prefix(definition)?.strip_prefix('_')?.to_owned())
    };
    let child = |instance: &Value, definition: &str| -> Option<Value> {
        let children = instance.get("choiceSettingValue")?.get("children")?.as_array()?;
        let mut all = children.iter();
        all.find(|one| one.get("settingDefinitionId").is_some_and(|id| id == definition)).cloned()
    };
    let switch = |definition: &str| match find(definition)
        .and_then(|instance| option(instance, definition))
        .as_deref()
    {
        Some("1") => Setting::Set(true),
        Some("0") => Setting::Set(false),
        Some(_) | None => Setting::Nothing,
    };
    let target = |definition: &str, element: &str| {
        let version = find(definition)
            .filter(|instance| option(instance, definition).as_deref() == Some("1"))
            .and_then(|instance| child(instance, &format!("{definition}_{element}")))
            .and_then(|child| Some(child["simpleSettingValue"]["value"].as_str()?.to_owned()));
        version.map_or(Setting::Nothing, |version| Setting::Set(program.number(&version)))
    };
    match program {
        Program::Edge => {
            let updates = format!("{EDGE}pol_updatepolicymicrosoftedge");
            let element = format!("{updates}_part_updatepolicy");
            let chosen = find(&updates)
                .and_then(|instance| child(instance, &element))
                .and_then(|child| option(&child, &element));
            Says {
                target: target(
                    &format!("{EDGE}pol_targetversionprefixmicrosoftedge"),
                    "part_targetversionprefix",
                ),
                updates: chosen.map_or(Setting::Nothing, |chosen| Setting::Set(chosen != "0")),
                back: switch(&format!("{EDGE}pol_rollbacktotargetversionmicrosoftedge")),
            }
        }
        Program::Office => Says {
            target: target(&format!("{OFFICE}l_updatetargetversion"), "l_updatetargetversionid"),
            updates: switch(&format!("{OFFICE}l_enableautomaticupdates")),
            back: Setting::Nothing,
        },
    }
}

/// What the settings catalogue says of programs.
pub(crate) fn rules(tenant: &Tenant, book: &mut Book) -> Vec<Rule> {
    let mut rules = Vec::new();
    let policies = tenant.documents.iter().filter(|one| one.kind == Kind::SettingsPolicy);
    for document in policies.filter(|one| !one.assignments.is_empty()) {
        for program in Program::ALL {
            let says = says(program, document);
            if says.is_silent() {
                continue;
            }
            let policy = book.name(&document.object.id.to_string());
            let mut rule = Rule {
                program,
                policy,
                everybody: false,
                included: Vec::new(),
                excluded: Vec::new(),
                says,
            };
            for assignment in &document.assignments {
                match assignment.reach() {
                    Some(Reach::Everybody | Reach::Users) => rule.everybody = true,
                    Some(Reach::Group(id)) => {
                        let name = book.name(&id.to_string());
                        let slots = tenant.groups.reach(id).into_iter();
                        rule.included.extend(slots.map(|slot| (slot, name)));
                    }
                    Some(Reach::NotGroup(id)) => rule.excluded.extend(tenant.groups.reach(id)),
                    None => {}
                }
            }
            rules.push(rule);
        }
    }
    rules
}

/// What a device that checks in is told.
pub(crate) fn orders(
    rules: &[Rule],
    tenant: &Tenant,
    program: Program,
    (device, now): (u32, Seconds),
) -> Orders {
    let counts = |slot: GroupSlot| tenant.groups.counts(slot, device, now);
    let (mut says, mut orders) = (Says::default(), Orders::default());
    for rule in rules.iter().filter(|rule| rule.program == program) {
        let by = rule.included.iter().find(|(slot, _)| counts(*slot)).map(|(_, name)| *name);
        let reached = rule.everybody || by.is_some();
        if !reached || rule.excluded.iter().any(|slot| counts(*slot)) {
            continue;
        }
        says.target.also(rule.says.target);
        says.updates.also(rule.says.updates);
        says.back.also(rule.says.back);
        (orders.policy, orders.group) = (Some(rule.policy), by);
    }
    orders.target = says.target.value().unwrap_or(0);
    orders.still = says.updates.value() == Some(false);
    orders.back = match program {
        Program::Edge => says.back.value() == Some(true) && says.updates.value() == Some(true),
        Program::Office => true,
    };
    orders.conflict = says.target == Setting::Conflict
        || says.updates == Setting::Conflict
        || says.back == Setting::Conflict;
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_differ_are_a_conflict() {
        let mut setting = Setting::Nothing;
        setting.also(Setting::Set(1));
        setting.also(Setting::Set(1));
        assert_eq!(setting.value(), Some(1));
        setting.also(Setting::Set(2));
        setting.also(Setting::Set(1));
        assert_eq!(setting, Setting::Conflict);
    }

    #[test]
    fn the_ledger_names_versions() {
        assert_eq!(entry(Program::Edge.level(NEW)).as_deref(), Some("edge/131.0.2903.86"));
        let office = entry(Program::Office.level(BEFORE));
        assert_eq!(office.as_deref(), Some("microsoft_365_apps/16.0.18025.20160"));
        assert_eq!(entry(31), None);
    }
}
