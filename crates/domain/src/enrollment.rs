//! What Concentric makes in a tenant when the tenant is enrolled, and how to take it back.
//!
//! Desired objects are computed whole from the settings and the ring set; a plan is the difference to
//! what was observed. Never says how to make an object on Graph (the adapter does), and never plans
//! to change an object that is not ours without keeping what it was.

pub mod desired;
pub mod drift;
mod fields;
pub mod find;
pub mod key;
pub mod object;
pub mod plan;
mod sentence;
pub mod settings;
pub mod tag;

pub use drift::Difference;
pub use key::{Key, Kind};
pub use object::{Observed, Payload, Recorded};
pub use plan::{Change, Mode, Plan, Step};
pub use settings::Settings;
