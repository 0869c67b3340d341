//! Who may do what: one table, and whatever does not stand in it is refused.
//!
//! A test walks it against the OpenAPI document and the router, so a route without a row cannot be
//! reached and a row without a route cannot stay.

use axum::http::Method;
pub use domain::access::{Action, Role};

/// What of a caller's grants a route is held against, besides the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The tenant in the path.
    Tenant,
    /// The ring set in the path.
    RingSet,
    /// The ring set of the rollout in the path.
    Rollout,
    /// The ring set that stands in the body, or that of the saved plan; the handler sees to it.
    Body,
    /// Every tenant: an administrator of one must not make what reaches beyond it.
    Service,
    /// Any grant; the answer holds only what the caller may see.
    Own,
}

/// What one route takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub method: Method,
    pub path: &'static str,
    pub action: Action,
    pub reach: Reach,
}

const fn rule(method: Method, path: &'static str, action: Action, reach: Reach) -> Rule {
    Rule { method, path, action, reach }
}

/// The table.
#[rustfmt::skip]
pub static RULES: [Rule; 188] = {
    use Action::{Administer, Approve, Audit, Operate, Pause, Policy, Read, Release};
    use Reach::{Body, Own, RingSet, Rollout, Service, Tenant};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    [
        rule(GET,    "/api/v1/openapi.json", Read, Own),
        rule(GET,    "/api/v1/whoami", Read, Own),
        rule(GET,    "/api/v1/tokens", Audit, Own),
        rule(POST,   "/api/v1/tokens", Administer, Own),
        rule(DELETE, "/api/v1/tokens/{token}", Administer, Own),
        rule(GET,    "/api/v1/sessions", Audit, Service),
        rule(DELETE, "/api/v1/sessions/{session}", Administer, Service),
        rule(GET,    "/api/v1/audit", Audit, Service),
        rule(GET,    "/api/v1/audit/verify", Audit, Service),
        rule(GET,    "/api/v1/audit/signing", Audit, Own),
        rule(GET,    "/api/v1/tenants/{tenant}/audit", Audit, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/events", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/audit/verify", Audit, Tenant),
        rule(GET,    "/api/v1/tenants", Read, Own),
        rule(POST,   "/api/v1/tenants", Administer, Service),
        rule(GET,    "/api/v1/tenants/{tenant}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/connection", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/sync", Operate, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/remove-missing", Administer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/budget", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/budget", Policy, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/strategies", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/strategies", Policy, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/health", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/alerts", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/alerts/{alert}", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/alerts/{alert}/acknowledge", Operate, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/alerts/{alert}/mute", Operate, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/alerts/{alert}/escalate", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/reports", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/reports/{report}", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/reports/{report}/export", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/report-views", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/report-views", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/report-views/{report_view}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/report-views/{report_view}", Operate, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/report-views/{report_view}", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/report-schedules", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/report-schedules", Administer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/report-schedules/{report_schedule}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/report-schedules/{report_schedule}", Administer, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/report-schedules/{report_schedule}", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/report-schedules/{report_schedule}/run", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/support-requests", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/support-requests", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/support-requests/{support_request}", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/support-requests/{support_request}/comments", Operate, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/support-requests/{support_request}/move", Operate, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/support-requests/{support_request}/reopen", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/support-requests/{support_request}/bundle", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/support-requests/{support_request}/export", Operate, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/support-requests/{support_request}/hand-on", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/support-desks", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/support-desks", Administer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/support-desks/{support_desk}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/support-desks/{support_desk}", Administer, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/support-desks/{support_desk}", Administer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/support-desks/{support_desk}/deliveries", Read, Tenant),
        rule(GET,    "/api/v1/readiness/checks", Read, Own),
        rule(GET,    "/api/v1/permissions", Read, Own),
        rule(GET,    "/api/v1/tenants/{tenant}/readiness", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/readiness", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/readiness/history", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/readiness/history/{assessment}", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/enrollment", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/enrollment", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/enrollment/unenroll", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/enrollment/restore", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/enrollment/check", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/registration", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/registration", Operate, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/device-actions", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/devices", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/devices/{device}", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/devices/{device}/explain", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/ring-sets", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/ring-sets", Policy, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/ring-sets/preview", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/ring-sets/{ring_set}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/ring-sets/{ring_set}", Policy, RingSet),
        rule(DELETE, "/api/v1/tenants/{tenant}/ring-sets/{ring_set}", Policy, RingSet),
        rule(POST,   "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/preview", Read, RingSet),
        rule(POST,   "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/place", Operate, RingSet),
        rule(GET,    "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/proof", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/calendar", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/freezes", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/freezes", Pause, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/freezes/{freeze}", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/freezes/{freeze}/end", Release, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/freezes/{freeze}/crossings", Approve, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/holidays", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/holidays", Policy, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/holidays/{holidays}", Read, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/holidays/{holidays}", Policy, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/updates", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/updates", Policy, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/updates/{update}", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/updates/{update}/decline", Release, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/updates/{update}/approve", Release, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/version-floors", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/version-floors", Policy, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rules", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rules", Policy, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rules/preview", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rules/{rule}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/rules/{rule}", Policy, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/rules/{rule}", Policy, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rules/{rule}/preview", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/releases", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/releases", Release, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/releases/{release}", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/releases/{release}/rollback-readiness", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/holds", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/holds", Pause, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/holds/{hold}/end", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/pauses", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/pause", Pause, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/resume", Release, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/releases/{release}/pause", Pause, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/releases/{release}/resume", Release, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/rings/{ring}/pause", Pause, Rollout),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/rings/{ring}/resume", Operate, Rollout),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/in-flight", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback-preview", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback-preview/devices", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/plans", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/plans", Release, Body),
        rule(GET,    "/api/v1/tenants/{tenant}/plans/{plan}", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/plans/{plan}/difference", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/plans/{plan}/start", Release, Body),
        rule(POST,   "/api/v1/tenants/{tenant}/plans/{plan}/simulate", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts", Release, Body),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/explain", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/forecast", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/failures", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/plans", Read, Tenant),
        rule(PATCH,  "/api/v1/tenants/{tenant}/rollouts/{rollout}/plan", Release, Rollout),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/replay", Read, Rollout),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/events", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments/{segment}/hold", Pause, Rollout),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments/{segment}/release", Release, Rollout),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals", Approve, Rollout),
        rule(DELETE, "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals/{approval}", Approve, Rollout),
        rule(GET,    "/api/v1/tenants/{tenant}/rollouts/{rollout}/signals", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/batch/pause", Pause, Body),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/batch/resume", Operate, Body),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/batch/cancel", Release, Body),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/pause", Pause, Rollout),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/resume", Operate, Rollout),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/promote", Release, Rollout),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback", Release, Rollout),
        rule(POST,   "/api/v1/tenants/{tenant}/rollouts/{rollout}/cancel", Release, Rollout),
        rule(GET,    "/api/v1/tenants/{tenant}/signals", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/signals", Policy, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/signals/{signal}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/signals/{signal}", Policy, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/signals/{signal}", Policy, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/signals/{signal}/test", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/webhooks", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/webhooks", Administer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/webhooks/{webhook}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/webhooks/{webhook}", Administer, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/webhooks/{webhook}", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/webhooks/{webhook}/rotate-secret", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/webhooks/{webhook}/test", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/webhooks/{webhook}/deliveries", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/webhooks/{webhook}/deliveries/{delivery}/replay", Operate, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/webhooks/{webhook}/replay", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/contacts", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/contacts", Administer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/contacts/{contact}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/contacts/{contact}", Administer, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/contacts/{contact}", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/contacts/{contact}/test", Operate, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/notification-channels", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/notification-channels", Administer, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/notification-channels/{channel}", Read, Tenant),
        rule(PUT,    "/api/v1/tenants/{tenant}/notification-channels/{channel}", Administer, Tenant),
        rule(DELETE, "/api/v1/tenants/{tenant}/notification-channels/{channel}", Administer, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/notification-channels/{channel}/test", Operate, Tenant),
        rule(GET,    "/api/v1/notification-topics", Read, Own),
        rule(GET,    "/api/v1/tenants/{tenant}/notifications", Read, Tenant),
        rule(GET,    "/api/v1/tenants/{tenant}/notifications/{letter}", Read, Tenant),
        rule(POST,   "/api/v1/tenants/{tenant}/notifications/{letter}/retry", Operate, Tenant),
    ]
};

/// The row of a route; whoever may read may ask for the head alone.
#[must_use]
pub fn find(method: &Method, path: &str) -> Option<&'static Rule> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    RULES.iter().find(|rule| rule.method == *method && rule.path == path)
}

/// The roles that an action is open to: `operator, release_manager or tenant_administrator`.
#[must_use]
pub fn roles_for(action: Action) -> String {
    let names: Vec<_> =
        Role::ALL.into_iter().filter(|role| role.may(action)).map(Role::name).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

impl Reach {
    /// The word used in the OpenAPI document and in the docs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tenant | Self::Own => "tenant",
            Self::RingSet | Self::Rollout | Self::Body => "ring_set",
            Self::Service => "service",
        }
    }
}
