//! Which things have a version, which requests change them, and which of those need to say what they
//! looked at.

use axum::http::Method;

/// Whether a change must name the version it is made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Optional,
    Required,
}

const TENANT: &str = "/api/v1/tenants/{tenant}";

/// Things with a version, by their path behind the tenant's. The tenant itself stands for its
/// connection.
pub const THINGS: [&str; 16] = [
    "",
    "/budget",
    "/strategies",
    "/enrollment",
    "/version-floors",
    "/ring-sets/{ring_set}",
    "/holidays/{holidays}",
    "/rules/{rule}",
    "/signals/{signal}",
    "/webhooks/{webhook}",
    "/contacts/{contact}",
    "/notification-channels/{channel}",
    "/support-requests/{support_request}",
    "/support-desks/{support_desk}",
    "/report-views/{report_view}",
    "/report-schedules/{report_schedule}",
];

/// Of a rollout, its history is the version.
const ROLLOUT: &str = "/rollouts/{rollout}";

/// How many steps behind the tenant's the thing has that a route is about; none: it has no version.
pub(crate) fn length_of(path: &str) -> Option<usize> {
    let rest = path.strip_prefix(TENANT)?;
    if rest == ROLLOUT || ACTIONS.iter().any(|action| is_action(rest, action)) {
        return Some(2);
    }
    match rest {
        "/connection" => Some(0),
        "/enrollment/unenroll" | "/enrollment/restore" => Some(1),
        "/webhooks/{webhook}/rotate-secret" => Some(2),
        "/support-requests/{support_request}/comments"
        | "/support-requests/{support_request}/move"
        | "/support-requests/{support_request}/reopen" => Some(2),
        other => THINGS.contains(&other).then(|| other.matches('/').count()),
    }
}

/// What is done to a rollout, and may say to which version of it.
const ACTIONS: [&str; 6] = ["pause", "resume", "promote", "rollback", "cancel", "plan"];

fn is_action(rest: &str, action: &str) -> bool {
    rest.strip_prefix(ROLLOUT).and_then(|rest| rest.strip_prefix('/')) == Some(action)
}

/// Whether a request changes the thing it is about.
pub(crate) fn changes(method: &Method, path: &str) -> bool {
    *method != Method::GET && *method != Method::HEAD && length_of(path).is_some()
}

/// Whether a request may or must say what it looked at; none: there is nothing to look at.
#[must_use]
pub fn condition(method: &Method, path: &str) -> Option<Condition> {
    length_of(path)?;
    match method.as_str() {
        "GET" | "HEAD" => None,
        // What takes the place of something, or removes it.
        "PUT" | "PATCH" | "DELETE" => Some(Condition::Required),
        _ => Some(Condition::Optional),
    }
}

/// Whether what a route does is done elsewhere, where it cannot be taken back, or in several transactions.
pub(crate) fn acts_outside(path: &str) -> bool {
    // Of several transactions, none would be held against the one before.
    path == "/api/v1/tenants/{tenant}/signals/{signal}/test" || path.contains("/rollouts/batch/")
}

/// Whether the answer of a route may be kept: not where it holds a secret that is shown once.
#[must_use]
pub fn answer_is_kept(path: &str) -> bool {
    let secrets = [
        "/api/v1/tokens",
        "/tenants/{tenant}/webhooks",
        "/webhooks/{webhook}/rotate-secret",
        "/tenants/{tenant}/support-desks",
    ];
    !secrets.iter().any(|secret| path.ends_with(secret))
}
