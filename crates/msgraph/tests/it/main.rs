//! The client against a hand-written server that answers documented bodies.
//!
//! Never reaches beyond the loopback interface.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod areas;
mod calls;
mod catalog;
mod deltas;
mod fake;
mod groups;
mod inventory;
mod policies;
mod reports;
mod tenant;
mod tokens;
mod traces;
