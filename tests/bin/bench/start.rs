//! How long the command line takes from its start to its end: alone, and with one question to the server.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::Outcome;
use crate::table::{Latencies, Table};

const RUNS: usize = 100;
/// What people notice (`docs/cli.md`).
const MOST: Duration = Duration::from_millis(50);

/// `token` is one of a server that listens at `address`.
pub(crate) async fn starts(address: SocketAddr, token: &str, table: &mut Table) -> Outcome<()> {
    let program = std::env::current_exe()?.with_file_name("concentric");
    let url = format!("http://{address}");
    for (what, arguments) in [
        ("command line, `concentric --version`", &["--version"][..]),
        (
            "command line, `concentric gate prove`: asks nobody",
            &["gate", "prove", "--devices", "500", "--limit", "2%"],
        ),
        ("command line, `concentric whoami`: one question", &["whoami", "-o", "json"]),
    ] {
        let mut all = Latencies::default();
        // The first one reads the program from the disk.
        run(&program, &url, token, arguments).await?;
        for _ in 0..RUNS {
            let began = Instant::now();
            run(&program, &url, token, arguments).await?;
            all.add(began.elapsed());
        }
        table.limit(&format!("{what}, p95"), all.percentile(95), MOST);
    }
    Ok(())
}

async fn run(program: &Path, url: &str, token: &str, arguments: &[&str]) -> Outcome<()> {
    let mut command = Command::new(program);
    command.args(arguments).env("CONCENTRIC_URL", url).env("CONCENTRIC_TOKEN", token);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).status();
    let status = status.await?;
    if status.success() { Ok(()) } else { Err(format!("{arguments:?} ended with {status}").into()) }
}
