//! Tasks of the workspace: `cargo xtask <task>`. Each sets up what it needs on a bare machine.
//!
//! Holds no rule of the product; of its crates it imports only the embedded PostgreSQL.

mod bench;
mod console;
mod database;
mod node;
mod openapi;
mod process;
mod promtool;
mod python;
mod queries;
mod sdk;

use std::path::Path;
use std::process::{Command, ExitCode};

use database::Scratch;
use process::{become_program, cargo, passed, root, run};

const USAGE: &str = "usage: cargo xtask <task>
  demo [arguments]     build the demo and play it; arguments go to concentric demo
  test [arguments]     run every test; arguments go to cargo test
  bench [--devices N]  measure the store and the service, by default with 100,000 devices
  gate-sim [--quick] [--seed N]
                       play releases past the evidence of the gates; a full run writes what came
                       out to docs/gate-evidence-results.md
  console              check and build the web console, which the server then holds
  bench-console [--devices N]
                       measure the console in a browser, by default beside 100,000 devices
  screenshots          pictures of the console's main pages, to docs/images
  sqlx [--check]       write what the compile-time checked queries need to build without a database
  openapi [--check]    write what the API says of itself to docs/openapi.json
  conformance DIR      compare recorded Microsoft Graph traffic in DIR with Microsoft's description
  sdk                  run Microsoft's own Graph SDK for Python against the simulator";

/// Failure is either a task's own exit code or a sentence for the person who called it.
type Outcome = Result<ExitCode, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first().map(|(task, rest)| (task.as_str(), rest)) {
        Some(("demo", rest)) => demo(rest),
        Some(("test", rest)) => test(rest),
        Some(("bench", rest)) => bench::bench(rest),
        Some(("gate-sim", rest)) => gate_sim(rest),
        Some(("console", [])) => console::console(),
        Some(("bench-console", rest)) => console::bench(rest),
        Some(("screenshots", [])) => console::screenshots(),
        Some(("sqlx", [])) => queries::prepare(queries::Mode::Write),
        Some(("sqlx", [flag])) if flag == "--check" => queries::prepare(queries::Mode::Check),
        Some(("sdk", [])) => sdk::check(),
        Some(("openapi", [])) => openapi::document(queries::Mode::Write),
        Some(("openapi", [flag])) if flag == "--check" => openapi::document(queries::Mode::Check),
        Some(("conformance", [recordings])) => conformance(Path::new(recordings)),
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

/// In the profile of the tests: whoever tries both compiles the dependencies once, and these are
/// optimised in it.
fn demo(arguments: &[String]) -> Outcome {
    database::install_if_missing()?;
    console::where_possible(console::Depth::Build)?;
    let built =
        run(cargo(["build", "--locked", "--package", "concentric"]).env("SQLX_OFFLINE", "true"))?;
    if !passed(built) {
        return Ok(built);
    }
    become_program(Command::new(process::binary("concentric")?).arg("demo").args(arguments))
}

/// Nextest is not installed everywhere and leaves documentation tests out, so it has to be asked
/// for.
fn test(arguments: &[String]) -> Outcome {
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
    console::where_possible(console::Depth::Check)?;
    let browser = console::node().and_then(|()| console::built());
    let browser = browser.and_then(|()| console::chromium());
    if let Ok(browser) = &browser {
        tests.env("CONCENTRIC_CHROMIUM", browser);
    }
    let promtool = promtool::promtool();
    if let Ok(promtool) = &promtool {
        tests.env("CONCENTRIC_PROMTOOL", promtool);
    }
    let python = python::tools();
    if let Ok(python) = &python {
        tests.env("CONCENTRIC_PYTHON", python);
    }
    let provider = node::installed(node::PROVIDER);
    if let Ok(home) = &provider {
        tests.env("CONCENTRIC_OIDC_PROVIDER", home);
    }
    let mail_server = node::installed(node::MAIL_SERVER);
    if let Ok(home) = &mail_server {
        tests.env("CONCENTRIC_MAIL_SERVER", home);
    }
    let outcome = run(&mut tests)?;
    if let Err(why) = python {
        println!("NOT RUN: the tests in tests/it/clients.rs, which need Python tools: {why}");
    }
    if let Err(why) = promtool {
        println!("NOT RUN: the test of alert rules in tests/it/observability.rs: {why}");
    }
    if let Err(why) = browser {
        println!(
            "NOT RUN: the tests in crates/cli/tests/it/browser.rs, which need a browser: {why}"
        );
    }
    if let Err(why) = provider {
        println!(
            "NOT RUN: the tests in tests/it/people.rs, which need an OpenID Connect provider: {why}"
        );
    }
    if let Err(why) = mail_server {
        println!("NOT RUN: the tests of e-mail, which need a mail server: {why}");
    }
    database::stop(postgres)?;
    Ok(outcome)
}

/// Always optimised: the full run plays some 10^9 devices.
fn gate_sim(arguments: &[String]) -> Outcome {
    let program = ["run", "--release", "--locked", "--quiet", "-p", "concentric-gate-sim", "--"];
    let mut play = cargo(program);
    play.args(arguments);
    if !arguments.iter().any(|one| one == "--quick") {
        play.args(["--write", "docs/gate-evidence-results.md"]);
    }
    run(&mut play)
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
