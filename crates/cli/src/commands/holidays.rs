//! `concentric holidays`.

use std::path::{Path, PathBuf};

use api_types::{Holiday, HolidayCalendar, ImportHolidays};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, table, write, write_lines};
use crate::{confirm, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read the holidays of a site from an iCalendar file; those of that name are replaced.
    Import {
        /// What rings refer to, as the site's name.
        name: String,
        /// The file; `-` reads stdin.
        #[arg(long, short, value_name = "FILE")]
        file: PathBuf,
    },
    /// List holiday calendars.
    List,
    /// Show the days of a holiday calendar.
    Show {
        /// Name, id, or beginning of its id.
        name: String,
    },
    /// Delete a holiday calendar that no ring looks at.
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Name, id, or beginning of its id.
    name: String,
    /// Why, for the history.
    #[arg(long)]
    reason: String,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Import { name, file } => import(context, name, &file).await?,
        Command::List => list(context).await?,
        Command::Show { name } => {
            let tenant = context.tenant().await?;
            show(context, &find::holidays(&context.client, &tenant, &name).await?)?;
        }
        Command::Delete(delete) => delete.run(context).await?,
    }
    Ok(Exit::Ok)
}

async fn import(context: &Context<'_>, name: String, file: &Path) -> Result<(), Failure> {
    let ics = super::read_text(file)?;
    let tenant = context.tenant().await?;
    let body = ImportHolidays { name, ics };
    let imported = context.client.post(&["tenants", &tenant, "holidays"], &body).await?;
    show(context, &imported)
}

async fn list(context: &Context<'_>) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    let all = context.client.all(&["tenants", &tenant, "holidays"], &Query::new()).await?;
    let head = ["name", "holidays", "imported at", "by", "id"];
    context.output.list(&head, &all, |calendar: &HolidayCalendar| {
        vec![
            calendar.name.clone(),
            calendar.holidays.len().to_string(),
            text::time(calendar.imported_at),
            calendar.imported_by.clone(),
            calendar.id.to_string(),
        ]
    })
}

fn show(context: &Context<'_>, calendar: &Document<HolidayCalendar>) -> Result<(), Failure> {
    let rows = calendar.typed.holidays.iter().map(row);
    match context.output.form {
        Form::Table => write(&table(&["first", "last", "name"], rows.collect())),
        Form::Plain => write_lines(rows.map(|row| row.join("\t"))),
        Form::Data(_) => context.output.one(&calendar.json, &[]),
    }
}

fn row(holiday: &Holiday) -> Vec<String> {
    let (first, last) = match (holiday.first_day, holiday.last_day) {
        (Some(first), Some(last)) => (first.to_string(), last.to_string()),
        (None, _) | (_, None) => (text::maybe_time(holiday.from), text::maybe_time(holiday.until)),
    };
    vec![first, last, holiday.name.clone()]
}

impl Delete {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        confirm::can_ask(self.yes)?;
        let tenant = context.tenant().await?;
        let calendar = find::holidays(&context.client, &tenant, &self.name).await?.typed;
        if !self.yes {
            say(&format!("This deletes the holidays of {}.", calendar.name));
            confirm::typed(&calendar.name)?;
        }
        let id = calendar.id.to_string();
        let query = vec![("reason", self.reason)];
        context.client.delete_with(&["tenants", &tenant, "holidays", &id], &query).await?;
        if let Form::Data(_) = context.output.form {
            context.output.one(&json!({ "deleted": id }), &[])?;
        }
        say(&format!("Deleted the holidays of {}.", calendar.name));
        Ok(())
    }
}
