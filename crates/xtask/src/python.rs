//! Python tools that the tests use, at the versions of `tests/clients/requirements.txt`, in a directory of
//! their own under the target directory.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const REQUIREMENTS: &str = "tests/clients/requirements.txt";

/// The Python of the tools, installed when they are not there or not those; none, and why, when they
/// cannot be.
pub(crate) fn tools() -> Result<PathBuf, String> {
    let wanted = fs::read_to_string(REQUIREMENTS).map_err(|error| error.to_string())?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let home =
        std::path::absolute(target.join("python-tools")).map_err(|error| error.to_string())?;
    let (python, stamp) = (home.join("bin/python"), home.join("requirements.txt"));
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    println!("Installing the Python tools of the tests.");
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home)).or_else(|_| {
        crate::database::install(&["python3-venv"])?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))
    })?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    run(Command::new(&python).args(install).arg(REQUIREMENTS))?;
    fs::write(&stamp, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
