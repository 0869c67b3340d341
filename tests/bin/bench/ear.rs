//! Hears of events when they are committed, and notes the moment before anything else is done.

use std::time::{Duration, Instant};

use domain::ids::TenantId;
use sqlx::{PgConnection, Row as _};
use store::Store;
use store::events::Growth;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::Outcome;

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Ear {
    heard: mpsc::UnboundedReceiver<(Growth, Instant)>,
}

impl Ear {
    pub(crate) fn new(store: &Store) -> Self {
        let mut feed = store.event_feed();
        let (into, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                match feed.recv().await {
                    Ok(growth) if into.send((growth, Instant::now())).is_ok() => {}
                    Ok(_) | Err(RecvError::Closed) => return,
                    // Whoever waits for what was missed runs out of patience and says so.
                    Err(RecvError::Lagged(_)) => {}
                }
            }
        });
        Self { heard }
    }

    /// Forgets what was heard so far.
    pub(crate) fn clear(&mut self) {
        while self.heard.try_recv().is_ok() {}
    }

    /// When the first wave of `ring` was committed.
    pub(crate) async fn first_wave(
        &mut self,
        database: &mut PgConnection,
        (tenant, rollout): (Uuid, Uuid),
        ring: u8,
    ) -> Outcome<Instant> {
        let waiting = async {
            while let Some((growth, at)) = self.heard.recv().await {
                if growth.tenant == TenantId(tenant)
                    && is_wave(database, &growth, rollout, ring).await?
                {
                    return Ok(at);
                }
            }
            Err("the feed has ended".into())
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.map_err(|_| format!("ring {ring} of {rollout} is not offered anything"))?
    }
}

async fn is_wave(
    database: &mut PgConnection,
    growth: &Growth,
    rollout: Uuid,
    ring: u8,
) -> Outcome<bool> {
    let sql = "select rollout_id = $3 and kind = 'wave_offered'
             and (body::jsonb -> 'event' ->> 'ring')::int = $4
         from event where tenant_id = $1 and seq = $2";
    let row = sqlx::query(sql)
        .bind(growth.tenant.0)
        .bind(growth.seq)
        .bind(rollout)
        .bind(i32::from(ring))
        .fetch_one(database)
        .await?;
    Ok(row.get::<Option<bool>, _>(0).unwrap_or(false))
}
