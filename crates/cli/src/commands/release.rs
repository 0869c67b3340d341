//! `concentric release`.

use std::path::PathBuf;

use api_types::{CreateRelease, Release, RollbackReadiness};
use clap::Subcommand;

use super::{Context, plan};
use crate::client::Query;
use crate::declared;
use crate::failure::{Exit, Failure};
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the releases.
    List,
    /// Approve an update to go out.
    Create {
        /// The release's name, unique in the tenant.
        name: String,
        /// The update's name, KB number, id, or beginning of its id.
        #[arg(long)]
        update: String,
        /// Plan its rollout too, through this ring set: name, id, or beginning of its id. Nothing is
        /// offered before the plan is started.
        #[arg(long, requires = "plan")]
        ring_set: Option<String>,
        /// The plan (YAML or JSON); `-` reads it from stdin.
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
    },
    /// Show how long it can be taken back: who no longer can, by the day.
    RollbackReadiness {
        /// The release's name, id, or beginning of its id.
        release: String,
    },
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let path = ["tenants", &tenant, "releases"];
    let head = ["name", "created by", "created at", "update", "id"];
    let row = |release: &Release| {
        vec![
            release.name.clone(),
            release.created_by.clone(),
            text::time(release.created_at),
            release.update_id.to_string(),
            release.id.to_string(),
        ]
    };
    match command {
        Command::List => {
            context.output.list(&head, &client.all(&path, &Query::new()).await?, row)?;
        }
        Command::Create { name, update, ring_set, plan: Some(file) } => {
            let mut file = declared::plan(&file)?;
            file.update = Some(update);
            file.ring_set = ring_set.or(file.ring_set);
            file.release_name = Some(name);
            plan::compute(context, &tenant, file, false).await?;
        }
        Command::Create { name, update, ring_set: _, plan: None } => {
            let update = find::update(client, &tenant, &update).await?.typed;
            let body = CreateRelease { update_id: update.id, name, delivery: None };
            let release = client.post::<Release>(&path, &body).await?;
            let fields: Vec<(&str, String)> = head.into_iter().zip(row(&release.typed)).collect();
            context.output.one(&release.json, &fields)?;
        }
        Command::RollbackReadiness { release } => {
            let release = find::release(client, &tenant, &release).await?.typed;
            readiness(context, &tenant, &release).await?;
        }
    }
    Ok(Exit::Ok)
}

async fn readiness(context: &Context<'_>, tenant: &str, release: &Release) -> Result<(), Failure> {
    let id = release.id.to_string();
    let path = ["tenants", tenant, "releases", &id, "rollback-readiness"];
    let found = context.client.get::<RollbackReadiness>(&path, &Query::new()).await?;
    let one = &found.typed;
    let mut fields = vec![
        ("how", one.text.clone()),
        ("can give it back", text::number(one.removable)),
        ("keep it", text::number(one.impossible)),
        ("first no longer can", text::maybe_time(one.first_closes_at)),
    ];
    for day in &one.closing {
        fields.push(("no longer can", format!("{}: {}", day.day, text::devices(day.devices))));
    }
    context.output.one(&found.json, &fields)
}
