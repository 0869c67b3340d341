//! `/healthz`, `/readyz` and `/metrics`: for load balancers and Prometheus, without a token.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::vitals::Watch;

#[derive(Debug, Clone)]
struct Health {
    store: Store,
    stop: CancellationToken,
    watch: Watch,
}

pub(crate) fn router(store: Store, clock: Clock, stop: CancellationToken) -> Router {
    let watch = Watch::new(store.clone(), clock);
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Health { store, stop, watch })
}

/// Ready: the database answers and nobody has asked this server to stop.
async fn ready(State(health): State<Health>) -> Response {
    if health.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping").into_response();
    }
    match health.store.ping().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
        }
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    match health.watch.render().await {
        Some(text) => {
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
