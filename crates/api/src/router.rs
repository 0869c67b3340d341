//! Every route on one screen, and the layers around them.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use axum::{Router, http::Uri};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Gatekeeper, admit};
use crate::plans::simulate;
use crate::problem::{Kind, Problem};
use crate::reply::{finish, panicked};
use crate::ring_sets::{calendar, proof};
use crate::rollouts::{
    actions, approvals, events, explain, failures, in_flight, plans as revisions, replay, segments,
};
use crate::state::State;
use crate::{
    budget, device_actions, devices, document, enrollment, freezes, holds, holidays, pauses, plans,
    readiness, registration, releases, ring_sets, rollbacks, rollouts, rules, signals, strategies,
    tenants, tokens, updates,
};

const LARGEST_BODY: usize = 1024 * 1024;

/// Everything under `/api`, complete: other paths are left to whoever merges this.
pub fn router(state: State) -> Router {
    let (routes, document) = handlers();
    let gatekeeper = Gatekeeper::new(state.clone());
    let document = Arc::new(document.to_pretty_json().unwrap_or_default());
    routes
        .layer(axum::Extension(Document(document)))
        .route_layer(from_fn_with_state(gatekeeper, admit))
        .method_not_allowed_fallback(wrong_method)
        .route("/api", any(unknown))
        .route("/api/", any(unknown))
        .route("/api/{*rest}", any(unknown))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(finish))
        .with_state(state)
}

/// The handlers with their paths, and their description.
pub(crate) fn handlers() -> (Router<State>, OpenApi) {
    let (routes, document) = OpenApiRouter::with_openapi(document::empty())
        .routes(routes!(description))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::read))
        .routes(routes!(tenants::connect))
        .routes(routes!(tenants::sync))
        .routes(routes!(tenants::remove_missing))
        .routes(routes!(budget::read, budget::put))
        .routes(routes!(strategies::read, strategies::choose))
        .routes(routes!(devices::list))
        .routes(routes!(readiness::checks))
        .routes(routes!(readiness::permissions))
        .routes(routes!(readiness::read, readiness::run))
        .routes(routes!(readiness::history))
        .routes(routes!(readiness::past))
        .routes(routes!(enrollment::read, enrollment::put))
        .routes(routes!(enrollment::unenroll))
        .routes(routes!(enrollment::restore))
        .routes(routes!(enrollment::check))
        .routes(routes!(registration::read, registration::run))
        .routes(routes!(device_actions::act))
        .routes(routes!(holds::list, holds::create))
        .routes(routes!(holds::end))
        .routes(routes!(devices::read))
        .routes(routes!(devices::explain))
        .routes(routes!(ring_sets::list, ring_sets::create))
        .routes(routes!(ring_sets::preview_new))
        .routes(routes!(ring_sets::read, ring_sets::replace, ring_sets::delete))
        .routes(routes!(ring_sets::preview))
        .routes(routes!(ring_sets::place))
        .routes(routes!(proof::proof))
        .routes(routes!(calendar::calendar))
        .routes(routes!(freezes::list, freezes::create))
        .routes(routes!(freezes::read))
        .routes(routes!(freezes::end))
        .routes(routes!(freezes::cross))
        .routes(routes!(holidays::list, holidays::import))
        .routes(routes!(holidays::read, holidays::delete))
        .routes(routes!(updates::list, updates::declare))
        .routes(routes!(updates::read))
        .routes(routes!(updates::floors, updates::replace_floors))
        .routes(routes!(rules::list, rules::create))
        .routes(routes!(rules::preview_new))
        .routes(routes!(rules::read, rules::delete))
        .routes(routes!(rules::preview))
        .routes(routes!(releases::list, releases::create))
        .routes(routes!(releases::read))
        .routes(routes!(rollbacks::readiness))
        .routes(routes!(pauses::list))
        .routes(routes!(pauses::pause_tenant))
        .routes(routes!(pauses::resume_tenant))
        .routes(routes!(pauses::pause_release))
        .routes(routes!(pauses::resume_release))
        .routes(routes!(pauses::pause_ring))
        .routes(routes!(pauses::resume_ring))
        .routes(routes!(plans::list, plans::create))
        .routes(routes!(plans::read))
        .routes(routes!(plans::compare))
        .routes(routes!(plans::start))
        .routes(routes!(simulate::simulate))
        .routes(routes!(rollouts::list, rollouts::create))
        .routes(routes!(rollouts::read))
        .routes(routes!(explain::explain))
        .routes(routes!(replay::replay))
        .routes(routes!(failures::list))
        .routes(routes!(revisions::list))
        .routes(routes!(revisions::revise))
        .routes(routes!(signals::of_rollout))
        .routes(routes!(signals::list, signals::create))
        .routes(routes!(signals::read, signals::replace, signals::delete))
        .routes(routes!(signals::test))
        .routes(routes!(events::list))
        .routes(routes!(in_flight::list))
        .routes(routes!(rollbacks::preview))
        .routes(routes!(rollbacks::devices))
        .routes(routes!(segments::list))
        .routes(routes!(segments::hold))
        .routes(routes!(segments::release))
        .routes(routes!(approvals::list, approvals::give))
        .routes(routes!(approvals::withdraw))
        .routes(routes!(actions::pause))
        .routes(routes!(actions::resume))
        .routes(routes!(actions::promote))
        .routes(routes!(actions::rollback))
        .routes(routes!(actions::cancel))
        .split_for_parts();
    (routes, document::with_rules(document))
}

/// The text of the description, written once.
#[derive(Debug, Clone)]
struct Document(Arc<String>);

/// Read this description
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "openapi", tag = "service",
    responses((status = 200, description = "An OpenAPI 3.1 document",
        body = serde_json::Value, content_type = "application/json")))]
async fn description(
    axum::Extension(Document(text)): axum::Extension<Document>,
) -> impl axum::response::IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], text.as_str().to_owned())
}

async fn unknown(uri: Uri) -> Problem {
    let detail = format!("there is no {}; /api/v1/openapi.json lists what there is", uri.path());
    Problem::new(Kind::NotFound, detail)
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{method} cannot be done to {}; Allow names what can", uri.path());
    Problem::new(Kind::MethodNotAllowed, detail)
}
