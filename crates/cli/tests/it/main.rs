//! The binary as people and scripts meet it: real processes against a small server of the test's
//! own that plays the API.

mod api;
mod errors;
mod gate;
mod pictures;
mod program;
mod steer;
mod watch;
