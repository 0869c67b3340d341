//! `concentric plan`.

mod simulate;

use std::path::PathBuf;

use api_types::{
    CreatePlan, ExcludedDevices, PlanDifference, PlannedRing, Rollout, SavedPlan, StartPlan,
};
use clap::{Args, Subcommand};

use super::Context;
use crate::client::{Document, Query};
use crate::confirm;
use crate::declared::{self, PlanFile};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, table, write, write_lines};
use crate::{find, forecast, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the saved plans.
    List,
    /// Compute a plan without effect, show it, and save it.
    Create(Create),
    /// Show a saved plan: what each ring can prove, who is left out, and who joined or left since.
    Show {
        /// Id, beginning of the id, or name of the release.
        plan: String,
    },
    /// Show what another plan, or the ring set as it is now, says differently.
    Diff {
        /// Id, beginning of the id, or name of the release.
        plan: String,
        /// The other plan; the ring set as it is now if not given.
        other: Option<String>,
    },
    /// Start a saved plan, exactly as it was saved: first shows it, then asks.
    Start {
        /// Id, beginning of the id, or name of the release.
        plan: String,
        /// Go on though rings have other members by now.
        #[arg(long)]
        accept_changes: bool,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Say how a plan would meet releases of stated quality, or one on record. Changes nothing.
    Simulate(simulate::Simulate),
}

/// What is given here goes before what the file says.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The plan (YAML or JSON); `-` reads it from stdin.
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// The update's name, KB number, id, or beginning of its id.
    #[arg(long)]
    update: Option<String>,
    /// The ring set's name, id, or beginning of its id.
    #[arg(long)]
    ring_set: Option<String>,
    /// Name of the release.
    #[arg(long)]
    release: Option<String>,
    /// Only show the plan.
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    if let Command::Start { yes, .. } = &command {
        confirm::can_ask(*yes)?;
    }
    let (client, tenant) = (&context.client, context.tenant().await?);
    match command {
        Command::List => {
            let all = client.all(&["tenants", &tenant, "plans"], &Query::new()).await?;
            let head = ["release", "starts at", "devices", "saved by", "saved at", "started", "id"];
            context.output.list(&head, &all, |plan: &SavedPlan| {
                let devices = plan.rings.iter().map(|ring| ring.devices);
                vec![
                    plan.release_name.clone(),
                    text::time(plan.starts_at),
                    text::number(devices.fold(0, u32::saturating_add)),
                    plan.created_by.clone(),
                    text::time(plan.created_at),
                    text::maybe_time(plan.started_at),
                    plan.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
                ]
            })?;
        }
        Command::Create(create) => {
            let mut file = declared::plan(&create.file)?;
            file.update = create.update.or(file.update);
            file.ring_set = create.ring_set.or(file.ring_set);
            file.release_name = create.release.or(file.release_name);
            compute(context, &tenant, file, create.check).await?;
        }
        Command::Show { plan } => {
            let found = find::plan(client, &tenant, &plan).await?.typed;
            show(context, &read(context, &tenant, &found).await?)?;
        }
        Command::Diff { plan, other } => {
            let found = find::plan(client, &tenant, &plan).await?.typed;
            let other = match other {
                Some(other) => find::plan(client, &tenant, &other).await?.typed.id,
                None => None,
            };
            difference(context, &tenant, &found, other).await?;
        }
        Command::Start { plan, accept_changes, yes } => {
            let found = find::plan(client, &tenant, &plan).await?.typed;
            start(context, &tenant, &found, accept_changes, yes).await?;
        }
        Command::Simulate(simulate) => simulate.run(context, &tenant).await?,
    }
    Ok(Exit::Ok)
}

/// Sends the plan of a file and shows what became of it.
pub(super) async fn compute(
    context: &Context<'_>,
    tenant: &str,
    file: PlanFile,
    check: bool,
) -> Result<(), Failure> {
    let body = CreatePlan { validate_only: check, ..body(context, tenant, file).await? };
    let plan: Document<SavedPlan> =
        context.client.post(&["tenants", tenant, "plans"], &body).await?;
    show(context, &plan)?;
    if let Some(id) = plan.typed.id {
        say(&format!("Saved; nothing is offered. `concentric plan start {id}` starts it so."));
    }
    Ok(())
}

async fn body(context: &Context<'_>, tenant: &str, file: PlanFile) -> Result<CreatePlan, Failure> {
    let missing = |what: &str, flag: &str| {
        Failure::Usage(format!("the plan names no {what}: say which in the file or with {flag}"))
    };
    let update = file.update.ok_or_else(|| missing("update", "--update"))?;
    let ring_set = file.ring_set.ok_or_else(|| missing("ring set", "--ring-set"))?;
    let update = find::update(&context.client, tenant, &update).await?.typed;
    let ring_set = find::ring_set(&context.client, tenant, &ring_set).await?.typed;
    Ok(CreatePlan {
        update_id: update.id,
        release_name: file.release_name.unwrap_or(update.short_name),
        delivery: file.delivery,
        ring_set_id: ring_set.id,
        starts_at: file.starts_at,
        on_gate_failure: file.on_gate_failure,
        inactive_after_days: file.inactive_after_days,
        evidence: file.evidence,
        rings: file.rings,
        validate_only: false,
    })
}

