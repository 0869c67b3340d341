//! `concentric update`.

use api_types::{
    Action, DeclareUpdate, Declined, KnownIssue, Update, UpdateDetail, UpdateKind, VersionFloors,
};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, write_lines};
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the updates of the catalogue, newest first.
    List(List),
    /// Show an update: severity, what it replaces, and what is known to be wrong with it.
    Get {
        /// The update's name, id, or beginning of its id.
        update: String,
    },
    /// Add a version of Microsoft Edge or Microsoft 365 Apps, which Graph's catalogue does not list.
    Declare(Declare),
    /// Say that an update is not to go out: no rule approves it, and no release is made of it.
    Decline {
        /// The update's name, id, or beginning of its id.
        update: String,
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take back that an update was declined.
    Approve {
        /// The update's name, id, or beginning of its id.
        update: String,
    },
    /// Show the lowest builds that may be offered, or set them: one for each Windows version.
    Floor {
        /// The builds, such as 10.0.26100.7171, in the place of all there are.
        #[arg(value_name = "BUILD")]
        builds: Vec<String>,
        /// No floor any more.
        #[arg(long, conflicts_with = "builds")]
        none: bool,
    },
}

/// What an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Kind {
    Quality,
    Feature,
    Driver,
    Edge,
    #[value(name = "microsoft_365_apps")]
    Microsoft365Apps,
}

