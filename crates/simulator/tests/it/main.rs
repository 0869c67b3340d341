//! The simulator over its own HTTP surface: tokens, lists, deltas, batches, faults, and rollouts at
//! speed.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod books;
mod deltas;
mod faults;
mod lists;
mod outcomes;
mod rollouts;
mod tenant;
mod tokens;
