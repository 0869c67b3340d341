//! What shells and `man` want to know of the commands.

use std::path::PathBuf;

use clap::{Args, CommandFactory, ValueEnum};

use crate::args::Cli;
use crate::failure::{Exit, Failure};
use crate::output::{say, write};

const NAME: &str = "concentric";

/// Writes completions for a shell to stdout.
#[derive(Debug, Args)]
pub(crate) struct Completion {
    shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(clippy::enum_variant_names, reason = "that is what it is called")]
enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
    Elvish,
}

impl Completion {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        use clap_complete::Shell as Known;
        let shell = match self.shell {
            Shell::Bash => Known::Bash,
            Shell::Zsh => Known::Zsh,
            Shell::Fish => Known::Fish,
            Shell::PowerShell => Known::PowerShell,
            Shell::Elvish => Known::Elvish,
        };
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), NAME, &mut text);
        write(&String::from_utf8_lossy(&text))?;
        Ok(Exit::Ok)
    }
}

/// Writes the manual pages, one for each command.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where to; made if it is not there.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

impl Man {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let wrong =
            |error: std::io::Error| Failure::Failed(format!("{}: {error}", self.dir.display()));
        std::fs::create_dir_all(&self.dir).map_err(wrong)?;
        // Whoever reads a page elsewhere has another environment than who made it.
        let command = Cli::command().mut_args(|arg| arg.hide_env_values(true));
        clap_mangen::generate_to(command, &self.dir).map_err(wrong)?;
        say(&format!("Wrote the pages; `man -l {}/{NAME}.1` shows one.", self.dir.display()));
        Ok(Exit::Ok)
    }
}
