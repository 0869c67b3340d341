//! Does what was worked out, one after the other, and says each thing that is done.

use api_types::{DeviceActionRequest, DeviceActionResult, RingSet, Selection};
use uuid::Uuid;

use super::control::Decision;
use super::plan::{Deed, Item, Verb};
use super::resource::Sending;
use super::tenant as about;
use crate::client::Query;
use crate::commands::Context;
use crate::enrolling::{Enrolling, Wish};
use crate::failure::Failure;
use crate::output::say;
use crate::wait::Patience;

/// Stops at the first failure; what was done until then stays, and doing it again changes nothing.
pub(super) async fn out(
    context: &Context<'_>,
    tenant: &str,
    items: &[Item],
    patience: Patience,
    yes: bool,
) -> Result<(), Failure> {
    let pending: Vec<&Item> = items.iter().filter(|item| item.is_pending()).collect();
    for (done, item) in (0_usize..).zip(&pending) {
        let outcome = match &item.deed {
            Deed::RingSet { id, body } => ring_set(context, tenant, *id, body).await,
            Deed::Decide { device, decisions } => decide(context, tenant, *device, decisions).await,
            Deed::Tenant { id, wanted } => {
                about::send(context, &item.place, id.as_deref(), wanted).await.map(drop)
            }
            Deed::Send(sending) => send(context, tenant, sending).await,
            Deed::Enroll(wanted) => {
                let id = ring_set_id(&ring_sets(context, tenant).await?, &wanted.ring_set)?;
                let wish = Wish::Enrolled(wanted.settings(id));
                let mut enrolling = Enrolling::new(context, tenant, patience);
                match enrolling.plan(&wish).await {
                    Ok(planned) => enrolling.carry_out(&wish, planned, yes).await.map(drop),
                    Err(failure) => Err(failure),
                }
            }
        };
        if let Err(failure) = outcome {
            say(&format!(
                "{}: {} {} is not done; {done} of {} changes are. Applying the file again does the \
                 rest.",
                item.place,
                item.kind,
                item.name,
                pending.len()
            ));
            return Err(failure);
        }
        done_with(item);
    }
    Ok(())
}

pub(super) fn done_with(item: &Item) {
    let verb = match item.verb {
        Verb::Create => "made",
        Verb::Update => "changed",
        Verb::Same => "left",
    };
    say(&format!("✓ {verb} {} {}", item.kind, item.name));
}

async fn ring_set(
    context: &Context<'_>,
    tenant: &str,
    id: Option<Uuid>,
    body: &api_types::CreateRingSet,
) -> Result<(), Failure> {
    let path = ["tenants", tenant, "ring-sets"];
    match id.map(|id| id.to_string()) {
        Some(id) => context.client.put::<RingSet>(&[&path[..], &[&id]].concat(), body).await,
        None => context.client.post::<RingSet>(&path, body).await,
    }
    .map(drop)
}

async fn send(context: &Context<'_>, tenant: &str, sending: &Sending) -> Result<(), Failure> {
    let mut body = sending.body.clone();
    if let Some(name) = &sending.ring_set {
        let id = ring_set_id(&ring_sets(context, tenant).await?, name)?;
        body["ring_set_id"] = serde_json::json!(id);
    }
    let path = ["tenants", tenant, sending.path];
    let path = [&path[..], &sending.id.as_deref().into_iter().collect::<Vec<_>>()].concat();
    if sending.replaces {
        context.client.put::<serde_json::Value>(&path, &body).await.map(drop)
    } else {
        context.client.post::<serde_json::Value>(&path, &body).await.map(drop)
    }
}

async fn decide(
    context: &Context<'_>,
    tenant: &str,
    device: Uuid,
    decisions: &[Decision],
) -> Result<(), Failure> {
    let sets = ring_sets(context, tenant).await?;
    for decision in decisions {
        let request = DeviceActionRequest {
            select: Selection { ids: Some(vec![device]), filter: None },
            what: decision.action(|name| ring_set_id(&sets, name))?,
            preview: false,
            expect: None,
        };
        let path = ["tenants", tenant, "device-actions"];
        context.client.post::<DeviceActionResult>(&path, &request).await?;
    }
    Ok(())
}

async fn ring_sets(context: &Context<'_>, tenant: &str) -> Result<Vec<RingSet>, Failure> {
    let all = context.client.all(&["tenants", tenant, "ring-sets"], &Query::new()).await?;
    Ok(all.into_iter().map(|set| set.typed).collect())
}

fn ring_set_id(sets: &[RingSet], name: &str) -> Result<Uuid, Failure> {
    let set = sets.iter().find(|set| set.name == name);
    set.map(|set| set.id).ok_or_else(|| {
        Failure::Overtaken(format!(
            "the ring set `{name}` is gone; somebody deleted it meanwhile. Apply the file again."
        ))
    })
}
