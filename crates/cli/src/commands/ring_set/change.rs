//! `concentric ring-set preview`, `apply` and `delete`.

use std::path::{Path, PathBuf};

use api_types::{CreateRingSet, RingSet};
use clap::Args;
use serde_json::{Value, json};

use super::preview;
use crate::client::{Document, Query};
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Form, say};
use crate::{confirm, declared, diff, find, text};

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// YAML or JSON; `-` reads stdin.
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Name, id, or beginning of its id.
    ring_set: String,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// A file wins over a ring set of that name.
pub(super) async fn preview(context: &Context<'_>, what: &str) -> Result<(), Failure> {
    let file = Path::new(what);
    let from_file = file == Path::new("-") || file.is_file();
    let wanted = if from_file { Some(declared::ring_set(file)?) } else { None };
    let tenant = context.tenant().await?;
    let (id, body) = if let Some(body) = wanted {
        (current(context, &tenant, &body.name).await?.map(|set| set.typed.id), body)
    } else {
        let set = find::ring_set(&context.client, &tenant, what).await?.typed;
        (Some(set.id), body_of(&set))
    };
    let preview = preview::ask(context, &tenant, id, &body).await?;
    preview::show(context.output, &preview)
}

impl Apply {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let mut body = declared::ring_set(&self.file)?;
        confirm::can_ask(self.yes)?;
        let (client, tenant) = (&context.client, context.tenant().await?);
        let current = current(context, &tenant, &body.name).await?;
        let changes = current.as_ref().map(|set| changes(&set.typed, &body)).transpose()?;
        if let (Some(current), Some([])) = (&current, changes.as_deref()) {
            super::show(context, current)?;
            say(&format!("{} is so already; nothing was done.", body.name));
            return Ok(());
        }
        let id = current.as_ref().map(|set| set.typed.id);
        let shown = preview::ask(context, &tenant, id, &body).await?;
        // Stdout belongs to the ring set, in the end.
        let verb = if current.is_some() { "Changing" } else { "Making" };
        say(&format!("{verb} ring set {}:", body.name));
        let mut lines: Vec<String> =
            changes.iter().flatten().map(|change| format!("  {}", change.line())).collect();
        lines.extend(preview::moves(&shown.typed).iter().map(|line| format!("  {line}")));
        lines.extend(shown.typed.notes.iter().map(|note| format!("  ! {note}")));
        for line in lines {
            say(&line);
        }
        confirm::agree(&format!("{verb} ring set {}.", body.name), self.yes)?;
        let path = ["tenants", tenant.as_str(), "ring-sets"];
        let set = if let Some(id) = id.map(|id| id.to_string()) {
            client.put(&[&path[..], &[&id]].concat(), &body).await?
        } else {
            // Devices fall where the preview said.
            body.id = Some(shown.typed.ring_set_id);
            client.post(&path, &body).await?
        };
        super::show(context, &set)
    }
}

impl Delete {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        confirm::can_ask(self.yes)?;
        let tenant = context.tenant().await?;
        let set = find::ring_set(&context.client, &tenant, &self.ring_set).await?.typed;
        if !self.yes {
            let members = text::devices(set.members.iter().sum());
            say(&format!("This deletes ring set {} with {members} in its rings.", set.name));
            confirm::typed(&set.name)?;
        }
        let id = set.id.to_string();
        context.client.delete(&["tenants", &tenant, "ring-sets", &id]).await?;
        if let Form::Data(_) = context.output.form {
            context.output.one(&json!({ "deleted": id }), &[])?;
        }
        say(&format!("Deleted ring set {}.", set.name));
        Ok(())
    }
}

/// The ring set of exactly this name.
pub(crate) async fn current(
    context: &Context<'_>,
    tenant: &str,
    name: &str,
) -> Result<Option<Document<RingSet>>, Failure> {
    let path = ["tenants", tenant, "ring-sets"];
    let sets = context.client.all::<RingSet>(&path, &Query::new()).await?;
    Ok(sets.into_iter().find(|set| set.typed.name == name))
}

fn body_of(set: &RingSet) -> CreateRingSet {
    CreateRingSet {
        id: None,
        name: set.name.clone(),
        rings: set.rings.clone(),
        rules: set.rules.clone(),
    }
}

/// What differs between a ring set and what a file says of it.
pub(crate) fn changes(
    current: &RingSet,
    wanted: &CreateRingSet,
) -> Result<Vec<diff::Change>, Failure> {
    Ok(diff::changes(&comparable(body_of(current))?, &comparable(wanted.clone())?))
}

/// Groups and approvers stand in no order.
pub(crate) fn comparable(mut set: CreateRingSet) -> Result<Value, Failure> {
    set.id = None;
    for ring in &mut set.rings {
        ring.groups.sort_unstable();
        ring.approvals.iter_mut().for_each(|quorum| quorum.approvers.sort_unstable());
    }
    set.rules.sources.sort_unstable();
    serde_json::to_value(set).map_err(|error| Failure::Failed(error.to_string()))
}
