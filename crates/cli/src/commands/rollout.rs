//! `concentric rollout`.

mod approvals;
mod edit;
mod failures;
mod segments;
mod stops;

use std::time::Duration;

use api_types::{
    Action, CreateRollout, EvidencePolicy, Explanation, OnGateFailure, OnSuspect, Pause, PhaseName,
    Promote, Rollout,
};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};

use super::Context;
use crate::client::{Document, Query};
use crate::confirm::{self, Deed};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, write_lines};
use crate::watch::{self, Watch};
use crate::{events, explain, find, forecast, text, tree};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the rollouts.
    List,
    /// Show one rollout.
    Get(Get),
    /// Say why a rollout does what it does, or did at a past time.
    Explain {
        #[command(flatten)]
        which: Which,
        /// A moment in the past (RFC 3339): what was decided last by then, and from what.
        #[arg(long, value_name = "TIME")]
        at: Option<DateTime<Utc>>,
    },
    /// Say when its rings open and when it is through: at the earliest, and as is likely.
    Forecast(Which),
    /// Show what happened.
    Events {
        #[command(flatten)]
        which: Which,
        /// Go on as more happens.
        #[arg(long, short)]
        follow: bool,
    },
    /// Walk a release through a ring set.
    Create(Create),
    /// Stop offering the update. Never asks.
    Pause {
        #[command(flatten)]
        which: Which,
        /// Kept in the history.
        #[arg(long)]
        reason: Option<String>,
        /// Take offers back that no device has acted on; they are given again when it goes on.
        #[arg(long)]
        take_back: bool,
    },
    /// List the devices between offer and outcome.
    InFlight(Which),
    /// Go on after a pause.
    Resume(Ask),
    /// Approve of a ring, so that the next one may open; never the author of the rollout.
    Approve(approvals::Approve),
    /// Show which rings ask for approvals, and who gave them.
    Approvals(Which),
    /// Take back an approval of your own, until the next ring has opened.
    WithdrawApproval(approvals::Withdraw),
    /// Vouch for a ring: its gate no longer holds or pauses the rollout, nor do missing approvals.
    Promote {
        #[command(flatten)]
        which: Which,
        /// Position of the ring, the first is 0; the current ring if not given.
        #[arg(long, value_name = "NUMBER")]
        ring: Option<u8>,
        /// Kept in the history.
        #[arg(long)]
        reason: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Change the plan while the rollout runs: first shows what would be different, then asks.
    Edit(edit::Edit),
    /// List the revisions of the plan, who made them, and what is different in each.
    Plans(Which),
    /// Count failed and lost devices by error code, with what the codes mean.
    Failures(Which),
    /// List models, builds and categories with their evidence.
    Segments(Which),
    /// Hold one segment; the rest goes on.
    HoldSegment(OfSegment),
    /// Let a held segment go on.
    ReleaseSegment(OfSegment),
    /// Take the update back from every device that has it.
    Rollback {
        #[command(flatten)]
        ask: Ask,
        /// Only show what it can do, or did.
        #[arg(long)]
        preview: bool,
        /// Show it device by device.
        #[arg(long, requires = "preview")]
        devices: bool,
    },
    /// Stop for good; devices keep what they have.
    Cancel(Ask),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Id, beginning of the id, or name of the release.
    rollout: String,
}

