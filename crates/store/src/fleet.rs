//! How fleets stand: counters for [`domain::health`], and the devices behind them with what became of each.
//!
//! Counters are kept by triggers in the statement that changes a device or a member (`fleet_tally`), so
//! reading them costs the same for any fleet. Devices are read as one stream, in pages or whole.

mod facts;
mod line;
mod lines;
mod scene;
mod sieve;
mod snapshots;
mod sources;

pub use facts::HealthRow;
pub(crate) use facts::read as health;
pub use line::Line;
pub use lines::{Selection, Sifted};
pub use scene::{Scene, SceneRollout};
pub use sieve::{Relation, Sieve, Test, Text};
pub use snapshots::SnapshotRow;
pub(crate) use sources::read as sources;
pub use sources::{SourceKind, SourceRow};
