//! Tests of the HTTP API: the whole router, on a real PostgreSQL where it needs one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod approvals;
mod calendar;
mod document;
mod events;
mod explain;
mod holds;
mod inputs;
mod looking_back;
mod pauses;
mod plans;
mod proofs;
mod ring_sets;
mod rollouts;
mod rules;
mod signals;
mod strategies;
mod tenants;
mod words;
mod world;
