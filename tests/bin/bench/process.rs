//! The server that is measured, as a process of its own.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Outcome;

const PATIENCE: Duration = Duration::from_mins(1);

/// Time as the server and the simulators have it: from `start` on, at the speed of the wall's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) start: DateTime<Utc>,
    pub(crate) anchor: SystemTime,
}

impl Clock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let passed = SystemTime::now().duration_since(self.anchor).unwrap_or_default();
        self.start + TimeDelta::from_std(passed).unwrap_or_default()
    }
}

/// What of the server is in memory, now and at most, in megabytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) most: f64,
}

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    /// The most memory before the system's count of it began anew.
    earlier: Cell<f64>,
}

impl Process {
    pub(crate) async fn start(url: &str, data_dir: &Path, clock: Clock) -> Outcome<Self> {
        let program = std::env::current_exe()?.with_file_name("system-test-server");
        let anchor = clock.anchor.duration_since(UNIX_EPOCH)?.as_millis();
        let log = std::env::var_os("CONCENTRIC_TEST_LOG").is_some();
        let mut child = Command::new(program)
            .args([url, "127.0.0.1:0"])
            .arg(data_dir)
            .args([clock.start.to_rfc3339(), anchor.to_string(), "1".to_owned()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if log { Stdio::inherit() } else { Stdio::null() })
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut token = None;
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                match line.split_once(' ') {
                    Some(("token", text)) => token = Some(text.to_owned()),
                    Some(("ready", address)) => return Ok(address.parse()?),
                    _ => {}
                }
            }
            Outcome::<SocketAddr>::Err("the server ended before it was ready".into())
        };
        let address = tokio::time::timeout(PATIENCE, ready).await??;
        Ok(Self { child, address, token: token.ok_or("no first token")?, earlier: Cell::new(0.0) })
    }

    /// Only Linux tells; elsewhere this is an error.
    pub(crate) fn memory(&self) -> Outcome<Memory> {
        let Memory { resident, most } = self.told()?;
        Ok(Memory { resident, most: most.max(self.earlier.get()) })
    }

    /// What is in memory now, and counts what is there at most from here on: see [`Self::most_since`].
    pub(crate) fn count_anew(&self) -> Outcome<f64> {
        let Memory { resident, most } = self.told()?;
        self.earlier.set(most.max(self.earlier.get()));
        let id = self.child.id().ok_or("the server has ended")?;
        // Of proc(5): 5 sets the peak of the resident set to what it is now.
        std::fs::write(format!("/proc/{id}/clear_refs"), "5")?;
        Ok(resident)
    }

    /// At most since [`Self::count_anew`], in megabytes.
    pub(crate) fn most_since(&self) -> Outcome<f64> {
        Ok(self.told()?.most)
    }

    fn told(&self) -> Outcome<Memory> {
        let id = self.child.id().ok_or("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let megabytes = |name: &str| -> Outcome<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|line| line.split_whitespace().next());
            Ok(kilobytes.ok_or("no memory in the status")?.parse::<f64>()? / 1024.0)
        };
        Ok(Memory { resident: megabytes("VmRSS:")?, most: megabytes("VmHWM:")? })
    }

    /// The end of its input tells the server to stop.
    pub(crate) async fn stop(mut self) -> Outcome<()> {
        drop(self.child.stdin.take());
        if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
            self.child.kill().await?;
            return Err("the server did not stop by itself".into());
        }
        Ok(())
    }
}
