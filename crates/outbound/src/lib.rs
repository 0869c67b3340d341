//! The one HTTP client for addresses that people write down.
//!
//! Whoever may configure a signal must not reach through this server what they could not reach
//! themselves (quality.md B4, SSRF). So an address is resolved, checked, and then pinned: what was
//! checked is what is connected to, whatever a name resolves to a moment later. Redirects are not
//! followed, a proxy of the environment is not used, answers are read up to a limit and never
//! quoted in an error.
//!
//! Must never be given a client of its own elsewhere: a second way out is a way around.

mod address;
mod allow;
mod client;
mod error;
mod kql;
mod number;
mod prometheus;
mod read;
mod resolve;
mod target;
mod webhook;

pub use address::{Kind, kind};
pub use allow::{Allow, AllowError, AllowList};
pub use client::{Answer, Client, Limits};
pub use error::OutboundError;
pub use read::{Login, Readers, Secret};
pub use resolve::{Resolve, Resolving, System};
pub use webhook::sign;
