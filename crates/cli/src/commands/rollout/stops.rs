//! Devices in flight, and what a rollback could do.

use api_types::{DeviceProspect, InFlightDevice, Obstacle, ProspectName, RollbackPreview, Rollout};

use super::super::Context;
use crate::client::Query;
use crate::failure::Failure;
use crate::text;

pub(super) async fn in_flight(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
) -> Result<(), Failure> {
    let id = rollout.id.to_string();
    let path = ["tenants", tenant, "rollouts", &id, "in-flight"];
    let all = context.client.all(&path, &Query::new()).await?;
    let head = [
        "device",
        "ring",
        "state",
        "since",
        "last check-in",
        "can be taken back",
        "held by Microsoft",
        "id",
    ];
    context.output.list(&head, &all, |one: &InFlightDevice| {
        vec![
            text::maybe(one.name.as_deref()),
            one.ring.to_string(),
            word(&one.state),
            text::time(one.since),
            text::maybe_time(one.last_check_in),
            if one.can_be_taken_back { "yes" } else { "no" }.to_owned(),
            text::maybe(one.safeguard.as_deref()),
            one.device_id.to_string(),
        ]
    })
}

/// `--preview`: in numbers.
pub(super) async fn preview(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
) -> Result<(), Failure> {
    let id = rollout.id.to_string();
    let path = ["tenants", tenant, "rollouts", &id, "rollback-preview"];
    let found = context.client.get::<RollbackPreview>(&path, &Query::new()).await?;
    let one = &found.typed;
    let mut fields = vec![
        ("how", one.text.clone()),
        ("can give it back", text::number(one.removable)),
        ("first no longer can", text::maybe_time(one.first_closes_at)),
        ("installing", text::number(one.installing)),
        ("do not have it", text::number(one.not_installed)),
    ];
    for no in &one.impossible {
        fields.push(("keep it", format!("{}: {}", text::devices(no.devices), no.text)));
    }
    fields.extend([
        ("giving it back", text::number(one.removing)),
        ("gave it back", text::number(one.removed)),
        ("could not", text::number(one.could_not)),
        ("have it again", text::number(one.reinstalled)),
    ]);
    context.output.one(&found.json, &fields)
}

/// `--preview --devices`: one by one.
pub(super) async fn devices(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
) -> Result<(), Failure> {
    let id = rollout.id.to_string();
    let path = ["tenants", tenant, "rollouts", &id, "rollback-preview", "devices"];
    let all = context.client.all(&path, &Query::new()).await?;
    let head = ["device", "ring", "state", "prospect", "until", "why", "id"];
    context.output.list(&head, &all, |one: &DeviceProspect| {
        vec![
            text::maybe(one.name.as_deref()),
            one.ring.to_string(),
            word(&one.state),
            prospect(one.prospect).to_owned(),
            text::maybe_time(one.until),
            text::maybe(one.why.map(obstacle)),
            one.device_id.to_string(),
        ]
    })
}

/// As the API has it, without its quotes.
fn word(state: &impl serde::Serialize) -> String {
    serde_json::to_value(state)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}

const fn prospect(name: ProspectName) -> &'static str {
    match name {
        ProspectName::Removable => "can give it back",
        ProspectName::Installing => "installing",
        ProspectName::NotInstalled => "does not have it",
        ProspectName::Removing => "giving it back",
        ProspectName::Removed => "gave it back",
        ProspectName::Reinstalled => "has it again",
        ProspectName::CouldNot => "could not",
        ProspectName::Impossible => "keeps it",
    }
}

const fn obstacle(why: Obstacle) -> &'static str {
    match why {
        Obstacle::Kind => "no way for this kind",
        Obstacle::WindowOver => "its days are over",
        Obstacle::Newer => "has a newer update",
        Obstacle::Gone => "not in the directory",
    }
}
