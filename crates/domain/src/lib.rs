//! The rules of Concentric.
//!
//! Pure: no async, no I/O, no clock, no randomness. Time, random numbers and observations come
//! in as arguments, so every answer can be computed again from what was stored.

pub mod access;
pub mod alert;
pub mod app;
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
pub mod forecast;
pub mod gate;
pub mod health;
pub mod ids;
pub mod inventory;
pub mod metric;
pub mod notification;
pub mod offering;
pub mod outbox;
pub mod pause;
pub mod permission;
pub mod placement;
pub mod primary;
pub mod readiness;
pub mod registration;
pub mod report;
pub mod ring;
pub mod rollback;
pub mod rollout;
mod seconds;
pub mod signal;
pub mod support;
pub mod tally;
pub mod update;
pub mod webhook;
pub mod work;
