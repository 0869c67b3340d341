//! The command line: what every command takes, and which commands there are.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::commands::ClientCommand;

const AFTER: &str = "\
Environment: CONCENTRIC_TOKEN (the API token; never an argument), CONCENTRIC_TOKEN_FILE,
CONCENTRIC_URL, CONCENTRIC_TENANT, CONCENTRIC_OUTPUT, NO_COLOR.

Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 not allowed, 5 conflict, 10 rollout rolled back
or cancelled, 11 rollout paused or held, 12 time ran out, 13 server unreachable, 14 tenant not
ready, 15 differs from what was made on Graph, 16 changes pending, 130 interrupted.";

/// Walks Windows updates through the rings of a fleet.
#[derive(Debug, Parser)]
#[command(name = "concentric", version, propagate_version = true, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Client(ClientCommand),
    /// Run the service.
    #[cfg(feature = "service")]
    Serve(crate::service::serve::Serve),
    /// Run a simulated Microsoft Graph tenant with a fleet behind it.
    #[cfg(feature = "service")]
    Simulator(crate::service::simulator::Simulate),
    /// Play an update through the rings of a simulated fleet.
    #[cfg(feature = "service")]
    Demo(crate::service::demo::Demo),
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Where the service listens.
    #[arg(long, global = true, env = "CONCENTRIC_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: Url,
    /// File that holds the API token.
    #[arg(long, global = true, env = "CONCENTRIC_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Name or id of the tenant; not needed when there is only one.
    #[arg(long, global = true, env = "CONCENTRIC_TENANT")]
    pub(crate) tenant: Option<String>,
    /// How to write data: a table on a terminal and tab-separated lines elsewhere if not given.
    #[arg(long, short, global = true, env = "CONCENTRIC_OUTPUT", value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    /// The API's own JSON.
    Json,
    /// The API's own JSON, one item per line.
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}
