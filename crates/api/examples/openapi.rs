//! Prints the OpenAPI document: what `cargo xtask openapi` keeps in `docs/openapi.json`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match api::openapi().to_pretty_json() {
        Ok(document) => {
            println!("{document}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
