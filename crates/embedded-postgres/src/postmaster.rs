//! The server process: started so that it never outlives this process, and shut down in order.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::error::Error;
use crate::install::forget_environment;

const POLL: Duration = Duration::from_millis(10);
/// A fast shutdown writes a checkpoint, which takes a while after a bulk load.
const FAST_WITHIN: Duration = Duration::from_mins(1);
const IMMEDIATE_WITHIN: Duration = Duration::from_secs(5);

/// What PostgreSQL's signals mean to it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    FastShutdown,
    ImmediateShutdown,
    /// Asks only whether the process exists.
    Nothing,
}

/// Sends a signal by the shell, which every Unix has; tells whether it arrived.
pub(crate) fn send(signal: Signal, pid: u32) -> bool {
    let name = match signal {
        Signal::FastShutdown => "INT",
        Signal::ImmediateShutdown => "QUIT",
        Signal::Nothing => "0",
    };
    let mut kill = Command::new("/bin/sh");
    kill.args(["-c", "kill -\"$1\" \"$2\" 2>/dev/null", "sh", name, &pid.to_string()]);
    kill.status().is_ok_and(|status| status.success())
}

/// The server's command line, under its account. Where `setpriv` exists the kernel shuts the
/// server down when this process dies, however it dies.
pub(crate) fn command(
    program: &Path,
    arguments: &[String],
    account: Option<&Account>,
    log: File,
) -> Result<Command, Error> {
    let mut command = if follows_parent() {
        let mut setpriv = Command::new("setpriv");
        setpriv.args(["--pdeathsig", "INT"]);
        if let Some(Account { uid, gid, .. }) = account {
            let (uid, gid) = (uid.to_string(), gid.to_string());
            setpriv.args(["--reuid", &uid, "--regid", &gid, "--clear-groups"]);
        }
        setpriv.arg("--").arg(program);
        setpriv
    } else {
        let mut plain = Command::new(program);
        if let Some(account) = account {
            account.run(&mut plain);
        }
        plain
    };
    forget_environment(&mut command);
    let log_too = log.try_clone().map_err(Error::at(program))?;
    command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(log).stderr(log_too);
    // Ctrl-C in a terminal is for this process: the server is needed until the last request ends.
    command.process_group(0);
    Ok(command)
}

fn follows_parent() -> bool {
    let mut probe = Command::new("setpriv");
    probe.args(["--pdeathsig", "INT", "--", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

#[derive(Debug)]
enum Order {
    TellWhetherExited(Sender<bool>),
    Stop(Sender<Result<(), Error>>),
}

/// A running server, owned by a thread of its own: the kernel ties a child's life to the thread
/// that spawned it, so that thread has to stay for as long as the server does.
#[derive(Debug)]
pub(crate) struct Postmaster {
    pid: u32,
    orders: Sender<Order>,
}

impl Postmaster {
    pub(crate) fn spawn(command: Command) -> Result<Self, Error> {
        let program = command.get_program().to_string_lossy().into_owned();
        let failed = |source| Error::Run { program, source };
        let (started, starting) = mpsc::channel();
        let (orders, received) = mpsc::channel();
        let thread = thread::Builder::new().name("postgres".to_owned());
        let spawned = thread.spawn(move || keep(command, &started, &received));
        match spawned.map(|_| starting.recv()) {
            Ok(Ok(Ok(pid))) => Ok(Self { pid, orders }),
            Ok(Ok(Err(source))) | Err(source) => Err(failed(source)),
            Ok(Err(_)) => Err(failed(io::Error::other("its thread ended"))),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn has_exited(&self) -> bool {
        let (reply, answer) = mpsc::channel();
        let sent = self.orders.send(Order::TellWhetherExited(reply));
        sent.is_err() || answer.recv().unwrap_or(true)
    }

    /// The second call finds the thread gone and does nothing.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        let (reply, answer) = mpsc::channel();
        if self.orders.send(Order::Stop(reply)).is_err() {
            return Ok(());
        }
        answer.recv().unwrap_or(Ok(()))
    }
}

fn keep(mut command: Command, started: &Sender<io::Result<u32>>, orders: &Receiver<Order>) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    // Closes this process's ends of the log.
    drop(command);
    let _ = started.send(Ok(child.id()));
    for order in orders {
        match order {
            Order::TellWhetherExited(reply) => {
                let _ = reply.send(!matches!(child.try_wait(), Ok(None)));
            }
            Order::Stop(reply) => {
                let _ = reply.send(shut_down(&mut child));
                return;
            }
        }
    }
}

fn shut_down(child: &mut Child) -> Result<(), Error> {
    let gentle =
        [(Signal::FastShutdown, FAST_WITHIN), (Signal::ImmediateShutdown, IMMEDIATE_WITHIN)];
    for (attempt, (signal, patience)) in gentle.into_iter().enumerate() {
        if gone_within(child, Duration::ZERO) {
            return Ok(());
        }
        // Not yet waited for, so the number is still this child's.
        send(signal, child.id());
        if gone_within(child, patience) {
            return if attempt == 0 { Ok(()) } else { Err(Error::StoppedHard) };
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(Error::StoppedHard)
}

fn gone_within(child: &mut Child, patience: Duration) -> bool {
    let began = Instant::now();
    loop {
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        if began.elapsed() >= patience {
            return false;
        }
        sleep(POLL);
    }
}
