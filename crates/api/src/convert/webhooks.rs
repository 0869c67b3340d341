//! Webhooks, as they go over the wire.

use api_types as wire;
use domain::webhook::{Disabled, is_type};
use store::webhooks::{DeliveryRow, DeliveryState, NewWebhook, WebhookRow};

use crate::checks::Checks;
use crate::problem::Problem;

const MOST_URL: usize = 2_000;

pub(crate) fn webhook(row: WebhookRow) -> wire::Webhook {
    let why = row.disabled.map(|(why, _)| match why {
        Disabled::Person => wire::WebhookDisabled::Person,
        Disabled::Gone => wire::WebhookDisabled::Gone,
        Disabled::Failing => wire::WebhookDisabled::Failing,
    });
    wire::Webhook {
        id: row.id.0,
        name: row.name,
        url: row.url,
        events: row.events,
        enabled: row.disabled.is_none(),
        disabled: why,
        disabled_at: row.disabled.map(|(_, at)| at),
        old_secret_until: row.old_secret_until,
        failing_since: row.failing_since,
        pending: row.pending.unsigned_abs(),
        created_at: row.created_at,
        changed_at: row.changed_at,
    }
}

pub(crate) fn delivery(row: DeliveryRow) -> wire::WebhookDelivery {
    let tries = row.tries.into_iter().map(|one| wire::DeliveryTry {
        at: one.at,
        status: one.tried.status,
        latency_ms: one.tried.latency_ms,
        refusal: one.tried.refusal.map(|refusal| refusal.name().to_owned()),
    });
    wire::WebhookDelivery {
        id: row.id,
        webhook_id: format!("msg_{}", row.id.simple()),
        event: row.event,
        entry: row.seq,
        state: match row.state {
            DeliveryState::Pending => wire::DeliveryState::Pending,
            DeliveryState::Delivered => wire::DeliveryState::Delivered,
            DeliveryState::GivenUp => wire::DeliveryState::GivenUp,
        },
        due_since: row.due_since,
        next_at: row.next_at,
        ended_at: row.ended_at,
        tries: tries.collect(),
    }
}

pub(crate) const fn state_in(state: wire::DeliveryState) -> DeliveryState {
    match state {
        wire::DeliveryState::Pending => DeliveryState::Pending,
        wire::DeliveryState::Delivered => DeliveryState::Delivered,
        wire::DeliveryState::GivenUp => DeliveryState::GivenUp,
    }
}

/// What a caller wants of a receiver, checked; whether its address may be called is seen when it is.
pub(crate) fn webhook_in(body: wire::CreateWebhook) -> Result<NewWebhook, Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 100);
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 500);
    }
    let is_web = body.url.starts_with("https://") || body.url.starts_with("http://");
    let is_clean = !body.url.contains(|c: char| c.is_control() || c.is_whitespace());
    if !is_web || !is_clean || body.url.len() > MOST_URL {
        checks.wrong("/url", "an address that begins with https:// is right, 2000 bytes at most");
    }
    if body.events.len() > 100 {
        checks.wrong("/events", "100 names are the most; none stands for all events");
    }
    for (at, name) in body.events.iter().enumerate() {
        if !is_type(name) {
            let why = format!("there is no event {name:?}; docs/webhooks.md lists what there is");
            checks.wrong(format!("/events/{at}"), why);
        }
    }
    checks.finish()?;
    let mut events = body.events;
    events.sort_unstable();
    events.dedup();
    Ok(NewWebhook { name: body.name, url: body.url, events, enabled: body.enabled })
}
