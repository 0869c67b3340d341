//! Which version of Microsoft Edge or Microsoft 365 Apps devices are on, as settings catalogue policies.
//!
//! Never names a channel: those are other policies, and what two say differently is a conflict. For the same
//! reason nothing is written that says what holds anyway.

use domain::app::{AppVersion, Course, EdgePin, OfficePin};
use serde_json::{Map, Value};

use super::Policy;
use super::area::PolicyArea;
use super::settings_catalog::{
    choice, chosen, days, element, enabled, policy, switch, switched, text, value,
};

/// "Target version override" of Edge Update. NOT CONFIRMED: no published policy with it was found; the id is
/// made as those of the same group policy template are ([`EDGE_UPDATES`], "Allow installation").
const EDGE_TARGET: &str = "device_vendor_msft_policy_config_update~policy~cat_google~cat_googleupdate\
    ~cat_applications~cat_microsoftedge_pol_targetversionprefixmicrosoftedge";
const EDGE_TARGET_ELEMENT: &str = "part_targetversionprefix";

/// "Rollback to Target version" of Edge Update. NOT CONFIRMED, as [`EDGE_TARGET`]; it may belong to a later
/// edition of the template, whose name is then in the id.
const EDGE_ROLLBACK: &str = "device_vendor_msft_policy_config_update~policy~cat_google~cat_googleupdate\
    ~cat_applications~cat_microsoftedge_pol_rollbacktotargetversionmicrosoftedge";

/// "Update policy override" of Edge Update. Id, element and the option 1 (always allow updates) are as
/// published policies have them; 0 (updates disabled) is the documented value of the same list.
const EDGE_UPDATES: &str = "device_vendor_msft_policy_config_update~policy~cat_google~cat_googleupdate\
    ~cat_applications~cat_microsoftedge_pol_updatepolicymicrosoftedge";
const EDGE_UPDATES_ELEMENT: &str = "part_updatepolicy";
const ALLOWED: &str = "1";
const DISABLED: &str = "0";

/// "Target Version" of Microsoft 365 Apps. NOT CONFIRMED: name and element are as Microsoft's documentation
/// shows them in the registry (`L_UpdateTargetVersion`, `L_UpdateTargetVersionID`), the rest of the id as
/// in [`OFFICE_UPDATES`].
const OFFICE_TARGET: &str = "device_vendor_msft_policy_config_office16v2~policy~l_microsoftofficemachine\
    ~l_updates_l_updatetargetversion";
const OFFICE_TARGET_ELEMENT: &str = "l_updatetargetversionid";

/// "Update Deadline", as the enrollment writes it.
const OFFICE_DEADLINE: &str = "device_vendor_msft_policy_config_office16v2~policy~l_microsoftofficemachine\
    ~l_updates_l_updatedeadline";
const OFFICE_DEADLINE_ELEMENT: &str = "l_updatedeadlineid";

/// "Enable Automatic Updates". The id is as published policies have it.
const OFFICE_UPDATES: &str = "device_vendor_msft_policy_config_office16v2~policy~l_microsoftofficemachine\
    ~l_updates_l_enableautomaticupdates";

fn id(definition: &str, element: &str) -> String {
    format!("{definition}_{element}")
}

fn named(definition: &str, element: &str, value: &str) -> Value {
    enabled(definition, &[text(&id(definition, element), value)])
}

fn version(object: &Map<String, Value>, definition: &str, of: &str) -> Option<AppVersion> {
    element(object, definition, &id(definition, of)).and_then(value)?.parse().ok()
}

fn edge_updates(option: &str) -> Value {
    enabled(EDGE_UPDATES, &[choice(&id(EDGE_UPDATES, EDGE_UPDATES_ELEMENT), option, &[])])
}

impl Policy for EdgePin {
    fn area() -> PolicyArea {
        PolicyArea::SETTINGS
    }

    fn encode(&self) -> Map<String, Value> {
        let mut instances = Vec::new();
        if let Some(version) = self.version {
            instances.push(named(EDGE_TARGET, EDGE_TARGET_ELEMENT, &version.to_string()));
        }
        match self.course {
            Course::Forward => {}
            Course::Still => instances.push(edge_updates(DISABLED)),
            // Without updates being allowed there is no way back.
            Course::Back => {
                instances.push(edge_updates(ALLOWED));
                instances.push(switch(EDGE_ROLLBACK, true));
            }
        }
        policy(instances)
    }

    fn decode(object: &Map<String, Value>) -> Self {
        let named = version(object, EDGE_TARGET, EDGE_TARGET_ELEMENT);
        let definition = id(EDGE_UPDATES, EDGE_UPDATES_ELEMENT);
        let updates = element(object, EDGE_UPDATES, &definition)
            .and_then(|instance| chosen(instance, &definition));
        match (updates, switched(object, EDGE_ROLLBACK)) {
            (None, None) => Self { version: named, course: Course::Forward },
            (Some(DISABLED), None) => Self { version: named, course: Course::Still },
            (Some(ALLOWED), Some(true)) => Self { version: named, course: Course::Back },
            (Some(_) | None, Some(_)) | (Some(_), None) => {
                Self { version: None, course: Course::Forward }
            }
        }
    }
}

impl Policy for OfficePin {
    fn area() -> PolicyArea {
        PolicyArea::SETTINGS
    }

    fn encode(&self) -> Map<String, Value> {
        let mut instances = Vec::new();
        if let Some(version) = self.version {
            instances.push(named(OFFICE_TARGET, OFFICE_TARGET_ELEMENT, &version.to_string()));
        }
        if let Some(deadline) = self.deadline_days {
            let days = deadline.to_string();
            instances.push(named(OFFICE_DEADLINE, OFFICE_DEADLINE_ELEMENT, &days));
        }
        if self.still {
            instances.push(switch(OFFICE_UPDATES, false));
        }
        policy(instances)
    }

    fn decode(object: &Map<String, Value>) -> Self {
        let deadline = id(OFFICE_DEADLINE, OFFICE_DEADLINE_ELEMENT);
        Self {
            version: version(object, OFFICE_TARGET, OFFICE_TARGET_ELEMENT),
            still: switched(object, OFFICE_UPDATES) == Some(false),
            deadline_days: element(object, OFFICE_DEADLINE, &deadline).and_then(days),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let version = Some(AppVersion([131, 0, 2903, 86]));
        for course in [Course::Forward, Course::Still, Course::Back] {
            let pin = EdgePin { version, course };
            assert_eq!(EdgePin::decode(&pin.encode()), pin);
        }
        for still in [false, true] {
            for deadline_days in [None, Some(7)] {
                let pin = OfficePin { version, still, deadline_days };
                assert_eq!(OfficePin::decode(&pin.encode()), pin);
            }
        }
    }

    #[test]
    fn an_edge_policy_that_goes_back_allows_updates() {
        let version = Some(AppVersion([130, 0, 2849, 80]));
        let pin = EdgePin { version, course: Course::Back };
        let encoded = pin.encode();
        let settings = encoded["settings"].as_array().into_iter().flatten();
        let values: Vec<&Value> = settings
            .map(|setting| &setting["settingInstance"]["choiceSettingValue"]["value"])
            .collect();
        let on = |definition: &str| Value::from(format!("{definition}_1"));
        assert_eq!(values, [&on(EDGE_TARGET), &on(EDGE_UPDATES), &on(EDGE_ROLLBACK)]);
    }
}