#[derive(Debug, Args)]
pub(crate) struct Ask {
    #[command(flatten)]
    which: Which,
    /// Kept in the history.
    #[arg(long)]
    reason: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OfSegment {
    #[command(flatten)]
    which: Which,
    /// Number or name of the segment, as `rollout segments` shows it.
    segment: String,
    /// Kept in the history.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    which: Which,
    /// Stay until the rollout comes to rest; the exit code says how it ended.
    #[arg(long, short)]
    watch: bool,
    /// The phase to wait for.
    #[arg(long, requires = "watch", value_name = "PHASE", default_value = "completed",
        value_parser = phase_name)]
    until: PhaseName,
    /// Give up after so long: `90s`, `30m`, `8h`.
    #[arg(long, requires = "watch", value_name = "LENGTH", value_parser = watch::length)]
    timeout: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The release's name, id, or beginning of its id.
    #[arg(long)]
    release: String,
    /// The ring set's name, id, or beginning of its id.
    #[arg(long)]
    ring_set: String,
    /// Deferrals count from here (RFC 3339); the update's release date if not given.
    #[arg(long, value_name = "TIME")]
    starts_at: Option<DateTime<Utc>>,
    /// What happens by itself after a gate failed.
    #[arg(long, value_name = "WHAT", default_value = "pause")]
    on_gate_failure: OnFailure,
    /// Leave out devices not heard of for so many days.
    #[arg(long, value_name = "DAYS")]
    inactive_after_days: Option<u16>,
    /// What happens by itself when one model, build or category explains the failures alone.
    #[arg(long, value_name = "WHAT", default_value = "pause")]
    on_suspect: OnSuspectArg,
    /// The share of failed installs that is healthy, until history says more.
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0)]
    healthy_failed_percent: f64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnSuspectArg {
    Pause,
    Hold,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnFailure {
    Pause,
    RollBack,
}

fn phase_name(word: &str) -> Result<PhaseName, String> {
    serde_json::from_value(word.replace('-', "_").into()).map_err(|error| error.to_string())
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let client = &context.client;
    // Before anything is asked of the server: without an answer nothing may happen anyway.
    if let Command::Resume(Ask { yes, .. })
    | Command::Rollback { ask: Ask { yes, .. }, preview: false, .. }
    | Command::Cancel(Ask { yes, .. })
    | Command::Approve(approvals::Approve { yes, .. })
    | Command::Promote { yes, .. } = &command
    {
        confirm::can_ask(*yes)?;
    }
    if let Command::Edit(edit) = &command {
        confirm::can_ask(edit.asks_nothing())?;
    }
    let tenant = context.tenant().await?;
    let path = ["tenants", tenant.as_str(), "rollouts"];
    match command {
        Command::List => list(context, &client.all(&path, &Query::new()).await?)?,
        Command::Get(get) => return get.run(context, &tenant).await,
        Command::Explain { which, at } => {
            let rollout = which.find(context, &tenant).await?.typed;
            let explanation = explanation(context, &tenant, &rollout, at).await?;
            explain::show(context.output, &rollout, &explanation)?;
        }
        Command::Forecast(which) => {
            let rollout = which.find(context, &tenant).await?.typed;
            let path = ["tenants", &tenant, "rollouts", &rollout.id.to_string(), "forecast"];
            forecast::show(context.output, &client.get(&path, &Query::new()).await?)?;
        }
        Command::Events { which, follow } => {
            let rollout = which.find(context, &tenant).await?.typed;
            events::show(context, &tenant, &rollout, follow).await?;
        }
        Command::Create(create) => {
            let body = create.body(context, &tenant).await?;
            show(context, &client.post(&path, &body).await?)?;
        }
        Command::Pause { which, reason, take_back } => {
            let rollout = which.find(context, &tenant).await?.typed;
            let body = Pause { reason, take_back };
            act(context, &tenant, &rollout, Deed::Pause, &body).await?;
        }
        Command::InFlight(which) => {
            let rollout = which.find(context, &tenant).await?.typed;
            stops::in_flight(context, &tenant, &rollout).await?;
        }
        Command::Segments(which) => {
            let rollout = which.find(context, &tenant).await?.typed;
            segments::list(context, &tenant, &rollout).await?;
        }
        Command::HoldSegment(of) => of.run(context, &tenant, "hold").await?,
        Command::ReleaseSegment(of) => of.run(context, &tenant, "release").await?,
        Command::Resume(ask) => ask.run(context, &tenant, Deed::Resume).await?,
        Command::Rollback { ask, preview: false, .. } => {
            ask.run(context, &tenant, Deed::Rollback).await?;
        }
        Command::Rollback { ask, preview: true, devices } => {
            let rollout = ask.which.find(context, &tenant).await?.typed;
            if devices {
                stops::devices(context, &tenant, &rollout).await?;
            } else {
                stops::preview(context, &tenant, &rollout).await?;
            }
        }
        Command::Cancel(ask) => ask.run(context, &tenant, Deed::Cancel).await?,
        Command::Approve(approve) => approve.run(context, &tenant).await?,
        Command::Approvals(which) => {
            let rollout = which.find(context, &tenant).await?.typed;
            approvals::list(context, &tenant, &rollout).await?;
        }
        Command::Failures(which) => {
            let rollout = which.find(context, &tenant).await?.typed;
            failures::list(context, &tenant, &rollout.id.to_string()).await?;
        }
        Command::Edit(edit) => edit.run(context, &tenant).await?,
        Command::Plans(which) => {
            let rollout = which.find(context, &tenant).await?.typed;
            edit::plans(context, &tenant, &rollout.id.to_string()).await?;
        }
        Command::WithdrawApproval(withdraw) => withdraw.run(context, &tenant).await?,
        Command::Promote { which, ring, reason, yes } => {
            let rollout = which.find(context, &tenant).await?.typed;
            ask(context, &tenant, &rollout, Deed::Promote, yes).await?;
            act(context, &tenant, &rollout, Deed::Promote, &Promote { ring, reason }).await?;
        }
    }
    Ok(Exit::Ok)
}

impl Which {
    async fn find(
        &self,
        context: &Context<'_>,
        tenant: &str,
    ) -> Result<Document<Rollout>, Failure> {
        find::rollout(&context.client, tenant, &self.rollout).await
    }
}

impl Ask {
    async fn run(self, context: &Context<'_>, tenant: &str, deed: Deed) -> Result<(), Failure> {
        let rollout = self.which.find(context, tenant).await?.typed;
        ask(context, tenant, &rollout, deed, self.yes).await?;
        act(context, tenant, &rollout, deed, &Action { reason: self.reason }).await
    }
}

impl OfSegment {
    async fn run(self, context: &Context<'_>, tenant: &str, verb: &str) -> Result<(), Failure> {
        let rollout = self.which.find(context, tenant).await?.typed;
        let after =
            segments::ask(context, tenant, &rollout, (&self.segment, verb), &self.reason).await?;
        show(context, &after)
    }
}

impl Get {
    async fn run(self, context: &Context<'_>, tenant: &str) -> Result<Exit, Failure> {
        let rollout = self.which.find(context, tenant).await?;
        if !self.watch {
            show(context, &rollout)?;
            return Ok(Exit::Ok);
        }
        let watch = Watch { until: self.until, timeout: self.timeout };
        watch.run(context, tenant, rollout).await
    }
}

impl Create {
    async fn body(self, context: &Context<'_>, tenant: &str) -> Result<CreateRollout, Failure> {
        let release = find::release(&context.client, tenant, &self.release).await?;
        let ring_set = find::ring_set(&context.client, tenant, &self.ring_set).await?;
        Ok(CreateRollout {
            release_id: release.typed.id,
            ring_set_id: ring_set.typed.id,
            starts_at: self.starts_at,
            on_gate_failure: match self.on_gate_failure {
                OnFailure::Pause => OnGateFailure::Pause,
                OnFailure::RollBack => OnGateFailure::RollBack,
            },
            inactive_after_days: self.inactive_after_days,
            evidence: EvidencePolicy {
                healthy_failed_percent: self.healthy_failed_percent,
                on_suspect: match self.on_suspect {
                    OnSuspectArg::Pause => OnSuspect::Pause,
                    OnSuspectArg::Hold => OnSuspect::Hold,
                },
                ..EvidencePolicy::default()
            },
        })
    }
}

async fn explanation(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
    at: Option<DateTime<Utc>>,
) -> Result<Document<Explanation>, Failure> {
    let path = ["tenants", tenant, "rollouts", &rollout.id.to_string(), "explain"];
    let query = at.map(|at| ("at", at.to_rfc3339())).into_iter().collect();
    context.client.get(&path, &query).await
}

async fn ask(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
    deed: Deed,
    yes: bool,
) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let explanation = explanation(context, tenant, rollout, None).await?.typed;
    confirm::ask(deed, rollout, &explanation)
}

