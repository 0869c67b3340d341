//! How the service itself is doing, over all tenants: for whoever watches it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::work::WorkKind;

use crate::convert::count;
use crate::{Store, StoreError};

/// What is the same on every server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    /// How long the work of each kind that waits longest has been due; kinds without any are left out.
    pub lag: Vec<(WorkKind, Duration)>,
    /// Since when the oldest message to a receiver waits.
    pub outbox: Duration,
    /// How long ago the connected tenant that waits longest was read.
    pub sync: Duration,
    /// And when its check-ins were.
    pub check_ins: Duration,
    /// Open alerts that nobody muted, by severity.
    pub alerts: Vec<(String, u32)>,
}

/// Connections of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub idle: u32,
    pub used: u32,
    pub most: u32,
}

impl Store {
    /// Cost: the work that is due, messages that wait, alerts that are open, and tenants.
    pub async fn vitals(&self, now: DateTime<Utc>) -> Result<Vitals, StoreError> {
        let mut tx = self.service_begin().await?;
        let lag = sqlx::query!(
            r#"select kind, min(due_at) as "due_at!" from work
             where due_at <= $1 and (lease_until is null or lease_until < clock_timestamp())
             group by kind order by kind"#,
            now,
        )
        .fetch_all(&mut *tx)
        .await?;
        let read = sqlx::query!(
            "select min(coalesce(synced_at, created_at)) as sync,
                 min(coalesce(observed_to, created_at)) as check_ins,
                 (select min(due_since) from webhook_delivery where state = 'pending') as outbox
             from tenant where connection_state = 'connected'",
        )
        .fetch_one(&mut *tx)
        .await?;
        let alerts = sqlx::query!(
            r#"select severity, count(*)::int as "alerts!" from alert
             where resolved_at is null and (muted_until is null or muted_until <= $1)
             group by 1 order by 1"#,
            now,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let since = |at: Option<DateTime<Utc>>| {
            let age = at.map_or(TimeDelta::zero(), |at| now - at);
            age.to_std().unwrap_or_default()
        };
        Ok(Vitals {
            lag: lag
                .into_iter()
                .filter_map(|row| Some((WorkKind::from_name(&row.kind)?, since(Some(row.due_at)))))
                .collect(),
            outbox: since(read.outbox),
            sync: since(read.sync),
            check_ins: since(read.check_ins),
            alerts: alerts
                .into_iter()
                .map(|row| Ok((row.severity, count(row.alerts)?)))
                .collect::<Result<_, StoreError>>()?,
        })
    }

    /// Costs nothing.
    #[must_use]
    pub fn connections(&self) -> Connections {
        let pool = &self.inner.pool;
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        let most = pool.options().get_max_connections();
        Connections { idle, used: pool.size().saturating_sub(idle), most }
    }
}
