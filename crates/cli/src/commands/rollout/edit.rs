//! `concentric rollout edit|plans`.

use std::collections::BTreeMap;

use api_types::{List, PlanChange, PlanRevision, RevisePlan};
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Map, Value};

use super::{Context, Which};
use crate::client::{Document, Query};
use crate::confirm;
use crate::failure::Failure;
use crate::output::{Form, say, table, write, write_lines};
use crate::text;

#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    which: Which,
    /// What to change: `RING.FIELD=VALUE` with a field of a ring, as `ring-set get -o json` names them
    /// (`Fast.gate.bake_hours=48`, `1.waves.most=200`, `Broad.approvals=null`), or
    /// `on_gate_failure=roll_back`, or `starts_at=TIME`.
    #[arg(long, value_name = "WHAT", required = true)]
    set: Vec<String>,
    /// Why; kept in the history.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Only show what would be different.
    #[arg(long)]
    check: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub(super) yes: bool,
}

impl Edit {
    pub(super) fn asks_nothing(&self) -> bool {
        self.yes || self.check
    }

    pub(super) async fn run(self, context: &Context<'_>, tenant: &str) -> Result<(), Failure> {
        let rollout = self.which.find(context, tenant).await?.typed;
        let names: Vec<&str> = rollout.rings.iter().map(|ring| ring.name.as_str()).collect();
        let mut body = RevisePlan {
            revision: rollout.plan_revision,
            reason: self.reason,
            starts_at: None,
            on_gate_failure: None,
            rings: BTreeMap::new(),
            validate_only: true,
        };
        for word in &self.set {
            set(&mut body, &names, word)?;
        }
        let id = rollout.id.to_string();
        let path = ["tenants", tenant, "rollouts", &id, "plan"];
        let preview: Document<PlanRevision> = context.client.patch(&path, &body).await?;
        if self.check {
            return show(context, &preview);
        }
        let name = &rollout.release_name;
        say(&format!("{name}, plan revision {} -> {}:", body.revision, preview.typed.revision));
        for change in &preview.typed.changes {
            say(&format!("  {}", change.text));
        }
        let asked = "It counts from the next decision on; approvals given so far count no more.";
        confirm::agree(asked, self.yes)?;
        body.validate_only = false;
        show(context, &context.client.patch(&path, &body).await?)
    }
}

/// One `RING.FIELD=VALUE`.
fn set(body: &mut RevisePlan, rings: &[&str], word: &str) -> Result<(), Failure> {
    let wrong = |why: &str| Failure::Usage(format!("--set {word}: {why}"));
    let (path, text) = word.split_once('=').ok_or_else(|| wrong("WHAT=VALUE is right"))?;
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    match path {
        "on_gate_failure" => {
            let choice = serde_json::from_value(value);
            body.on_gate_failure = Some(choice.map_err(|_| wrong("`pause` or `roll_back`"))?);
            return Ok(());
        }
        "starts_at" => {
            let at = text.parse::<DateTime<Utc>>();
            body.starts_at = Some(at.map_err(|_| wrong("a time like 2026-12-24T18:00:00Z"))?);
            return Ok(());
        }
        _ => {}
    }
    // Names may hold dots: the longest one that fits.
    let named = rings.iter().filter_map(|ring| Some((*ring, path.strip_prefix(ring)?)));
    let named = named.filter_map(|(ring, rest)| Some((ring, rest.strip_prefix('.')?)));
    let found = named.max_by_key(|(ring, _)| ring.len()).or_else(|| path.split_once('.'));
    let (ring, field) = found.ok_or_else(|| wrong("RING.FIELD is right"))?;
    let fields = body.rings.entry(ring.to_owned()).or_default();
    put(fields, field, value).ok_or_else(|| wrong("two values for one field"))
}

fn put(fields: &mut Map<String, Value>, path: &str, value: Value) -> Option<()> {
    match path.split_once('.') {
        None => fields.insert(path.to_owned(), value).is_none().then_some(()),
        Some((name, rest)) => {
            let inner = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
            put(inner.as_object_mut()?, rest, value)
        }
    }
}

fn show(context: &Context<'_>, revision: &Document<PlanRevision>) -> Result<(), Failure> {
    let one = &revision.typed;
    context.output.one(
        &revision.json,
        &[
            ("revision", one.revision.to_string()),
            ("by", one.created_by.clone()),
            ("reason", text::maybe(one.reason.as_deref())),
            ("changes", joined(&one.changes)),
        ],
    )
}

fn joined(changes: &[PlanChange]) -> String {
    let texts: Vec<&str> = changes.iter().map(|change| change.text.as_str()).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join("; ") }
}

/// Every revision of a rollout's plan.
pub(super) async fn plans(
    context: &Context<'_>,
    tenant: &str,
    rollout: &str,
) -> Result<(), Failure> {
    let path = ["tenants", tenant, "rollouts", rollout, "plans"];
    let all: Document<List<PlanRevision>> = context.client.get(&path, &Query::new()).await?;
    let rows = all.typed.items.iter().map(|one| {
        vec![
            one.revision.to_string(),
            one.created_by.clone(),
            text::time(one.created_at),
            text::maybe(one.reason.as_deref()),
            joined(&one.changes),
        ]
    });
    match context.output.form {
        Form::Table => write(&table(&["revision", "by", "at", "why", "changes"], rows.collect())),
        Form::Plain => write_lines(rows.map(|row| row.join("\t"))),
        Form::Data(data) => data.document(&all.json),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(words: &[&str]) -> Result<RevisePlan, Failure> {
        let mut body = RevisePlan {
            revision: 1,
            reason: "why".to_owned(),
            starts_at: None,
            on_gate_failure: None,
            rings: BTreeMap::new(),
            validate_only: false,
        };
        for word in words {
            set(&mut body, &["Fast", "Fast.2"], word)?;
        }
        Ok(body)
    }

    #[test]
    fn words_become_fields_of_rings() {
        let body = of(&[
            "Fast.gate.bake_hours=48",
            "Fast.gate.success=certified",
            "Fast.2.approvals=null",
            "1.waves.most=200",
            "on_gate_failure=roll_back",
        ]);
        let body = serde_json::to_value(body.ok()).expect("JSON");
        let rings = json!({
            "1": { "waves": { "most": 200 } },
            "Fast": { "gate": { "bake_hours": 48, "success": "certified" } },
            "Fast.2": { "approvals": null },
        });
        assert_eq!((&body["rings"], &body["on_gate_failure"]), (&rings, &json!("roll_back")));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for word in ["Fast.gate.bake_hours", "bake_hours=3", "on_gate_failure=dance", "starts_at=x"]
        {
            assert!(of(&[word]).is_err(), "{word}");
        }
        assert!(of(&["Fast.waves.most=1", "Fast.waves.most=2"]).is_err());
    }
}
