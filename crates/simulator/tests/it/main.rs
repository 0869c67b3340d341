//! The simulator over its own HTTP surface: tokens and consent, lists, deltas, batches, faults,
//! defects, policies, and rollouts at speed.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod administrators;
mod books;
mod consent;
mod defects;
mod deltas;
mod deployments;
mod drivers;
mod faults;
mod intune;
mod lists;
mod organisation;
mod outcomes;
mod programs;
mod rollouts;
mod tenant;
mod tokens;
mod update_rings;