impl Kind {
    pub(crate) const fn wire(self) -> UpdateKind {
        match self {
            Self::Quality => UpdateKind::Quality,
            Self::Feature => UpdateKind::Feature,
            Self::Driver => UpdateKind::Driver,
            Self::Edge => UpdateKind::Edge,
            Self::Microsoft365Apps => UpdateKind::Microsoft365Apps,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    kind: Option<Kind>,
    /// In Microsoft's words: security, nonSecurity.
    #[arg(long)]
    classification: Option<String>,
    /// Only those that another update replaces (true), or that none does (false).
    #[arg(long, value_name = "TRUE|FALSE")]
    superseded: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct Declare {
    /// edge or `microsoft_365_apps`.
    #[arg(long)]
    kind: Kind,
    /// As the product's policies name it: stable, current, monthlyEnterprise.
    #[arg(long)]
    channel: String,
    /// Numbers with dots between them, such as 131.0.2903.86.
    #[arg(long, value_name = "VERSION")]
    app_version: String,
    /// security if not given.
    #[arg(long)]
    classification: Option<String>,
    /// When it was released, as RFC 3339; now if not given.
    #[arg(long, value_name = "TIME")]
    released_at: Option<DateTime<Utc>>,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::List(list) => list.run(context).await?,
        Command::Get { update } => get(context, &update).await?,
        Command::Declare(declare) => declare.run(context).await?,
        Command::Decline { update, reason } => {
            mark(context, &update, "decline", &Action { reason }).await?;
        }
        Command::Approve { update } => {
            mark(context, &update, "approve", &Action { reason: None }).await?;
        }
        Command::Floor { builds, none } => floor(context, builds, none).await?,
    }
    Ok(Exit::Ok)
}

impl List {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let tenant = context.tenant().await?;
        let mut query = Query::new();
        query.extend(self.kind.map(|kind| ("kind", text::update_kind(kind.wire()).to_owned())));
        query.extend(self.classification.map(|is| ("classification", is)));
        query.extend(self.superseded.map(|is| ("superseded", is.to_string())));
        let updates = context.client.all(&["tenants", &tenant, "updates"], &query).await?;
        let head = [
            "name",
            "kind",
            "classification",
            "cadence",
            "severity",
            "released at",
            "kb",
            "superseded",
            "id",
        ];
        context.output.list(&head, &updates, |update: &Update| {
            vec![
                update.short_name.clone(),
                text::update_kind(update.kind).to_owned(),
                update.classification.clone(),
                text::maybe(Some(update.cadence.as_str()).filter(|cadence| !cadence.is_empty())),
                update.max_severity.map_or("-", text::severity).to_owned(),
                text::time(update.released_at),
                text::maybe(update.kb.as_deref()),
                if update.superseded_by.is_some() { "yes" } else { "no" }.to_owned(),
                update.id.to_string(),
            ]
        })
    }
}

async fn get(context: &Context<'_>, wanted: &str) -> Result<(), Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let id = find::update(client, &tenant, wanted).await?.typed.id.to_string();
    let path = ["tenants", &tenant, "updates", &id];
    let found: Document<UpdateDetail> = client.get(&path, &Query::new()).await?;
    let detail = &found.typed;
    context.output.one(&found.json, &fields(detail))?;
    match context.output.form {
        Form::Table => {
            let lines = issues(&detail.known_issues).into_iter();
            write_lines(lines.map(|line| line.replace('\t', "  ")))
        }
        Form::Plain => write_lines(issues(&detail.known_issues)),
        Form::Data(_) => Ok(()),
    }
}

fn fields(detail: &UpdateDetail) -> Vec<(&'static str, String)> {
    let update = &detail.update;
    let mut fields = vec![
        ("name", update.short_name.clone()),
        ("id", update.id.to_string()),
        ("title", update.title.clone()),
        ("kind", text::update_kind(update.kind).to_owned()),
        ("classification", update.classification.clone()),
        ("released at", text::time(update.released_at)),
        ("deployable until", text::maybe_time(update.deployable_until)),
    ];
    fields.extend(update.version.clone().map(|version| ("version", version)));
    fields.extend(update.channel.clone().map(|channel| ("channel", channel)));
    fields.extend(update.servicing.map(|it| ("servicing", text::servicing(it).to_owned())));
    fields.extend(update.hotpatch.map(|it| ("hotpatch", text::hotpatch(it).to_owned())));
    fields.extend(update.max_severity.map(|it| {
        let score = update.max_base_score.map(|score| format!(" (CVSS {score})"));
        ("severity", format!("{}{}", text::severity(it), score.unwrap_or_default()))
    }));
    if !update.exploited_cves.is_empty() {
        fields.push(("exploited", update.exploited_cves.join(", ")));
    }
    if let Some(driver) = &update.driver {
        fields.push(("manufacturer", text::maybe(Some(driver.manufacturer.as_str()))));
        fields.push(("class", text::maybe(Some(driver.class.as_str()))));
        fields.push(("driver of", text::maybe_time(driver.version_at)));
        let (devices, recommended) = (driver.devices, driver.recommended);
        fields.push(("needed by", format!("{devices} devices, recommended for {recommended}")));
    }
    if update.declined.is_some() {
        fields.push(("declined", declined(update)));
    }
    fields.extend(update.builds.iter().map(|build| {
        let kb = build.kb.as_deref().map(|kb| format!(" {kb}")).unwrap_or_default();
        let hotpatch = if build.is_hotpatch { " hotpatch" } else { "" };
        let (product, version) = (&build.product, &build.version);
        ("brings", format!("{product} {version}: {}{kb}{hotpatch}", build.build))
    }));
    fields
        .push(("superseded by", update.superseded_by.map_or("-".to_owned(), |by| by.to_string())));
    let names: Vec<&str> = detail.supersedes.iter().map(|one| one.short_name.as_str()).collect();
    fields.push(("supersedes", if names.is_empty() { "-".to_owned() } else { names.join(", ") }));
    fields
}

/// A line for each issue, those that nothing has ended first.
fn issues(issues: &[KnownIssue]) -> Vec<String> {
    let mut sorted: Vec<&KnownIssue> = issues.iter().collect();
    sorted.sort_by_key(|issue| !issue.is_open);
    sorted.into_iter().map(issue).collect()
}

/// A line, its parts set apart by tabs: id, status, product, title.
pub(crate) fn issue(issue: &KnownIssue) -> String {
    let (id, status, product, title) = (&issue.id, &issue.status, &issue.product, &issue.title);
    let ends = issue.resolving_kb.as_ref().map(|kb| format!(" (ended by {kb})"));
    format!("known issue\t{id}\t{status}\t{product}\t{title}{}", ends.unwrap_or_default())
}

async fn floor(context: &Context<'_>, builds: Vec<String>, none: bool) -> Result<(), Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let path = ["tenants", &tenant, "version-floors"];
    let floors: Document<VersionFloors> = if builds.is_empty() && !none {
        client.get(&path, &Query::new()).await?
    } else {
        client.put(&path, &VersionFloors { builds }).await?
    };
    let builds = &floors.typed.builds;
    let text = if builds.is_empty() { "none".to_owned() } else { builds.join(", ") };
    context.output.one(&floors.json, &[("floors", text)])
}

async fn mark(
    context: &Context<'_>,
    wanted: &str,
    verb: &str,
    body: &Action,
) -> Result<(), Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let id = find::update(client, &tenant, wanted).await?.typed.id.to_string();
    let path = ["tenants", &tenant, "updates", &id, verb];
    let found: Document<Update> = client.post(&path, body).await?;
    let update = &found.typed;
    let fields = [
        ("name", update.short_name.clone()),
        ("id", update.id.to_string()),
        ("declined", declined(update)),
    ];
    context.output.one(&found.json, &fields)
}

fn declined(update: &Update) -> String {
    let Some(Declined { by, at, reason }) = &update.declined else { return "no".to_owned() };
    let reason = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("by {by}, {}{reason}", text::time(*at))
}

impl Declare {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let tenant = context.tenant().await?;
        let body = DeclareUpdate {
            kind: self.kind.wire(),
            channel: self.channel,
            version: self.app_version,
            classification: self.classification,
            released_at: self.released_at,
        };
        let path = ["tenants", &tenant, "updates"];
        let made: Document<Update> = context.client.post(&path, &body).await?;
        let fields = [
            ("name", made.typed.short_name.clone()),
            ("id", made.typed.id.to_string()),
            ("released at", text::time(made.typed.released_at)),
        ];
        context.output.one(&made.json, &fields)
    }
}
