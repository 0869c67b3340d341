//! Gathers both accounts of a rollout: what the service tells, and the simulator's ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use api_types::{AttemptState, Device, Rollout, Update};
use simulator::Ledger;
use uuid::Uuid;

use super::check::{self, Disagreement, Picture, Standing};
use crate::client::{Client, Query};
use crate::events;
use crate::failure::Failure;
use crate::text;

/// In climbing order: a device that moves on while we read is met again, never missed.
const CLIMB: [AttemptState; 13] = [
    AttemptState::Assigned,
    AttemptState::Offered,
    AttemptState::Unresolved,
    AttemptState::Withdrawn,
    AttemptState::Installing,
    AttemptState::Installed,
    AttemptState::Lost,
    AttemptState::Failed,
    AttemptState::Confirmed,
    AttemptState::Removing,
    AttemptState::Removed,
    AttemptState::Stranded,
    AttemptState::Excluded,
];

const ATTEMPTS: usize = 3;

/// Compares the two. Devices go on meanwhile, so a disagreement has to show more than once.
pub(crate) async fn compare(
    client: &Client,
    tenant: &str,
    rollout: &Rollout,
    update: &Update,
    ledger: impl Fn() -> Ledger,
) -> Result<(Picture, Vec<Disagreement>), Failure> {
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        // An offer is in the database before it is anywhere else, an outcome after: the ledger is
        // read on both sides of the service's account.
        let before = ledger();
        let picture = picture(client, tenant, rollout, update).await?;
        let after = ledger();
        let mut disagreements = check::offers(&picture, &before);
        disagreements.extend(check::outcomes(&picture, &after));
        if disagreements.is_empty() || left == 0 {
            return Ok((picture, disagreements));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn picture(
    client: &Client,
    tenant: &str,
    rollout: &Rollout,
    update: &Update,
) -> Result<Picture, Failure> {
    let mut devices: BTreeMap<Uuid, Standing> = BTreeMap::new();
    for state in CLIMB {
        for ring in &rollout.rings {
            let query: Query = vec![
                ("rollout_id", rollout.id.to_string()),
                ("state", text::attempt_state(state).to_owned()),
                ("ring_set_id", rollout.ring_set_id.to_string()),
                ("ring", ring.ring.to_string()),
            ];
            let found = client.all::<Device>(&["tenants", tenant, "devices"], &query).await?;
            for device in found.iter().filter_map(|device| device.typed.entra_device_id) {
                devices.insert(device, Standing { ring: ring.ring, state });
            }
        }
    }
    let events = events::all(client, tenant, &rollout.id.to_string()).await?;
    Ok(Picture {
        catalog_entry: update.catalog_entry_id.clone(),
        devices,
        events: events.into_iter().map(|event| event.typed).collect(),
    })
}
