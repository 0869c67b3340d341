//! The binary as people and scripts meet it: real processes against a small server of the test's
//! own that plays the API.

mod api;
mod apply;
mod approvals;
mod calendar;
mod catalogue;
mod devices;
mod enrollment;
mod errors;
mod gate;
mod help;
mod looking_back;
mod pauses;
mod pictures;
mod plans;
mod program;
mod readiness;
mod ring_sets;
mod steer;
mod strategies;
mod watch;
