//! One connection that listens for what every server of the fleet announces, shared by all who
//! want to hear it. Reconnects by itself, and then says that everything may have changed.

use std::time::Duration;

use domain::ids::TenantId;
use domain::work::{Nudges, WorkKind};
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgNotification};
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use crate::StoreError;
use crate::events::Growth;

pub(crate) const EVENT: &str = "concentric_event";
pub(crate) const WORK: &str = "concentric_work";

/// Growths that a slow receiver may fall behind before it is told that it lagged.
const BACKLOG: usize = 4_096;
const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Feeds {
    pub(crate) events: broadcast::Sender<Growth>,
    pub(crate) work: watch::Sender<Nudges>,
    task: AbortHandle,
}

impl Drop for Feeds {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Feeds {
    pub(crate) async fn start(url: &str, pool: PgPool) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect(url).await?;
        listener.listen_all([EVENT, WORK]).await?;
        let events = broadcast::Sender::new(BACKLOG);
        let work = watch::Sender::new(Nudges::default());
        let ear = Ear { pool, events: events.clone(), work: work.clone() };
        let task = tokio::spawn(ear.listen(listener)).abort_handle();
        Ok(Self { events, work, task })
    }
}

struct Ear {
    pool: PgPool,
    events: broadcast::Sender<Growth>,
    work: watch::Sender<Nudges>,
}

impl Ear {
    async fn listen(self, mut listener: PgListener) {
        loop {
            match listener.try_recv().await {
                Ok(Some(heard)) => self.pass_on(&heard),
                Ok(None) => self.reconnected(&mut listener).await,
                Err(error) => {
                    tracing::warn!(%error, "the listening connection is lost");
                    self.reconnected(&mut listener).await;
                }
            }
        }
    }

    fn pass_on(&self, heard: &PgNotification) {
        if heard.channel() == WORK {
            // A kind that this server does not know is for a newer one.
            if let Some(kind) = WorkKind::from_name(heard.payload()) {
                self.work.send_modify(|nudges| nudges.add(kind));
            }
            return;
        }
        let growth = heard.payload().split_once('/').and_then(|(tenant, seq)| {
            Some(Growth { tenant: tenant.parse().ok()?, seq: seq.parse().ok()? })
        });
        if let Some(growth) = growth {
            // Nobody receiving is no failure.
            drop(self.events.send(growth));
        } else {
            tracing::warn!(payload = heard.payload(), "not an announcement of an event");
        }
    }

    /// What was announced meanwhile is not repeated, so every chain counts as grown and work as
    /// asked for.
    async fn reconnected(&self, listener: &mut PgListener) {
        // Forgets the channel first, or the listener would keep it once more each time.
        let _ = listener.unlisten(WORK).await;
        // Succeeds only when the connection stands.
        while let Err(error) = listener.listen(WORK).await {
            tracing::warn!(%error, "cannot listen, trying again");
            tokio::time::sleep(RETRY).await;
        }
        self.work.send_modify(Nudges::add_all);
        loop {
            match self.heads().await {
                Ok(heads) => {
                    return heads.into_iter().for_each(|head| drop(self.events.send(head)));
                }
                Err(error) => tracing::warn!(%error, "cannot read the heads of the chains"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn heads(&self) -> Result<Vec<Growth>, sqlx::Error> {
        let mut tx = self.pool.begin_with("begin; set local role concentric_service").await?;
        let heads = sqlx::query!("select tenant_id, seq from chain_head where seq > 0")
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(heads
            .iter()
            .map(|head| Growth { tenant: TenantId(head.tenant_id), seq: head.seq })
            .collect())
    }
}
