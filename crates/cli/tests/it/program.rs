//! Runs the binary.

use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::process::Command;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The binary without anything of this machine's environment in it, and without a terminal.
pub(crate) fn command(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concentric"));
    command.env_clear().env("CONCENTRIC_URL", url).env("CONCENTRIC_TOKEN", "good");
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

pub(crate) async fn finish(mut command: Command) -> Run {
    let output = tokio::time::timeout(Duration::from_mins(1), command.output());
    read(&output.await.expect("it ends in time").expect("it runs"))
}

pub(crate) async fn run(url: &str, arguments: &[&str]) -> Run {
    finish(command(url, arguments)).await
}

fn read(output: &Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let code = output.status.code().expect("it ended by itself");
    Run { code, out: text(&output.stdout), err: text(&output.stderr) }
}

/// A file of a test, gone with it.
#[derive(Debug)]
pub(crate) struct TempFile(String);

impl TempFile {
    pub(crate) fn new(text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "concentric-{}-{}.yaml",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("a file");
        Self(path.to_str().expect("UTF-8").to_owned())
    }

    pub(crate) fn path(&self) -> &str {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // The system clears its directory otherwise.
        let _ = std::fs::remove_file(&self.0);
    }
}
