//! Releases.

use api_types as wire;
use domain::update::Delivery;
use store::releases::ReleaseRow;

pub(crate) fn release(row: ReleaseRow) -> wire::Release {
    wire::Release {
        id: row.id.0,
        name: row.name,
        update_id: row.update.0,
        delivery: delivery_out(row.delivery),
        created_by: row.created_by,
        created_at: row.created_at,
    }
}

pub(crate) const fn delivery(given: wire::Delivery) -> Delivery {
    match given {
        wire::Delivery::Quality { expedite } => Delivery::Quality { expedite },
        wire::Delivery::Feature { uninstall_window_days } => {
            Delivery::Feature { uninstall_window_days }
        }
        wire::Delivery::Driver => Delivery::Driver,
        wire::Delivery::Edge => Delivery::Edge,
        wire::Delivery::Microsoft365Apps { deadline_days } => {
            Delivery::Microsoft365Apps { deadline_days }
        }
    }
}

pub(crate) const fn delivery_out(delivery: Delivery) -> wire::Delivery {
    match delivery {
        Delivery::Quality { expedite } => wire::Delivery::Quality { expedite },
        Delivery::Feature { uninstall_window_days } => {
            wire::Delivery::Feature { uninstall_window_days }
        }
        Delivery::Driver => wire::Delivery::Driver,
        Delivery::Edge => wire::Delivery::Edge,
        Delivery::Microsoft365Apps { deadline_days } => {
            wire::Delivery::Microsoft365Apps { deadline_days }
        }
    }
}