async fn read(
    context: &Context<'_>,
    tenant: &str,
    plan: &SavedPlan,
) -> Result<Document<SavedPlan>, Failure> {
    let id = plan.id.unwrap_or_default().to_string();
    context.client.get(&["tenants", tenant, "plans", &id], &Query::new()).await
}

async fn start(
    context: &Context<'_>,
    tenant: &str,
    plan: &SavedPlan,
    accept_changes: bool,
    yes: bool,
) -> Result<(), Failure> {
    let plan = read(context, tenant, plan).await?.typed;
    say(&format!("{}, plan {}:", plan.release_name, short(&plan)));
    for ring in &plan.rings {
        let (name, at) = (&ring.settings.name, text::time(ring.opens_at));
        say(&format!("  {name}: {}, opens {at} at the earliest", text::devices(ring.devices)));
    }
    for change in &plan.membership_changes {
        say(&format!("  since then: {change}"));
    }
    confirm::agree("It is started exactly as it was saved.", yes)?;
    let id = plan.id.unwrap_or_default().to_string();
    let path = ["tenants", tenant, "plans", &id, "start"];
    let body = StartPlan { hash: plan.hash.clone(), accept_changes };
    let rollout: Document<Rollout> = context.client.post(&path, &body).await?;
    super::rollout::show(context, &rollout)
}

async fn difference(
    context: &Context<'_>,
    tenant: &str,
    plan: &SavedPlan,
    other: Option<uuid::Uuid>,
) -> Result<(), Failure> {
    let id = plan.id.unwrap_or_default().to_string();
    let query = other.map(|other| ("other", other.to_string())).into_iter().collect();
    let path = ["tenants", tenant, "plans", &id, "difference"];
    let found: Document<PlanDifference> = context.client.get(&path, &query).await?;
    let lines = found.typed.changes.iter().map(|change| change.text.clone());
    let members =
        found.typed.membership_changes.iter().map(|change| format!("members of {change}"));
    match context.output.form {
        Form::Table | Form::Plain => {
            let lines: Vec<String> = lines.chain(members).collect();
            if lines.is_empty() {
                say("Nothing is different.");
            }
            write_lines(lines)
        }
        Form::Data(data) => data.document(&found.json),
    }
}

/// The beginning of the hash: enough to tell plans apart.
fn short(plan: &SavedPlan) -> &str {
    plan.hash.get(..12).unwrap_or(&plan.hash)
}

fn show(context: &Context<'_>, plan: &Document<SavedPlan>) -> Result<(), Failure> {
    let p = &plan.typed;
    let changes = p.membership_changes.join("; ");
    context.output.one(
        &plan.json,
        &[
            ("release", p.release_name.clone()),
            ("hash", p.hash.clone()),
            ("starts at", text::time(p.starts_at)),
            ("healthy", format!("up to {:.2} % failed", p.healthy_failed_percent)),
            ("saved by", p.created_by.clone()),
            ("changed since", text::maybe(Some(changes.as_str()).filter(|text| !text.is_empty()))),
            ("started", text::maybe_time(p.started_at)),
        ],
    )?;
    let rows = p.rings.iter().map(row);
    match context.output.form {
        Form::Table => {
            let head =
                ["ring", "opens", "devices", "left out", "stops from", "success by", "notes"];
            write(&format!("\n{}", table(&head, rows.collect())))?;
            let lines = p.forecast.iter().flat_map(forecast::lines);
            write_lines(p.forecast.iter().map(|_| String::new()).chain(lines))
        }
        Form::Plain => {
            write_lines(rows.map(|row| format!("ring\t{}", row.join("\t"))))?;
            write_lines(p.forecast.iter().flat_map(forecast::plain))
        }
        Form::Data(_) => Ok(()),
    }
}

fn row(ring: &PlannedRing) -> Vec<String> {
    let out = |one: &ExcludedDevices| format!("{} {}", text::number(one.devices), one.reason);
    let excluded: Vec<String> = ring.excluded.iter().map(out).collect();
    let proof = ring.proof.as_ref();
    let stops = proof.and_then(|proof| proof.smallest_percent);
    let notes = proof.map(|proof| proof.notes.join("; ")).filter(|notes| !notes.is_empty());
    let joined = excluded.join(", ");
    vec![
        ring.settings.name.clone(),
        text::time(ring.opens_at),
        text::number(ring.devices),
        text::maybe(Some(joined.as_str()).filter(|joined| !joined.is_empty())),
        stops.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.1} %")),
        text::maybe(proof.map(|proof| proof.success_by.as_str())),
        text::maybe(notes.as_deref()),
    ]
}
