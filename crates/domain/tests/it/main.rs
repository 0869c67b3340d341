//! The rules, tested from outside.

mod attempts;
mod evidence;
mod gates;
mod placement;
mod rings;
mod rollouts;
mod transitions;
mod world;
