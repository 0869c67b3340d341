//! Everything that can go wrong between "no server" and "server ready", each with what to do.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No PostgreSQL server was found on this machine.
    #[error(
        "PostgreSQL is not installed. Do one of these: \
         install it (`apt install postgresql` or your system's package); \
         name the directory of its programs in CONCENTRIC_PG_BIN; \
         or name a running server in CONCENTRIC_DATABASE_URL"
    )]
    NotInstalled,
    /// `CONCENTRIC_PG_BIN` names a directory without a PostgreSQL server.
    #[error("CONCENTRIC_PG_BIN is {}, which lacks a working `postgres` or `initdb`", .0.display())]
    NotABinDir(PathBuf),
    /// The cluster was made by a major version that is not installed.
    #[error(
        "{} belongs to PostgreSQL {cluster}, but only {installed} is installed. Install \
         PostgreSQL {cluster}, or upgrade the directory with pg_upgrade", data_dir.display()
    )]
    OtherMajor {
        /// The cluster.
        data_dir: PathBuf,
        /// Its major version.
        cluster: u32,
        /// The major versions on this machine.
        installed: String,
    },
    /// Another server runs on the data directory.
    #[error("{} is in use by process {pid}", data_dir.display())]
    InUse {
        /// The cluster.
        data_dir: PathBuf,
        /// The server, or the program that is about to start it.
        pid: u32,
    },
    /// The directory holds something that is not a cluster.
    #[error("{} is neither empty nor a PostgreSQL data directory", .0.display())]
    NotACluster(PathBuf),
    /// The path cannot name a data directory.
    #[error("{} cannot be a data directory", .0.display())]
    BadPath(PathBuf),
    /// Running as root, and there is no other account to run the server as.
    #[error("PostgreSQL refuses to run as root, and neither `postgres` nor `nobody` exists")]
    NoAccount,
    /// The server's account cannot pass through a directory.
    #[error(
        "{} is closed to the account `{account}`, which runs PostgreSQL because this program runs \
         as root. Use a path outside it, or let others pass (chmod o+x)", directory.display()
    )]
    Closed {
        /// The directory that stops it.
        directory: PathBuf,
        /// Who is stopped.
        account: String,
    },
    /// A directory that should be ours belongs to someone else.
    #[error("{} belongs to another account (uid {uid}); remove it", directory.display())]
    Foreign {
        /// The directory.
        directory: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// The server ended while starting.
    #[error("PostgreSQL did not start: {said}")]
    Start {
        /// The end of its log.
        said: String,
    },
    /// The server runs but accepts no connections.
    #[error("PostgreSQL was not ready after {} s; see {}", waited.as_secs(), log.display())]
    NotReady {
        /// How long it was given.
        waited: Duration,
        /// Its log.
        log: PathBuf,
    },
    /// The server did not answer a fast shutdown and was ended the hard way.
    #[error("PostgreSQL did not shut down in time and was ended; it will recover when started")]
    StoppedHard,
    /// `psql` is neither beside the server nor on the path.
    #[error("`psql` is not installed")]
    NoPsql,
    /// Not a plain identifier.
    #[error("`{name}` is no database name: use lower-case letters, digits and underscores")]
    DatabaseName {
        /// The name.
        name: String,
    },
    /// One of PostgreSQL's programs reported a failure.
    #[error("{program} failed: {said}")]
    Failed {
        /// The program.
        program: String,
        /// What it printed.
        said: String,
    },
    /// A program could not be run at all.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A file or directory could not be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: an I/O error that remembers its path.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
