//! The guard against a list of tricks, and the readers against servers that play their sources.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod chat;
mod desks;
mod guard;
mod play;
mod readers;
mod smtp;
