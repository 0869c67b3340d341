//! What every handler is given.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use store::Store;
use tokio_util::sync::CancellationToken;

/// What the API works with. Clones share everything.
#[derive(Clone)]
pub struct State {
    pub store: Store,
    /// The service's clock.
    pub now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// Cancelled when the server stops: streams of events end then, so that it can.
    pub closing: CancellationToken,
}

impl State {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("store", &self.store).finish_non_exhaustive()
    }
}
