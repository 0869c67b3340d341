//! A throw-away PostgreSQL for one task, installed first where that is possible.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use embedded_postgres::{Error, Options, Postgres};

/// Many small databases at once. What commits still reaches the disk, as in production.
pub(crate) const TESTS: &[(&str, &str)] =
    &[("max_connections", "200"), ("shared_buffers", "256MB"), ("max_wal_size", "4GB")];

const PREFIX: &str = "concentric-xtask-";

/// A directory that the server's account can reach and that goes away with the task. An
/// interrupted task leaves it to the next one.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // A TMPDIR of root's own would be closed to the server's account.
        let parent = Path::new("/tmp");
        remove_abandoned(parent);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn remove_abandoned(parent: &Path) {
    // Only Linux tells here which processes are alive.
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        let Some(Ok(pid)) = owner.map(str::parse::<u32>) else { continue };
        if !Path::new("/proc").join(pid.to_string()).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

pub(crate) fn start(scratch: &Scratch, settings: &[(&str, &str)]) -> Result<Postgres, String> {
    install_if_missing()?;
    let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let data_dir = scratch.path().join("postgres");
    let options = Options { data_dir, settings: settings.collect() };
    Postgres::start(&options).map_err(|error| error.to_string())
}

pub(crate) fn stop(postgres: Postgres) -> Result<(), String> {
    postgres.stop().map_err(|error| error.to_string())
}

/// Only root may install packages, and only apt is known here; everyone else is told what to do.
pub(crate) fn install_if_missing() -> Result<(), String> {
    let installed = || embedded_postgres::is_installed().map_err(|error| error.to_string());
    if installed()? {
        return Ok(());
    }
    if may_install() {
        println!("Installing PostgreSQL (apt-get install postgresql).");
        apt_get(&["update"])?;
        apt_get(&["install", "-y", "--no-install-recommends", "postgresql"])?;
    }
    if installed()? { Ok(()) } else { Err(Error::NotInstalled.to_string()) }
}

fn may_install() -> bool {
    let id = Command::new("id").arg("-u").output();
    let is_root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && Command::new("apt-get").arg("--version").stdout(Stdio::null()).status().is_ok()
}

/// Installs packages where that is possible.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    if !may_install() {
        return Err(format!("missing: {}; an administrator can install that", packages.join(" ")));
    }
    apt_get(&["update"])?;
    apt_get(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

/// Reads again which packages there are.
pub(crate) fn update() -> Result<(), String> {
    if may_install() { apt_get(&["update"]) } else { Err("only root may".to_owned()) }
}

fn apt_get(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    command.arg("-qq").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    let output = command.output().map_err(|error| format!("cannot run apt-get: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("apt-get {} failed:\n{said}", arguments.join(" ")))
}
