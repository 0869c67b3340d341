//! `concentric tenant`.

mod assess;
mod budget;
mod checks;
mod connect;
mod drift;
mod enroll;
mod registration;
mod strategy;

use api_types::{CreateTenant, RemoveMissing, Tenant};
use clap::{Args, Subcommand};

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the tenants this token may see.
    List,
    /// Show one tenant.
    Get {
        /// Name or id; the one of --tenant if not given.
        name: Option<String>,
    },
    /// Serve a new tenant.
    Create(Create),
    /// Reach a tenant in another way: a new secret or certificate, another app or cloud.
    Connect(connect::Connect),
    /// Read devices, groups and catalogue again, from scratch.
    Sync {
        /// Name or id; the one of --tenant if not given.
        name: Option<String>,
    },
    /// Remove devices that Graph no longer shows and that were kept because they are so many.
    RemoveMissing {
        /// Name or id; the one of --tenant if not given.
        name: Option<String>,
        /// How many: what `concentric tenant get` shows.
        #[arg(long, value_name = "NUMBER")]
        devices: u32,
    },
    /// Show or set how many devices may be between offer and outcome, over all rollouts.
    Budget(budget::Budget),
    /// Check whether the tenant is fit to be served; exit code 14 if it is not.
    Assess(assess::Assess),
    /// Show what is checked, and why.
    Checks {
        /// Only this check, in full: `security-defaults`.
        check: Option<String>,
    },
    /// Show the Microsoft Graph permissions, and what each is for.
    Permissions {
        /// Only those needed for this.
        #[arg(long, value_name = "WHAT")]
        capability: Option<checks::Capability>,
    },
    /// Make groups and policies for the rings of a ring set: first shows what, then asks.
    Enroll(enroll::Enroll),
    /// Take back what enrollment made; says what stays.
    Unenroll(enroll::Unenroll),
    /// Show how the tenant is enrolled, and what is under way.
    Enrollment,
    /// Show what others changed of what enrollment made; exit code 15 if anything differs.
    Drift(drift::Drift),
    /// Count the devices by whether they can be served, and why not.
    Registration(registration::Registration),
    /// Show by which of Microsoft's ways each kind of update is delivered, or choose.
    Strategy(strategy::Choose),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    name: String,
    /// Id of the tenant in Entra.
    #[arg(long, value_name = "ID")]
    entra_tenant_id: uuid::Uuid,
    /// Application (client) id of the app registration.
    #[arg(long, value_name = "ID")]
    client_id: uuid::Uuid,
    #[command(flatten)]
    credential: connect::Credential,
    /// Microsoft Graph, if it is not the public cloud's.
    #[arg(long, value_name = "URL")]
    graph_url: Option<String>,
    /// Login, if it is not the public cloud's.
    #[arg(long, value_name = "URL")]
    login_url: Option<String>,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let client = &context.client;
    match command {
        Command::List => {
            let tenants = client.all(&["tenants"], &Query::new()).await?;
            let head = ["name", "connection", "synced at", "id"];
            context.output.list(&head, &tenants, |tenant: &Tenant| {
                vec![
                    tenant.name.clone(),
                    text::connection(tenant.connection.state).to_owned(),
                    text::maybe_time(tenant.synced_at),
                    tenant.id.to_string(),
                ]
            })?;
        }
        Command::Get { name } => {
            show(context, &find::tenant(client, name.as_deref().or(context.tenant)).await?)?;
        }
        Command::Create(create) => {
            let tenant = client.post(&["tenants"], &create.body()?).await?;
            show(context, &tenant)?;
            say("Its first sync follows by itself; `concentric tenant get` shows it.");
        }
        Command::Connect(connect) => show(context, &connect.run(context).await?)?,
        Command::Sync { name } => {
            let tenant = find::tenant(client, name.as_deref().or(context.tenant)).await?.typed;
            client.order(&["tenants", &tenant.id.to_string(), "sync"]).await?;
            say(&format!("Sync of {} ordered; `concentric tenant get` shows it.", tenant.name));
        }
        Command::RemoveMissing { name, devices } => {
            let tenant = find::tenant(client, name.as_deref().or(context.tenant)).await?.typed;
            let path = ["tenants", &tenant.id.to_string(), "remove-missing"];
            client.order_with(&path, &RemoveMissing { devices }).await?;
            say(&format!("{} is read again, and what is still missing goes.", tenant.name));
        }
        Command::Budget(budget) => budget.run(context).await?,
        Command::Assess(assess) => return assess.run(context).await,
        Command::Checks { check } => checks::show(context, check.as_deref()).await?,
        Command::Permissions { capability } => checks::permissions(context, capability).await?,
        Command::Enroll(enroll) => enroll.run(context).await?,
        Command::Unenroll(unenroll) => unenroll.run(context).await?,
        Command::Enrollment => enroll::status(context).await?,
        Command::Drift(drift) => return drift.run(context).await,
        Command::Registration(registration) => registration.run(context).await?,
        Command::Strategy(choose) => choose.run(context).await?,
    }
    Ok(Exit::Ok)
}

impl Create {
    fn body(self) -> Result<CreateTenant, Failure> {
        Ok(CreateTenant {
            name: self.name,
            connection: api_types::ConnectionInput {
                entra_tenant_id: self.entra_tenant_id,
                client_id: self.client_id,
                credential: self.credential.read()?,
                graph_url: self.graph_url,
                login_url: self.login_url,
            },
        })
    }
}

fn show(context: &Context<'_>, tenant: &Document<Tenant>) -> Result<(), Failure> {
    let Tenant { connection, .. } = &tenant.typed;
    let t = &tenant.typed;
    let missing = t.missing_devices.map(|devices| devices.to_string());
    context.output.one(
        &tenant.json,
        &[
            ("name", t.name.clone()),
            ("id", t.id.to_string()),
            ("entra tenant", t.entra_tenant_id.to_string()),
            ("client", t.client_id.to_string()),
            ("graph", t.graph_url.clone()),
            ("login", t.login_url.clone()),
            ("credential", text::credential(t.credential).to_owned()),
            ("credential expires", text::maybe_time(t.credential_expires_at)),
            ("connection", text::connection(connection.state).to_owned()),
            ("connection error", text::maybe(connection.error.as_deref())),
            ("synced at", text::maybe_time(t.synced_at)),
            ("observed to", text::maybe_time(t.observed_to)),
            ("missing devices, kept", text::maybe(missing.as_deref())),
            ("created at", text::time(t.created_at)),
        ],
    )
}
