//! Devices, and where they stand.

use api_types as wire;
use domain::attempt::AttemptState;
use store::devices::{DeviceAttempt, DeviceDetail, DeviceRow};

pub(crate) fn device(row: DeviceRow) -> wire::Device {
    wire::Device {
        id: row.id.0,
        name: row.name,
        manufacturer: row.manufacturer,
        model: row.model,
        serial: row.serial,
        build: row.build.map(|build| build.to_string()),
        last_sync: row.last_sync,
        intune_id: row.intune.0,
        entra_device_id: row.entra_device.map(|id| id.0),
        object_id: row.object.map(|id| id.0),
    }
}

pub(crate) fn device_detail(detail: DeviceDetail) -> wire::DeviceDetail {
    let ring = |(set, ring): (domain::ids::RingSetId, domain::ring::RingIndex)| wire::DeviceRing {
        ring_set_id: set.0,
        ring: ring.0,
    };
    wire::DeviceDetail {
        device: device(detail.device),
        rings: detail.rings.into_iter().map(ring).collect(),
        attempts: detail.attempts.into_iter().map(attempt).collect(),
    }
}

fn attempt(attempt: DeviceAttempt) -> wire::DeviceAttempt {
    wire::DeviceAttempt {
        rollout_id: attempt.rollout.0,
        ring: attempt.ring.0,
        state: attempt_state(attempt.state),
        since: attempt.state_at,
        code: attempt.code,
        wave: attempt.wave,
    }
}

macro_rules! same_names {
    ($($name:ident)*) => {
        pub(crate) fn attempt_state(state: AttemptState) -> wire::AttemptState {
            match state {
                $(AttemptState::$name => wire::AttemptState::$name,)*
            }
        }

        pub(crate) fn attempt_state_in(state: wire::AttemptState) -> AttemptState {
            match state {
                $(wire::AttemptState::$name => AttemptState::$name,)*
            }
        }
    };
}

same_names! {
    Assigned Offered Unresolved Withdrawn Installing Installed Lost Confirmed Failed Removing
    Removed Stranded Excluded
}
