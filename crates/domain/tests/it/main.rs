//! The rules, tested from outside.

mod attempts;
mod enrollment;
mod enrollment_world;
mod gates;
mod placement;
mod rings;
mod rollouts;
mod transitions;
mod world;