async fn act(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
    deed: Deed,
    body: &impl serde::Serialize,
) -> Result<(), Failure> {
    let id = rollout.id.to_string();
    let path = ["tenants", tenant, "rollouts", &id, deed.word()];
    let after = context.client.post(&path, body).await?;
    show(context, &after)?;
    say(&format!("{}: {}.", rollout.release_name, deed.done()));
    Ok(())
}

fn list(context: &Context<'_>, rollouts: &[Document<Rollout>]) -> Result<(), Failure> {
    let head = ["release", "phase", "ring", "offered", "confirmed", "failed", "lost", "why", "id"];
    context.output.list(&head, rollouts, |rollout: &Rollout| {
        let sum = |count: fn(&api_types::RolloutRing) -> u32| {
            rollout.rings.iter().map(count).sum::<u32>().to_string()
        };
        vec![
            rollout.release_name.clone(),
            text::phase(&rollout.phase),
            tree::current_ring(rollout).unwrap_or("-").to_owned(),
            sum(|ring| ring.offered),
            sum(|ring| ring.confirmed),
            sum(|ring| ring.failed),
            sum(|ring| ring.lost),
            text::maybe(rollout.waiting_on.as_deref()),
            rollout.id.to_string(),
        ]
    })
}

pub(super) fn show(context: &Context<'_>, rollout: &Document<Rollout>) -> Result<(), Failure> {
    match context.output.form {
        Form::Table => write_lines(tree::lines(context.output, &rollout.typed)),
        Form::Plain => write_lines(tree::plain(&rollout.typed)),
        Form::Data(data) => data.document(&rollout.json),
    }
}
