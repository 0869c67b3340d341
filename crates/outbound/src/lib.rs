//! The one HTTP client for addresses that people write down, and the one way to the mail server.
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
mod chat;
mod client;
mod deliver;
mod desk;
mod error;
mod form;
mod kql;
mod number;
mod prometheus;
mod read;
mod resolve;
mod smtp;
mod target;
mod webhook;

pub use address::{Kind, kind};
pub use allow::{Allow, AllowError, AllowList};
pub use chat::{chat_body, post};
pub use client::{Answer, Client, Limits};
pub use deliver::deliver;
pub use desk::{HandedOn, hand_on};
pub use error::OutboundError;
pub use form::Form;
pub use read::{Login, Readers, Secret};
pub use resolve::{Resolve, Resolving, System};
pub use smtp::{Mailer, SmtpError, SmtpSettings, SmtpTls};
pub use webhook::sign;
