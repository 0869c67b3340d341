//! What is done to devices: some by name, or many by an expression.
//!
//! An expression is tried first, and the number it gave is sent along: what changed meanwhile is
//! refused by the service and not acted upon.

use api_types::{DeviceAction, DeviceActionRequest, DeviceActionResult, Selection};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use crate::client::Document;
use crate::commands::Context;
use crate::commands::ring_set::preview::examples;
use crate::confirm;
use crate::failure::Failure;
use crate::output::{Form, say, write_lines};
use crate::{find, text};

/// As many as the API takes by id.
const MOST_NAMES: usize = 1000;

#[derive(Debug, Subcommand)]
pub(crate) enum Act {
    /// Offer nothing new to devices while it lasts.
    Hold(Restrict),
    /// End a hold.
    Release(Which),
    /// Take devices out of every ring.
    Exclude(Restrict),
    /// End an exclusion.
    Restore(Which),
    /// Put devices into a ring, whatever groups and percentages say.
    Move {
        #[command(flatten)]
        which: Which,
        /// The ring set's name, id, or beginning of its id.
        #[arg(long, value_name = "NAME")]
        ring_set: String,
        /// The ring's name, or its position; the first is 0.
        #[arg(long, value_name = "RING")]
        ring: String,
        /// Kept with the device.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let groups and percentages decide again.
    Unpin {
        #[command(flatten)]
        which: Which,
        /// The ring set's name, id, or beginning of its id.
        #[arg(long, value_name = "NAME")]
        ring_set: String,
    },
    /// Be offered a rollout's update with the next wave.
    Expedite {
        #[command(flatten)]
        which: Which,
        /// Id, beginning of the id, or name of the release.
        #[arg(long, value_name = "ROLLOUT")]
        rollout: String,
    },
    /// Try again where a rollout has given devices up.
    Retry {
        #[command(flatten)]
        which: Which,
        /// Id, beginning of the id, or name of the release.
        #[arg(long, value_name = "ROLLOUT")]
        rollout: String,
    },
    /// Ask devices to check in with Intune at once.
    Sync(Which),
}

#[derive(Debug, Args)]
pub(crate) struct Restrict {
    #[command(flatten)]
    which: Which,
    /// Kept with the device.
    #[arg(long)]
    reason: String,
    /// When it ends by itself: after a time like `3d` or `12h`, or at one (RFC 3339); if not given,
    /// somebody must end it.
    #[arg(long, value_name = "TIME", value_parser = text::moment)]
    until: Option<DateTime<Utc>>,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Ids, names, or only beginnings of names.
    #[arg(value_name = "DEVICE", required_unless_present = "filter", conflicts_with = "filter")]
    devices: Vec<String>,
    /// All devices of which this expression (CEL) is true; first shows how many, then asks.
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

impl Act {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        self.which().check()?;
        let tenant = context.tenant().await?;
        let (which, what) = self.resolve(context, &tenant).await?;
        let result = match which.filter {
            Some(filter) => {
                let select = Selection { filter: Some(filter), ids: None };
                by_filter(context, &tenant, select, what.clone(), which.yes).await?
            }
            None => by_name(context, &tenant, &which.devices, what.clone()).await?,
        };
        show(context, &what, &result)
    }

    const fn which(&self) -> &Which {
        match self {
            Self::Hold(restrict) | Self::Exclude(restrict) => &restrict.which,
            Self::Release(which) | Self::Restore(which) | Self::Sync(which) => which,
            Self::Move { which, .. } | Self::Unpin { which, .. } => which,
            Self::Expedite { which, .. } | Self::Retry { which, .. } => which,
        }
    }

