//! What can go wrong in the store, typed by what the caller should do about it.

use thiserror::Error;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("not written yet")]
    Sketch,
    /// There is no such row in this tenant.
    #[error("{what} not found")]
    NotFound { what: &'static str },
    /// The caller decided on something that has changed since: load again, decide again.
    #[error("decided on an older generation")]
    Stale,
    /// A name or key that is taken, or a state that forbids the action.
    #[error("{0}")]
    Conflict(String),
    /// The input refers to something that is not there or cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The claim on a piece of work has passed to another server.
    #[error("the lease was lost")]
    LeaseLost,
    /// What is stored cannot be read back: a bug or a damaged database.
    #[error("stored data is unreadable: {0}")]
    Corrupt(String),
    /// The schema is not the one this program was built for.
    #[error("{0}")]
    Schema(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
