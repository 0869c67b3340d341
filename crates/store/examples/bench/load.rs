//! How long people wait while two connections take in reports without a pause.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::rollout::observations::Wish;
use domain::rollout::phase::{Event, Pauser};
use store::Store;
use store::devices::DeviceFilter;
use store::page::Page;
use store::rollouts::Request;
use uuid::Uuid;

use crate::fleet::{hour, reports};
use crate::table::{Latencies, Table};
use crate::{Outcome, record};

pub(crate) struct Fleets {
    pub(crate) large: (TenantId, RolloutId),
    pub(crate) small: (TenantId, RolloutId),
}

/// What a load can still move, in climbing order.
const STEPS: [AttemptState; 2] = [AttemptState::Confirmed, AttemptState::Failed];

pub(crate) async fn latencies(
    store: &Store,
    fleets: &Fleets,
    devices: u32,
    table: &mut Table,
) -> Outcome<()> {
    let offered = entra_ids(store, fleets.large, devices.min(400_000)).await?;
    let (ended, taken) = (AtomicBool::new(false), AtomicU64::new(0));
    let ended_by = || ended.load(Ordering::Relaxed);
    let load = async |devices: &[Uuid]| {
        let started = Instant::now();
        'all: for state in STEPS {
            for batch in devices.chunks(1_000) {
                if ended_by() {
                    break 'all;
                }
                let (tenant, rollout) = fleets.large;
                let counts =
                    store.report_ingest(tenant, rollout, &reports(batch, state), hour(5)).await?;
                taken.fetch_add(counts.moved, Ordering::Relaxed);
            }
        }
        Ok::<_, store::StoreError>(started.elapsed())
    };
    let people = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let seen = people(store, fleets, &ended).await;
        let moved = taken.load(Ordering::Relaxed);
        ended.store(true, Ordering::Relaxed);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((seen?, moved))
    };
    let (one, other) = offered.split_at(offered.len() / 2);
    let (seen, one, other) = tokio::join!(people, load(one), load(other));
    let (seen, moved) = seen?;
    let lasted = one?.max(other?);
    eprintln!("load: {moved} reports moved an attempt in {lasted:?}");
    table.latency("read a rollout under load", &seen.large, Duration::from_millis(5));
    table.latency("the same over 10,000 devices", &seen.small, Duration::from_millis(5));
    table.latency("pause under load", &seen.pauses, Duration::from_millis(100));
    table.latency("record an event under load", &seen.records, Duration::from_millis(50));
    Ok(())
}

#[derive(Default)]
struct Seen {
    large: Latencies,
    small: Latencies,
    pauses: Latencies,
    records: Latencies,
}

/// Until there are enough samples or the load runs out of devices.
async fn people(store: &Store, fleets: &Fleets, ended: &AtomicBool) -> Outcome<Seen> {
    let mut seen = Seen::default();
    for round in 0..1_000 {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        for (fleet, latencies) in [(fleets.large, &mut seen.large), (fleets.small, &mut seen.small)]
        {
            let started = Instant::now();
            store.rollout_fetch(fleet.0, fleet.1).await?;
            latencies.add(started.elapsed());
        }
        if round % 5 == 0 {
            let wish = if round % 10 == 0 { Wish::Hold } else { Wish::Run };
            let request = Request {
                wish,
                promoted: None,
                take_back: false,
                actor: "bench".into(),
                reason: None,
            };
            let started = Instant::now();
            store.rollout_request(fleets.large.0, fleets.large.1, &request, hour(5)).await?;
            seen.pauses.add(started.elapsed());
        }
        if round % 10 == 7 {
            // Pausing and resuming by turns, each of which is a decision.
            let started = Instant::now();
            let event =
                if round % 20 == 7 { Event::Paused { by: Pauser::Person } } else { Event::Resumed };
            record(store, fleets.large.0, fleets.large.1, event).await?;
            seen.records.add(started.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(seen)
}

async fn entra_ids(
    store: &Store,
    (tenant, rollout): (TenantId, RolloutId),
    most: u32,
) -> Outcome<Vec<Uuid>> {
    let mut found = Vec::new();
    let mut page = Page { after: None, limit: 500 };
    for state in [AttemptState::Installing, AttemptState::Installed] {
        page.after = None;
        loop {
            let filter =
                DeviceFilter { attempt: Some((rollout, state)), ..DeviceFilter::default() };
            let rows = store.device_list(tenant, &filter, page).await?;
            let Some(last) = rows.last() else { break };
            page.after = Some(last.id.0);
            found.extend(rows.iter().filter_map(|row| row.entra_device).map(|device| device.0));
            if found.len() >= most as usize {
                return Ok(found);
            }
        }
    }
    Ok(found)
}
