//! What every handler is given.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use domain::signal::{Context, Reading};
use store::Store;
use store::sessions::Moment;
use store::shared::Shared;
use store::signals::SignalRow;
use tokio_util::sync::CancellationToken;

use crate::audit_trail::Audit;
use crate::conditional::Answer;
use crate::limits::Limits;
use crate::sign_in::SignIn;

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

/// Reads of one rollout by many at once, which are answered by one body.
#[derive(Debug, Clone, Default)]
pub struct Answers(pub(crate) Arc<Shared<(TenantId, RolloutId), Answer>>);

/// What the API works with. Clones share everything, and cost one count: every layer has one for every request.
#[derive(Clone)]
pub struct State(Arc<StateParts>);

/// What the state is made of.
#[derive(Clone)]
pub struct StateParts {
    pub store: Store,
    /// The service's clock.
    pub now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// Cancelled when the server stops: streams of events end then, so that it can.
    pub closing: CancellationToken,
    pub signals: Arc<dyn SignalReader>,
    /// The keys of the audit trail, and how its signing fares.
    pub audit: Audit,
    /// How much one caller may ask.
    pub limits: Limits,
    /// How browsers sign in.
    pub sign_in: SignIn,
    pub answers: Answers,
}

impl From<StateParts> for State {
    fn from(parts: StateParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for State {
    type Target = StateParts;

    fn deref(&self) -> &StateParts {
        &self.0
    }
}

impl StateParts {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Now, on the wall and for the service.
    pub(crate) fn moment(&self) -> Moment {
        self.sign_in.moment(self.now())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for StateParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("store", &self.store).finish_non_exhaustive()
    }
}
