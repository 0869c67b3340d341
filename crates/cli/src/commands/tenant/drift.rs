//! `concentric tenant drift`: what others changed of what enrollment made, and making it good.

use api_types::{Enrollment, EnrollmentObject};
use clap::Args;

use crate::commands::Context;
use crate::confirm;
use crate::enrolling::{self, Enrolling};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say};
use crate::wait::Patience;

#[derive(Debug, Args)]
pub(crate) struct Drift {
    /// Compare with Microsoft Graph now; otherwise the last comparison is shown.
    #[arg(long)]
    check: bool,
    /// Restore these objects, or all that differ if none is named.
    #[arg(long, value_name = "KEY", num_args = 0..)]
    restore: Option<Vec<String>>,
    /// Do not ask.
    #[arg(long, short, requires = "restore")]
    yes: bool,
    #[command(flatten)]
    patience: Patience,
}

impl Drift {
    pub(crate) async fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        if self.restore.is_some() {
            confirm::can_ask(self.yes)?;
        }
        let tenant = context.tenant().await?;
        let mut enrolling = Enrolling::new(context, &tenant, self.patience);
        let found = if self.check {
            enrolling.check().await?
        } else {
            enrolling::read(&context.client, &tenant).await?
        };
        let Some(keys) = self.restore else {
            enrolling::drift(context.output, &found)?;
            let exit = exit(&found.typed);
            if exit == Exit::Differs {
                say("`concentric tenant drift --restore` makes it what it was made as.");
            }
            return Ok(exit);
        };
        let count = to_restore(&found.typed, &keys)?;
        if count == 0 {
            enrolling::drift(context.output, &found)?;
            say("Nothing differs; nothing to restore.");
            return Ok(Exit::Ok);
        }
        // Stdout belongs to the one document at the end.
        if matches!(context.output.form, Form::Table | Form::Plain) {
            enrolling::drift(context.output, &found)?;
        }
        confirm::agree(&format!("This restores {count} objects on Microsoft Graph."), self.yes)?;
        let after = enrolling.restore(Some(keys).filter(|keys| !keys.is_empty())).await?;
        match context.output.form {
            Form::Data(_) => enrolling::drift(context.output, &after)?,
            Form::Table | Form::Plain => say(&format!("Restored {count} objects.")),
        }
        Ok(exit(&after.typed))
    }
}

fn differing(enrollment: &Enrollment) -> impl Iterator<Item = &EnrollmentObject> {
    enrollment.objects.iter().filter(|object| !object.drift.is_empty())
}

fn exit(enrollment: &Enrollment) -> Exit {
    if differing(enrollment).next().is_some() { Exit::Differs } else { Exit::Ok }
}

/// How many objects that is. A key that is not there is a typing error.
fn to_restore(enrollment: &Enrollment, keys: &[String]) -> Result<usize, Failure> {
    let is_known = |key: &&String| enrollment.objects.iter().any(|object| object.key == **key);
    if let Some(key) = keys.iter().find(|key| !is_known(key)) {
        let known: Vec<String> =
            enrollment.objects.iter().map(|object| format!("  {}", object.key)).collect();
        return Err(Failure::Usage(format!(
            "there is no object `{key}`; there are:\n{}",
            known.join("\n")
        )));
    }
    Ok(differing(enrollment).filter(|o| keys.is_empty() || keys.contains(&o.key)).count())
}
