//! Servers from npm that the tests use, at the versions of their lock files, each in a directory of its own
//! under the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A server, and where it stands in the repository.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    source: &'static str,
    /// The directory under the target directory.
    home: &'static str,
    name: &'static str,
}

pub(crate) const PROVIDER: Tool = Tool {
    source: "tests/clients/oidc",
    home: "oidc-provider",
    name: "the OpenID Connect provider",
};
pub(crate) const MAIL_SERVER: Tool =
    Tool { source: "tests/clients/smtp", home: "smtp-server", name: "the mail server" };

/// The directory with a server and what it needs, installed when it is not there or not that; none, and
/// why, when it cannot be.
pub(crate) fn installed(tool: Tool) -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let home = std::path::absolute(target.join(tool.home)).map_err(|error| error.to_string())?;
    fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    let stamp = home.join("installed.json");
    let wanted = fs::read_to_string(format!("{}/package-lock.json", tool.source))
        .map_err(|error| error.to_string())?;
    copy(Path::new(tool.source), &home)?;
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(home);
    }
    println!("Installing {} of the tests.", tool.name);
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&home);
    let status = install.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("npm ci: {status}")),
        Err(error) => return Err(format!("npm cannot be run: {error}")),
    }
    fs::write(&stamp, wanted).map_err(|error| error.to_string())?;
    Ok(home)
}

/// Every file of one directory into another.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", from.display());
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).map_err(failed)?;
        }
    }
    Ok(())
}
