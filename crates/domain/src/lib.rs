//! The rules of Concentric.
//!
//! Pure: no async, no I/O, no clock, no randomness. Time, random numbers and observations come
//! in as arguments, so every answer can be computed again from what was stored.

pub mod approval;
pub mod attempt;
pub mod build;
pub mod calendar;
pub mod control;
pub mod duty;
pub mod enrollment;
pub mod evidence;
pub mod failure;
pub mod filter;
pub mod gate;
pub mod ids;
pub mod inventory;
pub mod offering;
pub mod pause;
pub mod permission;
pub mod placement;
pub mod readiness;
pub mod registration;
pub mod ring;
pub mod rollback;
pub mod rollout;
mod seconds;
pub mod signal;
pub mod tally;
pub mod update;
pub mod work;
