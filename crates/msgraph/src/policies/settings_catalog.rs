//! Settings catalogue policies: settings as trees of choices and values.
//!
//! Knows no setting by name.

use serde_json::{Map, Value, json};

const INSTANCE: &str = "#microsoft.graph.deviceManagementConfiguration";

/// The properties of a policy for Windows that holds these settings.
pub(super) fn policy(instances: Vec<Value>) -> Map<String, Value> {
    let settings: Vec<Value> = instances
        .into_iter()
        .map(|instance| json!({ "@odata.type": of("Setting"), "settingInstance": instance }))
        .collect();
    Map::from_iter([
        ("platforms".to_owned(), json!("windows10")),
        ("technologies".to_owned(), json!("mdm")),
        ("settings".to_owned(), json!(settings)),
    ])
}

/// A choice. Its options are named after its definition.
pub(super) fn choice(definition: &str, option: &str, children: &[Value]) -> Value {
    json!({
        "@odata.type": of("ChoiceSettingInstance"),
        "settingDefinitionId": definition,
        "choiceSettingValue": {
            "@odata.type": of("ChoiceSettingValue"),
            "value": format!("{definition}_{option}"),
            "children": children,
        },
    })
}

/// A policy of Group Policy's kind that is switched on, with its elements.
pub(super) fn enabled(definition: &str, children: &[Value]) -> Value {
    choice(definition, "1", children)
}

/// A policy of Group Policy's kind without elements.
pub(super) fn switch(definition: &str, on: bool) -> Value {
    choice(definition, if on { "1" } else { "0" }, &[])
}

pub(super) fn text(definition: &str, value: &str) -> Value {
    json!({
        "@odata.type": of("SimpleSettingInstance"),
        "settingDefinitionId": definition,
        "simpleSettingValue": { "@odata.type": of("StringSettingValue"), "value": value },
    })
}

/// The element of a policy that is switched on, in a policy's settings.
pub(super) fn element<'a>(
    object: &'a Map<String, Value>,
    definition: &str,
    element: &str,
) -> Option<&'a Value> {
    let settings = object.get("settings")?.as_array()?;
    let instances = settings.iter().filter_map(|setting| setting.get("settingInstance"));
    let choice = find(instances, definition)?.get("choiceSettingValue")?;
    if option(choice, definition) != Some("1") {
        return None;
    }
    find(choice.get("children")?.as_array()?.iter(), element)
}

/// Whether a policy is switched on; none: it is not configured.
pub(super) fn switched(object: &Map<String, Value>, definition: &str) -> Option<bool> {
    let settings = object.get("settings")?.as_array()?;
    let instances = settings.iter().filter_map(|setting| setting.get("settingInstance"));
    match chosen(find(instances, definition)?, definition)? {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

/// The text of a simple setting.
pub(super) fn value(instance: &Value) -> Option<&str> {
    instance.get("simpleSettingValue")?.get("value")?.as_str()
}

/// The option that is chosen.
pub(super) fn chosen<'a>(instance: &'a Value, definition: &str) -> Option<&'a str> {
    option(instance.get("choiceSettingValue")?, definition)
}

/// A number of days, which is a text for some settings and a number for others.
pub(super) fn days(instance: &Value) -> Option<u8> {
    let value = instance.get("simpleSettingValue")?.get("value")?;
    match value.as_u64() {
        Some(days) => Some(u8::try_from(days).unwrap_or(u8::MAX)),
        None => value.as_str()?.trim().parse().ok(),
    }
}

fn option<'a>(choice: &'a Value, definition: &str) -> Option<&'a str> {
    choice.get("value")?.as_str()?.strip_prefix(definition)?.strip_prefix('_')
}

fn find<'a>(mut all: impl Iterator<Item = &'a Value>, definition: &str) -> Option<&'a Value> {
    all.find(|instance| instance.get("settingDefinitionId").is_some_and(|id| id == definition))
}

fn of(kind: &str) -> String {
    format!("{INSTANCE}{kind}")
}
