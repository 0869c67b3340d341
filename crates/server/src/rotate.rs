//! `concentric key rotate`: every credential sealed anew under another key.

use std::time::Duration;

use chrono::Utc;
use store::Store;

use crate::config::Database;
use crate::database::Running;
use crate::error::ServerError;
use crate::key::{self, KeySource};

/// Servers that run read the keys again before they seal. One that had read them just before the new
/// key was there has written what it sealed by then.
const SETTLED: Duration = Duration::from_secs(2);

/// What rotating came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// Credentials that are sealed.
    pub all: u64,
    /// Those that were under an older key.
    pub resealed: u64,
    /// Whether an interrupted rotation was brought to its end.
    pub resumed: bool,
    /// Older keys that open nothing any more and are to be taken out of the environment, or of what the
    /// command prints.
    pub left: usize,
}

/// Seals every credential under another key. In a file the new key is made and the old one taken away once
/// nothing needs it; from other sources the first key is the new one, and it is the operator who puts
/// it there.
///
/// May be interrupted anywhere: until the end both keys are in the file, and all credentials are under one of
/// the two. Doing it again goes on with the same new key.
pub async fn rotate(source: &KeySource, database: &Database) -> Result<Rotated, ServerError> {
    // A key that is made here opens nothing.
    let source = &match source {
        KeySource::Own(path) => KeySource::File(path.clone()),
        KeySource::File(_) | KeySource::Environment | KeySource::Command(_) => source.clone(),
    };
    let mut keys = source.read()?;
    let resumed = keys.len() > 1;
    if let Some(path) = source.path()
        && !resumed
    {
        keys.insert(0, key::random()?);
        key::replace(path, &keys)?;
    }
    let running = Running::start(database).await?;
    let outcome = reseal(source, running.url(), &keys).await;
    running.stop().await;
    let (all, resealed) = outcome?;
    let mut left = keys.len() - 1;
    if let Some(path) = source.path() {
        keys.truncate(1);
        key::replace(path, &keys)?;
        left = 0;
    }
    Ok(Rotated { all, resealed, resumed: resumed && left == 0, left })
}

/// Until a pass finds nothing to do.
async fn reseal(
    source: &KeySource,
    url: &str,
    keys: &[[u8; 32]],
) -> Result<(u64, u64), ServerError> {
    let first = keys.first().ok_or(ServerError::KeySource("there is none"))?;
    Store::migrate(url).await?;
    let options = store::Options { url: url.to_owned(), max_connections: 2, key: *first };
    let store = Store::connect(&options).await?;
    store.keys_from(as_source(source.clone()));
    let mut resealed = 0;
    loop {
        let found = store.reseal(store::ACTOR, Utc::now()).await?;
        resealed += found.resealed;
        if found.resealed == 0 {
            return Ok((found.all, resealed));
        }
        tokio::time::sleep(SETTLED).await;
    }
}

/// For a store that reads the keys again.
pub(crate) fn as_source(source: KeySource) -> store::KeySource {
    std::sync::Arc::new(move || source.read().map_err(|error| error.to_string()))
}
