//! A history as server-sent events: nothing lost, repeated or out of order (I17), and no polling.
//!
//! It begins with a `reset` where there is no going on: the reader knows of events that are not there (a
//! database was restored), or is so far behind that it had better read everything anew.
//!
//! The cursor is the last `seq` sent. Growth of the chain only says that it is worth reading on from
//! the cursor, so a missed or doubled word of it changes nothing. The feed is joined before the
//! first read: what is written between the two is read once and announced once more.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use api_types::Change;
use axum::http::header::HeaderName;
use axum::response::sse::{Event as Sent, Sse};
use axum::response::{IntoResponse, Response};
use domain::ids::{RolloutId, TenantId};
use futures_util::stream::{self, Stream};
use store::audit_trail::{Direction, Filter};
use store::events::{EventRow, Growth};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;
use uuid::Uuid;

use crate::auth::Credential;
use crate::problem::{Kind, Problem};
use crate::rollouts::events::event;
use crate::state::State;
use crate::words::Rings;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// For how long what was good is taken to be good still.
const TRUST: Duration = Duration::from_secs(1);
const BATCH: u16 = 200;
/// Changes of a tenant that a reader may be behind and still be told each.
const FAR_BEHIND: i64 = 10_000;

/// What is followed.
pub(crate) enum History {
    /// Every entry of a rollout, whole.
    Rollout { id: RolloutId, rings: Rings },
    /// Every entry of the tenant: that it is there, and of which rollout.
    Tenant,
}

/// One reader of one history.
pub(crate) struct Follower {
    state: State,
    tenant: TenantId,
    history: History,
    credential: Credential,
    caller: Uuid,
    trusted_at: Instant,
    feed: Receiver<Growth>,
    /// The last event read.
    cursor: i64,
    /// Whether the history may hold more than was read.
    may_have_more: bool,
    /// Whether the cursor was looked at.
    is_placed: bool,
    read: VecDeque<EventRow>,
}

/// What made a follower look up.
enum Woken {
    Grown,
    Idle,
    Closed,
}

impl Follower {
    pub(crate) fn new(
        state: State,
        tenant: TenantId,
        history: History,
        after: i64,
        credential: Credential,
        caller: Uuid,
    ) -> Self {
        let feed = state.store.event_feed();
        Self {
            state,
            tenant,
            history,
            credential,
            caller,
            trusted_at: Instant::now(),
            feed,
            cursor: after,
            may_have_more: true,
            is_placed: false,
            read: VecDeque::new(),
        }
    }

    fn into_stream(self) -> impl Stream<Item = Result<Sent, Infallible>> {
        stream::unfold(self, |mut follower| async move {
            let sent = match follower.next().await {
                Ok(sent) => sent?,
                Err(problem) => {
                    // The reader comes back with its last event and gets a proper answer then.
                    tracing::warn!(cause = problem.cause.as_deref(), "a stream of events broke");
                    return None;
                }
            };
            Some((Ok(sent), follower))
        })
    }

    /// The next thing to send; none when the stream is at its end.
    async fn next(&mut self) -> Result<Option<Sent>, Problem> {
        loop {
            if self.state.closing.is_cancelled() {
                return Ok(None);
            }
            if !self.is_placed {
                self.is_placed = true;
                if let Some(reset) = self.placed().await? {
                    return Ok(Some(reset));
                }
            }
            if let Some(row) = self.read.pop_front() {
                return self.is_trusted().await.map(|good| good.then(|| self.sent(row)));
            }
            if self.may_have_more {
                self.read_on().await?;
                continue;
            }
            match self.woken().await {
                Woken::Grown => self.may_have_more = true,
                Woken::Idle => {
                    let good = self.is_trusted().await?;
                    return Ok(good.then(|| Sent::default().comment("")));
                }
                Woken::Closed => return Ok(None),
            }
        }
    }

    /// Moves a cursor that nothing goes on from to the end, and says so.
    async fn placed(&mut self) -> Result<Option<Sent>, Problem> {
        let head = self.state.store.event_head(self.tenant).await?;
        let is_far = match self.history {
            History::Rollout { .. } => false,
            History::Tenant => head - self.cursor > FAR_BEHIND,
        };
        if self.cursor <= head && !is_far {
            return Ok(None);
        }
        self.cursor = head;
        Ok(Some(Sent::default().event("reset").id(head.to_string()).data("{}")))
    }

    async fn read_on(&mut self) -> Result<(), Problem> {
        self.forget_growth();
        let (store, after) = (&self.state.store, self.cursor);
        let rows = match self.history {
            History::Rollout { id, .. } => store.event_list(self.tenant, id, after, BATCH).await?,
            History::Tenant => {
                let after = Direction::After(after);
                store.audit_list(self.tenant, &Filter::default(), after, BATCH).await?
            }
        };
        self.may_have_more = rows.len() >= usize::from(BATCH);
        if let Some(last) = rows.last() {
            self.cursor = last.seq;
        }
        self.read.extend(rows);
        Ok(())
    }

    /// All that was announced so far is about to be read. What is announced later stays.
    fn forget_growth(&mut self) {
        loop {
            match self.feed.try_recv() {
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    async fn woken(&mut self) -> Woken {
        let idle = tokio::time::sleep(HEARTBEAT);
        tokio::pin!(idle);
        loop {
            let growth = tokio::select! {
                () = self.state.closing.cancelled() => return Woken::Closed,
                () = &mut idle => return Woken::Idle,
                growth = self.feed.recv() => growth,
            };
            match growth {
                Ok(Growth { tenant, seq }) => {
                    if tenant == self.tenant && seq > self.cursor {
                        return Woken::Grown;
                    }
                }
                Err(RecvError::Lagged(_)) => return Woken::Grown,
                Err(RecvError::Closed) => return Woken::Closed,
            }
        }
    }

    /// Whether the caller may still listen. A stream outlives the check that opened it, and must not
    /// outlive the token or the session.
    async fn is_trusted(&mut self) -> Result<bool, Problem> {
        if self.trusted_at.elapsed() < TRUST {
            return Ok(true);
        }
        let known = match self.credential.check(&self.state).await {
            // A token of a provider says itself when it is good no more.
            Err(problem) if problem.kind == Kind::Unauthenticated => None,
            known => known?,
        };
        self.trusted_at = Instant::now();
        Ok(known.is_some_and(|known| known.principal.id == self.caller))
    }

    fn sent(&self, row: EventRow) -> Sent {
        let seq = row.seq.to_string();
        // Strings and JSON only: neither can fail.
        let data = match &self.history {
            History::Rollout { rings, .. } => serde_json::to_string(&event(row, rings)),
            History::Tenant => serde_json::to_string(&change(row)),
        };
        Sent::default().id(seq).data(data.unwrap_or_default())
    }
}

/// That something is in the history of a tenant.
pub(crate) fn change(row: EventRow) -> Change {
    let EventRow { seq, rollout, at, kind, .. } = row;
    Change { seq, rollout_id: rollout.map(|rollout| rollout.0), at, kind }
}

impl IntoResponse for Follower {
    fn into_response(self) -> Response {
        // Proxies that collect answers would hold events back.
        let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
        (unbuffered, Sse::new(self.into_stream())).into_response()
    }
}
