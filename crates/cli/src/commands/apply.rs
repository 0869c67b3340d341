//! `concentric apply`: makes things what a file says they shall be.
//!
//! What differs is worked out first and shown; that and nothing else is then done, in the order in
//! which it works: the tenant, ring sets, what refers to them, decisions about devices, enrollment.

mod carry;
mod control;
mod picture;
mod plan;
mod resource;
mod tenant;

use std::path::PathBuf;

use clap::Args;

use self::tenant::About;
use super::Context;
use crate::confirm;
use crate::declared::{self, Declared};
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::wait::Patience;

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// YAML or JSON, one or several documents; `-` reads stdin.
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// Show what would change and change nothing; exit code 6 if anything would.
    #[arg(long, conflicts_with = "yes")]
    plan: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    patience: Patience,
}

/// Shows what a file would change, and changes nothing.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// YAML or JSON, one or several documents; `-` reads stdin.
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// End with exit code 6 if anything would change.
    #[arg(long)]
    detailed_exitcode: bool,
}

impl Diff {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        let items = seen(context, declared::read(&self.file)?).await?;
        picture::show(context.output, &items, false)?;
        let is_pending = items.iter().any(plan::Item::is_pending);
        if !is_pending {
            say("Everything is so already.");
        }
        Ok(if is_pending && self.detailed_exitcode { Exit::Pending } else { Exit::Ok })
    }
}

impl Apply {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        // Before the first request, so that a typing error costs nothing.
        let mut declared = declared::read(&self.file)?;
        if self.plan || context.client.is_dry() {
            return self.told(context, declared).await;
        }
        confirm::can_ask(self.yes)?;
        let mut items = Vec::new();
        let (id, made) = match tenant::take(context, &mut declared).await? {
            About::There(id, item) => {
                items.extend(item);
                (id, None)
            }
            About::Missing { item, wanted } => {
                picture::before(context.output, std::slice::from_ref(&item))?;
                confirm::agree(&format!("This connects the tenant {}.", item.name), self.yes)?;
                let id = tenant::send(context, &item.place, None, &wanted).await?;
                carry::done_with(&item);
                (id.to_string(), Some(item))
            }
        };
        items.extend(plan::work_out(context, &id, declared).await?);
        let pending = items.iter().filter(|item| item.is_pending()).count();
        if pending > 0 {
            picture::before(context.output, &items)?;
            confirm::agree(&format!("This makes {pending} changes."), self.yes)?;
            carry::out(context, &id, &items, self.patience, self.yes).await?;
        }
        let is_done = pending > 0 || made.is_some();
        let items: Vec<plan::Item> = made.into_iter().chain(items).collect();
        if is_done {
            picture::after(context.output, &items)?;
        } else {
            picture::show(context.output, &items, false)?;
            say("Everything is so already.");
        }
        Ok(Exit::Ok)
    }

    /// Changes nothing.
    async fn told(self, context: &Context<'_>, declared: Vec<Declared>) -> Result<Exit, Failure> {
        let items = seen(context, declared).await?;
        picture::show(context.output, &items, false)?;
        if !items.iter().any(plan::Item::is_pending) {
            say("Everything is so already.");
            return Ok(Exit::Ok);
        }
        let flag = if self.plan { "--plan" } else { "--dry-run" };
        say(&format!("Nothing was changed. Without {flag} this is applied."));
        Ok(Exit::Pending)
    }
}

/// What differs, as far as it can be seen: nothing is known of what is in a tenant that is not there.
async fn seen(
    context: &Context<'_>,
    mut declared: Vec<Declared>,
) -> Result<Vec<plan::Item>, Failure> {
    match tenant::take(context, &mut declared).await? {
        About::There(id, item) => {
            let mut items: Vec<plan::Item> = item.into_iter().collect();
            items.extend(plan::work_out(context, &id, declared).await?);
            Ok(items)
        }
        About::Missing { item, .. } => Ok(vec![item]),
    }
}
