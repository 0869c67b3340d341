//! Tests of the HTTP API: the whole router, on a real PostgreSQL where it needs one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod approvals;
mod document;
mod events;
mod explain;
mod holds;
mod inputs;
mod looking_back;
mod pauses;
mod proofs;
mod ring_sets;
mod rollouts;
mod signals;
mod tenants;
mod words;
mod world;
