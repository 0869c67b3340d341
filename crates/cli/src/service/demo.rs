//! `concentric demo`: an update walks through the rings of a simulated fleet.

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Demo {}

pub(crate) async fn run(_demo: Demo, _output: Output) -> Result<Exit, Failure> {
    Err(Failure::Failed("not written yet".to_owned()))
}
