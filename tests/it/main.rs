//! The parts of Concentric against each other, with nothing replaced but Microsoft.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod adapter;
mod controls;
mod enrollment;
mod kills;
mod kills_enrollment;
mod kinds;
mod kinds_adapter;
mod organisation;
mod pauses;
mod placement;
mod process;
mod readiness;
mod refusals;
mod registration;
mod rollouts;
mod signals;
mod stack;
mod superseding;
mod tenant;
mod truth;
