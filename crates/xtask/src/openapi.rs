//! Keeps `docs/openapi.json` equal to what the handlers say. The document comes from an example of
//! the API crate, so that this crate need not import it.

use std::fs;
use std::process::ExitCode;

use crate::Outcome;
use crate::process::{cargo, root};
use crate::queries::Mode;

pub(crate) fn document(mode: Mode) -> Outcome {
    let path = root().join("docs/openapi.json");
    let said = cargo(["run", "--quiet", "--package", "concentric-api", "--example", "openapi"])
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !said.status.success() {
        return Err("the API does not describe itself; see above".to_owned());
    }
    match mode {
        Mode::Write => fs::write(&path, &said.stdout)
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| format!("{}: {error}", path.display())),
        Mode::Check if fs::read(&path).is_ok_and(|kept| kept == said.stdout) => {
            Ok(ExitCode::SUCCESS)
        }
        Mode::Check => Err("docs/openapi.json is stale: run `cargo xtask openapi`".to_owned()),
    }
}
