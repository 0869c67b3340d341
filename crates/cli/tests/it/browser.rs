//! The web console in a real browser, against `concentric demo` as a person starts it: server, database and
//! simulated tenant. What is done there is written in `crates/console/web/tests/browser`.
//!
//! Needs Node, the console's packages, a built console and a Chromium, which `cargo xtask test` sees to; it
//! names the browser in `CONCENTRIC_CHROMIUM`. Without it this says so and does nothing.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;

/// One browser at a time: each has a service and a database of its own beside it.
static ONE: Mutex<()> = Mutex::const_new(());

/// A failure, told at the end and without a trace of calls: only the end of what a long run says may be kept.
struct Failed(String);

impl std::fmt::Debug for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What of the protocol (TAP) that Node's runner writes tells of failures: every `not ok` with its details.
fn failures(said: &str) -> String {
    let mut kept = Vec::new();
    let mut is_kept = false;
    for line in said.lines() {
        let bare = line.trim_start();
        if bare.starts_with("not ok") {
            is_kept = true;
        }
        if is_kept {
            kept.push(line);
        }
        if bare == "..." {
            is_kept = false;
        }
    }
    kept.join("\n")
}

async fn play(file: &str) -> Result<(), Failed> {
    let Some(chromium) = std::env::var_os("CONCENTRIC_CHROMIUM") else {
        eprintln!("NOT RUN: no browser; `cargo xtask test` sees to one");
        return Ok(());
    };
    let _alone = ONE.lock().await;
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../console/web");
    let mut node = Command::new("node");
    node.args(["--test", "--test-concurrency=1"]).arg(format!("tests/browser/{file}"));
    node.current_dir(web).stdin(Stdio::null()).kill_on_drop(true);
    node.env("CONCENTRIC_CHROMIUM", chromium);
    node.env("CONCENTRIC_BINARY", env!("CARGO_BIN_EXE_concentric"));
    let output = tokio::time::timeout(Duration::from_mins(20), node.output());
    let output = output.await.expect("it ends in time").expect("Node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}\n{}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(Failed(failures(&said))) }
}

#[tokio::test]
async fn tasks_sign_in_roles_and_a_lost_connection() -> Result<(), Failed> {
    play("pages.test.mjs").await
}

#[tokio::test]
async fn no_fault_that_axe_finds_and_everything_fits() -> Result<(), Failed> {
    play("axe.test.mjs").await
}

#[tokio::test]
async fn health_reports_and_alerts() -> Result<(), Failed> {
    play("fleet.test.mjs").await
}

#[tokio::test]
async fn signals_rules_and_plans_are_made_and_changed() -> Result<(), Failed> {
    play("edit.test.mjs").await
}

#[tokio::test]
async fn rollouts_that_fail_and_that_complete() -> Result<(), Failed> {
    play("rollouts.test.mjs").await
}

#[tokio::test]
async fn help_is_asked_for_and_people_are_told() -> Result<(), Failed> {
    play("told.test.mjs").await
}
