//! The HTTP API: extract, authorise, call the store, convert.
//!
//! Holds no rule and no SQL, and never speaks to Microsoft Graph: it writes what people ask for and
//! reads what the service did about it. What it says about a rollout comes from the functions that
//! decide about it. Every refusal is a problem as RFC 9457 describes it.

pub mod access;
mod alerts;
mod audit_trail;
mod auth;
mod budget;
mod channels;
mod checks;
mod conditional;
mod contacts;
mod convert;
mod device_actions;
mod devices;
mod document;
mod enrollment;
mod extract;
mod follow;
mod freezes;
mod health;
mod holds;
mod holidays;
mod limits;
mod listing;
mod notifications;
mod page;
mod paging;
mod paths;
mod pauses;
mod people;
mod plans;
mod problem;
mod readiness;
mod registration;
mod releases;
mod reply;
mod reports;
mod ring_sets;
mod rollbacks;
mod rollouts;
mod router;
mod rules;
mod selection;
mod sessions;
mod sign_in;
mod signals;
mod state;
mod strategies;
mod support;
mod tenants;
mod tokens;
mod updates;
pub mod versions;
mod webhooks;
pub mod words;

pub use audit_trail::Audit;
pub use document::openapi;
pub use limits::Limits;
pub use people::{Asked, Leaving, People, Returned, Stranger};
pub use reports::{Source as ReportSource, make as make_report};
pub use rollouts::explain::explanation;
pub use router::router;
pub use sign_in::SignIn;
pub use state::{Answers, SignalReader, State, StateParts};
