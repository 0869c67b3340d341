//! `concentric key`: the keys that seal credentials.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use server::{Config, Database, KeySource, Rotated, rotate};

use crate::failure::{Exit, Failure};
use crate::output::say;

/// Where the keys are that seal credentials. One source; `secret.key` in the data directory if none is named.
#[derive(Debug, Clone, Args)]
pub(crate) struct Keys {
    /// File with the key that seals credentials: 32 bytes in hexadecimal digits or base64. A second line
    /// holds an older key that still opens.
    #[arg(long, env = "CONCENTRIC_KEY_FILE", value_name = "FILE", conflicts_with = "key_command")]
    key_file: Option<PathBuf>,
    /// Command that prints the key, such as one that asks a key management service.
    #[arg(long, env = "CONCENTRIC_KEY_COMMAND", value_name = "COMMAND", hide_env_values = true)]
    key_command: Option<String>,
}

impl Keys {
    /// The source that is named, if one is: as an option, or as the key itself in `CONCENTRIC_KEY`.
    pub(crate) fn source(self) -> Result<Option<KeySource>, Failure> {
        let has_key = std::env::var_os("CONCENTRIC_KEY").is_some_and(|key| !key.is_empty());
        let is_named = self.key_file.is_some() || self.key_command.is_some();
        match (self.key_file, self.key_command) {
            _ if has_key && is_named => {
                let why =
                    "CONCENTRIC_KEY holds a key, and another source is named; keep one of them";
                Err(Failure::Usage(why.to_owned()))
            }
            (Some(file), _) => {
                let file = std::path::absolute(&file)
                    .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
                Ok(Some(KeySource::File(file)))
            }
            (None, Some(command)) => Ok(Some(KeySource::Command(command))),
            (None, None) => Ok(has_key.then_some(KeySource::Environment)),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Seal every credential anew under another key.
    ///
    /// In a key file the new key is made, and the old one taken away once nothing needs it. From the environment
    /// and from a command the new key has to come first already, and the old one behind it. Servers may run
    /// meanwhile. When it is interrupted, do it again: it goes on.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Data directory of the service, with `secret.key` and the embedded database if there is one; a server
    /// that runs on that one has to be stopped.
    #[arg(long, env = "CONCENTRIC_DATA_DIR", value_name = "DIR", default_value = ".concentric")]
    data_dir: PathBuf,
    #[command(flatten)]
    keys: Keys,
}

pub(crate) async fn run(command: Command) -> Result<Exit, Failure> {
    let Command::Rotate(Rotate { data_dir, keys }) = command;
    let data_dir = std::path::absolute(&data_dir)
        .map_err(|error| Failure::Usage(format!("{}: {error}", data_dir.display())))?;
    if !data_dir.is_dir() {
        return Err(Failure::Usage(format!("{} is no directory", data_dir.display())));
    }
    let mut config = Config::embedded(data_dir);
    if let Some(source) = keys.source()? {
        config.keys = source;
    }
    if let Some(url) = super::database_url() {
        config.database = Database::Url(url);
    }
    let rotated = rotate(&config.keys, &config.database).await;
    let Rotated { all, resealed, resumed, left } =
        rotated.map_err(|error| Failure::Failed(error.to_string()))?;
    if resumed {
        say("A rotation that was interrupted is done.");
    }
    say(&format!("{all} credentials are sealed under the new key; {resealed} were not yet."));
    if left > 0 {
        say("Nothing needs the keys behind the first one any more; take them out of their source.");
    }
    Ok(Exit::Ok)
}
