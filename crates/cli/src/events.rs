//! `concentric rollout events`.

use api_types::{Event, Rollout};
use serde_json::Value;

use crate::client::{Document, Query};
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::{Form, Output, Tone, say, write};
use crate::sse::{self, Signal};
use crate::text;

const AT_ONCE: usize = 500;

pub(crate) async fn show(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
    follow: bool,
) -> Result<Exit, Failure> {
    if !follow {
        let events = all(&context.client, tenant, &rollout.id.to_string()).await?;
        let head = ["seq", "at", "actor", "kind", "text"];
        context.output.list(&head, &events, row)?;
        return Ok(Exit::Ok);
    }
    let (client, id) = (context.client.clone(), rollout.id.to_string());
    let mut signals = sse::follow(client, tenant.to_owned(), id, None);
    while let Some(signal) = signals.recv().await {
        match signal {
            Signal::Event(event) => show_next(context.output, &event)?,
            Signal::Lost(error) => say(&format!("connection lost ({error}); trying again")),
            Signal::Refused(failure) => return Err(failure),
        }
    }
    Ok(Exit::Ok)
}

/// The whole history so far. Its pages go by `seq`.
pub(crate) async fn all(
    client: &crate::client::Client,
    tenant: &str,
    rollout: &str,
) -> Result<Vec<Document<Event>>, Failure> {
    let path = ["tenants", tenant, "rollouts", rollout, "events"];
    let mut events: Vec<Document<Event>> = Vec::new();
    loop {
        let mut query: Query = vec![("limit", AT_ONCE.to_string())];
        query.extend(events.last().map(|event| ("after", event.typed.seq.to_string())));
        let page = client.get::<api_types::List<Value>>(&path, &query).await?.typed.items;
        let is_last = page.len() < AT_ONCE;
        for event in page {
            events.push(Document::read(event)?);
        }
        if is_last {
            return Ok(events);
        }
    }
}

fn row(event: &Event) -> Vec<String> {
    vec![
        event.seq.to_string(),
        text::time(event.at),
        event.actor.clone(),
        event.kind.clone(),
        event.text.clone(),
    ]
}

fn show_next(output: Output, event: &Document<Event>) -> Result<(), Failure> {
    let e = &event.typed;
    match output.form {
        Form::Table => {
            let at = output.paint(Tone::Dim, &text::time(e.at));
            write(&format!("{at}  {}  {}\n", output.paint(Tone::Strong, &e.kind), e.text))
        }
        Form::Plain => write(&format!("{}\n", row(e).join("\t"))),
        Form::Data(data) => data.next(&event.json),
    }
}
