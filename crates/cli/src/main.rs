//! The one binary `concentric`: client commands, and behind the feature `service` the service
//! itself, the simulated tenant and the demo.
//!
//! Data goes to stdout, talk to stderr. Knows the API by its bodies alone; holds no rule.

mod args;
mod cel;
mod client;
mod commands;
mod confirm;
mod declared;
mod diff;
mod enrolling;
mod events;
mod explain;
mod failure;
mod find;
mod output;
mod pauses;
mod screen;
#[cfg(feature = "service")]
mod service;
mod sse;
mod text;
mod tree;
mod wait;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(&cli.global);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(cli, output)),
        Err(error) => Err(Failure::Failed(format!("cannot start: {error}"))),
    };
    let exit = outcome.unwrap_or_else(|failure| {
        failure.tell(output);
        failure.exit()
    });
    ExitCode::from(exit.code())
}

async fn run(cli: Cli, output: Output) -> Result<Exit, Failure> {
    match cli.command {
        // These end in their own way when they are interrupted.
        #[cfg(feature = "service")]
        Command::Serve(serve) => service::serve::run(serve).await,
        #[cfg(feature = "service")]
        Command::Simulator(simulator) => service::simulator::run(simulator).await,
        #[cfg(feature = "service")]
        Command::Demo(demo) => service::demo::run(demo, output).await,
        Command::Client(command) => {
            let work = commands::run(command, &cli.global, output);
            tokio::select! {
                outcome = work => outcome,
                _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
            }
        }
    }
}
