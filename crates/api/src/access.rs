//! Who may do what: one table, and whatever does not stand in it is refused.
//!
//! A test walks it against the OpenAPI document and the router, so a route without a row cannot be
//! reached and a row without a route cannot stay.

use axum::http::Method;
pub use store::tokens::Role;

/// Which tokens a route is open to, besides their role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those of the tenant in the path, and those of every tenant.
    Tenant,
    /// Those of every tenant only: a tenant's admin must not make what reaches beyond it.
    Service,
    /// Any; the answer holds only what the token may see.
    Own,
}

/// The least role for one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub method: Method,
    pub path: &'static str,
    pub role: Role,
    pub reach: Reach,
}

const fn rule(method: Method, path: &'static str, role: Role, reach: Reach) -> Rule {
    Rule { method, path, role, reach }
}

/// The table.
#[rustfmt::skip]
pub static RULES: [Rule; 111] = {
    use Reach::{Own, Service, Tenant};
    use Role::{Admin, Operator, Viewer};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    [
        rule(GET,    "/api/v1/openapi.json", Viewer, Own),
        rule(GET,    "/api/v1/tokens", Admin, Service),
        rule(POST,   "/api/v1/tokens", Admin, Service),
        rule(DELETE, "/api/v1/tokens/{token}", Admin, Service),
        rule(GET,    "/api/v1/tenants", Viewer, Own),
        rule(POST,   "/api/v1/tenants", Admin, Service),
        rule(GET,    "/api/v1/tenants/{tenant}", Viewer, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/connection", Admin, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/sync", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/remove-missing", Admin, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/budget", Viewer, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/budget", Admin, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/strategies", Viewer, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/strategies", Admin, Tenant),
        rule(GET,    "/api/v1/readiness/checks", Viewer, Own),
        rule(GET,    "/api/v1/permissions", Viewer, Own),
        rule(GET,    "/api/v1/tenants/{tenant}/readiness", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/readiness", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/readiness/history", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/readiness/history/{assessment}", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/enrollment", Viewer, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/enrollment", Admin, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/enrollment/unenroll", Admin, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/enrollment/restore", Admin, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/enrollment/check", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/registration", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/registration", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/device-actions", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/devices", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/devices/{device}", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/devices/{device}/explain", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/ring-sets", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/ring-sets", Admin, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/ring-sets/preview", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/ring-sets/{ring_set}", Viewer, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/ring-sets/{ring_set}", Admin, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/ring-sets/{ring_set}", Admin, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/preview", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/place", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/proof", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/calendar", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/freezes", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/freezes", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/freezes/{freeze}", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/freezes/{freeze}/end", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/freezes/{freeze}/crossings", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/holidays", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/holidays", Admin, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/holidays/{holidays}", Viewer, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/holidays/{holidays}", Admin, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/updates", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/updates", Admin, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/updates/{update}", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/version-floors", Viewer, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/version-floors", Admin, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rules", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rules", Admin, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rules/preview", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rules/{rule}", Viewer, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/rules/{rule}", Admin, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rules/{rule}/preview", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/releases", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/releases", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/releases/{release}", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/releases/{release}/rollback-readiness", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/holds", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/holds", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/holds/{hold}/end", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/pauses", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/pause", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/resume", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/releases/{release}/pause", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/releases/{release}/resume", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/rings/{ring}/pause", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/rings/{ring}/resume", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/in-flight", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback-preview", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback-preview/devices", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/plans", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/plans", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/plans/{plan}", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/plans/{plan}/difference", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/plans/{plan}/start", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/plans/{plan}/simulate", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/explain", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/failures", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/plans", Viewer, Tenant),
        rule(PATCH,  "/api/v1/tenants/{tenant}/rollouts/{rollout}/plan", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/replay", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/events", Viewer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments/{segment}/hold", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments/{segment}/release", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals", Operator, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals/{approval}", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/signals", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/pause", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/resume", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/promote", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback", Operator, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/cancel", Operator, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/signals", Viewer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/signals", Admin, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/signals/{signal}", Viewer, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/signals/{signal}", Admin, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/signals/{signal}", Admin, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/signals/{signal}/test", Operator, Tenant),
    ]
};

/// The row of a route; whoever may read may ask for the head alone.
#[must_use]
pub fn find(method: &Method, path: &str) -> Option<&'static Rule> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    RULES.iter().find(|rule| rule.method == *method && rule.path == path)
}

/// A role as it stands in JSON.
#[must_use]
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Admin => "admin",
    }
}
