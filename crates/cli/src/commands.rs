//! The client commands, one file for each thing they are about.

mod alert;
mod apply;
mod audit;
mod calendar;
pub(crate) mod contact;
mod device;
mod doctor;
mod explain;
mod freeze;
mod gate;
mod hold;
mod holidays;
pub(crate) mod notification;
mod pause;
mod plan;
mod policy;
mod release;
mod report;
mod ring_set;
mod rollout;
mod rule;
mod signal;
mod status;
mod support;
mod tenant;
mod token;
pub(crate) mod update;
mod webhook;

use std::path::Path;

use clap::Subcommand;

use crate::args::Global;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::find;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Show how the fleet stands: devices by status and ring, objectives, sources, alerts.
    Status,
    /// Reports: devices, days, releases, objectives; on the screen or into a file.
    #[command(subcommand)]
    Report(report::Command),
    /// Alerts: what somebody should look at.
    #[command(subcommand)]
    Alert(alert::Command),
    /// Support requests: what somebody needs help with, with its evidence.
    #[command(subcommand)]
    Support(support::Command),
    /// Look at rollouts, and steer them.
    #[command(subcommand)]
    Rollout(rollout::Command),
    /// Stop offering: everything, a release, a rollout or a ring. Never asks.
    Pause(pause::Stop),
    /// Go on after a pause.
    Resume(pause::Go),
    /// List the pauses of the tenant, of releases and of rings.
    Pauses,
    /// Tenants and their connection to Microsoft Graph.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Holds on cohorts: devices that are held for what they have in common.
    #[command(subcommand)]
    Hold(hold::Command),
    /// Devices of the fleet.
    #[command(subcommand)]
    Device(device::Command),
    /// Ring sets: the stages a rollout walks through.
    #[command(subcommand)]
    RingSet(ring_set::Command),
    /// Custom signals: what other systems say, for gates to listen to.
    #[command(subcommand)]
    Signal(signal::Command),
    /// Webhooks: receivers that are told what happens.
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Contacts: people who are told what happens, by e-mail.
    #[command(subcommand)]
    Contact(contact::Command),
    /// Notifications: channels that are told, what was sent, and how messages read.
    #[command(subcommand)]
    Notification(notification::Command),
    /// When rings may be offered updates.
    #[command(subcommand)]
    Calendar(calendar::Command),
    /// Freezes: stretches of time in which nothing new is offered.
    #[command(subcommand)]
    Freeze(freeze::Command),
    /// Holidays of sites, for the calendars of rings.
    #[command(subcommand)]
    Holidays(holidays::Command),
    /// The update catalogue.
    #[command(subcommand)]
    Update(update::Command),
    /// Rules that approve updates by themselves.
    #[command(subcommand)]
    Rule(rule::Command),
    /// The audit trail: read it, export it, and verify an export without the service.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Updates approved to go out.
    #[command(subcommand)]
    Release(release::Command),
    /// Plans: computed without effect, saved, and started exactly so.
    #[command(subcommand)]
    Plan(plan::Command),
    /// Make ring sets, enrollment and decisions about devices what a file says.
    Apply(apply::Apply),
    /// Show what `apply` would change, and change nothing.
    Diff(apply::Diff),
    Explain(explain::Explain),
    /// API tokens: who and what may use the API, and for how long.
    #[command(subcommand)]
    Token(token::Command),
    /// Show who the server takes you for, and what you may do.
    Whoami,
    /// Check this machine's configuration, the server and its tenants, and say what to do; exit code
    /// 1 if something is wrong.
    Doctor,
    /// What other policies would have decided.
    #[command(subcommand)]
    Policy(policy::Command),
    /// The statistics of gates, to check by hand; asks no server.
    #[command(subcommand)]
    Gate(gate::Command),
}

impl ClientCommand {
    /// Whether `--watch` is its own to heed.
    pub(crate) const fn watches_itself(&self) -> bool {
        matches!(self, Self::Rollout(rollout::Command::Get(_)))
    }
}

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context<'run> {
    pub(crate) client: Client,
    pub(crate) output: Output,
    tenant: Option<&'run str>,
}

impl Context<'_> {
    /// The id of the tenant meant.
    pub(crate) async fn tenant(&self) -> Result<String, Failure> {
        let tenant = find::tenant(&self.client, self.tenant).await?;
        Ok(tenant.typed.id.to_string())
    }
}

pub(crate) async fn run(
    command: ClientCommand,
    global: &Global,
    output: Output,
) -> Result<Exit, Failure> {
    let client = Client::from_global(global)?;
    let context = Context { client, output, tenant: global.tenant.as_deref() };
    match command {
        ClientCommand::Status => status::run(&context).await,
        ClientCommand::Alert(command) => alert::run(command, &context).await,
        ClientCommand::Support(command) => support::run(command, &context).await,
        ClientCommand::Report(command) => report::run(command, &context).await,
        ClientCommand::Rollout(command) => rollout::run(command, &context).await,
        ClientCommand::Pause(stop) => stop.run(&context).await,
        ClientCommand::Resume(go) => go.run(&context).await,
        ClientCommand::Pauses => pause::list(&context).await,
        ClientCommand::Tenant(command) => tenant::run(command, &context).await,
        ClientCommand::Hold(command) => hold::run(command, &context).await,
        ClientCommand::Device(command) => device::run(command, &context).await,
        ClientCommand::RingSet(command) => ring_set::run(command, &context).await,
        ClientCommand::Signal(command) => signal::run(command, &context).await,
        ClientCommand::Webhook(command) => webhook::run(command, &context).await,
        ClientCommand::Contact(command) => contact::run(command, &context).await,
        ClientCommand::Notification(command) => notification::run(command, &context).await,
        ClientCommand::Calendar(command) => calendar::run(command, &context).await,
        ClientCommand::Freeze(command) => freeze::run(command, &context).await,
        ClientCommand::Holidays(command) => holidays::run(command, &context).await,
        ClientCommand::Update(command) => update::run(command, &context).await,
        ClientCommand::Rule(command) => rule::run(command, &context).await,
        ClientCommand::Audit(command) => audit::run(command, &context).await,
        ClientCommand::Release(command) => release::run(command, &context).await,
        ClientCommand::Plan(command) => plan::run(command, &context).await,
        ClientCommand::Apply(apply) => apply.run(&context).await,
        ClientCommand::Diff(diff) => diff.run(&context).await,
        ClientCommand::Explain(explain) => explain.run(&context).await.map(|()| Exit::Ok),
        ClientCommand::Token(command) => token::run(command, &context).await,
        ClientCommand::Whoami => token::whoami(&context).await,
        ClientCommand::Doctor => doctor::run(&context, global).await,
        ClientCommand::Policy(command) => policy::run(command, &context).await,
        ClientCommand::Gate(command) => gate::run(&command, context.output),
    }
}

/// A file's text, or what comes on stdin for `-`.
pub(crate) fn read_text(file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
}
