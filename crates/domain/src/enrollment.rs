//! What Concentric makes in a tenant when the tenant is enrolled, and how to take it back.
//!
//! Desired objects are computed whole from the settings and the ring set; a plan is the difference to
//! what was observed. Never says how to make an object on Graph (the adapter does), and never plans
//! to change an object that is not ours without keeping what it was.

pub mod desired;
pub mod drift;
pub mod object;
pub mod plan;
pub mod settings;

pub use object::{Key, Kind, Observed, Payload};
pub use plan::{Change, Plan, Step};
pub use settings::Settings;
