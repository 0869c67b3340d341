//! What a few changed devices cost in a small fleet and in a large one.

use std::time::{Duration, Instant};

use domain::ids::TenantId;
use domain::registration::Standing;
use domain::registration::facts::Owner;
use store::Store;
use store::devices::ImportedDevice;
use store::registration::Scope;

use crate::table::{Latencies, Table};
use crate::{Outcome, expect, fleet};

/// A fleet as `fleet::devices` made it.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) tenant: TenantId,
    pub(crate) number: u64,
    pub(crate) devices: u32,
}

const CHANGED: u32 = 100;
const ROUNDS: u32 = 21;

/// 100 devices become personal and company owned again: taken in, registered anew, out of their rings and back in.
/// The two fleets take turns, so that what disturbs one disturbs the other.
pub(crate) async fn compare(
    store: &Store,
    [small, large]: [Subject; 2],
    table: &mut Table,
) -> Outcome<()> {
    let mut took = [Latencies::default(), Latencies::default()];
    for subject in [small, large] {
        // What the passes over the whole fleet left to do.
        store.registration_run(subject.tenant, Scope::Due, fleet::hour(1)).await?;
        store.ring_set_place_due(subject.tenant, fleet::hour(1)).await?;
    }
    for round in 0..ROUNDS {
        for (subject, latencies) in [small, large].into_iter().zip(&mut took) {
            latencies.add(change(store, subject, round).await?);
        }
    }
    let [small_took, large_took] = took.map(|latencies| latencies.median());
    eprintln!(
        "delta of {CHANGED}: {small_took:?} of {}, {large_took:?} of {}",
        small.devices, large.devices
    );
    let what = format!("{CHANGED} devices change, beside the same among {}", small.devices);
    table.ratio_fine(&what, large_took, small_took, 2.0);
    Ok(())
}

async fn change(store: &Store, subject: Subject, round: u32) -> Outcome<Duration> {
    let Subject { tenant, number, devices } = subject;
    let (owner, standing) = if round.is_multiple_of(2) {
        (Owner::Personal, Standing::PrerequisiteFailed)
    } else {
        (Owner::Company, Standing::Ready)
    };
    let changed: Vec<ImportedDevice> = fleet::devices(number, devices)
        .into_iter()
        .step_by(usize::try_from(devices / CHANGED)?)
        .take(usize::try_from(CHANGED)?)
        .map(|mut device| {
            device.traits.owner = owner;
            device
        })
        .collect();
    let started = Instant::now();
    let counts = store.device_import(tenant, &changed).await?;
    let registered = store.registration_run(tenant, Scope::Due, fleet::hour(1)).await?;
    let placed = store.ring_set_place_due(tenant, fleet::hour(1)).await?;
    let took = started.elapsed();
    expect("devices changed", counts.changed, CHANGED.into())?;
    expect("devices registered anew", registered.of(standing), CHANGED.into())?;
    expect("devices placed anew", placed.devices, CHANGED.into())?;
    expect("memberships written", placed.written, CHANGED.into())?;
    Ok(took)
}
