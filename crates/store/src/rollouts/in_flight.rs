//! Devices between offer and outcome, one by one: who may still take the update under a pause.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{DeviceId, RolloutId, TenantId};
use domain::ring::RingIndex;

use crate::convert::{ring, ring_column};
use crate::page::Page;
use crate::rollouts::{NOT_FOUND, fetch};
use crate::{Store, StoreError};

/// What `Tally::in_flight` counts.
const IN_FLIGHT: [i16; 3] =
    [AttemptState::Offered.code(), AttemptState::Installing.code(), AttemptState::Installed.code()];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlightRow {
    pub device: DeviceId,
    /// None: it is not known any more.
    pub name: Option<String>,
    pub ring: RingIndex,
    pub state: AttemptState,
    pub since: DateTime<Utc>,
    pub last_sync: Option<DateTime<Utc>>,
    /// Microsoft holds it back: the id of the hold, or `unknown`.
    pub safeguard: Option<String>,
}

/// Devices in flight, and those of them that were heard of after some moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hearing {
    pub in_flight: u32,
    pub heard: u32,
}

impl Store {
    /// Devices in flight in the order of their ids. Cost: the devices of the rollout that stand between
    /// the first and the last of the page.
    pub async fn rollout_in_flight(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        page: Page,
    ) -> Result<Vec<InFlightRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        fetch(&mut tx, tenant, rollout).await?;
        let rows = sqlx::query!(
            r#"select a.device_id, d.name as "name?", a.ring, a.state, a.state_at, a.safeguard,
                 d.last_sync as "last_sync?"
             from attempt a
             left join device d on d.tenant_id = $1 and d.id = a.device_id
             where a.tenant_id = $1 and a.rollout_id = $2 and a.state = any($3)
                 and ($4::uuid is null or a.device_id > $4)
             order by a.device_id limit $5"#,
            tenant.0,
            rollout.0,
            &IN_FLIGHT,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let state = AttemptState::from_code(row.state);
                Ok(InFlightRow {
                    device: DeviceId(row.device_id),
                    name: row.name,
                    ring: ring(row.ring)?,
                    state: state.ok_or_else(|| StoreError::corrupt("a state of an attempt"))?,
                    since: row.state_at,
                    last_sync: row.last_sync,
                    safeguard: row.safeguard,
                })
            })
            .collect()
    }

    /// For each moment, and the ring it is about (none: all), how many devices in flight have checked in
    /// since. Cost: the devices of the rollout, once: for a paused rollout that a person looks at.
    pub async fn rollout_heard_since(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        since: &[(DateTime<Utc>, Option<RingIndex>)],
    ) -> Result<Vec<Hearing>, StoreError> {
        if since.is_empty() {
            return Ok(Vec::new());
        }
        let (times, rings): (Vec<DateTime<Utc>>, Vec<Option<i16>>) =
            since.iter().map(|(at, of)| (*at, of.map(ring_column))).unzip();
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"with flying as materialized (
                 select a.ring, d.last_sync from attempt a
                 left join device d on d.tenant_id = $1 and d.id = a.device_id
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.state = any($3)
             )
             select count(f.ring)::int as "in_flight!",
                 (count(*) filter (where f.last_sync > n.at))::int as "heard!"
             from unnest($4::timestamptz[], $5::int2[]) with ordinality as n(at, ring, place)
             left join flying f on n.ring is null or f.ring = n.ring
             group by n.place order by n.place"#,
            tenant.0,
            rollout.0,
            &IN_FLIGHT,
            &times,
            &rings as &[Option<i16>],
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        if rows.len() != since.len() {
            return Err(NOT_FOUND);
        }
        rows.into_iter()
            .map(|row| {
                let count = crate::convert::count;
                Ok(Hearing { in_flight: count(row.in_flight)?, heard: count(row.heard)? })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::attempt::AttemptState;
    use domain::tally::Tally;

    use super::IN_FLIGHT;

    #[test]
    fn it_lists_what_the_tally_counts() {
        for state in AttemptState::ALL {
            let counted = Tally::of([(state, 1)]).in_flight() == 1;
            assert_eq!(IN_FLIGHT.contains(&state.code()), counted, "{}", state.name());
        }
    }
}
