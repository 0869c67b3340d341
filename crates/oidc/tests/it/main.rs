//! A provider that is played, with keys of the test's making, and everything that may be wrong with it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod bearer;
mod browser;
mod played;
