//! `concentric pause`, `resume` and `pauses`: of the tenant, of a release, of a rollout, of a ring.

use api_types::{Action, Pause, PauseChange, Rollout, StandingPause};
use clap::Args;

use super::Context;
use crate::client::Query;
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::{confirm, find, pauses, text};

#[derive(Debug, Args)]
pub(crate) struct Stop {
    #[command(flatten)]
    target: Target,
    /// Kept in the history.
    #[arg(long)]
    reason: Option<String>,
    /// Take offers back that no device has acted on; they are given again when it goes on.
    #[arg(long)]
    take_back: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Go {
    #[command(flatten)]
    target: Target,
    /// Kept in the history.
    #[arg(long)]
    reason: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Target {
    /// Everything of the tenant.
    #[arg(long, conflicts_with_all = ["release", "rollout", "ring"])]
    all: bool,
    /// Every rollout of a release: its name, id, or beginning of its id.
    #[arg(long, conflicts_with_all = ["rollout", "ring"])]
    release: Option<String>,
    /// One rollout: its id, beginning of its id, or name of its release.
    #[arg(long)]
    rollout: Option<String>,
    /// One ring of the rollout, by name or position; the first is 0.
    #[arg(long, requires = "rollout")]
    ring: Option<String>,
}

/// What is meant: its path below the tenant, and how to call it.
struct Found {
    path: Vec<String>,
    name: String,
    /// A rollout answers with itself, the others with what changed.
    is_rollout: bool,
}

impl Target {
    async fn find(&self, context: &Context<'_>, tenant: &str) -> Result<Found, Failure> {
        let client = &context.client;
        if let Some(wanted) = &self.release {
            let release = find::release(client, tenant, wanted).await?.typed;
            let path = vec!["releases".to_owned(), release.id.to_string()];
            return Ok(Found { path, name: release.name, is_rollout: false });
        }
        let Some(wanted) = &self.rollout else {
            let tenant = find::tenant(client, Some(tenant)).await?.typed;
            return Ok(Found { path: Vec::new(), name: tenant.name, is_rollout: false });
        };
        let rollout = find::rollout(client, tenant, wanted).await?.typed;
        let mut path = vec!["rollouts".to_owned(), rollout.id.to_string()];
        let Some(wanted) = &self.ring else {
            return Ok(Found { path, name: rollout.release_name, is_rollout: true });
        };
        let (ring, named) = ring(&rollout, wanted)?;
        path.extend(["rings".to_owned(), ring.to_string()]);
        let name = format!("{named} of {}", rollout.release_name);
        Ok(Found { path, name, is_rollout: false })
    }
}

/// A name wins over a position.
fn ring(rollout: &Rollout, wanted: &str) -> Result<(u8, String), Failure> {
    let by_name = rollout.rings.iter().find(|ring| ring.name == wanted);
    let by_position = || rollout.rings.iter().find(|ring| ring.ring.to_string() == wanted);
    let found = by_name.or_else(by_position);
    found.map(|ring| (ring.ring, ring.name.clone())).ok_or_else(|| {
        let there = rollout.rings.iter().map(|ring| format!("  {}  {}", ring.ring, ring.name));
        let there: Vec<String> = there.collect();
        Failure::NotFound(format!(
            "the rollout has no ring `{wanted}`; it has:\n{}",
            there.join("\n")
        ))
    })
}

impl Stop {
    /// Never asks: the safe thing must be the easy one.
    pub(crate) async fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        let tenant = context.tenant().await?;
        let found = self.target.find(context, &tenant).await?;
        let body = Pause { reason: self.reason, take_back: self.take_back };
        let covered = send(context, &tenant, &found, "pause", &body).await?;
        say(&format!("{}: paused{covered}; no new offer is decided from now on.", found.name));
        Ok(Exit::Ok)
    }
}

impl Go {
    pub(crate) async fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        if !self.yes {
            confirm::can_ask(false)?;
        }
        let tenant = context.tenant().await?;
        let found = self.target.find(context, &tenant).await?;
        if !self.yes {
            say(&format!("resume {}: offers go on as gates and other pauses allow.", found.name));
            confirm::typed(&found.name)?;
        }
        let body = Action { reason: self.reason };
        let covered = send(context, &tenant, &found, "resume", &body).await?;
        say(&format!("{}: resumed{covered}; other pauses stay.", found.name));
        Ok(Exit::Ok)
    }
}

/// Asks the service, writes its answer, and says how much that covers.
async fn send(
    context: &Context<'_>,
    tenant: &str,
    found: &Found,
    verb: &str,
    body: &impl serde::Serialize,
) -> Result<String, Failure> {
    let below = found.path.iter().map(String::as_str);
    let path: Vec<&str> = ["tenants", tenant].into_iter().chain(below).chain([verb]).collect();
    if found.is_rollout {
        let after = context.client.post::<Rollout>(&path, body).await?;
        super::rollout::show(context, &after)?;
        return Ok(String::new());
    }
    let after = context.client.post::<PauseChange>(&path, body).await?;
    let PauseChange { changed, rollouts } = after.typed;
    let said = if changed { "yes" } else { "no, it was so already" };
    let fields = [("changed", said.to_owned()), ("rollouts", rollouts.to_string())];
    context.output.one(&after.json, &fields)?;
    Ok(format!(" ({rollouts} rollouts)"))
}

/// `concentric pauses`.
pub(crate) async fn list(context: &Context<'_>) -> Result<Exit, Failure> {
    let tenant = context.tenant().await?;
    let all = context.client.all(&["tenants", &tenant, "pauses"], &Query::new()).await?;
    let head = ["scope", "by", "since", "take back", "reason", "release or rollout"];
    context.output.list(&head, &all, |pause: &StandingPause| {
        let of = pause.release_id.or(pause.rollout_id).map(|id| id.to_string());
        vec![
            pauses::scope(pause.scope, pause.ring),
            pause.by.clone(),
            text::time(pause.at),
            if pause.take_back { "yes" } else { "no" }.to_owned(),
            text::maybe(pause.reason.as_deref()),
            text::maybe(of.as_deref()),
        ]
    })?;
    Ok(Exit::Ok)
}
