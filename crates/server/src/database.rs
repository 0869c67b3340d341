//! The database: somebody's, or a PostgreSQL of our own.

use std::sync::mpsc;
use std::thread::JoinHandle;

use embedded_postgres::{Options, Postgres};

use crate::config::Database;
use crate::error::ServerError;

/// What every embedded database is called.
const NAME: &str = "concentric";

/// A database that can be reached.
#[derive(Debug)]
pub(crate) struct Running {
    url: String,
    embedded: Option<Embedded>,
}

#[derive(Debug)]
struct Embedded {
    /// Dropping it, or sending, makes the thread stop the server.
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(database: &Database) -> Result<Self, ServerError> {
        let data_dir = match database {
            Database::Url(url) => return Ok(Self { url: url.clone(), embedded: None }),
            Database::Embedded(data_dir) => data_dir.clone(),
        };
        let (stop, stopping) = mpsc::channel();
        let (ready, started) = tokio::sync::oneshot::channel();
        // A thread of its own: starting and stopping block, and it must last as long as we do.
        let thread = std::thread::spawn(move || {
            let options = Options { data_dir, settings: Vec::new() };
            let postgres = Postgres::start(&options).and_then(|postgres| {
                postgres.create_database_if_missing(NAME)?;
                Ok(postgres)
            });
            match postgres {
                Ok(postgres) => {
                    // Nobody waits any more when the server was given up meanwhile.
                    let _ = ready.send(Ok(postgres.url(NAME)));
                    // An error means the handle was dropped, which asks for the same.
                    let _ = stopping.recv();
                    if let Err(error) = postgres.stop() {
                        tracing::warn!(%error, "the embedded PostgreSQL did not stop cleanly");
                    }
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            }
        });
        let url = started.await.map_err(|_| ServerError::DatabaseThread)??;
        Ok(Self { url, embedded: Some(Embedded { stop, thread }) })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn stop(self) {
        let Some(Embedded { stop, thread }) = self.embedded else { return };
        drop(stop);
        let joined = tokio::task::spawn_blocking(|| thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::warn!("the thread of the embedded PostgreSQL failed");
        }
    }
}
