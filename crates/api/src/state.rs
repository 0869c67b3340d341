//! What every handler is given.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::signal::{Context, Reading};
use store::Store;
use store::signals::SignalRow;
use tokio_util::sync::CancellationToken;

/// Asks the source of a signal, for a test of it. Whoever implements this speaks to the world; the
/// API does not.
pub trait SignalReader: Send + Sync {
    fn read<'a>(
        &'a self,
        signal: &'a SignalRow,
        context: &'a Context,
        now: DateTime<Utc>,
    ) -> Pin<Box<dyn Future<Output = Reading> + Send + 'a>>;
}

/// What the API works with. Clones share everything.
#[derive(Clone)]
pub struct State {
    pub store: Store,
    /// The service's clock.
    pub now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// Cancelled when the server stops: streams of events end then, so that it can.
    pub closing: CancellationToken,
    pub signals: Arc<dyn SignalReader>,
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
