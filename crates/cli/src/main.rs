//! The one binary `concentric`: client commands, and behind the feature `service` the service
//! itself, the simulated tenant and the demo.
//!
//! Data goes to stdout, talk to stderr. Knows the API by its bodies alone; holds no rule.

mod args;
mod cel;
mod client;
mod commands;
mod confirm;
mod contexts;
mod declared;
mod diff;
mod enrolling;
mod events;
mod explain;
mod failure;
mod find;
mod forecast;
mod output;
mod pauses;
mod repeat;
mod save;
mod screen;
#[cfg(feature = "service")]
mod service;
mod shell;
mod sse;
mod text;
mod tree;
mod wait;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::commands::ClientCommand;
use crate::confirm::Asking;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// A request allocates often and briefly, which this one does faster than the system's.
#[cfg(feature = "service")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    // `context` itself must work however wrong the contexts are, and so must what asks no server.
    let asks_a_server = matches!(cli.command, Command::Client(_));
    let filled = if asks_a_server { contexts::fill(&mut cli.global) } else { Ok(()) };
    let output = Output::new(&cli.global);
    confirm::set(match (cli.global.dry_run.is_some(), cli.global.no_input) {
        (true, _) => Asking::Needless,
        (false, true) => Asking::Never,
        (false, false) => Asking::Terminal,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => filled.and_then(|()| runtime.block_on(run(cli, output))),
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
        Command::Key(command) => service::key::run(command).await,
        #[cfg(feature = "service")]
        Command::Simulator(simulator) => service::simulator::run(simulator).await,
        #[cfg(feature = "service")]
        Command::Demo(demo) => service::demo::run(demo, output).await,
        Command::Context(command) => contexts::run(command, &cli.global, output),
        Command::Completion(completion) => completion.run(),
        Command::Man(man) => man.run(),
        Command::Client(command) => {
            let work = async {
                if cli.global.watch && !command.watches_itself() {
                    repeat::run(again, &cli.global, output).await
                } else {
                    commands::run(command, &cli.global, output).await
                }
            };
            tokio::select! {
                outcome = work => outcome,
                _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
            }
        }
    }
}

/// The command of this process, read once more.
fn again() -> Option<ClientCommand> {
    match Cli::try_parse().ok()?.command {
        Command::Client(command) => Some(command),
        Command::Context(_) | Command::Completion(_) | Command::Man(_) => None,
        #[cfg(feature = "service")]
        Command::Serve(_) | Command::Key(_) | Command::Simulator(_) | Command::Demo(_) => None,
    }
}
