//! `concentric report view`: reports as somebody wants to see them.

use api_types::{ReportView, SaveReportView};
use clap::{Args, Subcommand};

use crate::client::{Document, Query};
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::say;
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the views: those of everybody, and your own.
    List,
    /// Show one view.
    Get {
        /// Its name, id, or the beginning of its id.
        view: String,
    },
    /// Save a view, or replace the one of that name.
    Save(Save),
    /// Delete a view.
    Delete {
        /// Its name, id, or the beginning of its id.
        view: String,
        /// Kept in the history.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Save {
    /// Unique among your own, or among those of everybody.
    name: String,
    /// `quality-status`, `trending`, ...; `concentric report list` has them all.
    #[arg(long)]
    report: String,
    /// Conditions on columns: `status=not_up_to_date and ring!=Broad`.
    #[arg(long, value_name = "CONDITIONS")]
    filter: Option<String>,
    /// A column, and asc or desc behind it.
    #[arg(long, value_name = "COLUMN")]
    order_by: Option<String>,
    /// Only these columns, in this order; all of them if not given.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    columns: Vec<String>,
    /// For everybody of the tenant; for yourself if not given.
    #[arg(long)]
    share: bool,
    /// Kept in the history.
    #[arg(long)]
    reason: Option<String>,
}

pub(super) async fn run(
    command: Command,
    context: &Context<'_>,
    tenant: &str,
) -> Result<(), Failure> {
    match command {
        Command::List => context.output.list(&HEAD, &all(context, tenant).await?, row),
        Command::Get { view } => show(context, &found(context, tenant, &view).await?),
        Command::Save(save) => save.run(context, tenant).await,
        Command::Delete { view, reason } => {
            let view = found(context, tenant, &view).await?.typed;
            let id = view.id.to_string();
            let path = ["tenants", tenant, "report-views", &id];
            context.client.delete_with(&path, &vec![("reason", reason)]).await?;
            say(&format!("{} is gone.", view.name));
            Ok(())
        }
    }
}

impl Save {
    async fn run(self, context: &Context<'_>, tenant: &str) -> Result<(), Failure> {
        let same = |one: &Document<ReportView>| {
            one.typed.name == self.name && one.typed.is_shared == self.share
        };
        let known = all(context, tenant).await?.into_iter().find(same);
        let body = SaveReportView {
            name: self.name,
            report: self.report,
            filter: self.filter,
            order_by: self.order_by,
            columns: self.columns,
            is_shared: self.share,
            reason: self.reason,
        };
        let saved = match known {
            None => context.client.post(&["tenants", tenant, "report-views"], &body).await?,
            Some(known) => {
                let id = known.typed.id.to_string();
                let path = ["tenants", tenant, "report-views", &id];
                // What is replaced is what was looked at.
                context.client.get::<ReportView>(&path, &Query::new()).await?;
                context.client.put(&path, &body).await?
            }
        };
        show(context, &saved)
    }
}

async fn all(context: &Context<'_>, tenant: &str) -> Result<Vec<Document<ReportView>>, Failure> {
    context.client.all(&["tenants", tenant, "report-views"], &Query::new()).await
}

/// One's own goes before one of everybody that is called the same.
pub(super) async fn found(
    context: &Context<'_>,
    tenant: &str,
    wanted: &str,
) -> Result<Document<ReportView>, Failure> {
    let mut views = all(context, tenant).await?;
    if views.iter().any(|one| one.typed.name == wanted && !one.typed.is_shared) {
        views.retain(|one| !one.typed.is_shared);
    }
    find::choose("view", wanted, views, |view: &ReportView| (view.id, &view.name))
}

const HEAD: [&str; 7] = ["name", "report", "filter", "columns", "for", "owner", "id"];

fn row(view: &ReportView) -> Vec<String> {
    vec![
        view.name.clone(),
        view.report.clone(),
        text::maybe(view.filter.as_deref()),
        if view.columns.is_empty() { "all".to_owned() } else { view.columns.join(",") },
        if view.is_shared { "everybody" } else { "its owner" }.to_owned(),
        view.owner.clone(),
        view.id.to_string(),
    ]
}

fn show(context: &Context<'_>, view: &Document<ReportView>) -> Result<(), Failure> {
    let mut fields: Vec<(&str, String)> = HEAD.into_iter().zip(row(&view.typed)).collect();
    fields.push(("order", text::maybe(view.typed.order_by.as_deref())));
    fields.push(("changed", text::time(view.typed.changed_at)));
    context.output.one(&view.json, &fields)
}
