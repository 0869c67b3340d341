//! What can go wrong in the store, typed by what the caller should do about it.

use std::fmt::Display;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such row in this tenant.
    #[error("{what} not found")]
    NotFound { what: &'static str },
    /// The caller decided on something that has changed since: load again, decide again.
    #[error("decided on an older generation")]
    Stale,
    /// The thing is not at the version that the caller looked at (`If-Match`).
    #[error("it changed since it was looked at")]
    Changed,
    /// Everything was in order, and nothing was kept, because the request was only to be tried.
    #[error("it was only tried")]
    Tried,
    /// A name or key that is taken, or a state that forbids the action.
    #[error("{0}")]
    Conflict(String),
    /// Who asks may not do this, whatever their role.
    #[error("{0}")]
    Forbidden(String),
    /// The input refers to something that is not there or cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The claim on a piece of work has passed to another server.
    #[error("the lease was lost")]
    LeaseLost,
    /// What is stored cannot be read back: a bug or a damaged database.
    #[error("stored data is unreadable: {0}")]
    Corrupt(String),
    /// The schema is not the one this program was built for, or the database's user may not use it.
    #[error("{0}")]
    Schema(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl StoreError {
    pub(crate) fn corrupt(what: impl Display) -> Self {
        Self::Corrupt(what.to_string())
    }

    /// Two transactions stood in each other's way and this one gave in; it may be run again.
    pub(crate) fn is_contention(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| code == "40P01" || code == "40001")
    }

    /// Whether the database could not be reached or has no room, so that the same call may well
    /// succeed in a moment.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error.as_database_error() {
            // Connection exceptions, no way in, out of resources, going down or coming up.
            Some(said) => said.code().is_some_and(|code| {
                ["08", "28", "3D", "53", "57P"].iter().any(|class| code.starts_with(class))
            }),
            None => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
        }
    }
}

/// A broken unique constraint as a sentence for people; every other error as it is.
pub(crate) fn taken(error: sqlx::Error, what: impl FnOnce(Option<&str>) -> String) -> StoreError {
    match error.as_database_error() {
        Some(broken) if broken.is_unique_violation() => {
            StoreError::Conflict(what(broken.constraint()))
        }
        Some(_) | None => error.into(),
    }
}
