//! Tests of the HTTP API: the whole router, on a real PostgreSQL where it needs one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod apart;
mod approvals;
mod calendar;
mod cases;
mod changes;
mod conditional;
mod desks;
mod document;
mod events;
mod explain;
mod histories;
mod holds;
mod inputs;
mod limits;
mod listing;
mod looking_back;
mod pauses;
mod people;
mod plans;
mod proofs;
mod reports;
mod ring_sets;
mod rollouts;
mod rules;
mod sessions;
mod sieve;
mod signals;
mod strategies;
mod support;
mod tenants;
mod words;
mod world;