    async fn resolve(
        self,
        context: &Context<'_>,
        tenant: &str,
    ) -> Result<(Which, DeviceAction), Failure> {
        let client = &context.client;
        Ok(match self {
            Self::Hold(Restrict { which, reason, until }) => {
                (which, DeviceAction::Hold { reason, expires_at: until })
            }
            Self::Release(which) => (which, DeviceAction::Release),
            Self::Exclude(Restrict { which, reason, until }) => {
                (which, DeviceAction::Exclude { reason, expires_at: until })
            }
            Self::Restore(which) => (which, DeviceAction::Restore),
            Self::Move { which, ring_set, ring, reason } => {
                let set = find::ring_set(client, tenant, &ring_set).await?.typed;
                let ring = find::ring(&set.name, &set.rings, &ring)?;
                (which, DeviceAction::Move { ring_set_id: set.id, ring, reason })
            }
            Self::Unpin { which, ring_set } => {
                let set = find::ring_set(client, tenant, &ring_set).await?.typed;
                (which, DeviceAction::Unpin { ring_set_id: set.id })
            }
            Self::Expedite { which, rollout } => {
                let rollout_id = find::rollout(client, tenant, &rollout).await?.typed.id;
                (which, DeviceAction::Expedite { rollout_id })
            }
            Self::Retry { which, rollout } => {
                let rollout_id = find::rollout(client, tenant, &rollout).await?.typed.id;
                (which, DeviceAction::Retry { rollout_id })
            }
            Self::Sync(which) => (which, DeviceAction::Sync),
        })
    }
}

impl Which {
    /// Before anything is asked of the server.
    fn check(&self) -> Result<(), Failure> {
        if self.devices.len() > MOST_NAMES {
            return Err(Failure::Usage(format!(
                "these are {} devices, and {MOST_NAMES} can be named at once; an expression with \
                 --filter takes any number",
                self.devices.len()
            )));
        }
        if self.filter.is_some() { confirm::can_ask(self.yes) } else { Ok(()) }
    }
}

async fn send(
    context: &Context<'_>,
    tenant: &str,
    request: &DeviceActionRequest,
) -> Result<Document<DeviceActionResult>, Failure> {
    context.client.post(&["tenants", tenant, "device-actions"], request).await
}

async fn by_name(
    context: &Context<'_>,
    tenant: &str,
    names: &[String],
    what: DeviceAction,
) -> Result<Document<DeviceActionResult>, Failure> {
    let mut ids = Vec::new();
    for name in names {
        let id = find::device(&context.client, tenant, name).await?.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let select = Selection { ids: Some(ids), filter: None };
    send(context, tenant, &DeviceActionRequest { select, what, preview: false, expect: None }).await
}

async fn by_filter(
    context: &Context<'_>,
    tenant: &str,
    select: Selection,
    what: DeviceAction,
    yes: bool,
) -> Result<Document<DeviceActionResult>, Failure> {
    let mut request = DeviceActionRequest { select, what, preview: true, expect: None };
    let preview = send(context, tenant, &request).await?;
    let p = &preview.typed;
    if p.matched == 0 {
        return Err(Failure::NotFound(
            "the expression is true of no device; `concentric device list --filter` tries it out"
                .to_owned(),
        ));
    }
    say(&format!(
        "{} of {}: it would change {}{}",
        word(&request.what),
        text::devices(p.matched),
        text::number(p.changed),
        examples(&p.examples, p.matched)
    ));
    let question = format!("{} of {}.", word(&request.what), text::devices(p.matched));
    confirm::agree(&question, yes)?;
    request.preview = false;
    request.expect = Some(p.matched);
    send(context, tenant, &request).await
}

const fn word(what: &DeviceAction) -> &'static str {
    match what {
        DeviceAction::Hold { .. } => "hold",
        DeviceAction::Release => "release",
        DeviceAction::Exclude { .. } => "exclude",
        DeviceAction::Restore => "restore",
        DeviceAction::Move { .. } => "move",
        DeviceAction::Unpin { .. } => "unpin",
        DeviceAction::Expedite { .. } => "expedite",
        DeviceAction::Retry { .. } => "retry",
        DeviceAction::Sync => "sync",
    }
}

fn show(
    context: &Context<'_>,
    what: &DeviceAction,
    result: &Document<DeviceActionResult>,
) -> Result<(), Failure> {
    let r = &result.typed;
    context.output.one(
        &result.json,
        &[
            ("action", word(what).to_owned()),
            ("selected", text::number(r.matched)),
            ("changed", text::number(r.changed)),
        ],
    )?;
    match context.output.form {
        Form::Plain => {
            write_lines(r.examples.iter().map(|d| format!("device\t{}\t{}", d.name, d.id)))?;
        }
        Form::Table => {
            write_lines(r.examples.iter().map(|d| format!("  {}  {}", d.id, d.name)))?;
        }
        Form::Data(_) => {}
    }
    if r.changed < r.matched {
        let same = text::devices(r.matched - r.changed);
        say(&format!("No change for {same}: it does not apply there, or was so already."));
    }
    Ok(())
}
