//! `concentric device`.

use api_types::{AttemptState, Device, DeviceDetail};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, table, write, write_lines};
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List devices; all that is given must hold.
    List(List),
    /// Show one device, its rings and what became of it in each rollout.
    Get {
        /// Id, name, or the only beginning of a name.
        device: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The name starts so.
    #[arg(long, value_name = "TEXT")]
    name_prefix: Option<String>,
    #[arg(long)]
    model: Option<String>,
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
            show(context, &get(context, &tenant, &device).await?)?;
        }
    }
    Ok(Exit::Ok)
}

impl List {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (client, tenant) = (&context.client, context.tenant().await?);
        let mut query = Query::new();
        query.extend(self.name_prefix.map(|text| ("name_prefix", text)));
        query.extend(self.model.map(|text| ("model", text)));
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
        let head = ["name", "model", "build", "last sync", "id"];
        context.output.list(&head, &devices, |device: &Device| {
            vec![
                device.name.clone(),
                device.model.clone(),
                text::maybe(device.build.as_deref()),
                text::maybe_time(device.last_sync),
                device.id.to_string(),
            ]
        })?;
        if more {
            say(&format!("There are more than {}; --limit shows more.", devices.len()));
        }
        Ok(())
    }
}

async fn get(
    context: &Context<'_>,
    tenant: &str,
    wanted: &str,
) -> Result<Document<DeviceDetail>, Failure> {
    let client = &context.client;
    if let Ok(id) = Uuid::try_parse(wanted) {
        return client.get(&["tenants", tenant, "devices", &id.to_string()], &Query::new()).await;
    }
    let query = vec![("name_prefix", wanted.to_owned())];
    let path = ["tenants", tenant, "devices"];
    let (mut found, more) = client.list::<Device>(&path, &query, 20).await?;
    let exact = found.iter().position(|device| device.typed.name == wanted);
    let device = match (exact, found.len()) {
        (Some(at), _) => found.swap_remove(at),
        (None, 1) if !more => found.swap_remove(0),
        (None, 0) => {
            return Err(Failure::NotFound(format!("there is no device `{wanted}`")));
        }
        (None, _) => {
            let names: Vec<String> =
                found.iter().map(|d| format!("  {}  {}", d.typed.id, d.typed.name)).collect();
            return Err(Failure::Usage(format!(
                "`{wanted}` can mean several devices{}:\n{}",
                if more { ", among them" } else { "" },
                names.join("\n")
            )));
        }
    };
    let id = device.typed.id.to_string();
    client.get(&["tenants", tenant, "devices", &id], &Query::new()).await
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
            ("build", text::maybe(d.build.as_deref())),
            ("last sync", text::maybe_time(d.last_sync)),
            ("intune id", d.intune_id.to_string()),
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
        Form::Table | Form::Json | Form::Jsonl => Ok(()),
    }
}
