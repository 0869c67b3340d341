//! `concentric rule`.

use api_types::{CreateRule, OnGateFailure, Rule, RulePreview, RuleWord, Severity};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::Context;
use super::update::Kind;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, table, write, write_lines};
use crate::{confirm, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the rules.
    List,
    /// Add a rule: what is due by it is approved at once.
    Create(Definition),
    /// Make a rule what is described here; what it approved goes on.
    Replace(Definition),
    /// Show what a rule would approve now, and why not the rest; changes nothing.
    Preview {
        /// Name, id, or beginning of its id; none: a rule that is described here and not made.
        #[arg(conflicts_with = "ring_set")]
        rule: Option<String>,
        #[command(flatten)]
        definition: Option<Described>,
    },
    /// Delete a rule; what it approved goes on.
    Delete {
        /// Name, id, or beginning of its id.
        rule: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Definition {
    /// The rule's name, unique in the tenant.
    name: String,
    #[command(flatten)]
    described: Described,
}

/// What a rule approves.
#[derive(Debug, Args)]
pub(crate) struct Described {
    /// The rings that approved updates walk through: name, id, or beginning of its id.
    #[arg(long, value_name = "RING_SET")]
    ring_set: String,
    #[arg(long, default_value = "quality")]
    kind: Kind,
    /// Of quality updates: security or nonSecurity.
    #[arg(long)]
    classification: Option<String>,
    /// Of quality updates: monthly or outOfBand.
    #[arg(long)]
    cadence: Option<String>,
    /// Of Edge and Microsoft 365 Apps.
    #[arg(long)]
    channel: Option<String>,
    /// Days after the release of an update.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    delay: u8,
    /// Optional previews too.
    #[arg(long)]
    previews: bool,
    /// Only updates that close something at least so bad.
    #[arg(long, value_name = "SEVERITY")]
    min_severity: Option<MinSeverity>,
    /// Expedite out-of-band updates: days until the restart is forced, 0 to 2.
    #[arg(long, value_name = "DAYS")]
    expedite: Option<u8>,
    /// Take an update back by itself when a gate fails and the evidence is enough.
    #[arg(long)]
    roll_back: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MinSeverity {
    Moderate,
    Important,
    Critical,
}

impl Described {
    async fn body(self, name: String, context: &Context<'_>) -> Result<CreateRule, Failure> {
        let tenant = context.tenant().await?;
        let ring_set = find::ring_set(&context.client, &tenant, &self.ring_set).await?.typed;
        Ok(CreateRule {
            name,
            ring_set_id: ring_set.id,
            kind: self.kind.wire(),
            classification: self.classification,
            cadence: self.cadence,
            channel: self.channel,
            delay_days: self.delay,
            previews: self.previews,
            min_severity: self.min_severity.map(|severity| match severity {
                MinSeverity::Moderate => Severity::Moderate,
                MinSeverity::Important => Severity::Important,
                MinSeverity::Critical => Severity::Critical,
            }),
            expedite: self.expedite,
            on_gate_failure: if self.roll_back {
                OnGateFailure::RollBack
            } else {
                OnGateFailure::Pause
            },
        })
    }
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::List => list(context).await?,
        Command::Create(Definition { name, described }) => {
            let body = described.body(name, context).await?;
            let tenant = context.tenant().await?;
            let made: Document<Rule> =
                context.client.post(&["tenants", &tenant, "rules"], &body).await?;
            context.output.one(&made.json, &fields(&made.typed))?;
        }
        Command::Replace(Definition { name, described }) => {
            let tenant = context.tenant().await?;
            let there = find::rule(&context.client, &tenant, &name).await?;
            let id = there.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "rules", &id];
            let looked: Document<Rule> = context.client.get(&path, &Query::new()).await?;
            let body = described.body(looked.typed.definition.name.clone(), context).await?;
            let made: Document<Rule> = context.client.put(&path, &body).await?;
            context.output.one(&made.json, &fields(&made.typed))?;
        }
        Command::Preview { rule: Some(rule), .. } => {
            let (client, tenant) = (&context.client, context.tenant().await?);
            let id = find::rule(client, &tenant, &rule).await?.typed.id.to_string();
            let path = ["tenants", &tenant, "rules", &id, "preview"];
            show(context, &client.get(&path, &Query::new()).await?)?;
        }
        Command::Preview { rule: None, definition: Some(described) } => {
            let body = described.body("preview".to_owned(), context).await?;
            let tenant = context.tenant().await?;
            let path = ["tenants", &tenant, "rules", "preview"];
            show(context, &context.client.post(&path, &body).await?)?;
        }
        Command::Preview { rule: None, definition: None } => {
            return Err(Failure::Usage(
                "name a rule, or describe one with --ring-set and more".to_owned(),
            ));
        }
        Command::Delete { rule, yes } => delete(context, &rule, yes).await?,
    }
    Ok(Exit::Ok)
}

async fn list(context: &Context<'_>) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    let rules = context.client.all(&["tenants", &tenant, "rules"], &Query::new()).await?;
    let head = ["name", "kind", "approves", "delay", "ring set", "error", "id"];
    context.output.list(&head, &rules, |rule: &Rule| {
        let is = &rule.definition;
        vec![
            is.name.clone(),
            text::update_kind(is.kind).to_owned(),
            approves(is),
            format!("{} d", is.delay_days),
            is.ring_set_id.to_string(),
            text::maybe(rule.error.as_deref()),
            rule.id.to_string(),
        ]
    })
}

fn approves(is: &CreateRule) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend([&is.classification, &is.cadence, &is.channel].into_iter().flatten().cloned());
    words.extend(is.min_severity.map(|least| format!("{} or worse", text::severity(least))));
    words.extend(is.previews.then(|| "previews too".to_owned()));
    words.extend(is.expedite.map(|days| format!("expedited in {days} d")));
    if words.is_empty() { "any".to_owned() } else { words.join(", ") }
}

