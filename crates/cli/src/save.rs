//! Files that the service sends: to stdout, or to where they are whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use reqwest::Response;

use crate::failure::Failure;
use crate::output::say;

/// Writes an answer to a file, or to stdout. A file is there when it is whole, and not before.
pub(crate) async fn save(answer: Response, file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = file else {
        let mut out = std::io::stdout().lock();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| broken(&error))?;
            out.write_all(&chunk).map_err(|error| Failure::Failed(error.to_string()))?;
        }
        return Ok(());
    };
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", file.display()));
    let mut aside = file.as_os_str().to_owned();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    let written = write(answer, &aside).await;
    let kept = match written {
        Ok(()) => std::fs::rename(&aside, file).map_err(failed),
        Err(failure) => Err(failure),
    };
    if kept.is_err() {
        // What is not whole must not be taken for it; why it is not is said by the failure.
        let _ = std::fs::remove_file(&aside);
    }
    kept?;
    say(&format!("{} written.", file.display()));
    Ok(())
}

fn broken(error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(format!("the export broke off ({error}); run it again"))
}

async fn write(answer: Response, to: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", to.display()));
    let mut out = std::fs::File::create(to).map_err(failed)?;
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        out.write_all(&chunk.map_err(|error| broken(&error))?).map_err(failed)?;
    }
    out.sync_all().map_err(failed)
}
