//! How far a run may go, and the request that it stops short of.

use std::fmt;

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{Form, Output, write};

/// How far a run may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Change,
    /// `--dry-run`: shows the first request that would change something, and ends there.
    Try,
    /// `--dry-run=server`: the service checks that request, and keeps nothing of it.
    Ask,
    /// `--watch`: a change would be made again and again.
    Look,
}

/// A request that would change something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    method: Method,
    path: String,
    /// None: it has no body.
    body: Option<Value>,
    /// What the service said to it: whether it would change something.
    checked: Option<bool>,
}

/// What is computed of a body and kept nowhere, by the last word of the path.
const WITHOUT_EFFECT: [&str; 3] = ["preview", "simulate", "replay"];

/// Fields whose text is shown in no dry run.
const SECRET: [&str; 2] = ["secret", "private_key_pem"];

impl Reach {
    /// Whether the request may be sent. `NotSent` in a dry run, `Usage` where nothing may change.
    pub(super) fn check(
        self,
        method: &Method,
        path: &[&str],
        body: Option<&impl Serialize>,
    ) -> Result<(), Failure> {
        if self == Self::Change {
            return Ok(());
        }
        let body = body.map(serde_json::to_value).transpose().map_err(|error| {
            Failure::Failed(format!("the request cannot be told as JSON: {error}"))
        })?;
        let says = |field: &str, value: bool| body.as_ref().is_some_and(|b| b[field] == value);
        let is_harmless = path.last().is_some_and(|word| WITHOUT_EFFECT.contains(word))
            || says("validate_only", true)
            || says("apply", false);
        match self {
            _ if is_harmless => Ok(()),
            Self::Change => Ok(()),
            Self::Look => Err(Failure::Usage(
                "--watch is for commands that look; this one changes something".to_owned(),
            )),
            Self::Try | Self::Ask => {
                let path = format!("/api/v1/{}", path.join("/"));
                Err(Failure::NotSent(Box::new(Order {
                    method: method.clone(),
                    path,
                    body,
                    checked: None,
                })))
            }
        }
    }
}

impl Order {
    /// The same, after the service looked at it.
    pub(super) fn checked(self, would_change: bool) -> Self {
        Self { checked: Some(would_change), ..self }
    }

    pub(crate) fn show(&self, output: Output) -> Result<(), Failure> {
        let mut body = self.body.clone();
        body.iter_mut().for_each(hide);
        match output.form {
            Form::Table | Form::Plain => {
                let body = body.map(|body| format!("\n{body:#}")).unwrap_or_default();
                let said = match self.checked {
                    None => "",
                    Some(true) => "\nThe service would do this.",
                    Some(false) => "\nThe service would take this, and nothing would change.",
                };
                write(&format!("{self}{body}{said}\n"))
            }
            Form::Data(data) => data.document(&json!({
                "name": self.to_string(),
                "dry_run": true,
                "method": self.method.as_str(),
                "path": self.path,
                "body": body,
                "checked_by_service": self.checked.is_some(),
                "would_change": self.checked,
            })),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if SECRET.contains(&name.as_str()) && value.is_string() {
                    *value = "(not shown)".into();
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_effect_is_sent_in_a_dry_run() {
        let sent =
            |path: &[&str], body: Value| Reach::Try.check(&Method::POST, path, Some(&body)).is_ok();
        assert!(sent(&["tenants", "t", "ring-sets", "preview"], json!({})));
        assert!(sent(&["tenants", "t", "plans"], json!({ "validate_only": true })));
        assert!(sent(&["tenants", "t", "enrollment", "unenroll"], json!({ "apply": false })));
        assert!(!sent(&["tenants", "t", "plans"], json!({ "validate_only": false })));
        assert!(!sent(&["tenants", "t", "enrollment", "unenroll"], json!({ "apply": true })));
        assert!(!sent(&["tenants", "t", "pause"], json!({})));
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut body = json!({ "credential": { "kind": "secret", "secret": "hush" }, "a": [1] });
        hide(&mut body);
        assert_eq!(body["credential"]["secret"], "(not shown)");
        assert_eq!(body["credential"]["kind"], "secret");
    }
}
