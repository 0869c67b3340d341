//! `concentric report schedule`: reports that are sent again and again.

use api_types::{ExportFormat, Reason, ReportSchedule, SaveReportSchedule};
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::{FileFormat, view};
use crate::client::{Document, Query};
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::say;
use crate::{confirm, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the schedules, with when each is next and was last sent.
    List,
    /// Show one schedule.
    Get {
        /// Its name, id, or the beginning of its id.
        schedule: String,
    },
    /// Send a view again and again, on some days at a local time.
    Create(Create),
    /// Send a report now, besides its other moments.
    Run {
        /// Its name, id, or the beginning of its id.
        schedule: String,
        /// Kept in the history.
        #[arg(long)]
        reason: String,
    },
    /// Send it again, from its next moment on.
    Enable {
        /// Its name, id, or the beginning of its id.
        schedule: String,
    },
    /// Send nothing for now.
    Disable {
        /// Its name, id, or the beginning of its id.
        schedule: String,
        /// Kept in the history.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Delete a schedule.
    Delete {
        /// Its name, id, or the beginning of its id.
        schedule: String,
        /// Kept in the history.
        #[arg(long)]
        reason: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Unique in the tenant.
    name: String,
    /// A saved view: its name, id, or the beginning of its id.
    #[arg(long)]
    view: String,
    /// On these days of every week.
    #[arg(long, value_enum, value_delimiter = ',', required_unless_present = "rule")]
    days: Vec<Day>,
    /// A recurrence rule (RFC 5545) of days instead: `FREQ=MONTHLY;BYDAY=4TU`.
    #[arg(long, conflicts_with = "days")]
    rule: Option<String>,
    /// What a rule with INTERVAL counts from.
    #[arg(long, value_name = "DATE", requires = "rule")]
    first_day: Option<NaiveDate>,
    /// Time of day, by the clock of the zone: 07:00.
    #[arg(long, value_name = "HH:MM")]
    at: String,
    /// A name of the IANA database: Europe/Zurich.
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// Addresses for e-mail.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', required = true)]
    to: Vec<String>,
    #[arg(long, value_enum, default_value_t = FileFormat::Csv)]
    format: FileFormat,
    /// Kept in the history.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    const fn letters(self) -> &'static str {
        match self {
            Self::Mon => "MO",
            Self::Tue => "TU",
            Self::Wed => "WE",
            Self::Thu => "TH",
            Self::Fri => "FR",
            Self::Sat => "SA",
            Self::Sun => "SU",
        }
    }
}

const fn format(format: FileFormat) -> ExportFormat {
    match format {
        FileFormat::Csv => ExportFormat::Csv,
        FileFormat::Json => ExportFormat::Json,
        FileFormat::Xlsx => ExportFormat::Xlsx,
    }
}

pub(super) async fn run(
    command: Command,
    context: &Context<'_>,
    tenant: &str,
) -> Result<(), Failure> {
    let client = &context.client;
    match command {
        Command::List => context.output.list(&HEAD, &all(context, tenant).await?, row),
        Command::Get { schedule } => show(context, &found(context, tenant, &schedule).await?),
        Command::Create(create) => create.run(context, tenant).await,
        Command::Run { schedule, reason } => {
            let id = found(context, tenant, &schedule).await?.typed.id.to_string();
            let path = ["tenants", tenant, "report-schedules", &id, "run"];
            show(context, &client.post(&path, &Reason { reason }).await?)
        }
        Command::Enable { schedule } => turn(context, tenant, &schedule, (true, None)).await,
        Command::Disable { schedule, reason } => {
            turn(context, tenant, &schedule, (false, reason)).await
        }
        Command::Delete { schedule, reason, yes } => {
            confirm::can_ask(yes)?;
            let schedule = found(context, tenant, &schedule).await?.typed;
            if !yes {
                say(&format!("This deletes the schedule {}.", schedule.name));
                confirm::typed(&schedule.name)?;
            }
            let id = schedule.id.to_string();
            let path = ["tenants", tenant, "report-schedules", &id];
            client.delete_with(&path, &vec![("reason", reason)]).await?;
            say(&format!("{} is sent no more.", schedule.name));
            Ok(())
        }
    }
}

impl Create {
    async fn run(self, context: &Context<'_>, tenant: &str) -> Result<(), Failure> {
        let view = view::found(context, tenant, &self.view).await?.typed;
        let weekly = || {
            let days: Vec<&str> = self.days.iter().map(|day| day.letters()).collect();
            format!("FREQ=WEEKLY;BYDAY={}", days.join(","))
        };
        let body = SaveReportSchedule {
            name: self.name,
            view_id: view.id,
            rule: self.rule.unwrap_or_else(weekly),
            first_day: self.first_day,
            start: self.at,
            time_zone: self.zone,
            format: format(self.format),
            to: self.to,
            enabled: true,
            reason: self.reason,
        };
        let path = ["tenants", tenant, "report-schedules"];
        show(context, &context.client.post(&path, &body).await?)
    }
}

async fn all(
    context: &Context<'_>,
    tenant: &str,
) -> Result<Vec<Document<ReportSchedule>>, Failure> {
    context.client.all(&["tenants", tenant, "report-schedules"], &Query::new()).await
}

async fn found(
    context: &Context<'_>,
    tenant: &str,
    wanted: &str,
) -> Result<Document<ReportSchedule>, Failure> {
    let schedules = all(context, tenant).await?;
    find::choose("schedule", wanted, schedules, |one: &ReportSchedule| (one.id, &one.name))
}

/// Enables or disables, and leaves all else as it was looked at.
async fn turn(
    context: &Context<'_>,
    tenant: &str,
    wanted: &str,
    (enabled, reason): (bool, Option<String>),
) -> Result<(), Failure> {
    let id = found(context, tenant, wanted).await?.typed.id.to_string();
    let path = ["tenants", tenant, "report-schedules", &id];
    let schedule = context.client.get::<ReportSchedule>(&path, &Query::new()).await?.typed;
    let body = SaveReportSchedule {
        name: schedule.name,
        view_id: schedule.view_id,
        rule: schedule.rule,
        first_day: schedule.first_day,
        start: schedule.start,
        time_zone: schedule.time_zone,
        format: schedule.format,
        to: schedule.to,
        enabled,
        reason,
    };
    show(context, &context.client.put(&path, &body).await?)
}

const HEAD: [&str; 8] = ["name", "view", "when", "format", "to", "next", "last", "id"];

fn row(schedule: &ReportSchedule) -> Vec<String> {
    let next = match (&schedule.error, schedule.next_at) {
        (Some(error), _) => format!("fails: {error}"),
        (None, None) => "disabled".to_owned(),
        (None, Some(at)) => text::time(at),
    };
    vec![
        schedule.name.clone(),
        schedule.view.clone(),
        format!("{} at {} {}", schedule.rule, schedule.start, schedule.time_zone),
        match schedule.format {
            ExportFormat::Csv => "csv",
            ExportFormat::Json => "json",
            ExportFormat::Xlsx => "xlsx",
        }
        .to_owned(),
        schedule.to.join(","),
        next,
        text::maybe_time(schedule.last_at),
        schedule.id.to_string(),
    ]
}

fn show(context: &Context<'_>, schedule: &Document<ReportSchedule>) -> Result<(), Failure> {
    let mut fields: Vec<(&str, String)> = HEAD.into_iter().zip(row(&schedule.typed)).collect();
    fields.push(("owner", schedule.typed.owner.clone()));
    context.output.one(&schedule.json, &fields)
}
