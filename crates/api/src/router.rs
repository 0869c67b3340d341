//! Every route on one screen, and the layers around them.

use std::sync::LazyLock;

use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use axum::{Router, http::Uri};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Gatekeeper, admit};
use crate::plans::simulate;
use crate::problem::{Kind, Problem};
use crate::reply::finish;
use crate::ring_sets::{calendar, proof};
use crate::rollouts::{
    actions, approvals, batch, events, explain, failures, forecast, in_flight, plans as revisions,
    replay, segments,
};
use crate::state::State;
use crate::{
    alerts, audit_trail, budget, channels, contacts, device_actions, devices, document, enrollment,
    freezes, health, holds, holidays, notifications, page, pauses, plans, readiness, registration,
    releases, reports, ring_sets, rollbacks, rollouts, rules, sessions, signals, strategies,
    support, tenants, tokens, updates, webhooks,
};

/// Everything under `/api`, complete: other paths are left to whoever merges this.
///
/// There are two layers and no more: for every request each is copied together with all that are inside it.
pub fn router(state: State) -> Router {
    let gatekeeper = Gatekeeper::new(state.clone());
    handlers()
        .0
        .route_layer(from_fn_with_state(gatekeeper, admit))
        .method_not_allowed_fallback(wrong_method)
        .merge(page::router())
        .merge(sessions::router())
        .route("/api", any(unknown))
        .route("/api/", any(unknown))
        .route("/api/{*rest}", any(unknown))
        .layer(from_fn(finish))
        .with_state(state)
}

/// The handlers with their paths, and their description.
pub(crate) fn handlers() -> (Router<State>, OpenApi) {
    let (routes, document) = OpenApiRouter::with_openapi(document::empty())
        .routes(routes!(description))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(tokens::whoami))
        .routes(routes!(sessions::admin::list))
        .routes(routes!(sessions::admin::end))
        .routes(routes!(audit_trail::service_list))
        .routes(routes!(audit_trail::service_verify))
        .routes(routes!(audit_trail::signing))
        .routes(routes!(audit_trail::list))
        .routes(routes!(audit_trail::verify))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::read))
        .routes(routes!(tenants::connect))
        .routes(routes!(tenants::sync))
        .routes(routes!(tenants::remove_missing))
        .routes(routes!(budget::read, budget::put))
        .routes(routes!(strategies::read, strategies::choose))
        .routes(routes!(devices::list))
        .merge(reporting())
        .merge(helping())
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
        .routes(routes!(updates::decline))
        .routes(routes!(updates::approve))
        .routes(routes!(updates::floors, updates::replace_floors))
        .routes(routes!(rules::list, rules::create))
        .routes(routes!(rules::preview_new))
        .routes(routes!(rules::read, rules::replace, rules::delete))
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
        .merge(telling())
        .routes(routes!(events::list))
        .routes(routes!(events::changes))
        .routes(routes!(in_flight::list))
        .routes(routes!(rollbacks::preview))
        .routes(routes!(rollbacks::devices))
        .routes(routes!(forecast::forecast))
        .routes(routes!(segments::list))
        .routes(routes!(segments::hold))
        .routes(routes!(segments::release))
        .merge(acting())
        .split_for_parts();
    (routes, document::with_rules(document::opened(document)))
}

/// Whom events are told to.
fn telling() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::read, webhooks::replace, webhooks::delete))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay_one))
        .routes(routes!(webhooks::replay))
        .routes(routes!(contacts::list, contacts::create))
        .routes(routes!(contacts::read, contacts::replace, contacts::delete))
        .routes(routes!(contacts::test))
        .routes(routes!(channels::list, channels::create))
        .routes(routes!(channels::read, channels::replace, channels::delete))
        .routes(routes!(channels::test))
        .routes(routes!(notifications::topics))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::read))
        .routes(routes!(notifications::retry))
}

/// What is asked of rollouts.
fn acting() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(approvals::list, approvals::give))
        .routes(routes!(approvals::withdraw))
        .routes(routes!(batch::pause))
        .routes(routes!(batch::resume))
        .routes(routes!(batch::cancel))
        .routes(routes!(actions::pause))
        .routes(routes!(actions::resume))
        .routes(routes!(actions::promote))
        .routes(routes!(actions::rollback))
        .routes(routes!(actions::cancel))
}

/// What is told of a fleet.
fn reporting() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(health::read))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::read))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(alerts::mute))
        .routes(routes!(alerts::escalate))
        .routes(routes!(reports::list))
        .routes(routes!(reports::run))
        .routes(routes!(reports::export))
        .merge(scheduling())
        .routes(routes!(reports::views::list, reports::views::create))
        .routes(routes!(reports::views::read, reports::views::replace, reports::views::delete))
}

/// Which reports are sent again and again.
fn scheduling() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(reports::schedules::list, reports::schedules::create))
        .routes(routes!(
            reports::schedules::read,
            reports::schedules::replace,
            reports::schedules::delete
        ))
        .routes(routes!(reports::schedules::run))
}

/// What people need help with.
fn helping() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(support::list, support::file))
        .routes(routes!(support::read))
        .routes(routes!(support::comment))
        .routes(routes!(support::shift))
        .routes(routes!(support::reopen))
        .routes(routes!(support::bundle))
        .routes(routes!(support::export))
        .routes(routes!(support::desks::hand_on))
        .routes(routes!(support::desks::list, support::desks::create))
        .routes(routes!(support::desks::read, support::desks::replace, support::desks::delete))
        .routes(routes!(support::desks::deliveries))
}

/// The text of the description, written when it is first asked for: it takes tens of megabytes to make, which
/// most services never need.
pub(crate) static DESCRIPTION: LazyLock<String> =
    LazyLock::new(|| handlers().1.to_pretty_json().unwrap_or_default());

/// Read this description
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "openapi", tag = "service",
    responses((status = 200, description = "An OpenAPI 3.1 document",
        body = serde_json::Value, content_type = "application/json")))]
async fn description() -> impl axum::response::IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], DESCRIPTION.as_str())
}

async fn unknown(uri: Uri) -> Problem {
    let detail = format!("there is no {}; /api/v1/openapi.json lists what there is", uri.path());
    Problem::new(Kind::NotFound, detail)
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{method} cannot be done to {}; Allow names what can", uri.path());
    Problem::new(Kind::MethodNotAllowed, detail)
}
