//! `concentric report`: lists of devices, days, releases and decisions, on a screen or into a file.

mod schedule;
mod view;

use std::path::PathBuf;

use api_types::{ReportDescription, ReportRow, ReportView};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::save::save;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the reports, or the columns of one.
    List {
        /// Only this one, with its columns.
        report: Option<String>,
    },
    /// Show the rows of a report.
    Run(Run),
    /// Write a whole report to a file, or to stdout.
    Export(Export),
    /// Scheduled reports: a view, sent again and again.
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// Saved views: a report with a filter, an order and columns.
    #[command(subcommand)]
    View(view::Command),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// `quality-status`, `trending`, ...; `concentric report list` has them all.
    #[arg(required_unless_present = "view")]
    report: Option<String>,
    /// A saved view: its name, id, or the beginning of its id. A filter holds besides that of the view.
    #[arg(long, value_name = "VIEW")]
    view: Option<String>,
    /// Conditions on columns: `status=not_up_to_date and ring!=Broad`; = != < > and ~ (contains).
    #[arg(long, value_name = "CONDITIONS")]
    filter: Option<String>,
    /// A column, and asc or desc behind it.
    #[arg(long, value_name = "COLUMN")]
    order_by: Option<String>,
    /// Only these columns, in this order; all of them if not given.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    columns: Vec<String>,
    /// At most so many rows.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// `quality-status`, `trending`, ...; `concentric report list` has them all.
    #[arg(required_unless_present = "view")]
    report: Option<String>,
    /// A saved view: its name, id, or the beginning of its id. A filter holds besides that of the view.
    #[arg(long, value_name = "VIEW")]
    view: Option<String>,
    /// Only these columns, in this order; all of them if not given.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    columns: Vec<String>,
    /// Conditions on columns: `status=not_up_to_date and ring!=Broad`; = != < > and ~ (contains).
    #[arg(long, value_name = "CONDITIONS")]
    filter: Option<String>,
    /// A column, and asc or desc behind it.
    #[arg(long, value_name = "COLUMN")]
    order_by: Option<String>,
    #[arg(long, value_enum, default_value_t = FileFormat::Csv)]
    format: FileFormat,
    /// Where to; stdout if not given. A file is there when it is whole, and not before.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    Csv,
    Json,
    Xlsx,
}

impl FileFormat {
    const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
        }
    }
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let tenant = context.tenant().await?;
    match command {
        Command::List { report: None } => {
            let all = described(context, &tenant).await?;
            context.output.list(&["report", "holds"], &all, |report: &ReportDescription| {
                vec![report.name.clone(), report.title.clone()]
            })?;
        }
        Command::List { report: Some(name) } => {
            let columns = one(context, &tenant, &name).await?.typed.columns;
            let columns: Result<Vec<_>, Failure> = columns
                .into_iter()
                .map(|column| {
                    let json = serde_json::to_value(column);
                    Document::read(json.map_err(|error| Failure::Failed(error.to_string()))?)
                })
                .collect();
            let row = |column: &api_types::ReportColumn| {
                vec![column.name.clone(), column.meaning.clone()]
            };
            context.output.list(&["column", "meaning"], &columns?, row)?;
        }
        Command::Run(run) => run.run(context, &tenant).await?,
        Command::Export(export) => export.run(context, &tenant).await?,
        Command::Schedule(command) => schedule::run(command, context, &tenant).await?,
        Command::View(command) => view::run(command, context, &tenant).await?,
    }
    Ok(Exit::Ok)
}

async fn described(
    context: &Context<'_>,
    tenant: &str,
) -> Result<Vec<Document<ReportDescription>>, Failure> {
    context.client.all(&["tenants", tenant, "reports"], &Query::new()).await
}

async fn one(
    context: &Context<'_>,
    tenant: &str,
    name: &str,
) -> Result<Document<ReportDescription>, Failure> {
    let all = described(context, tenant).await?;
    let names: Vec<String> = all.iter().map(|report| report.typed.name.clone()).collect();
    let found = all.into_iter().find(|report| report.typed.name == name);
    found.ok_or_else(|| {
        Failure::Usage(format!("there is no report {name:?}; there are {}", names.join(", ")))
    })
}

/// The report that is meant, and the view of it.
async fn meant(
    context: &Context<'_>,
    tenant: &str,
    report: Option<String>,
    view: Option<String>,
) -> Result<(String, Option<ReportView>), Failure> {
    let view = match &view {
        Some(wanted) => Some(view::found(context, tenant, wanted).await?.typed),
        None => None,
    };
    match (report, view) {
        (Some(report), Some(view)) if report != view.report => {
            let (name, of) = (&view.name, &view.report);
            Err(Failure::Usage(format!("the view {name} is of {of}, not of {report}")))
        }
        (_, Some(view)) => Ok((view.report.clone(), Some(view))),
        (Some(report), None) => Ok((report, None)),
        (None, None) => Err(Failure::Usage("a report or a view is needed".to_owned())),
    }
}

impl Run {
    async fn run(self, context: &Context<'_>, tenant: &str) -> Result<(), Failure> {
        let (name, view) = meant(context, tenant, self.report, self.view).await?;
        let report = one(context, tenant, &name).await?.typed;
        let known: Vec<&str> = report.columns.iter().map(|column| column.name.as_str()).collect();
        let of_view = view.as_ref().map_or(&[][..], |view| &view.columns);
        let wanted = if self.columns.is_empty() { of_view } else { &self.columns };
        let shown: Vec<&str> = if wanted.is_empty() {
            known.clone()
        } else {
            wanted.iter().map(String::as_str).collect()
        };
        if let Some(wrong) = shown.iter().find(|column| !known.contains(column)) {
            let known = known.join(", ");
            return Err(Failure::Usage(format!("there is no column {wrong:?}; there are {known}")));
        }
        let mut query = Query::new();
        query.extend(self.filter.map(|filter| ("filter", filter)));
        query.extend(self.order_by.map(|order| ("order_by", order)));
        query.extend((!self.columns.is_empty()).then(|| ("columns", self.columns.join(","))));
        query.extend(view.as_ref().map(|view| ("view", view.id.to_string())));
        let path = ["tenants", tenant, "reports", name.as_str()];
        let (rows, more) = context.client.list(&path, &query, self.limit.max(1)).await?;
        context.output.list(&shown, &rows, |ReportRow(row): &ReportRow| {
            shown.iter().map(|column| row.get(*column).map_or_else(String::new, text)).collect()
        })?;
        if more {
            say(&format!(
                "There are more than {}; --limit shows more, `concentric report export` all.",
                rows.len()
            ));
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

impl Export {
    async fn run(self, context: &Context<'_>, tenant: &str) -> Result<(), Failure> {
        let mut query = vec![("format", self.format.word().to_owned())];
        query.extend(self.filter.map(|filter| ("filter", filter)));
        query.extend(self.order_by.map(|order| ("order_by", order)));
        let (name, view) = meant(context, tenant, self.report, self.view).await?;
        query.extend((!self.columns.is_empty()).then(|| ("columns", self.columns.join(","))));
        query.extend(view.map(|view| ("view", view.id.to_string())));
        let path = ["tenants", tenant, "reports", name.as_str(), "export"];
        let answer = context.client.file(&path, &query).await?;
        save(answer, self.file.as_deref()).await
    }
}
