//! How Microsoft 365 Apps are updated, as a settings catalogue policy.
//!
//! Never switches updates off, and never names a version or a source.

use domain::enrollment::object::OfficePayload;
use domain::enrollment::settings::OfficeChannel;
use serde_json::{Map, Value};

use super::Policy;
use super::area::PolicyArea;
use super::settings_catalog::{choice, chosen, days, element, enabled, policy, text};

/// "Update Channel". The id does begin like this: published policies of two authors have it so.
/// Its options are `current`, `monthlyenterprise` and `deferred` (semi-annual).
const CHANNEL: &str = "pdates~policy~l_microsoftofficemachine~l_updates_l_updatebranch";
const CHANNEL_ELEMENT: &str = "l_updatebranchid";

/// "Update Deadline". The id is as a published policy has it; its element is called
/// `L_UpdateDeadlineID` in `office16.admx`, a text, and ids of elements are made of both.
const DEADLINE: &str = "device_vendor_msft_policy_config_office16v2~policy~l_microsoftofficemachine~l_updates\
     _l_updatedeadline";
const DEADLINE_ELEMENT: &str = "l_updatedeadlineid";

/// "Delay downloading and installing updates for Office". NOT CONFIRMED: neither the id nor its
/// element was found anywhere, both only follow the pattern of the others. It is written only for
/// rings that wait at all.
const DELAY: &str = "device_vendor_msft_policy_config_office16v2~policy~l_microsoftofficemachine~l_updates\
     _l_deferupdatedays";
const DELAY_ELEMENT: &str = "l_deferupdatedaysid";

impl Policy for OfficePayload {
    fn area() -> PolicyArea {
        PolicyArea::SETTINGS
    }

    fn encode(&self) -> Map<String, Value> {
        let mut instances = Vec::new();
        if let Some(channel) = self.channel {
            let definition = id(CHANNEL, CHANNEL_ELEMENT);
            let channel = choice(&definition, option(channel), &[]);
            instances.push(enabled(CHANNEL, &[channel]));
        }
        let days = |definition: &str, element: &str, days: u8| {
            enabled(definition, &[text(&id(definition, element), &days.to_string())])
        };
        if let Some(deadline) = self.deadline_days {
            instances.push(days(DEADLINE, DEADLINE_ELEMENT, deadline));
        }
        if self.delay_days > 0 {
            instances.push(days(DELAY, DELAY_ELEMENT, self.delay_days));
        }
        policy(instances)
    }

    fn decode(object: &Map<String, Value>) -> Self {
        let definition = id(CHANNEL, CHANNEL_ELEMENT);
        let channel = element(object, CHANNEL, &definition)
            .and_then(|instance| channel(chosen(instance, &definition)?));
        let days_of = |definition: &str, name: &str| {
            element(object, definition, &id(definition, name)).and_then(days)
        };
        Self {
            channel,
            delay_days: days_of(DELAY, DELAY_ELEMENT).unwrap_or(0),
            deadline_days: days_of(DEADLINE, DEADLINE_ELEMENT),
        }
    }
}

fn id(definition: &str, element: &str) -> String {
    format!("{definition}_{element}")
}

fn option(channel: OfficeChannel) -> &'static str {
    match channel {
        OfficeChannel::Current => "current",
        OfficeChannel::MonthlyEnterprise => "monthlyenterprise",
        OfficeChannel::SemiAnnual => "deferred",
    }
}

fn channel(option: &str) -> Option<OfficeChannel> {
    let all = [OfficeChannel::Current, OfficeChannel::MonthlyEnterprise, OfficeChannel::SemiAnnual];
    all.into_iter().find(|channel| self::option(*channel) == option)
}
