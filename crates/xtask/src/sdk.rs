//! `cargo xtask sdk`: Microsoft's own Graph SDK for Python against the simulator.
//!
//! Not part of the tests: the SDK is a download of 600 MB unpacked. It goes into a virtual
//! environment under `target/sdk`, once per change of the requirements.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::Outcome;
use crate::process::{cargo, passed, root, run};

pub(crate) fn check() -> Outcome {
    let scripts = root().join("crates/simulator/tests/sdk");
    let Some(python) = environment(&scripts.join("requirements.txt"))? else {
        return Ok(ExitCode::SUCCESS);
    };
    let built = run(&mut cargo(["build", "-p", "concentric-simulator", "--example", "serve"]))?;
    if !passed(built) {
        return Ok(built);
    }
    let mut serving = cargo(["run", "-q", "-p", "concentric-simulator", "--example", "serve"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the simulator: {error}"))?;
    let mut address = String::new();
    if let Some(output) = serving.stdout.take() {
        let read = BufReader::new(output).read_line(&mut address);
        read.map_err(|error| format!("cannot read the simulator's address: {error}"))?;
    }
    let outcome = run(Command::new(python).arg(scripts.join("check.py")).arg(address.trim()));
    // It serves until its input ends.
    drop(serving.stdin.take());
    serving.wait().map_err(|error| format!("the simulator did not end: {error}"))?;
    outcome
}

/// The Python that has the SDK; `None`, with the reason said, where it cannot be had.
fn environment(requirements: &Path) -> Result<Option<PathBuf>, String> {
    let folder = root().join("target/sdk");
    let python = folder.join("venv/bin/python");
    let stamp = folder.join("installed.txt");
    let wanted = std::fs::read_to_string(requirements)
        .map_err(|error| format!("cannot read {}: {error}", requirements.display()))?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Some(python));
    }
    let venv = folder.join("venv");
    if !succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv)) {
        println!("sdk: skipped, there is no python3 here that makes virtual environments");
        return Ok(None);
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    if !succeeds(install.arg(requirements)) {
        println!("sdk: skipped, the packages in {} cannot be installed", requirements.display());
        return Ok(None);
    }
    std::fs::write(&stamp, wanted)
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(Some(python))
}

fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}
