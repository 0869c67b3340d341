//! `concentric freeze`.

use api_types::{CreateFreeze, CrossFreeze, Freeze, FreezeState, Reason};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Offer nothing for a while: to anybody, or to a ring set or one of its rings.
    Create(Create),
    /// List freezes.
    List {
        /// Those that are over too.
        #[arg(long)]
        all: bool,
    },
    /// End a freeze before its time, or call it off.
    End {
        /// Id, or beginning of it.
        freeze: String,
        /// Why, for the history.
        #[arg(long)]
        reason: String,
    },
    /// Let a rollout of a security update go on in a freeze; for somebody who made neither of them.
    Cross {
        /// Id, or beginning of it.
        freeze: String,
        /// Id, beginning of the id, or name of the release.
        #[arg(long, value_name = "ROLLOUT")]
        rollout: String,
        /// Why, for the history.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Name, id or beginning of the id of a ring set; all rollouts if not given.
    #[arg(long, value_name = "RING_SET")]
    ring_set: Option<String>,
    /// Name or position of a ring of it.
    #[arg(long, requires = "ring_set")]
    ring: Option<String>,
    /// When it begins: a length from now, as 3d, or a time, as 2026-12-18T17:00:00+01:00; now if not given.
    #[arg(long, value_name = "TIME", value_parser = text::moment)]
    from: Option<DateTime<Utc>>,
    /// When it is over; when somebody ends it if not given.
    #[arg(long, value_name = "TIME", value_parser = text::moment)]
    until: Option<DateTime<Utc>>,
    /// Why, for everybody who waits.
    #[arg(long)]
    reason: String,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Create(create) => create.run(context).await?,
        Command::List { all } => list(context, all).await?,
        Command::End { freeze, reason } => {
            let (tenant, id) = found(context, &freeze).await?;
            let path = ["tenants", &tenant, "freezes", &id, "end"];
            show(context, &context.client.post(&path, &Reason { reason }).await?)?;
        }
        Command::Cross { freeze, rollout, reason } => {
            let (tenant, id) = found(context, &freeze).await?;
            let rollout = find::rollout(&context.client, &tenant, &rollout).await?.typed;
            let path = ["tenants", &tenant, "freezes", &id, "crossings"];
            let body = CrossFreeze { rollout_id: rollout.id, reason };
            show(context, &context.client.post(&path, &body).await?)?;
            say(&format!("{} may go on in this freeze.", rollout.release_name));
        }
    }
    Ok(Exit::Ok)
}

impl Create {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (client, tenant) = (&context.client, context.tenant().await?);
        let set = match &self.ring_set {
            Some(wanted) => Some(find::ring_set(client, &tenant, wanted).await?.typed),
            None => None,
        };
        let ring = match (&set, &self.ring) {
            (Some(set), Some(wanted)) => {
                let position = usize::from(find::ring(&set.name, &set.rings, wanted)?);
                set.rings.get(position).map(|ring| ring.name.clone())
            }
            (None, _) | (_, None) => None,
        };
        let body = CreateFreeze {
            ring_set_id: set.map(|set| set.id),
            ring,
            from: self.from,
            until: self.until,
            reason: self.reason,
        };
        let freeze = client.post(&["tenants", &tenant, "freezes"], &body).await?;
        show(context, &freeze)?;
        say("No new offer is decided in it; devices that were offered an update go on.");
        Ok(())
    }
}

async fn list(context: &Context<'_>, all: bool) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    let mut freezes: Vec<Document<Freeze>> =
        context.client.all(&["tenants", &tenant, "freezes"], &Query::new()).await?;
    freezes.retain(|freeze| all || freeze.typed.state != FreezeState::Over);
    let head = ["state", "of", "from", "until", "owner", "reason", "crossed by", "id"];
    context.output.list(&head, &freezes, |freeze: &Freeze| {
        let crossings: Vec<&str> =
            freeze.crossings.iter().map(|crossing| crossing.release_name.as_str()).collect();
        vec![
            state(freeze.state).to_owned(),
            scope(freeze),
            text::time(freeze.from),
            text::maybe_time(freeze.ended_at.or(freeze.until)),
            freeze.owner.clone(),
            freeze.reason.clone(),
            if crossings.is_empty() { "-".to_owned() } else { crossings.join(", ") },
            freeze.id.to_string(),
        ]
    })
}

/// The tenant and the id of the freeze meant.
async fn found(context: &Context<'_>, wanted: &str) -> Result<(String, String), Failure> {
    let tenant = context.tenant().await?;
    let freezes = context.client.all(&["tenants", &tenant, "freezes"], &Query::new()).await?;
    let freeze = find::choose("freeze", wanted, freezes, |f: &Freeze| (f.id, f.reason.as_str()))?;
    Ok((tenant, freeze.typed.id.to_string()))
}

fn show(context: &Context<'_>, freeze: &Document<Freeze>) -> Result<(), Failure> {
    let typed = &freeze.typed;
    let mut fields = vec![
        ("id", typed.id.to_string()),
        ("state", state(typed.state).to_owned()),
        ("of", scope(typed)),
        ("from", text::time(typed.from)),
        ("until", text::maybe_time(typed.until)),
        ("owner", typed.owner.clone()),
        ("reason", typed.reason.clone()),
    ];
    if let (Some(at), Some(by)) = (typed.ended_at, &typed.ended_by) {
        let reason = text::maybe(typed.end_reason.as_deref());
        fields.push(("ended", format!("{} by {by}: {reason}", text::time(at))));
    }
    for one in &typed.crossings {
        fields.push(("crossing", format!("{}, by {}: {}", one.release_name, one.by, one.reason)));
    }
    context.output.one(&freeze.json, &fields)
}

fn scope(freeze: &Freeze) -> String {
    match (freeze.ring_set_id, &freeze.ring) {
        (None, _) => "tenant".to_owned(),
        (Some(set), None) => format!("ring set {set}"),
        (Some(set), Some(ring)) => format!("ring {ring} of {set}"),
    }
}

const fn state(state: FreezeState) -> &'static str {
    match state {
        FreezeState::Planned => "planned",
        FreezeState::Standing => "standing",
        FreezeState::Over => "over",
    }
}
