//! The whole trail as JSON lines, read and sent chunk by chunk.

use std::io;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::ids::TenantId;
use futures_util::stream;

use crate::problem::Problem;
use crate::state::State;

const NDJSON: &str = "application/x-ndjson";

pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .any(|range| range.eq_ignore_ascii_case(NDJSON))
}

/// Starts to answer when the chain is known to be there. What fails later breaks the answer off,
/// before its end line.
pub(super) async fn answer(state: &State, tenant: TenantId) -> Result<Response, Problem> {
    let trail = state.store.audit_trail(tenant).await?;
    let closing = state.closing.clone();
    let chunks = stream::try_unfold(trail, move |mut trail| {
        let closing = closing.clone();
        async move {
            if closing.is_cancelled() {
                return Err(io::Error::other("the server stops"));
            }
            let lines = trail.next().await.map_err(|error| {
                tracing::warn!(%error, %tenant, "an export of the audit trail broke off");
                io::Error::other(error)
            })?;
            let Some(lines) = lines else { return Ok(None) };
            let mut text = String::new();
            for line in lines {
                text.push_str(&line.to_string());
                text.push('\n');
            }
            Ok(Some((text, trail)))
        }
    });
    Ok(([(CONTENT_TYPE, NDJSON)], Body::from_stream(chunks)).into_response())
}
