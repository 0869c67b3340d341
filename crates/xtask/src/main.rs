//! Tasks of the workspace: `cargo xtask test`.
//!
//! Holds no rule of the product and imports none of its crates.

use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask test [arguments of cargo test]
  test   run every test of the workspace";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if let Some("test") = arguments.next().as_deref() {
        test(arguments)
    } else {
        eprintln!("{USAGE}");
        ExitCode::from(2)
    }
}

fn test(arguments: impl Iterator<Item = String>) -> ExitCode {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo)
        .args(["test", "--workspace", "--all-targets", "--locked"])
        .args(arguments)
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot run cargo: {error}");
            ExitCode::FAILURE
        }
    }
}
