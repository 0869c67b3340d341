//! Tasks of the workspace: `cargo xtask <task>`. Each sets up what it needs on a bare machine.
//!
//! Holds no rule of the product; of its crates it imports only the embedded PostgreSQL.

mod database;
mod process;
mod queries;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use database::Scratch;
use process::{cargo, passed, root, run};

const USAGE: &str = "usage: cargo xtask <task>
  demo [arguments]   start the whole service with a simulated tenant and play a release
  test [arguments]   run every test; arguments go to cargo test
  bench [arguments]  measure the store; arguments go to cargo bench
  sqlx [--check]     write what the compile-time checked queries need to build without a database
  openapi            write docs/openapi.json
  conformance DIR    compare recorded Microsoft Graph traffic in DIR with Microsoft's description
  ci                 formatting, lints, tests, conformance";

/// Failure is either a task's own exit code or a sentence for the person who called it.
type Outcome = Result<ExitCode, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first().map(|(task, rest)| (task.as_str(), rest)) {
        Some(("demo", rest)) => demo(rest),
        Some(("test", rest)) => test(rest, None),
        Some(("bench", rest)) => bench(rest),
        Some(("sqlx", [])) => queries::prepare(queries::Mode::Write),
        Some(("sqlx", [flag])) if flag == "--check" => queries::prepare(queries::Mode::Check),
        Some(("openapi", [])) => openapi(),
        Some(("conformance", [recordings])) => conformance(Path::new(recordings)),
        Some(("ci", [])) => ci(),
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    };
    outcome.unwrap_or_else(|message| {
        eprintln!("{message}");
        ExitCode::FAILURE
    })
}

fn demo(arguments: &[String]) -> Outcome {
    database::install_if_missing()?;
    println!("Building Concentric; the first build takes some minutes.");
    run(cargo(["run", "--release", "--locked", "-p", "concentric", "--", "demo"])
        .args(arguments)
        .env("SQLX_OFFLINE", "true"))
}

/// Nextest is not installed everywhere and leaves documentation tests out, so it has to be asked
/// for.
fn test(arguments: &[String], recordings: Option<&Path>) -> Outcome {
    let scratch = Scratch::new()?;
    let postgres = database::start(&scratch, database::TESTS)?;
    let mut tests = match std::env::var_os("CONCENTRIC_NEXTEST") {
        Some(_) => cargo(["nextest", "run"]),
        None => cargo(["test"]),
    };
    // Cargo lets the whole workspace win over single packages.
    let some = arguments.iter().any(|one| one.starts_with("-p") || one.starts_with("--package"));
    if !some {
        tests.arg("--workspace");
    }
    tests.arg("--locked").args(arguments);
    tests.env("DATABASE_URL", postgres.url("postgres")).env("SQLX_OFFLINE", "true");
    if let Some(recordings) = recordings {
        tests.env("CONCENTRIC_RECORD_DIR", recordings).env("SIMULATOR_RECORD", recordings);
    }
    let outcome = run(&mut tests)?;
    database::stop(postgres)?;
    Ok(outcome)
}

fn bench(arguments: &[String]) -> Outcome {
    let scratch = Scratch::new()?;
    let postgres = database::start(&scratch, database::BENCHMARKS)?;
    let outcome = run(cargo(["bench", "--locked", "-p", "concentric-store"])
        .args(arguments)
        .env("DATABASE_URL", postgres.url("postgres"))
        .env("SQLX_OFFLINE", "true"))?;
    database::stop(postgres)?;
    Ok(outcome)
}

fn openapi() -> Outcome {
    let mut example = cargo(["run", "--quiet", "-p", "concentric-api", "--example", "openapi"]);
    let output = example.env("SQLX_OFFLINE", "true").stderr(std::process::Stdio::inherit());
    let output = output.output().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("the OpenAPI document could not be printed".to_owned());
    }
    let path = root().join("docs/openapi.json");
    fs::write(&path, output.stdout).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The checker and Microsoft's description are large and live beside the repository; a clone
/// without them skips this.
fn conformance(recordings: &Path) -> Outcome {
    let checker = root().join("../shared/graph/check_examples.py");
    if !checker.is_file() {
        println!("conformance: skipped, the Microsoft Graph description is not on this machine");
        return Ok(ExitCode::SUCCESS);
    }
    run(Command::new("python3").arg(checker).arg(recordings))
}

fn ci() -> Outcome {
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    for mut step in [cargo(["fmt", "--all", "--check"]), cargo(clippy)] {
        let outcome = run(step.env("SQLX_OFFLINE", "true"))?;
        if !passed(outcome) {
            return Ok(outcome);
        }
    }
    let scratch = Scratch::new()?;
    let recordings = scratch.path().join("recordings");
    fs::create_dir(&recordings).map_err(|error| format!("{}: {error}", recordings.display()))?;
    let outcome = test(&[], Some(&recordings))?;
    if !passed(outcome) {
        return Ok(outcome);
    }
    conformance(&recordings)
}
