//! `concentric context`: servers and tenants by name, in a file of the person's own.
//!
//! The file names the file of a token and never holds its text. A token goes to the server of its context
//! alone: whoever names another server names its token too.

mod file;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use crate::args::Global;
use crate::client::Document;
use crate::failure::{Exit, Failure};
use crate::find;
use crate::output::{Output, say};
use crate::text;

use file::{Config, Named};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the contexts.
    List,
    /// Show which context is used, and what it says.
    Current,
    /// Use a context from now on.
    Use { name: String },
    /// Make or change a context: what --url, --tenant, --token-file and --output say.
    Set {
        name: String,
        /// Read a token from stdin and keep it in a file beside the configuration that only you can
        /// read.
        #[arg(long, conflicts_with = "token_file")]
        token_stdin: bool,
    },
    /// Forget a context, and the token that was kept for it.
    Delete { name: String },
}

/// Fills in what neither flags nor environment say, from the context named or the current one.
pub(crate) fn fill(global: &mut Global) -> Result<(), Failure> {
    let config = Config::read()?;
    let Some(name) = global.context.clone().or_else(|| config.current.clone()) else {
        return Ok(());
    };
    let context = config.get(&name)?;
    let is_its_server = global.url.as_ref().is_none_or(|url| *url == context.url);
    global.url.get_or_insert_with(|| context.url.clone());
    global.output = global.output.or(context.output);
    if is_its_server {
        global.tenant = global.tenant.take().or_else(|| context.tenant.clone());
        global.token_file = global.token_file.take().or_else(|| context.token_file.clone());
    }
    Ok(())
}

/// `global` is as flags and environment say; no context is filled in.
pub(crate) fn run(command: Command, global: &Global, output: Output) -> Result<Exit, Failure> {
    let mut config = Config::read()?;
    match command {
        Command::List => list(&config, global, output)?,
        Command::Current => current(&config, global, output)?,
        Command::Use { name } => {
            config.get(&name)?;
            say(&format!("Context {name} is used from now on."));
            config.current = Some(name);
            config.write()?;
        }
        Command::Set { name, token_stdin } => set(config, global, &name, token_stdin)?,
        Command::Delete { name } => {
            let gone = config.get(&name)?.clone();
            config.contexts.remove(&name);
            config.current = config.current.take().filter(|current| *current != name);
            config.write()?;
            // A token file that was somewhere before is not ours to delete.
            let ours = file::token_file(&name)?;
            if gone.token_file.as_ref() == Some(&ours) {
                std::fs::remove_file(&ours)
                    .map_err(|error| Failure::Failed(format!("{}: {error}", ours.display())))?;
            }
            say(&format!("Deleted context {name}."));
        }
    }
    Ok(Exit::Ok)
}

fn list(config: &Config, global: &Global, output: Output) -> Result<(), Failure> {
    let used = global.context.as_ref().or(config.current.as_ref());
    let head = ["name", "used", "url", "tenant", "token file"];
    let items: Result<Vec<Document<file::Shown>>, Failure> = config
        .contexts
        .iter()
        .map(|(name, context)| {
            let mut json = json!(context);
            json["name"] = json!(name);
            json["used"] = json!(Some(name) == used);
            Document::read(json)
        })
        .collect();
    output.list(&head, &items?, |one| {
        vec![
            one.name.clone(),
            if one.used { "yes" } else { "-" }.to_owned(),
            one.context.url.to_string(),
            text::maybe(one.context.tenant.as_deref()),
            path(one.context.token_file.as_deref()),
        ]
    })
}

fn current(config: &Config, global: &Global, output: Output) -> Result<(), Failure> {
    let Some(name) = global.context.as_ref().or(config.current.as_ref()) else {
        return Err(Failure::NotFound(
            "no context is used; `concentric context use NAME` chooses one".to_owned(),
        ));
    };
    let context = config.get(name)?;
    let mut json = json!(context);
    json["name"] = json!(name);
    output.one(
        &json,
        &[
            ("name", name.clone()),
            ("url", context.url.to_string()),
            ("tenant", text::maybe(context.tenant.as_deref())),
            ("token file", path(context.token_file.as_deref())),
        ],
    )
}

fn set(mut config: Config, global: &Global, name: &str, token_stdin: bool) -> Result<(), Failure> {
    file::check_name(name)?;
    let before = config.contexts.get(name);
    let Some(url) = global.url.clone().or_else(|| before.map(|b| b.url.clone())) else {
        return Err(Failure::Usage("a new context needs --url".to_owned()));
    };
    // What was for another server is not for this one.
    let before = before.filter(|before| before.url == url).cloned();
    let mut context = Named {
        url,
        tenant: global.tenant.clone(),
        token_file: global.token_file.as_deref().map(absolute).transpose()?,
        output: global.output,
    };
    if let Some(before) = before {
        context.tenant = context.tenant.or(before.tenant);
        context.token_file = context.token_file.or(before.token_file);
        context.output = context.output.or(before.output);
    }
    if token_stdin {
        let mut token = String::new();
        std::io::stdin()
            .read_to_string(&mut token)
            .map_err(|error| Failure::Usage(format!("stdin: {error}")))?;
        if token.trim().is_empty() {
            return Err(Failure::Usage("there is no token on stdin".to_owned()));
        }
        let kept = file::token_file(name)?;
        file::write_private(&kept, &format!("{}\n", token.trim()))?;
        context.token_file = Some(kept);
    }
    if context.token_file.is_none() {
        say("It names no token: --token-file names a file, --token-stdin keeps one.");
    }
    config.contexts.insert(name.to_owned(), context);
    let is_first = config.current.is_none();
    config.current.get_or_insert_with(|| name.to_owned());
    config.write()?;
    say(&if is_first {
        format!("Context {name} is there, and used from now on.")
    } else {
        format!("Context {name} is there; `concentric context use {name}` uses it.")
    });
    Ok(())
}

fn path(path: Option<&Path>) -> String {
    path.map_or_else(|| "-".to_owned(), |path| path.display().to_string())
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// Where the configuration is, if this machine says where people keep theirs.
pub(crate) fn config_path() -> Option<PathBuf> {
    file::path().ok()
}

/// A warning about a secret that others on this machine can read.
pub(crate) fn read_by_others(file: &Path) -> Option<String> {
    let mode = file::mode(file)?;
    (mode & 0o077 != 0).then(|| {
        let file = file.display();
        format!(
            "warning: others on this machine can read {file} (mode {mode:04o}); chmod 600 {file}"
        )
    })
}

impl Config {
    fn get(&self, name: &str) -> Result<&Named, Failure> {
        self.contexts.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            let meant = find::did_you_mean(name, &names);
            Failure::Usage(format!(
                "there is no context `{name}`{meant}; `concentric context list` shows what there is"
            ))
        })
    }
}
