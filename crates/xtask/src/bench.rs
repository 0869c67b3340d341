//! Measures what the store costs beside bare PostgreSQL, on a server of its own.

use crate::Outcome;
use crate::database::{self, Scratch};
use crate::process::{cargo, run};

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

/// Enough to see ratios, few enough for a try.
const DEVICES: &str = "100000";

/// `arguments`: nothing, or `--devices N`.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let devices = match arguments {
        [] => DEVICES,
        [flag, devices] if flag == "--devices" => devices,
        _ => return Err("usage: cargo xtask bench [--devices N]".to_owned()),
    };
    let scratch = Scratch::new()?;
    let postgres = database::start(&scratch, SETTINGS)?;
    let bench = ["run", "--release", "--locked", "-p", "concentric-store", "--example", "bench"];
    let outcome = run(cargo(bench)
        .args(["--", devices])
        .env("DATABASE_URL", postgres.url("postgres"))
        .env("SQLX_OFFLINE", "true"))?;
    database::stop(postgres)?;
    Ok(outcome)
}
