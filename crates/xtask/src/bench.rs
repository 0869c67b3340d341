//! Measures what the store costs beside bare PostgreSQL, and then what the service costs, on a
//! server of its own.

use std::process::ExitCode;

use crate::Outcome;
use crate::database::{self, Scratch};
use crate::process::{cargo, passed, run};

/// A small server of its own: two cores, a few gigabytes. What commits reaches the disk.
const SETTINGS: &[(&str, &str)] = &[
    ("max_connections", "50"),
    ("shared_buffers", "1GB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "15min"),
    ("wal_compression", "on"),
    ("maintenance_work_mem", "256MB"),
    ("work_mem", "64MB"),
];

/// To count the statements of a server that has nothing to do.
const COUNTED: &[(&str, &str)] = &[("shared_preload_libraries", "pg_stat_statements")];

/// Enough to see ratios, few enough for a try.
const DEVICES: &str = "100000";

/// `arguments`: nothing, or `--devices N`.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let devices = match arguments {
        [] => DEVICES,
        [flag, devices] if flag == "--devices" => devices,
        _ => return Err("usage: cargo xtask bench [--devices N]".to_owned()),
    };
    // Twice, each half from a database that has seen nothing yet.
    let store = ["run", "--release", "--locked", "-p", "concentric-store", "--example", "bench"];
    let outcome = measure(&[], store, devices)?;
    if !passed(outcome) {
        return Ok(outcome);
    }
    // The service is measured from outside: its process has to be there before.
    let build =
        ["build", "--release", "--locked", "-p", "system-tests", "-p", "concentric", "--bins"];
    let outcome = run(cargo(build).env("SQLX_OFFLINE", "true"))?;
    if !passed(outcome) {
        return Ok(outcome);
    }
    let service = ["run", "--release", "--locked", "-p", "system-tests", "--bin", "system-bench"];
    measure(COUNTED, service, devices)
}

fn measure<const N: usize>(
    more: &[(&str, &str)],
    program: [&str; N],
    devices: &str,
) -> Result<ExitCode, String> {
    let scratch = Scratch::new()?;
    let postgres = match database::start(&scratch, &[SETTINGS, more].concat()) {
        Ok(postgres) => postgres,
        // Some packages of PostgreSQL come without what counts statements.
        Err(_) if !more.is_empty() => database::start(&scratch, SETTINGS)?,
        Err(error) => return Err(error),
    };
    let outcome = run(cargo(program)
        .args(["--", devices])
        .env("DATABASE_URL", postgres.url("postgres"))
        .env("SQLX_OFFLINE", "true"))?;
    database::stop(postgres)?;
    Ok(outcome)
}
