//! A real PostgreSQL that the program starts itself: installed binaries, a private Unix socket, no
//! port and no password. Running as root it drops to another account, as PostgreSQL demands.
//!
//! Never downloads anything, never listens on the network, never touches a directory that is
//! neither empty nor a cluster.

mod account;
mod cluster;
mod error;
mod install;
mod occupancy;
mod postmaster;

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use error::Error;
pub use install::is_installed;

use account::Account;
use cluster::Paths;
use install::Installation;
use postmaster::Postmaster;

/// The superuser that every cluster made here has.
const SUPERUSER: &str = "postgres";
/// Names the socket file only; nothing listens on the network.
const PORT: &str = "5432";
/// Crash recovery of a large cluster is allowed to take its time.
const READY_WITHIN: Duration = Duration::from_mins(10);
const POLL: Duration = Duration::from_millis(10);

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The cluster; made when missing. `<data_dir>.lock`, `.log` and `.socket` live beside it.
    pub data_dir: PathBuf,
    /// Further server settings, each given to the server as `-c name=value`.
    pub settings: Vec<(String, String)>,
}

/// A running server. Dropping it shuts the server down; so does the death of the process.
#[derive(Debug)]
pub struct Postgres {
    installation: Installation,
    paths: Paths,
    postmaster: Postmaster,
    /// Held for as long as the server may run; the kernel releases it when this process dies.
    _lock: File,
}

impl Postgres {
    /// Starts the server on its data directory and returns once it accepts connections.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let paths = Paths::prepare(&options.data_dir)?;
        let lock = occupancy::claim(&paths)?;
        let installation = Installation::for_cluster(paths.major()?, &paths.data)?;
        let account = Account::for_cluster(&paths)?;
        if let Some(account) = &account {
            account.must_reach(&paths.parent)?;
            account.must_reach(&installation.bin)?;
        }
        if paths.major()?.is_none() {
            cluster::initialise(&paths, &installation, account.as_ref())?;
        }
        paths.prepare_socket_dir(account.as_ref())?;
        let mut arguments = vec!["-D".to_owned(), paths.data.display().to_string()];
        for (name, value) in paths.settings().iter().chain(&options.settings) {
            arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
        let log = paths.open_log()?;
        let written = log.metadata().map_or(0, |metadata| metadata.len());
        let program = installation.program("postgres");
        let command = postmaster::command(&program, &arguments, account.as_ref(), log)?;
        let postmaster = Postmaster::spawn(command)?;
        let postgres = Self { installation, paths, postmaster, _lock: lock };
        postgres.wait_until_ready(written)?;
        Ok(postgres)
    }

    /// The directory that holds the server's socket; only the server's account may enter.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.paths.socket
    }

    /// Process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.postmaster.pid()
    }

    /// Where sqlx and libpq find a database of this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let host = percent_encoded(&self.paths.socket.to_string_lossy());
        let database = percent_encoded(database);
        format!("postgres://{SUPERUSER}@localhost:{PORT}/{database}?host={host}")
    }

    /// A `psql` that is connected to one database and stops at the first error.
    pub fn psql(&self, database: &str) -> Result<Command, Error> {
        let mut psql = Command::new(self.installation.psql().ok_or(Error::NoPsql)?);
        install::forget_environment(&mut psql);
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-p", PORT, "-U", SUPERUSER, "-h"])
            .arg(&self.paths.socket)
            .args(["-d", database]);
        Ok(psql)
    }

    /// Creates a database unless it is there. The name is a plain lower-case identifier.
    pub fn create_database_if_missing(&self, name: &str) -> Result<(), Error> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 63 || !name.chars().all(plain) {
            return Err(Error::DatabaseName { name: name.to_owned() });
        }
        let found = self.query(&format!("select 1 from pg_database where datname = '{name}'"))?;
        if found.trim().is_empty() {
            self.query(&format!("create database \"{name}\""))?;
        }
        Ok(())
    }

    /// Fast shutdown: sessions are ended, everything committed is on disk, the server is gone.
    pub fn stop(mut self) -> Result<(), Error> {
        self.postmaster.stop()
    }

    fn query(&self, sql: &str) -> Result<String, Error> {
        let output = self.psql("postgres")?.args(["-A", "-t", "-c", sql]).output();
        let output = output.map_err(|source| Error::Run { program: "psql".into(), source })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::Failed { program: "psql".into(), said });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn wait_until_ready(&self, log_before: u64) -> Result<(), Error> {
        let began = Instant::now();
        let socket = self.paths.socket.join(format!(".s.PGSQL.{PORT}"));
        loop {
            let ready = occupancy::PidFile::read(&self.paths.data)
                .is_some_and(|file| file.pid == self.pid() && file.is_ready());
            if ready && UnixStream::connect(&socket).is_ok() {
                return Ok(());
            }
            if self.postmaster.has_exited() {
                return Err(Error::Start { said: self.paths.log_since(log_before) });
            }
            if began.elapsed() > READY_WITHIN {
                return Err(Error::NotReady { waited: READY_WITHIN, log: self.paths.log.clone() });
            }
            sleep(POLL);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nothing is left to report to; the next start recovers from whatever this leaves.
        let _ = self.postmaster.stop();
        let _ = std::fs::remove_dir(&self.paths.socket);
    }
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
