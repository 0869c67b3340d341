//! The rules, tested from outside.

mod attempts;
mod coverage;
mod documents;
mod enrollment;
mod enrollment_world;
mod evidence;
mod filters;
mod gates;
mod permissions;
mod placement;
mod readiness;
mod registrations;
mod rings;
mod rollouts;
mod signals;
mod transitions;
mod world;
