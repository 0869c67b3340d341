//! The rules, tested from outside.

mod approvals;
mod attempts;
mod budget;
mod consent;
mod coverage;
mod documents;
mod enrollment;
mod enrollment_world;
mod evidence;
mod filters;
mod fleet;
mod gates;
mod permissions;
mod placement;
mod readiness;
mod registrations;
mod releases;
mod replay;
mod revisions;
mod rings;
mod rollouts;
mod signals;
mod transitions;
mod walks;
mod weighing;
mod world;
