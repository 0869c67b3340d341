//! `concentric device`: looking at devices. What is done to them is in `act`.

mod act;
mod explain;
mod standing;

use api_types::{AttemptState, Device, DeviceDetail};
use clap::{Args, Subcommand};
use uuid::Uuid;

use self::standing::Standing;
use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, table, write, write_lines};
use crate::{cel, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List devices; all that is given must hold.
    List(List),
    /// Show one device, its rings and what became of it in each rollout.
    Get {
        /// Id, name, or the only beginning of a name.
        device: String,
    },
    /// Say why a device is served or not, whose turn it is, and why it is in its rings.
    Explain {
        /// Id, name, or the only beginning of a name.
        device: String,
    },
    #[command(flatten)]
    Act(act::Act),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The name starts so.
    #[arg(long, value_name = "TEXT")]
    name_prefix: Option<String>,
    #[arg(long)]
    model: Option<String>,
    /// An expression (CEL) that must be true of the device: `build < 26100 && agent == "intune"`.
    #[arg(long, value_name = "EXPRESSION", conflicts_with_all = ["ring_set", "rollout"])]
    filter: Option<String>,
    /// Where they stand; several may be given, one of which must hold.
    #[arg(long, value_name = "STANDING", value_delimiter = ',',
        conflicts_with_all = ["ring_set", "rollout"])]
    standing: Vec<Standing>,
    /// What stands against serving them: `no_intune`; `concentric tenant registration` has the words.
    #[arg(long, value_name = "REASON", conflicts_with_all = ["filter", "standing"])]
    reason: Option<String>,
    /// With --ring: members of this ring set.
    #[arg(long, value_name = "NAME", requires = "ring")]
    ring_set: Option<String>,
    /// Position of the ring in its set; the first is 0.
    #[arg(long, value_name = "NUMBER", requires = "ring_set")]
    ring: Option<u8>,
    /// With --state: devices of this rollout.
    #[arg(long, value_name = "ROLLOUT", requires = "state")]
    rollout: Option<String>,
    /// Where they stand in the rollout: `failed`, `lost`, `offered`, ...
    #[arg(long, requires = "rollout", value_parser = attempt_state)]
    state: Option<AttemptState>,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
}

fn attempt_state(word: &str) -> Result<AttemptState, String> {
    serde_json::from_value(word.into()).map_err(|error| error.to_string())
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::List(list) => list.run(context).await?,
        Command::Get { device } => {
            let tenant = context.tenant().await?;
            let id = find::device(&context.client, &tenant, &device).await?.id.to_string();
            let path = ["tenants", &tenant, "devices", &id];
            show(context, &context.client.get(&path, &Query::new()).await?)?;
        }
        Command::Explain { device } => {
            let tenant = context.tenant().await?;
            explain::show(context, &tenant, &device).await?;
        }
        Command::Act(act) => act.run(context).await?,
    }
    Ok(Exit::Ok)
}

impl List {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (client, tenant) = (&context.client, context.tenant().await?);
        let mut query = Query::new();
        if self.filter.is_some() || !self.standing.is_empty() {
            query.extend(self.expression().map(|filter| ("filter", filter)));
        } else {
            query.extend(self.name_prefix.map(|text| ("name_prefix", text)));
            query.extend(self.model.map(|text| ("model", text)));
        }
        query.extend(self.reason.map(|word| ("reason", word)));
        if let Some(set) = self.ring_set {
            let set = find::ring_set(client, &tenant, &set).await?;
            query.push(("ring_set_id", set.typed.id.to_string()));
        }
        query.extend(self.ring.map(|ring| ("ring", ring.to_string())));
        if let Some(rollout) = self.rollout {
            let rollout = find::rollout(client, &tenant, &rollout).await?;
            query.push(("rollout_id", rollout.typed.id.to_string()));
        }
        query.extend(self.state.map(|state| ("state", text::attempt_state(state).to_owned())));
        let path = ["tenants", &tenant, "devices"];
        let (devices, more) = client.list(&path, &query, self.limit.max(1)).await?;
        let head = ["name", "model", "build", "standing", "last sync", "id"];
        context.output.list(&head, &devices, |device: &Device| {
            vec![
                device.name.clone(),
                device.model.clone(),
                text::maybe(device.build.as_deref()),
                standing::of(device),
                text::maybe_time(device.last_sync),
                device.id.to_string(),
            ]
        })?;
        if more {
            say(&format!("There are more than {}; --limit shows more.", devices.len()));
        }
        Ok(())
    }

    /// With an expression, everything is said in it: the API takes it alone.
    fn expression(&self) -> Option<String> {
        let mut parts = Vec::new();
        parts.extend(self.filter.clone());
        parts.extend(standing::expression(&self.standing));
        let prefix = self.name_prefix.iter();
        parts.extend(prefix.map(|text| format!("name.startsWith({})", cel::quote(text))));
        parts.extend(self.model.iter().map(|text| format!("model == {}", cel::quote(text))));
        cel::all(parts)
    }
}

/// The one reason why it is not up to date.
fn because(detail: &DeviceDetail) -> Option<String> {
    let why = detail.primary_reason.as_ref()?;
    let evidence = why.evidence.as_ref().map(|evidence| format!(" ({evidence})"));
    Some(format!("{}: {}{}", why.reason, why.title, evidence.unwrap_or_default()))
}

fn show(context: &Context<'_>, detail: &Document<DeviceDetail>) -> Result<(), Failure> {
    let d = &detail.typed.device;
    let id = |id: Option<Uuid>| id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let rings =
        detail.typed.rings.iter().map(|ring| format!("{} of {}", ring.ring, ring.ring_set_id));
    context.output.one(
        &detail.json,
        &[
            ("name", d.name.clone()),
            ("id", d.id.to_string()),
            ("model", format!("{} {}", d.manufacturer, d.model)),
            ("serial", d.serial.clone()),
            ("sort", text::maybe(d.sort.as_deref())),
            ("edition", d.edition.clone()),
            ("architecture", d.architecture.clone()),
            ("build", text::maybe(d.build.as_deref())),
            ("updates", if d.quality_only { "quality only" } else { "all" }.to_owned()),
            ("status", text::maybe(detail.typed.status.as_deref())),
            ("because", text::maybe(because(&detail.typed).as_deref())),
            ("standing", standing::of(d)),
            ("reasons", d.reasons.join(", ")),
            ("owner", d.owner.clone()),
            ("managed by", d.agent.clone()),
            ("join", d.join.clone()),
            ("category", d.category.clone()),
            ("last sync", text::maybe_time(d.last_sync)),
            ("intune id", id(d.intune_id)),
            ("entra device id", id(d.entra_device_id)),
            ("object id", id(d.object_id)),
            ("rings", rings.collect::<Vec<_>>().join(", ")),
        ],
    )?;
    let attempts = detail.typed.attempts.iter().map(|attempt| {
        vec![
            attempt.rollout_id.to_string(),
            attempt.ring.to_string(),
            text::attempt_state(attempt.state).to_owned(),
            text::time(attempt.since),
            attempt.wave.map_or_else(|| "-".to_owned(), |wave| wave.to_string()),
            text::maybe(attempt.code.as_deref()),
        ]
    });
    match context.output.form {
        Form::Table if attempts.len() > 0 => {
            let head = ["rollout", "ring", "state", "since", "wave", "code"];
            write(&format!("\n{}", table(&head, attempts.collect())))
        }
        Form::Plain => write_lines(attempts.map(|row| format!("attempt\t{}", row.join("\t")))),
        Form::Table | Form::Data(_) => Ok(()),
    }
}