fn fields(rule: &Rule) -> Vec<(&'static str, String)> {
    let is = &rule.definition;
    vec![
        ("name", is.name.clone()),
        ("id", rule.id.to_string()),
        ("kind", text::update_kind(is.kind).to_owned()),
        ("approves", approves(is)),
        ("delay", format!("{} d", is.delay_days)),
        ("ring set", is.ring_set_id.to_string()),
        ("created by", rule.created_by.clone()),
        ("error", text::maybe(rule.error.as_deref())),
    ]
}

fn show(context: &Context<'_>, preview: &Document<RulePreview>) -> Result<(), Failure> {
    let rows = preview.typed.updates.iter().map(|one| {
        vec![
            one.short_name.clone(),
            text::time(one.released_at),
            word(one.standing).to_owned(),
            one.why.clone(),
        ]
    });
    match context.output.form {
        Form::Table => {
            let head = ["update", "released at", "standing", "why"];
            write(&table(&head, rows.collect()))
        }
        Form::Plain => write_lines(rows.map(|row| row.join("\t"))),
        Form::Data(_) => context.output.one(&preview.json, &[]),
    }
}

const fn word(word: RuleWord) -> &'static str {
    match word {
        RuleWord::Due => "due",
        RuleWord::Later => "later",
        RuleWord::Done => "done",
        RuleWord::Covered => "covered",
        RuleWord::Other => "other",
    }
}

async fn delete(context: &Context<'_>, wanted: &str, yes: bool) -> Result<(), Failure> {
    confirm::can_ask(yes)?;
    let tenant = context.tenant().await?;
    let rule = find::rule(&context.client, &tenant, wanted).await?.typed;
    let name = &rule.definition.name;
    if !yes {
        say(&format!("This deletes rule {name}; updates are approved by hand then."));
        confirm::typed(name)?;
    }
    let id = rule.id.to_string();
    context.client.delete_with(&["tenants", &tenant, "rules", &id], &Query::new()).await?;
    if let Form::Data(_) = context.output.form {
        context.output.one(&json!({ "deleted": id }), &[])?;
    }
    say(&format!("Deleted rule {name}."));
    Ok(())
}
