//! `concentric explain`: what the fields of files and of the API mean.
//!
//! Says what the server's own description of its interface says, so it holds for the version that runs.

mod schema;

use clap::Args;
use serde_json::{Value, json};

use self::schema::{Field, Schemas};
use super::Context;
use crate::client::Query;
use crate::failure::Failure;
use crate::output::{Form, Tone, table, write_lines};

/// Shows what a field means: its type, bounds and default, and the fields in it.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// `RingSet`, `RingSet.rings.gate.bake_hours`, or just `gate.bake_hours`.
    #[arg(value_name = "FIELD")]
    path: String,
}

impl Explain {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let document = context.client.get::<Value>(&["openapi.json"], &Query::new()).await?.json;
        let schemas = Schemas::of(&document);
        let mut found = schemas.find(&self.path)?;
        // Where it stands several times, the first that is asked for by its whole path.
        let more: Vec<String> = found.drain(1..).map(|field| field.path).collect();
        let Some(field) = found.pop() else {
            return Err(Failure::NotFound(format!("nothing is called `{}`", self.path)));
        };
        if context.output.form == Form::Table {
            let strong = |text: &str| context.output.paint(Tone::Strong, text);
            return write_lines(picture(&field, &more, strong));
        }
        let plain = |name: &'static str, value: &str| (name, value.to_owned());
        context.output.one(
            &as_json(&field, &more),
            &[
                plain("field", &field.path),
                plain("type", &field.kind),
                plain("required", if field.required { "yes" } else { "no" }),
                plain("meaning", &field.meaning),
            ],
        )
    }
}

fn as_json(field: &Field, more: &[String]) -> Value {
    let fields: Vec<Value> = field.fields.iter().map(|one| as_json(one, &[])).collect();
    json!({ "field": field.path, "type": field.kind, "required": field.required,
        "meaning": field.meaning, "default": field.default, "fields": fields, "also": more })
}

fn picture(field: &Field, more: &[String], strong: impl Fn(&str) -> String) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", strong(&field.path), head(field))];
    lines.extend(field.meaning.lines().map(|line| format!("  {line}")));
    if !field.fields.is_empty() {
        lines.push(String::new());
        let rows = field.fields.iter().map(|one| {
            let name = one.path.rsplit('.').next().unwrap_or_default();
            let first = one.meaning.split_inclusive(". ").next().unwrap_or_default();
            vec![name.to_owned(), head(one), first.replace('\n', " ").trim().to_owned()]
        });
        let text = table(&["field", "type", "meaning"], rows.collect());
        lines.extend(text.lines().map(str::to_owned));
    }
    if !more.is_empty() {
        lines.push(String::new());
        lines.push(format!("Also: {}", more.join(", ")));
    }
    lines
}

fn head(field: &Field) -> String {
    match &field.default {
        Some(default) => format!("{}, {default} if not given", field.kind),
        None if field.required => format!("{}, required", field.kind),
        None => field.kind.clone(),
    }
}
