//! A release walking through one ring set.
//!
//! [`phase`] says where it can stand and which moves are legal, [`decide`] which move comes next
//! or what is being waited for, [`access`] what each ring is told meanwhile.

pub mod access;
pub mod budget;
pub mod decide;
pub mod lint;
pub mod observations;
pub mod phase;
pub mod plan;
pub mod replay;
pub mod revision;
pub mod simulate;
pub mod snapshot;
