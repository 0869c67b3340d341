//! Who uses a data directory. One program at a time, by a lock that the kernel releases when the
//! program dies; a server that outlived its program is waited for, then asked to go.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::cluster::Paths;
use crate::error::Error;
use crate::postmaster::{Signal, send};

const POLL: Duration = Duration::from_millis(50);
/// A process that is being spawned holds a copy of the lock until it execs.
const LOCK_SETTLES_WITHIN: Duration = Duration::from_millis(500);
const SHUTS_DOWN_WITHIN: Duration = Duration::from_secs(10);
/// A server whose program was killed hears of it from the kernel; past this it is told again.
const HEARS_WITHIN: Duration = Duration::from_secs(1);

/// The parts of `postmaster.pid` that matter here: its first and eighth line.
#[derive(Debug)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    status: String,
}

impl PidFile {
    pub(crate) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let pid = text.lines().next()?.trim().parse().ok()?;
        let status = text.lines().nth(7).unwrap_or_default().trim().to_owned();
        Some(Self { pid, status })
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.status == "ready"
    }

    fn is_stopping(&self) -> bool {
        self.status == "stopping"
    }
}

/// Takes the data directory for this process, until the returned file is dropped.
pub(crate) fn claim(paths: &Paths) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).read(true).write(true);
    let mut lock = options.open(&paths.lock).map_err(Error::at(&paths.lock))?;
    let began = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(source)) => {
                return Err(Error::Io { path: paths.lock.clone(), source });
            }
            Err(TryLockError::WouldBlock) => {}
        }
        let server = PidFile::read(&paths.data);
        let stopping = server.as_ref().is_some_and(PidFile::is_stopping);
        let patience = if stopping { SHUTS_DOWN_WITHIN } else { LOCK_SETTLES_WITHIN };
        if began.elapsed() > patience {
            let holder = server.map_or_else(|| written_pid(&mut lock), |server| server.pid);
            return Err(Error::InUse { data_dir: paths.data.clone(), pid: holder });
        }
        sleep(POLL);
    }
    let pid = format!("{}\n", std::process::id());
    let written = lock.set_len(0).and_then(|()| lock.rewind());
    written.and_then(|()| lock.write_all(pid.as_bytes())).map_err(Error::at(&paths.lock))?;
    outlast_orphan(paths)?;
    Ok(lock)
}

fn written_pid(lock: &mut File) -> u32 {
    let mut text = String::new();
    let read = lock.read_to_string(&mut text);
    read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or_default()
}

/// With the lock in hand, a server on the directory is one whose program is dead, or one that
/// somebody started by hand. The first is ours to end, the second is not.
fn outlast_orphan(paths: &Paths) -> Result<(), Error> {
    let started_as = fs::read_to_string(paths.data.join("postmaster.opts")).unwrap_or_default();
    let ours = started_as.contains(&*paths.socket.to_string_lossy());
    let began = Instant::now();
    let mut told = false;
    while let Some(server) = PidFile::read(&paths.data) {
        match occupant(server.pid, &paths.data) {
            Occupant::Server => {}
            Occupant::Nobody => return Ok(()),
            Occupant::Stranger => {
                // The number was given to another process since; PostgreSQL could be misled.
                let stale = paths.data.join("postmaster.pid");
                return fs::remove_file(&stale).map_err(Error::at(&stale));
            }
        }
        let heard = began.elapsed() > HEARS_WITHIN;
        let in_use = Error::InUse { data_dir: paths.data.clone(), pid: server.pid };
        if began.elapsed() > SHUTS_DOWN_WITHIN || (heard && !ours && !server.is_stopping()) {
            return Err(in_use);
        }
        if heard && !told && !server.is_stopping() {
            told = true;
            send(Signal::FastShutdown, server.pid);
        }
        sleep(POLL);
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Occupant {
    Nobody,
    Server,
    Stranger,
}

/// What runs under a pid. A server always works in its data directory.
fn occupant(pid: u32, data: &Path) -> Occupant {
    let process = Path::new("/proc").join(pid.to_string());
    if !Path::new("/proc/self").exists() {
        return if send(Signal::Nothing, pid) { Occupant::Server } else { Occupant::Nobody };
    }
    let Ok(stat) = fs::read_to_string(process.join("stat")) else { return Occupant::Nobody };
    // "pid (name) state ...": the name may hold anything, so look behind its last bracket.
    let Some((head, tail)) = stat.rsplit_once(')') else { return Occupant::Nobody };
    if tail.trim_start().starts_with('Z') {
        return Occupant::Nobody;
    }
    let is_server = match fs::read_link(process.join("cwd")) {
        Ok(directory) => directory == data,
        // Root without the right to trace cannot look; the name has to do.
        Err(_) => head.ends_with("(postgres"),
    };
    if is_server { Occupant::Server } else { Occupant::Stranger }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Occupant, PidFile, occupant};

    #[test]
    fn the_pid_file_tells_who_and_how_far() {
        let text = "4711\n/data\n1700000000\n5432\n/socket\n\n  5432001  32768\nready   \n";
        let file = PidFile::parse(text).expect("a pid file");
        assert_eq!(file.pid, 4711);
        assert!(file.is_ready() && !file.is_stopping());
        assert!(!PidFile::parse("12\n").expect("a pid file").is_ready());
        assert!(PidFile::parse("").is_none());
    }

    #[test]
    fn another_process_under_the_pid_is_a_stranger() {
        assert_eq!(occupant(std::process::id(), Path::new("/nowhere")), Occupant::Stranger);
    }
}
