//! The command line: what every command takes, and which commands there are.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::commands::ClientCommand;
use crate::failure::Failure;

const AFTER: &str = "\
Environment: CONCENTRIC_TOKEN (the API token; never an argument), CONCENTRIC_TOKEN_FILE,
CONCENTRIC_URL, CONCENTRIC_TENANT, CONCENTRIC_CONTEXT, CONCENTRIC_CONFIG, CONCENTRIC_OUTPUT,
NO_COLOR. A flag wins over the environment, that over the context.

Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 not allowed, 5 conflict, 6 changes pending,
10 rollout rolled back or cancelled, 11 rollout paused or held, 12 time ran out, 13 server
unreachable, 14 tenant not ready, 15 differs from what was made on Graph, 17 audit trail
damaged, 130 interrupted.";

/// Where the service listens when nobody says otherwise.
const HERE: &str = "http://127.0.0.1:8080";

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
#[expect(clippy::large_enum_variant, reason = "there is one, for as long as the program runs")]
pub(crate) enum Command {
    #[command(flatten)]
    Client(ClientCommand),
    /// Contexts: servers and tenants by name, so that nobody types them twice.
    #[command(subcommand)]
    Context(crate::contexts::Command),
    /// Write completions for a shell to stdout.
    Completion(crate::shell::Completion),
    /// Write the manual pages, one for each command.
    Man(crate::shell::Man),
    /// Run the service.
    #[cfg(feature = "service")]
    Serve(crate::service::serve::Serve),
    /// The keys that seal credentials.
    #[cfg(feature = "service")]
    #[command(subcommand)]
    Key(crate::service::key::Command),
    /// Run a simulated Microsoft Graph tenant with a fleet behind it.
    #[cfg(feature = "service")]
    Simulator(crate::service::simulator::Simulate),
    /// Play an update through the rings of a simulated fleet.
    #[cfg(feature = "service")]
    Demo(crate::service::demo::Demo),
}

/// Where a run that changes nothing ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// Before anything is sent.
    Client,
    /// Before anything is kept.
    Server,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Where the service listens; `http://127.0.0.1:8080` if neither this nor a context says.
    #[arg(long, global = true, env = "CONCENTRIC_URL")]
    pub(crate) url: Option<Url>,
    /// Which context of the configuration file to use; `concentric context list` shows them.
    #[arg(long, global = true, env = "CONCENTRIC_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// File that holds the API token.
    #[arg(long, global = true, env = "CONCENTRIC_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Name or id of the tenant; not needed when there is only one.
    #[arg(long, global = true, env = "CONCENTRIC_TENANT")]
    pub(crate) tenant: Option<String>,
    /// How to write data: a table on a terminal and tab-separated lines elsewhere if not given.
    #[arg(long, short, global = true, env = "CONCENTRIC_OUTPUT", value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// Look again every other second: redrawn in place on a terminal, and one line of JSON for each
    /// change elsewhere. For commands that look.
    #[arg(long, global = true)]
    pub(crate) watch: bool,
    /// Never ask; say instead what to pass.
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Change nothing: show the preview where there is one, else the request that would be sent; with
    /// `server`, have the service check that request whole, and say what it would have said.
    #[arg(
        long,
        global = true,
        conflicts_with = "watch",
        value_name = "WHERE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "client"
    )]
    pub(crate) dry_run: Option<DryRun>,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
}

impl Global {
    /// Where the service listens.
    pub(crate) fn url(&self) -> Result<Url, Failure> {
        match &self.url {
            Some(url) => Ok(url.clone()),
            None => Url::parse(HERE).map_err(|error| Failure::Failed(error.to_string())),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Table,
    /// The table with every plain field of the API besides.
    Wide,
    /// The API's own JSON.
    Json,
    /// The API's own JSON, one item per line.
    Jsonl,
    /// The API's own JSON, told as YAML.
    Yaml,
    /// Only the name of each thing, or its id where it has none: what other commands take.
    Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use clap::CommandFactory;

    use super::Cli;

    /// A flag of a command that is called as one of every command takes its place. Of another type, whoever
    /// asks for that one would end the program with a panic, and only when it is used.
    #[test]
    fn no_command_hides_a_flag_of_all_commands() {
        let mut root = Cli::command();
        root.build();
        let globals: HashMap<String, _> = root
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .map(|arg| (arg.get_id().to_string(), arg.get_value_parser().type_id()))
            .collect();
        assert!(globals.contains_key("url"), "{globals:?}");
        let mut seen = 0;
        let mut left: Vec<&clap::Command> = root.get_subcommands().collect();
        while let Some(command) = left.pop() {
            for arg in command.get_arguments() {
                let global = globals.get(arg.get_id().as_str());
                let is_other = global.is_some_and(|of| *of != arg.get_value_parser().type_id());
                assert!(!is_other, "--{} of {}", arg.get_id(), command.get_name());
            }
            left.extend(command.get_subcommands());
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }
}
