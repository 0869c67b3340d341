//! Finds the PostgreSQL programs that are installed on this machine. Installs nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

/// The server programs of one PostgreSQL version, all in one directory.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub(crate) bin: PathBuf,
    major: u32,
}

/// Whether a server could be started on this machine; an error when `CONCENTRIC_PG_BIN` is wrong.
pub fn is_installed() -> Result<bool, Error> {
    installations().map(|found| !found.is_empty())
}

impl Installation {
    /// The installation that fits an existing cluster, or the newest for a new one.
    pub(crate) fn for_cluster(cluster: Option<u32>, data_dir: &Path) -> Result<Self, Error> {
        let mut found = installations()?;
        let Some(cluster) = cluster else {
            return found.pop_last().map(|(_, newest)| newest).ok_or(Error::NotInstalled);
        };
        if found.is_empty() {
            return Err(Error::NotInstalled);
        }
        found.remove(&cluster).ok_or_else(|| {
            let majors: Vec<String> = found.keys().map(ToString::to_string).collect();
            let data_dir = data_dir.to_owned();
            Error::OtherMajor { data_dir, cluster, installed: majors.join(", ") }
        })
    }

    /// A directory counts when it holds both programs and the server tells its version.
    fn in_dir(bin: PathBuf) -> Option<Self> {
        if !bin.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
        let major = parse_major(&String::from_utf8(output.stdout).ok()?)?;
        Some(Self { bin, major })
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// Bundled builds leave `psql` out; any other one will do.
    pub(crate) fn psql(&self) -> Option<PathBuf> {
        let beside = self.program("psql");
        let on_path = path_entries().into_iter().map(|entry| entry.join("psql"));
        std::iter::once(beside).chain(on_path).find(|psql| psql.is_file())
    }
}

/// By major version. An explicit directory is used alone, so that a typo never goes unnoticed.
fn installations() -> Result<BTreeMap<u32, Installation>, Error> {
    let mut found = BTreeMap::new();
    if let Some(named) = std::env::var_os("CONCENTRIC_PG_BIN").filter(|named| !named.is_empty()) {
        let bin = PathBuf::from(named);
        let one = bin.canonicalize().ok().and_then(Installation::in_dir);
        let one = one.ok_or(Error::NotABinDir(bin))?;
        found.insert(one.major, one);
        return Ok(found);
    }
    let on_path = path_entries().into_iter().filter_map(|entry| {
        // Distributions link single programs into the path: the real directory has them all.
        Some(entry.join("postgres").canonicalize().ok()?.parent()?.to_owned())
    });
    let debian = children(Path::new("/usr/lib/postgresql")).map(|child| child.join("bin"));
    let red_hat = children(Path::new("/usr"))
        .filter(|child| {
            child.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgsql-"))
        })
        .map(|child| child.join("bin"));
    for one in on_path.chain(debian).chain(red_hat).filter_map(Installation::in_dir) {
        found.entry(one.major).or_insert(one);
    }
    Ok(found)
}

fn path_entries() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

fn children(directory: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-1)` and `postgres (PostgreSQL) 19beta1`.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.strip_prefix("postgres (PostgreSQL) ")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// PostgreSQL's programs read many settings from the environment; ours must not depend on them.
pub(crate) fn forget_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").env("LANGUAGE", "C");
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(parse_major(debian), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(parse_major("something else 15"), None);
    }
}
