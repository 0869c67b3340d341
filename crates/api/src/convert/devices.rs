//! Devices, and where they stand.

use api_types as wire;
use domain::attempt::AttemptState;
use domain::registration::Registration;
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
        intune_id: row.intune.map(|id| id.0),
        entra_device_id: row.entra_device.map(|id| id.0),
        object_id: row.object.map(|id| id.0),
        standing: row.registration.map(|known| known.standing.word().to_owned()),
        reasons: row.registration.map(reasons).unwrap_or_default(),
        sort: row.registration.map(|known| known.sort.word().to_owned()),
        quality_only: row.registration.is_some_and(|known| known.quality_only),
        edition: row.traits.edition,
        architecture: row.traits.architecture.word().to_owned(),
        owner: row.traits.owner.word().to_owned(),
        agent: row.traits.agent.word().to_owned(),
        join: row.traits.join.word().to_owned(),
        category: row.traits.category,
    }
}

fn reasons(registration: Registration) -> Vec<String> {
    registration.reasons.iter().map(|reason| reason.word().to_owned()).collect()
}

/// `stands`: its status, and why it is not up to date.
pub(crate) fn device_detail(
    detail: DeviceDetail,
    stands: (Option<String>, Option<wire::PrimaryReason>),
) -> wire::DeviceDetail {
    let ring = |(set, ring): (domain::ids::RingSetId, domain::ring::RingIndex)| wire::DeviceRing {
        ring_set_id: set.0,
        ring: ring.0,
    };
    wire::DeviceDetail {
        device: device(detail.device),
        status: stands.0,
        primary_reason: stands.1,
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
