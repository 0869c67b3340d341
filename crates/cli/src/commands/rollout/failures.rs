//! `concentric rollout failures`.

use api_types::Failure;

use super::Context;
use crate::client::Query;
use crate::failure::Failure as Refusal;
use crate::text;

pub(super) async fn list(
    context: &Context<'_>,
    tenant: &str,
    rollout: &str,
) -> Result<(), Refusal> {
    let path = ["tenants", tenant, "rollouts", rollout, "failures"];
    let all = context.client.all(&path, &Query::new()).await?;
    let head = ["ring", "state", "code", "devices", "name", "means"];
    context.output.list(&head, &all, |one: &Failure| {
        vec![
            one.ring_name.clone(),
            text::attempt_state(one.state).to_owned(),
            text::maybe(one.code.as_deref()),
            text::number(one.devices),
            text::maybe(one.name.as_deref()),
            text::maybe(one.text.as_deref()),
        ]
    })
}
