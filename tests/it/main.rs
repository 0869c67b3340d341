//! The parts of Concentric against each other, with nothing replaced but Microsoft.

mod adapter;
mod kills;
mod process;
mod refusals;
mod rollouts;
mod stack;
mod tenant;
mod truth;
