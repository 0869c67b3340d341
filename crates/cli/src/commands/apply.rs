//! `concentric apply`: makes things what a file says they shall be.
//!
//! What differs is worked out first and shown; that and nothing else is then done, in the order in
//! which it works: ring sets, decisions about devices, enrollment.

mod carry;
mod control;
mod picture;
mod plan;

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::confirm;
use crate::declared;
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::wait::Patience;

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// YAML or JSON, one or several documents; `-` reads stdin.
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// Show what would change and change nothing; exit code 16 if anything would.
    #[arg(long, conflicts_with = "yes")]
    plan: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    patience: Patience,
}

impl Apply {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        // Before the first request, so that a typing error costs nothing.
        let declared = declared::read(&self.file)?;
        if !self.plan {
            confirm::can_ask(self.yes)?;
        }
        let tenant = context.tenant().await?;
        let items = plan::work_out(context, &tenant, declared).await?;
        let pending = items.iter().filter(|item| item.is_pending()).count();
        if self.plan || pending == 0 {
            picture::show(context.output, &items, false)?;
            if pending == 0 {
                say("Everything is so already.");
                return Ok(Exit::Ok);
            }
            say("Nothing was changed. Without --plan this is applied.");
            return Ok(Exit::Pending);
        }
        picture::before(context.output, &items)?;
        confirm::agree(&format!("This makes {pending} changes."), self.yes)?;
        carry::out(context, &tenant, &items, self.patience, self.yes).await?;
        picture::after(context.output, &items)?;
        Ok(Exit::Ok)
    }
}
