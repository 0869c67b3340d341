//! The binary as people and scripts meet it: real processes against a small server of the test's
//! own that plays the API.

mod api;
mod apply;
mod approvals;
mod audit;
mod browser;
mod calendar;
mod catalogue;
mod contexts;
mod devices;
mod doctor;
mod dry;
mod enrollment;
mod errors;
mod fields;
mod forms;
mod gate;
mod help;
mod looking_back;
mod pauses;
mod pictures;
mod plans;
mod program;
mod readiness;
mod reports;
mod ring_sets;
mod shell;
mod steer;
mod strategies;
mod support;
mod tokens;
mod watch;
mod webhooks;
