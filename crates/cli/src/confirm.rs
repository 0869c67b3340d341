//! Asks before something happens that is hard to take back. Pausing is not among it.

use std::io::{BufRead, IsTerminal};
use std::sync::OnceLock;

use api_types::{Explanation, Rollout};

use crate::failure::Failure;
use crate::output::say;

/// What a person can do to a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Pause,
    Resume,
    Promote,
    Rollback,
    Cancel,
}

impl Deed {
    /// As in the API's path and in `explain`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Cancel => "cancel",
        }
    }

    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Pause => "paused; no new offer is decided from now on",
            Self::Resume => "resumed",
            Self::Promote => "promoted",
            Self::Rollback => "rollback begun; `rollout get --watch` follows it",
            Self::Cancel => "cancelled",
        }
    }
}

/// Whether this run asks at all. One for the whole process, like the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Where there is a terminal.
    Terminal,
    /// `--no-input`.
    Never,
    /// `--dry-run`: nothing happens, so there is nothing to confirm.
    Needless,
}

static ASKING: OnceLock<Asking> = OnceLock::new();

/// Once, before any command runs.
pub(crate) fn set(asking: Asking) {
    // It was set before only if a test did so.
    let _ = ASKING.set(asking);
}

fn asking() -> Asking {
    ASKING.get().copied().unwrap_or(Asking::Terminal)
}

/// Whether there is somebody to ask, or no need to.
pub(crate) fn can_ask(yes: bool) -> Result<(), Failure> {
    let is_terminal = || std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let why = match asking() {
        _ if yes => return Ok(()),
        Asking::Needless => return Ok(()),
        Asking::Terminal if is_terminal() => return Ok(()),
        Asking::Terminal => "there is no terminal to ask at",
        Asking::Never => "--no-input says not to ask",
    };
    Err(Failure::Usage(format!(
        "this asks for confirmation, and {why}; add --yes if you mean it, and --reason to have the \
         history say why"
    )))
}

/// Says what will happen and wants the release's name typed.
pub(crate) fn ask(deed: Deed, rollout: &Rollout, why: &Explanation) -> Result<(), Failure> {
    for line in question(deed, rollout, why) {
        say(&line);
    }
    if asking() == Asking::Needless {
        return Ok(());
    }
    confirmed(&rollout.release_name, &mut std::io::stdin().lock())
}

/// Wants a name typed. What it is about was said before.
pub(crate) fn typed(name: &str) -> Result<(), Failure> {
    if asking() == Asking::Needless {
        return Ok(());
    }
    say(&format!("Type its name ({name}) to go on:"));
    confirmed(name, &mut std::io::stdin().lock())
}

/// Wants `yes` typed, unless it was said on the command line. What it is about was said before.
pub(crate) fn agree(question: &str, yes: bool) -> Result<(), Failure> {
    if yes || asking() == Asking::Needless {
        return Ok(());
    }
    can_ask(yes)?;
    say(&format!("{question} Type yes to go on:"));
    confirmed("yes", &mut std::io::stdin().lock())
}

fn question(deed: Deed, rollout: &Rollout, why: &Explanation) -> Vec<String> {
    let action = why.actions.iter().find(|action| action.action == deed.word());
    let text = action.map_or(why.summary.as_str(), |action| action.text.as_str());
    let refused = action.is_some_and(|action| !action.allowed);
    let mut lines = vec![format!("{} of {}:", deed.word(), rollout.release_name)];
    lines.push(format!("  {text}"));
    if refused {
        lines.push("  The service will refuse this as things stand.".to_owned());
    }
    lines.push(format!("Type the release's name ({}) to go on:", rollout.release_name));
    lines
}

fn confirmed(name: &str, input: &mut impl BufRead) -> Result<(), Failure> {
    let mut line = String::new();
    let read = input.read_line(&mut line);
    if read.is_ok() && line.trim() == name { Ok(()) } else { Err(Failure::Declined) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_itself_confirms() {
        let answer = |typed: &str| confirmed("2026-11 B", &mut typed.as_bytes()).is_ok();
        assert!(answer("2026-11 B\n"));
        assert!(answer("  2026-11 B \r\n"));
        assert!(!answer("y\n"));
        assert!(!answer("2026-11 b\n"));
        assert!(!answer("\n"));
        assert!(!answer(""), "the end of the input confirms nothing");
    }
}
