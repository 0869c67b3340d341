//! Runs other programs from the root of the workspace and hands their exit codes on.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::Outcome;

pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(root());
    cargo
}

/// A program that cargo built beside this one: one target directory, whatever it is called.
pub(crate) fn binary(name: &str) -> Result<PathBuf, String> {
    let here = std::env::current_exe().map_err(|error| format!("cannot find myself: {error}"))?;
    Ok(here.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// The same, built with `--release`.
pub(crate) fn released(name: &str) -> Result<PathBuf, String> {
    let beside = binary(name)?;
    let (folder, file) = (beside.parent().and_then(Path::parent), beside.file_name());
    let (Some(folder), Some(file)) = (folder, file) else {
        return Err(format!("cannot find {name} beside {}", beside.display()));
    };
    Ok(folder.join("release").join(file))
}

pub(crate) fn run(command: &mut Command) -> Outcome {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("cannot run {program}: {error}"))?;
    // Ended by a signal: there is no code to hand on.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Runs a program in the place of this one: an interrupt from the keyboard reaches both, and the
/// program needs a moment to end in order, which this one would not wait for.
pub(crate) fn become_program(command: &mut Command) -> Outcome {
    #[cfg(unix)]
    {
        let error = std::os::unix::process::CommandExt::exec(command);
        Err(format!("cannot run {}: {error}", command.get_program().to_string_lossy()))
    }
    #[cfg(not(unix))]
    run(command)
}

pub(crate) fn passed(outcome: ExitCode) -> bool {
    outcome == ExitCode::SUCCESS
}
