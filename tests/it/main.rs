//! The parts of Concentric against each other, with nothing replaced but Microsoft.

mod adapter;
mod rollouts;
mod stack;
mod tenant;
mod truth;
