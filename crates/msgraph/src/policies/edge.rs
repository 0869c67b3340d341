//! Which channel Microsoft Edge follows, as a settings catalogue policy.
//!
//! Never pins a version and never switches updates off.

use domain::enrollment::object::EdgePayload;
use serde_json::{Map, Value};

use super::Policy;
use super::area::PolicyArea;
use super::settings_catalog::{choice, chosen, element, enabled, policy};

/// "Target Channel override" of Edge Update. The id, its element and the option `stable` are as
/// published policy exports have them; the option `beta` follows the same rule and the documented
/// values of `TargetChannel`, but no export with it was found.
const TARGET_CHANNEL: &str = "device_vendor_msft_policy_config_updatev95~policy~cat_edgeupdate\
    ~cat_applications~cat_microsoftedge_pol_targetchannelmicrosoftedge";

fn channel_element() -> String {
    format!("{TARGET_CHANNEL}_part_targetchannel")
}

impl Policy for EdgePayload {
    fn area() -> PolicyArea {
        PolicyArea::SETTINGS
    }

    fn encode(&self) -> Map<String, Value> {
        let option = match self.beta {
            Some(true) => "beta",
            Some(false) => "stable",
            None => return policy(Vec::new()),
        };
        let channel = choice(&channel_element(), option, &[]);
        policy(vec![enabled(TARGET_CHANNEL, &[channel])])
    }

    fn decode(object: &Map<String, Value>) -> Self {
        let definition = channel_element();
        let found = element(object, TARGET_CHANNEL, &definition);
        let beta = match found.and_then(|channel| chosen(channel, &definition)) {
            Some("beta") => Some(true),
            Some("stable") => Some(false),
            Some(_) | None => None,
        };
        Self { beta }
    }
}
