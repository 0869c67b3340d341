//! Data for programs: what the API said, in the language they read.

use serde_json::Value;

use super::{say, write, write_lines};
use crate::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    Json,
    Jsonl,
    Yaml,
    /// What other commands find each thing by.
    Name,
}

/// Where the name of a thing stands, by whatever it is; what has none goes by its id.
const NAMES: [&str; 8] =
    ["name", "release_name", "short_name", "id", "rollout_id", "device_id", "code", "deleted"];

impl Data {
    /// The one document of a command, or one of the things it lists.
    pub(crate) fn document(self, json: &Value) -> Result<(), Failure> {
        match self {
            Self::Json => write(&format!("{json:#}\n")),
            Self::Jsonl => write(&format!("{json}\n")),
            Self::Yaml => write(&yaml(json)?),
            Self::Name => write_name(json),
        }
    }

    /// One of a stream of documents that has no end to close a list with.
    pub(crate) fn next(self, json: &Value) -> Result<(), Failure> {
        match self {
            Self::Json | Self::Jsonl => write(&format!("{json}\n")),
            Self::Yaml => write(&format!("---\n{}", yaml(json)?)),
            Self::Name => write_name(json),
        }
    }
}

fn yaml(json: &Value) -> Result<String, Failure> {
    let mut text = serde_saphyr::to_string(json)
        .map_err(|error| Failure::Failed(format!("the answer cannot be told as YAML: {error}")))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// What has no name is no failure: what was asked for may be done already.
fn write_name(json: &Value) -> Result<(), Failure> {
    if let Some(name) = name(json) {
        return write_lines([name]);
    }
    say("what this shows has no name; -o json shows all of it");
    Ok(())
}

/// A name may hold anything but what would make one line two.
fn name(json: &Value) -> Option<String> {
    let texts = NAMES.iter().filter_map(|name| json[name].as_str());
    let mut named = texts.filter(|text| !text.is_empty());
    named.next().map(|text| text.replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{name, yaml};

    #[test]
    fn a_name_is_what_other_commands_take() {
        let rollout = json!({ "id": "0195", "release_name": "2026-11 B", "generation": 7 });
        assert_eq!(name(&rollout).as_deref(), Some("2026-11 B"));
        assert_eq!(name(&json!({ "id": "0195" })).as_deref(), Some("0195"));
        assert_eq!(name(&json!({ "name": "a\nb" })).as_deref(), Some("a b"));
        assert_eq!(name(&json!({ "limit": 5 })), None);
    }

    #[test]
    fn yaml_reads_as_the_json_it_was() {
        let all = json!({ "yes": "no", "at": "2026-11-10T18:00:00Z", "n": "12", "none": null,
            "text": "two\nlines: # and more", "list": [1, 2.5, { "a": [] }], "true": true });
        let text = yaml(&all).expect("it can be told");
        let back: serde_json::Value = serde_saphyr::from_str(&text).expect("it is YAML");
        assert_eq!(back, all, "{text}");
    }
}
