//! The HTTP API: extract, authorise, call the store, convert.
//!
//! Holds no rule and no SQL, and never speaks to Microsoft Graph: it writes what people ask for and
//! reads what the service did about it. What it says about a rollout comes from the functions that
//! decide about it. Every refusal is a problem as RFC 9457 describes it.

pub mod access;
mod auth;
mod budget;
mod checks;
mod convert;
mod device_actions;
mod devices;
mod document;
mod enrollment;
mod extract;
mod freezes;
mod holds;
mod holidays;
mod paging;
mod paths;
mod pauses;
mod plans;
mod problem;
mod readiness;
mod registration;
mod releases;
mod reply;
mod ring_sets;
mod rollbacks;
mod rollouts;
mod router;
mod rules;
mod selection;
mod signals;
mod state;
mod strategies;
mod tenants;
mod tokens;
mod updates;
pub mod words;

pub use document::openapi;
pub use rollouts::explain::explanation;
pub use router::router;
pub use state::{SignalReader, State};
