//! The rules, tested from outside.

mod attempts;
mod coverage;
mod filters;
mod gates;
mod placement;
mod registrations;
mod rings;
mod rollouts;
mod transitions;
mod world;
