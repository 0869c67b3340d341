//! The trail, the way an auditor meets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod tampering;
mod trail;
mod verdicts;
