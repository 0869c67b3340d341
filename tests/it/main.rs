//! The parts of Concentric against each other, with nothing replaced but Microsoft.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod adapter;
mod apps;
mod audit_trail;
mod canaries;
mod clients;
mod controls;
mod desks;
mod drivers;
mod enrollment;
mod forgetting;
mod graph_lies;
mod headers;
mod keys;
mod kills;
mod kills_enrollment;
mod kinds;
mod kinds_adapter;
mod kinds_rings;
mod mail;
mod notifications;
mod observability;
mod organisation;
mod pauses;
mod people;
mod placement;
mod process;
mod readiness;
mod recounts;
mod refusals;
mod registration;
mod rollouts;
mod safeguards;
mod scheduled_reports;
mod signals;
mod stack;
mod superseding;
mod tenant;
mod truth;
mod webhooks;
