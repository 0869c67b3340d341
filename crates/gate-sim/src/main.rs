//! `gate-sim [--quick] [--seed N] [--write FILE]`: plays the scenarios, prints the report, and
//! writes it where it is told to. Ends with 1 if a target is missed.

use std::process::ExitCode;

use gate_sim::{Size, run};

const USAGE: &str = "usage: gate-sim [--quick] [--seed N] [--write FILE]";

/// The seed of the results in docs/.
const SEED: u64 = 20_261_124;

struct Arguments {
    size: Size,
    seed: u64,
    file: Option<String>,
}

fn main() -> ExitCode {
    let Some(arguments) = read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let report = run(arguments.size, arguments.seed);
    let text = report.markdown();
    print!("{text}");
    if let Some(file) = arguments.file
        && let Err(error) = std::fs::write(&file, &text)
    {
        eprintln!("cannot write {file}: {error}");
        return ExitCode::FAILURE;
    }
    if report.all_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { size: Size::Full, seed: SEED, file: None };
    while let Some(flag) = given.next() {
        match flag.as_str() {
            "--quick" => arguments.size = Size::Quick,
            "--seed" => arguments.seed = given.next()?.parse().ok()?,
            "--write" => arguments.file = Some(given.next()?),
            _ => return None,
        }
    }
    Some(arguments)
}
