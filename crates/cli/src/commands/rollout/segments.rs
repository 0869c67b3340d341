//! Segments of a rollout.

use api_types::{Reason, Rollout, SegmentKind, SegmentState};

use super::super::Context;
use crate::client::{Document, Query};
use crate::failure::Failure;

const fn kind(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Model => "model",
        SegmentKind::Build => "build",
        SegmentKind::Category => "category",
    }
}

pub(super) async fn list(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
) -> Result<(), Failure> {
    let head =
        ["segment", "kind", "name", "devices", "offered", "failed", "lost", "evidence", "state"];
    context.output.list(&head, &all(context, tenant, rollout).await?, |one: &SegmentState| {
        let state = match (one.held, one.suspect) {
            (true, _) => "held",
            (false, true) => "suspect",
            (false, false) => "-",
        };
        vec![
            one.segment.to_string(),
            kind(one.kind).to_owned(),
            one.name.clone(),
            one.devices.to_string(),
            one.offered.to_string(),
            one.failed.to_string(),
            one.lost.to_string(),
            format!("{:.1}", one.ln_e.exp()),
            state.to_owned(),
        ]
    })
}

async fn all(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
) -> Result<Vec<Document<SegmentState>>, Failure> {
    let id = rollout.id.to_string();
    context.client.all(&["tenants", tenant, "rollouts", &id, "segments"], &Query::new()).await
}

/// `verb`: `hold` or `release`. The segment is found by its number or its name.
pub(super) async fn ask(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
    (wanted, verb): (&str, &str),
    reason: &str,
) -> Result<Document<Rollout>, Failure> {
    let segments = all(context, tenant, rollout).await?;
    let mut found = segments
        .iter()
        .map(|one| &one.typed)
        .filter(|one| one.segment.to_string() == wanted || one.name.eq_ignore_ascii_case(wanted));
    let (Some(segment), None) = (found.next(), found.next()) else {
        return Err(Failure::NotFound(format!(
            "the rollout has no segment {wanted:?}, or several; concentric rollout segments {} lists \
             them with their numbers",
            rollout.release_name
        )));
    };
    let (id, number) = (rollout.id.to_string(), segment.segment.to_string());
    let path = ["tenants", tenant, "rollouts", &id, "segments", &number, verb];
    context.client.post(&path, &Reason { reason: reason.to_owned() }).await
}
