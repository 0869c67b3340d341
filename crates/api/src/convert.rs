//! From what the domain and the store hold to what goes over the wire, and back.
//!
//! Named after what comes out of them; what comes in from a caller ends in `_in`.

pub(crate) mod approvals;
pub(crate) mod calendar;
pub(crate) mod devices;
pub(crate) mod enrollment;
pub(crate) mod forecast;
pub(crate) mod health;
pub(crate) mod notifications;
pub(crate) mod pauses;
pub(crate) mod plans;
pub(crate) mod readiness;
pub(crate) mod registration;
pub(crate) mod releases;
pub(crate) mod revisions;
pub(crate) mod ring_sets;
pub(crate) mod rollbacks;
pub(crate) mod rollouts;
pub(crate) mod rules;
pub(crate) mod signals;
pub(crate) mod strategies;
pub(crate) mod support;
pub(crate) mod support_desks;
pub(crate) mod tenants;
pub(crate) mod tokens;
pub(crate) mod updates;
pub(crate) mod webhooks;
