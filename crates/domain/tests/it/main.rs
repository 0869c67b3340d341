//! The rules, tested from outside.

mod attempts;
mod gates;
mod permissions;
mod placement;
mod readiness;
mod rings;
mod rollouts;
mod transitions;
mod world;
