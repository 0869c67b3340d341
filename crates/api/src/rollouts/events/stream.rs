//! A history as server-sent events: nothing lost, repeated or out of order (I17), and no polling.
//!
//! The cursor is the last `seq` sent. Growth of the chain only says that it is worth reading on from
//! the cursor, so a missed or doubled word of it changes nothing. The feed is joined before the
//! first read: what is written between the two is read once and announced once more.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::http::header::HeaderName;
use axum::response::sse::{Event as Sent, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use store::events::{EventRow, Growth};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;
use uuid::Uuid;

use crate::auth::TokenText;
use crate::paths::RolloutPath;
use crate::problem::Problem;
use crate::state::State;
use crate::words::Rings;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// For how long a token that was good is taken to be good still.
const TRUST: Duration = Duration::from_secs(1);
const BATCH: u16 = 200;

/// One reader of one history.
pub(super) struct Follower {
    state: State,
    path: RolloutPath,
    rings: Rings,
    token: TokenText,
    token_id: Uuid,
    trusted_at: Instant,
    feed: Receiver<Growth>,
    /// The last event read.
    cursor: i64,
    /// Whether the history may hold more than was read.
    may_have_more: bool,
    read: VecDeque<EventRow>,
}

/// What made a follower look up.
enum Woken {
    Grown,
    Idle,
    Closed,
}

impl Follower {
    pub(super) fn new(
        state: State,
        path: RolloutPath,
        rings: Rings,
        after: i64,
        token: TokenText,
        token_id: Uuid,
    ) -> Self {
        let feed = state.store.event_feed();
        Self {
            state,
            path,
            rings,
            token,
            token_id,
            trusted_at: Instant::now(),
            feed,
            cursor: after,
            may_have_more: true,
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

    async fn read_on(&mut self) -> Result<(), Problem> {
        self.forget_growth();
        let RolloutPath { tenant, rollout } = self.path;
        let rows = self.state.store.event_list(tenant, rollout, self.cursor, BATCH).await?;
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
                    if tenant == self.path.tenant && seq > self.cursor {
                        return Woken::Grown;
                    }
                }
                Err(RecvError::Lagged(_)) => return Woken::Grown,
                Err(RecvError::Closed) => return Woken::Closed,
            }
        }
    }

    /// Whether the token is still good. A stream outlives the check that opened it, and must not
    /// outlive the token.
    async fn is_trusted(&mut self) -> Result<bool, Problem> {
        if self.trusted_at.elapsed() < TRUST {
            return Ok(true);
        }
        let principal = self.state.store.token_check(&self.token.0, self.state.now()).await?;
        self.trusted_at = Instant::now();
        Ok(principal.is_some_and(|principal| principal.token == self.token_id))
    }

    fn sent(&self, row: EventRow) -> Sent {
        let event = super::event(row, &self.rings);
        // Strings and JSON only: this cannot fail.
        let data = serde_json::to_string(&event).unwrap_or_default();
        Sent::default().id(event.seq.to_string()).data(data)
    }
}

impl IntoResponse for Follower {
    fn into_response(self) -> Response {
        // Proxies that collect answers would hold events back.
        let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
        (unbuffered, Sse::new(self.into_stream())).into_response()
    }
}
