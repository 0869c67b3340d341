//! The data in `.sqlx`: what each compile-time checked query looks like to PostgreSQL, so that
//! the workspace builds without a database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use embedded_postgres::Postgres;

use crate::Outcome;
use crate::database::{self, Scratch};
use crate::process::{cargo, passed, root, run};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// File name, and what it holds.
type Queries = BTreeMap<String, Vec<u8>>;

pub(crate) fn prepare(mode: Mode) -> Outcome {
    let scratch = Scratch::new()?;
    let postgres = database::start(&scratch, database::TESTS)?;
    let fresh = scratch.path().join("queries");
    fs::create_dir(&fresh).map_err(failed(&fresh))?;
    let outcome = describe(&postgres, &fresh)?;
    database::stop(postgres)?;
    if !passed(outcome) {
        return Ok(outcome);
    }
    let kept = root().join(".sqlx");
    let (now, before) = (read(&fresh)?, read(&kept)?);
    match mode {
        Mode::Check if now == before => Ok(ExitCode::SUCCESS),
        Mode::Check => Err("the data of checked queries is stale: run cargo xtask sqlx".to_owned()),
        Mode::Write => {
            replace(&kept, &before, &now)?;
            println!("{} queries in {}", now.len(), kept.display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// With a database at hand and a directory to write to, sqlx's macros save what they learn.
fn describe(postgres: &Postgres, directory: &Path) -> Outcome {
    const DATABASE: &str = "queries";
    postgres.create_database_if_missing(DATABASE).map_err(|error| error.to_string())?;
    for migration in migrations()? {
        let psql = postgres.psql(DATABASE).map_err(|error| error.to_string());
        if !passed(run(psql?.arg("-1").arg("-f").arg(&migration))?) {
            return Err(format!("{} does not apply", migration.display()));
        }
    }
    // Macros run only when the crate is compiled, and cargo compiles only what is newer.
    touch(&root().join("crates/store"))?;
    let check = ["check", "--locked", "-p", "concentric-store", "--all-targets"];
    run(cargo(check)
        .env("DATABASE_URL", postgres.url(DATABASE))
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", directory))
}

/// In the order of their names, which begin with their numbers.
fn migrations() -> Result<Vec<PathBuf>, String> {
    let mut found: Vec<PathBuf> = list(&root().join("migrations"))?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .filter(|path| !path.to_string_lossy().ends_with(".down.sql"))
        .collect();
    found.sort();
    Ok(found)
}

fn touch(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return list(path)?.iter().try_for_each(|child| touch(child));
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return Ok(());
    }
    let file = File::options().write(true).open(path);
    let touched = file.and_then(|file| file.set_modified(SystemTime::now()));
    touched.map_err(failed(path))
}

fn read(directory: &Path) -> Result<Queries, String> {
    if !directory.exists() {
        return Ok(Queries::new());
    }
    let mut queries = Queries::new();
    for path in list(directory)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("query-") {
            queries.insert(name, fs::read(&path).map_err(failed(&path))?);
        }
    }
    Ok(queries)
}

/// Writes only what changed, so that nothing is compiled again for nothing.
fn replace(directory: &Path, before: &Queries, now: &Queries) -> Result<(), String> {
    fs::create_dir_all(directory).map_err(failed(directory))?;
    for name in before.keys().filter(|name| !now.contains_key(*name)) {
        let path = directory.join(name);
        fs::remove_file(&path).map_err(failed(&path))?;
    }
    for (name, text) in now.iter().filter(|(name, text)| before.get(*name) != Some(text)) {
        let path = directory.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

fn list(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(directory).map_err(failed(directory))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> String {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}")
}
