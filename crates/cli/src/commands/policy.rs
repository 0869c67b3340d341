//! `concentric policy`.

use api_types::{OnSuspect, Replay, ReplayPolicy, ReplayStop};
use clap::{Args, Subcommand, ValueEnum};

use super::Context;
use crate::client::Document;
use crate::failure::{Exit, Failure};
use crate::output::{Form, table, write, write_lines};
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what another policy would have decided on a past release, up to where it would have
    /// stopped it. What is not given is as the rollout has it. Changes nothing.
    Replay(ReplayArgs),
}

/// What is not given is as the rollout has it.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Id, beginning of the id, or name of the release.
    rollout: String,
    /// The share of failed installs that is healthy.
    #[arg(long, value_name = "PERCENT")]
    healthy_failed_percent: Option<f64>,
    /// The share of devices lost during the install that is healthy.
    #[arg(long, value_name = "PERCENT")]
    healthy_lost_percent: Option<f64>,
    /// The evidence at which nothing new is offered: 10 is seen of one healthy release in ten.
    #[arg(long, value_name = "E")]
    watch_at: Option<f64>,
    /// The evidence at which the release is paused.
    #[arg(long, value_name = "E")]
    pause_at: Option<f64>,
    /// The evidence at which a rollback is proposed, or started where the plan says so.
    #[arg(long, value_name = "E")]
    roll_back_at: Option<f64>,
    /// What happens by itself when one model, build or category explains the failures alone.
    #[arg(long, value_name = "WHAT")]
    on_suspect: Option<OnSuspectArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnSuspectArg {
    Pause,
    Hold,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let Command::Replay(args) = command;
    let tenant = context.tenant().await?;
    let rollout = find::rollout(&context.client, &tenant, &args.rollout).await?.typed;
    let policy = ReplayPolicy {
        healthy_failed_percent: args.healthy_failed_percent,
        healthy_lost_percent: args.healthy_lost_percent,
        watch_at: args.watch_at,
        pause_at: args.pause_at,
        roll_back_at: args.roll_back_at,
        on_suspect: args.on_suspect.map(|choice| match choice {
            OnSuspectArg::Pause => OnSuspect::Pause,
            OnSuspectArg::Hold => OnSuspect::Hold,
        }),
    };
    let id = rollout.id.to_string();
    let path = ["tenants", tenant.as_str(), "rollouts", &id, "replay"];
    let replay: Document<Replay> = context.client.post(&path, &policy).await?;
    show(context, &rollout.release_name, &replay)?;
    Ok(Exit::Ok)
}

fn show(context: &Context<'_>, release: &str, replay: &Document<Replay>) -> Result<(), Failure> {
    let r = &replay.typed;
    let stop = |stop: &Option<ReplayStop>| match stop {
        None => "-".to_owned(),
        Some(stop) => {
            let (at, offered) = (text::time(stop.at), text::number(stop.offered));
            format!("{at}  {offered} offered  {}", stop.text)
        }
    };
    context.output.one(
        &replay.json,
        &[
            ("release", release.to_owned()),
            ("summary", r.summary.clone()),
            ("stopped", stop(&r.stopped)),
            ("would stop", stop(&r.would_stop)),
            ("compared", compared(r)),
            ("differing", text::number(r.differing)),
        ],
    )?;
    let rows = r.steps.iter().map(|step| {
        let (at, seq) = (text::time(step.at), step.seq.to_string());
        vec![seq, at, step.decided.clone(), step.would.clone()]
    });
    match context.output.form {
        Form::Table if r.steps.is_empty() => Ok(()),
        Form::Table => {
            let head = ["event", "at", "decided", "the other policy"];
            write(&format!("\n{}", table(&head, rows.collect())))
        }
        Form::Plain => write_lines(rows.map(|row| format!("step\t{}", row.join("\t")))),
        Form::Data(_) => Ok(()),
    }
}

/// `12 decisions, 30 more after the other policy had stopped it`.
fn compared(replay: &Replay) -> String {
    let mut said = format!("{} decisions", text::number(replay.compared));
    if replay.beyond > 0 {
        let beyond = text::number(replay.beyond);
        said = format!("{said}, {beyond} more after the other policy would have stopped it");
    }
    if !replay.complete {
        said.push_str(", and later ones that were not read");
    }
    said
}
