//! The data directory and the files beside it. Starts nothing but `initdb`.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::{Account, own_uid};
use crate::error::Error;
use crate::install::{Installation, forget_environment};

/// A socket's path may not be longer: 107 bytes on Linux, 103 elsewhere.
const LONGEST_SOCKET: usize = 103;
const LOG_ROTATES_AT: u64 = 16 << 20;
const ONLY_OWNER: u32 = 0o700;

/// Where everything of one server lives. All absolute, symbolic links resolved.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    pub(crate) parent: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) lock: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) socket: PathBuf,
    /// A cluster in the making: an interrupted `initdb` never looks like a cluster.
    unfinished: PathBuf,
}

impl Paths {
    /// Makes the directories above the data directory, and nothing else.
    pub(crate) fn prepare(data_dir: &Path) -> Result<Self, Error> {
        let bad = || Error::BadPath(data_dir.to_owned());
        let absolute = std::path::absolute(data_dir).map_err(|_| bad())?;
        let parent = absolute.parent().ok_or_else(bad)?;
        let name = absolute.file_name().ok_or_else(bad)?.to_owned();
        fs::create_dir_all(parent).map_err(Error::at(parent))?;
        let parent = parent.canonicalize().map_err(Error::at(parent))?;
        let data = parent.join(&name);
        let data = data.canonicalize().unwrap_or(data);
        let beside = |extension: &str| {
            let mut full = OsString::from(&name);
            full.push(extension);
            parent.join(full)
        };
        let near = beside(".socket");
        let too_long = near.as_os_str().len() + "/.s.PGSQL.5432".len() > LONGEST_SOCKET;
        let far = || PathBuf::from(format!("/tmp/concentric-pg-{:016x}", fingerprint(&data)));
        Ok(Self {
            lock: beside(".lock"),
            log: beside(".log"),
            socket: if too_long { far() } else { near },
            unfinished: beside(".new"),
            data,
            parent,
        })
    }

    /// Major version of the cluster; none when there is no cluster yet.
    pub(crate) fn major(&self) -> Result<Option<u32>, Error> {
        let path = self.data.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let major = text.trim().parse();
                major.map(Some).map_err(|_| Error::NotACluster(self.data.clone()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Io { path, source }),
        }
    }

    /// What makes the server private; the caller's settings come after and may add to it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let socket = format!("\"{}\"", self.socket.display());
        [
            ("listen_addresses", ""),
            ("port", crate::PORT),
            ("unix_socket_directories", &socket),
            ("log_destination", "stderr"),
            ("logging_collector", "off"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    pub(crate) fn prepare_socket_dir(&self, account: Option<&Account>) -> Result<(), Error> {
        private_dir(&self.socket, account)
    }

    /// Appends to the log; a long one makes room first, keeping one predecessor.
    pub(crate) fn open_log(&self) -> Result<File, Error> {
        if self.log.metadata().is_ok_and(|metadata| metadata.len() > LOG_ROTATES_AT) {
            let old = self.log.with_extension("log.old");
            fs::rename(&self.log, &old).map_err(Error::at(&self.log))?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true).open(&self.log).map_err(Error::at(&self.log))
    }

    /// What the server said since the log was that long; the last lines of it.
    pub(crate) fn log_since(&self, length: u64) -> String {
        let mut said = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(length))?;
            log.read_to_end(&mut said)
        });
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        match read {
            Ok(_) if !lines.is_empty() => lines[lines.len().saturating_sub(8)..].join("\n"),
            _ => format!("it said nothing in {}", self.log.display()),
        }
    }
}

/// Runs `initdb` beside the data directory and moves the finished cluster into its place.
pub(crate) fn initialise(
    paths: &Paths,
    installation: &Installation,
    account: Option<&Account>,
) -> Result<(), Error> {
    // Goes away when empty, so that the new cluster can take its place; else it stays untouched.
    match fs::remove_dir(&paths.data) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            return Err(Error::NotACluster(paths.data.clone()));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::Io { path: paths.data.clone(), source: error });
        }
        _ => {}
    }
    // Not every system has C.UTF-8; C sorts the same, only letters beyond ASCII lose their case.
    let outcome = initdb(paths, installation, account, "C.UTF-8")
        .or_else(|_| initdb(paths, installation, account, "C"));
    if outcome.is_err() {
        let _ = fs::remove_dir_all(&paths.unfinished);
    }
    outcome?;
    fs::rename(&paths.unfinished, &paths.data).map_err(Error::at(&paths.data))
}

fn initdb(
    paths: &Paths,
    installation: &Installation,
    account: Option<&Account>,
    locale: &str,
) -> Result<(), Error> {
    if paths.unfinished.exists() {
        fs::remove_dir_all(&paths.unfinished).map_err(Error::at(&paths.unfinished))?;
    }
    private_dir(&paths.unfinished, account)?;
    let program = || "initdb".to_owned();
    let mut command = Command::new(installation.program("initdb"));
    forget_environment(&mut command);
    command
        .args(["-U", crate::SUPERUSER, "-E", "UTF8", "--data-checksums"])
        .args(["--auth-local=trust", "--auth-host=reject"])
        .arg(format!("--locale={locale}"))
        .arg("-D")
        .arg(&paths.unfinished)
        .current_dir("/");
    if let Some(account) = account {
        account.run(&mut command);
    }
    let output = command.output();
    let output = output.map_err(|source| Error::Run { program: program(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Failed { program: program(), said })
}

/// A directory for the server alone. One that is there already must not be someone else's: `/tmp`
/// is open to everyone.
fn private_dir(directory: &Path, account: Option<&Account>) -> Result<(), Error> {
    match DirBuilder::new().mode(ONLY_OWNER).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(directory).map_err(Error::at(directory))?;
            let own = own_uid()?;
            let ours = found.uid() == own || account.is_some_and(|one| one.uid == found.uid());
            if !ours || !found.is_dir() {
                return Err(Error::Foreign { directory: directory.to_owned(), uid: found.uid() });
            }
            let private = Permissions::from_mode(ONLY_OWNER);
            fs::set_permissions(directory, private).map_err(Error::at(directory))?;
        }
        outcome => outcome.map_err(Error::at(directory))?,
    }
    account.map_or(Ok(()), |account| account.own(directory))
}

/// FNV-1a: the same path gives the same name with every compiler.
fn fingerprint(path: &Path) -> u64 {
    path.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Paths;

    #[test]
    fn a_long_path_keeps_its_socket_elsewhere() {
        let near = Paths::prepare(Path::new("/tmp/data")).expect("a path");
        assert_eq!(near.socket, Path::new("/tmp/data.socket"));
        let far = Paths::prepare(&Path::new("/tmp").join("x".repeat(100))).expect("a path");
        assert_eq!(far.socket.parent(), Some(Path::new("/tmp")));
        assert!(far.socket.as_os_str().len() < 50);
    }
}
